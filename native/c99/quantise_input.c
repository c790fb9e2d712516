/* quantise_input: floats in [low, high] as u8 codes (src/linocut/ops/quantise_input.py). */
#include "c99.h"

void lino_quantise_input(const lino_call* call) {
    const lino_operand* x = call->operands;
    const double low = call->attributes[0], unit = 255.0 / (call->attributes[1] - low);
    uint8_t* codes = (uint8_t*)call->operands[1].data;
    lino_size at;
    for (at = 0; at < x->rows * x->cols; ++at) {
        const double scaled = ((double)lino_float(x, at) - low) * unit + 0.5;
        const double below = scaled < 255.0 ? scaled : 255.0; /* also for what is not a number */
        codes[at] = (uint8_t)floor(below > 0.0 ? below : 0.0);
    }
}
