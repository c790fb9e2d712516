/* average_pool_gradient: dy over the inputs of its window, summed from the last tap (src/linocut/ops/average_pool.py).
 */
#include "window.h"

/* How many inputs an output has. */
static int32_t count_of(const lino_window* window, lino_size output) {
    const lino_size j = output % window->out_width, rest = output / window->out_width;
    int32_t count = 0;
    lino_size tap;
    for (tap = 0; tap < window->rows * window->columns; ++tap)
        count += lino_seen(window, 0, rest % window->out_height, j, tap / window->columns, tap % window->columns) >= 0;
    return count;
}

void lino_average_pool_gradient(const lino_call* call) {
    const lino_operand *dy = call->operands, *dx = call->operands + 1;
    const lino_window window = lino_pool_of(dx, dy, call->attributes);
    lino_size b, y, x, channel, tap, row = 0;
    for (b = 0; b < window.batch; ++b) {
        for (y = 0; y < window.height; ++y) {
            for (x = 0; x < window.width; ++x, ++row) {
                for (channel = 0; channel < dx->cols; ++channel) {
                    float sum = 0.0f;
                    for (tap = window.rows * window.columns - 1; tap >= 0; --tap) {
                        const lino_size seer = lino_seer(&window, b, y, x, tap / window.columns, tap % window.columns);
                        if (seer < 0) continue;
                        sum += lino_float(dy, seer * dy->cols + channel) / (float)count_of(&window, seer);
                    }
                    lino_store(dx, row * dx->cols + channel, sum);
                }
            }
        }
    }
}
