/* complex_map_sums: the gradient of what complex_map's matrices are made of (src/linocut/ops/complex_map.py). */
#include "norm.h"

enum { DY, X, SUMS, WORK };
enum { RR, RI, IR, II, QUANTITIES };

void lino_complex_map_sums(const lino_call* call) {
    const lino_operand *all = call->operands, *dy = all + DY, *x = all + X, *sums = all + SUMS, *work = all + WORK;
    const lino_size parts = work->rows / QUANTITIES, half = sums->cols;
    lino_size c, part, row;
    int q;
    for (c = 0; c < half; ++c) {
        double total[QUANTITIES], found[QUANTITIES];
        for (part = 0; part < parts; ++part) {
            double sum[QUANTITIES] = {0.0, 0.0, 0.0, 0.0};
            for (row = lino_begin(dy->rows, parts, part); row < lino_begin(dy->rows, parts, part + 1); ++row) {
                const lino_size at = row * dy->cols + c;
                for (q = 0; q < QUANTITIES; ++q)
                    sum[q] += lino_double(dy, at + q / 2 * half) * lino_double(x, at + q % 2 * half);
            }
            for (q = 0; q < QUANTITIES; ++q) lino_work(work, QUANTITIES, q, part)[c] = sum[q];
        }
        for (q = 0; q < QUANTITIES; ++q) total[q] = lino_total(work, QUANTITIES, q, c);
        found[0] = sums->rows < 3 ? total[RR] + total[II] : total[RR];
        found[1] = sums->rows == 2 ? total[IR] - total[RI] : sums->rows == 3 ? total[RI] + total[IR] : total[RI];
        found[2] = sums->rows == 3 ? total[II] : total[IR];
        found[3] = total[II];
        for (row = 0; row < sums->rows; ++row)
            lino_store(sums, row * half + c, (float)(found[row] * call->attributes[0]));
    }
}
