/* circulant_spectra: spectra of circulant blocks of weights, in tiles (src/linocut/ops/circulant.py). */
#include "circulant.h"

void lino_circulant_spectra(const lino_call* call) {
    const lino_operand *weights = call->operands, *spectra = call->operands + 1;
    const int turned = call->attributes[0] != 0.0;
    const lino_size size = weights->cols, across = (lino_size)weights->shape[1];
    const lino_size outputs = turned ? (lino_size)weights->shape[0] : across;
    const lino_size tiles = (lino_size)spectra->shape[1], summed = (lino_size)spectra->shape[2];
    float* to = (float*)spectra->data;
    lino_size i, j, plane;
    for (i = 0; i < tiles * LINO_TILE; ++i) {
        for (j = 0; j < summed; ++j) {
            const lino_size block = turned ? i * across + j : j * across + i;
            float w[LINO_MOST_BLOCK] = {0}, planes[LINO_MOST_BLOCK];
            for (plane = 0; plane < size; ++plane)
                w[plane] = i < outputs ? lino_float(weights, block * size + plane) : 0.0f;
            lino_transform(w, size, planes);
            for (plane = 0; plane < size; ++plane) {
                const float sign = turned && plane > 1 && plane & 1 ? -1.0f : 1.0f;
                to[((plane * tiles + i / LINO_TILE) * summed + j) * LINO_TILE + i % LINO_TILE] =
                    sign * planes[plane] / (float)size;
            }
        }
    }
}
