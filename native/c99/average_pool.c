/* average_pool: the mean over each window of those of its inputs within the image (src/linocut/ops/average_pool.py). */
#include "window.h"

void lino_average_pool(const lino_call* call) {
    const lino_operand *x = call->operands, *y = call->operands + 1;
    const lino_window window = lino_pool_of(x, y, call->attributes);
    lino_size b, i, j, p, q, channel, at = 0;
    for (b = 0; b < window.batch; ++b) {
        for (i = 0; i < window.out_height; ++i) {
            for (j = 0; j < window.out_width; ++j) {
                const lino_taps rows = lino_rows_within(&window, i), columns = lino_columns_within(&window, j);
                for (channel = 0; channel < y->cols; ++channel, ++at) {
                    float sum = 0.0f;
                    int32_t count = 0;
                    for (p = rows.begin; p < rows.end; ++p) {
                        for (q = columns.begin; q < columns.end; ++q) {
                            sum += lino_float(x, lino_seen(&window, b, i, j, p, q) * x->cols + channel);
                            ++count;
                        }
                    }
                    lino_store(y, at, sum / (float)count);
                }
            }
        }
    }
}
