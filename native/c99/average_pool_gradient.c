/* average_pool_gradient: dy over the inputs of its window, summed from the last tap (src/linocut/ops/average_pool.py).
 */
#include "window.h"

/* How many inputs an output has. */
static int32_t count_of(const lino_window* window, lino_size output) {
    const lino_taps columns = lino_columns_within(window, output % window->out_width);
    const lino_taps rows = lino_rows_within(window, output / window->out_width % window->out_height);
    return (int32_t)((rows.end - rows.begin) * (columns.end - columns.begin));
}

void lino_average_pool_gradient(const lino_call* call) {
    const lino_operand *dy = call->operands, *dx = call->operands + 1;
    const lino_window window = lino_pool_of(dx, dy, call->attributes);
    lino_size b, y, x, p, q, channel, row = 0;
    for (b = 0; b < window.batch; ++b) {
        for (y = 0; y < window.height; ++y) {
            for (x = 0; x < window.width; ++x, ++row) {
                const lino_taps rows = lino_rows_around(&window, y), columns = lino_columns_around(&window, x);
                for (channel = 0; channel < dx->cols; ++channel) {
                    float sum = 0.0f;
                    for (p = rows.end - 1; p >= rows.begin; --p) {
                        for (q = columns.end - 1; q >= columns.begin; --q) {
                            const lino_size seer = lino_seer(&window, b, y, x, p, q);
                            if (seer < 0) continue;
                            sum += lino_float(dy, seer * dy->cols + channel) / (float)count_of(&window, seer);
                        }
                    }
                    lino_store(dx, row * dx->cols + channel, sum);
                }
            }
        }
    }
}
