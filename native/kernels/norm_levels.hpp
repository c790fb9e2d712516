// norm_levels: the least integer y of each level but the lowest, by channel (src/linocut/ops/norm_levels.py). A part is
// 64 channels.
#pragma once

#include "level_planes.hpp"
#include "norm.hpp"

namespace linocut::LINOCUT_NS::norm_levels {

enum { STATS, BETA, LEAST };

inline i64 units(const Call& call) { return words(call.operands[STATS].cols); }

inline constexpr double limit = 1 << 30;  // thresholds fit 32 bits

inline i32 whole(double threshold) {
    const double raised = threshold > -limit ? threshold : -limit;
    return static_cast<i32>(raised < limit ? raised : limit);
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &stats = call.operands[STATS], &beta = call.operands[BETA], &to = call.operands[LEAST];
    const int planes = to.rows == level_planes::largest(2) ? 2 : 4;
    norm::each_word(stats, begin, end, [&](i64 first, i64 n) {
        double mean[segment], psi[segment], shift[segment] = {};
        norm::load_channels(stats, 0, first, n, mean);
        norm::divisors(stats, first, n, call.attributes[0], psi);
        if (given(beta)) norm::load_channels(beta, 0, first, n, shift);
        for (i64 code = 0; code < to.rows; ++code) {
            const double at = level_planes::boundary(planes, code, 1.0);
            const bool closed = level_planes::includes(code);
            i32* out = row<i32>(to, code) + first;
            for (i64 c = 0; c < n; ++c) {
                const double bound = mean[c] - shift[c] * psi[c] + at * psi[c];
                const bool reached = closed ? shift[c] >= at : shift[c] > at;
                const double all_or_none = reached ? -limit : limit;
                out[c] = whole(psi[c] > 0.0 ? closed ? std::ceil(bound) : std::floor(bound) + 1.0 : all_or_none);
            }
        }
    });
}

}  // namespace linocut::LINOCUT_NS::norm_levels
