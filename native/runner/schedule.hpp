// Schedules: src/linocut/schedules.py, to the bit.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace linocut {

enum class ScheduleKind : std::uint32_t { constant = 0, step = 1, cosine = 2, plateau = 3 };

// What it remembers of past epochs. `best` is NaN before there is any.
struct ScheduleState {
    double best = std::numeric_limits<double>::quiet_NaN();
    std::uint64_t waited = 0;
    double factor = 1.0;
};

// Where training is, counted from 0.
struct Position {
    std::uint64_t step = 0, steps = 1, epoch = 0;
};

struct Schedule {
    ScheduleKind kind = ScheduleKind::constant;
    double gamma = 0.0;      // step, plateau: what the rate is multiplied by
    std::uint64_t wait = 0;  // step: after how many epochs each; plateau: its patience
    double threshold = 0.0;  // plateau

    bool fixed_length() const { return kind == ScheduleKind::cosine; }
    bool operator==(const Schedule&) const = default;

    // With the settings that it has by default. Throws Refusal for an unknown name.
    static Schedule named(std::string_view name);
    std::string_view name() const;
    // Why there can be no such settings, or "".
    std::string unsound() const;

    double rate(double base, Position at, const ScheduleState& state) const;
    // The state after an epoch that ended with `loss`.
    ScheduleState observe(const ScheduleState& state, double loss) const;
};

}  // namespace linocut
