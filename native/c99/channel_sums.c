/* channel_sums: the sum of each channel over the rows, of a or of a b, part by part (src/linocut/ops/channel_sums.py).
 */
#include "norm.h"

enum { A, B, SUMS, WORK };

void lino_channel_sums(const lino_call* call) {
    const lino_operand *all = call->operands, *a = all + A, *work = all + WORK;
    lino_size channel, part, row;
    for (channel = 0; channel < a->cols; ++channel) {
        for (part = 0; part < work->rows; ++part) {
            double sum = 0.0;
            for (row = lino_begin(a->rows, work->rows, part); row < lino_begin(a->rows, work->rows, part + 1); ++row) {
                const double given = lino_double(a, row * a->cols + channel);
                sum += all[B].data ? given * lino_double(all + B, row * a->cols + channel) : given;
            }
            lino_work(work, 1, 0, part)[channel] = sum;
        }
        lino_store(all + SUMS, channel, (float)lino_total(work, 1, 0, channel));
    }
}
