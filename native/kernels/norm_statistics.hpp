// norm_statistics: mean and spread of each channel. For integers and the l1 norm only integers are summed: deviations sum to 0,
// so sum |y - mu| is twice the sum of the positive ones.
#pragma once

#include "norm.hpp"

namespace linocut::LINOCUT_NS::norm_statistics {

enum { Y, STATS, RUNNING };

inline i64 units(const Call& call) { return norm::units(call.operands[Y]); }

struct Channels {
    double mean[segment];
    double spread[segment];
};

// Sum: an integer that holds the sum of all rows.
template <class Sum>
inline Channels exact(const Operand& y, i64 first, i64 n) {
    Sum sums[segment] = {}, above[segment] = {}, counts[segment] = {};
    i32 values[segment] = {}, floors[segment] = {};
    for (i64 r = 0; r < y.rows; ++r) {
        load_integers(y, r, first, n, values);
        for (i64 c = 0; c < segment; ++c) sums[c] += values[c];
    }
    Channels found;
    const double rows = static_cast<double>(y.rows);
    for (i64 c = 0; c < n; ++c) {
        found.mean[c] = static_cast<double>(sums[c]) / rows;
        floors[c] = static_cast<i32>(std::floor(found.mean[c]));
    }
    for (i64 r = 0; r < y.rows; ++r) {
        load_integers(y, r, first, n, values);
        for (i64 c = 0; c < segment; ++c) {
            const i32 larger = -static_cast<i32>(values[c] > floors[c]);
            above[c] += values[c] & larger;
            counts[c] -= larger;
        }
    }
    for (i64 c = 0; c < n; ++c) {
        const double total = static_cast<double>(above[c]), count = static_cast<double>(counts[c]);
        found.spread[c] = 2.0 * (total - count * found.mean[c]) / rows;
    }
    return found;
}

inline Channels floating(const Operand& y, i64 first, i64 n, double kind) {
    double sums[segment] = {}, spreads[segment] = {};
    float values[segment] = {};
    for (i64 r = 0; r < y.rows; ++r) {
        load_floats(y, r, first, n, values);
        for (i64 c = 0; c < segment; ++c) sums[c] += values[c];
    }
    Channels found = {};
    const double rows = static_cast<double>(y.rows);
    for (i64 c = 0; c < n; ++c) found.mean[c] = sums[c] / rows;
    for (i64 r = 0; r < y.rows; ++r) {
        load_floats(y, r, first, n, values);
        for (i64 c = 0; c < segment; ++c) {
            const double deviation = values[c] - found.mean[c];
            spreads[c] += kind == norm::l1 ? std::fabs(deviation) : deviation * deviation;
        }
    }
    for (i64 c = 0; c < n; ++c) found.spread[c] = spreads[c] / rows;
    return found;
}

inline void average(const Operand& running, const Operand& stats, i64 which, i64 channel, double momentum) {
    const double kept = static_cast<double>(load_float(running, which, channel)) * momentum;
    const double fresh = static_cast<double>(load_float(stats, which, channel)) * (1.0 - momentum);
    store_float(running, which, channel, static_cast<float>(kept + fresh));
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &y = call.operands[Y], &stats = call.operands[STATS], &running = call.operands[RUNNING];
    const double kind = call.attributes[0], momentum = call.attributes[1];
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 first = unit * segment, n = least(segment, y.cols - first);
        const bool integer = is_integer(y.format) && kind == norm::l1;
        const Channels found = !integer             ? floating(y, first, n, kind)
                               : sums_are_narrow(y) ? exact<i32>(y, first, n)
                                                    : exact<i64>(y, first, n);
        for (i64 c = 0; c < n; ++c) {
            store_float(stats, 0, first + c, static_cast<float>(found.mean[c]));
            store_float(stats, 1, first + c, static_cast<float>(found.spread[c]));
            if (!given(running)) continue;
            average(running, stats, 0, first + c, momentum);
            average(running, stats, 1, first + c, momentum);
        }
    }
}

}  // namespace linocut::LINOCUT_NS::norm_statistics
