#include "schedule.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numbers>

#include "../error.hpp"

namespace linocut {
namespace {

constexpr std::string_view names[] = {"constant", "step", "cosine", "plateau"};

bool is_fraction(double value) { return value > 0.0 && value < 1.0; }

}  // namespace

Schedule Schedule::named(std::string_view name) {
    if (name == "constant") return {};
    if (name == "step") return {ScheduleKind::step, 0.5, 10, 0.0};
    if (name == "cosine") return {ScheduleKind::cosine, 0.0, 0, 0.0};
    if (name == "plateau") return {ScheduleKind::plateau, 0.1, 10, 1e-4};
    refuse("--schedule is '", printable(name), "', must be constant, step, cosine or plateau");
}

std::string_view Schedule::name() const { return names[static_cast<std::size_t>(kind)]; }

std::string Schedule::unsound() const {
    if (kind > ScheduleKind::plateau) return text("schedule ", static_cast<std::uint32_t>(kind), " is none");
    const bool waits = kind == ScheduleKind::step || kind == ScheduleKind::plateau;
    if (waits && (wait < 1 || !is_fraction(gamma))) return "its schedule's settings are out of range";
    if (kind == ScheduleKind::plateau && !is_fraction(threshold)) return "its schedule's threshold is out of range";
    return "";
}

// Rounded to 12 digits, so that every machine's cosine and power give the same one.
double Schedule::rate(double base, Position at, const ScheduleState& state) const {
    double factor = 1.0;
    if (kind == ScheduleKind::step) factor = std::pow(gamma, static_cast<double>(at.epoch / wait));
    if (kind == ScheduleKind::plateau) factor = state.factor;
    if (kind == ScheduleKind::cosine)
        factor =
            0.5 * (1.0 + std::cos(std::numbers::pi * static_cast<double>(at.step) / static_cast<double>(at.steps)));
    char digits[40];
    std::snprintf(digits, sizeof digits, "%.12g", base * factor);
    return std::strtod(digits, nullptr);
}

ScheduleState Schedule::observe(const ScheduleState& state, double loss) const {
    if (kind != ScheduleKind::plateau) return state;
    if (std::isfinite(loss) && (std::isnan(state.best) || loss < state.best * (1.0 - threshold)))
        return {loss, 0, state.factor};
    if (state.waited < wait) return {state.best, state.waited + 1, state.factor};
    return {state.best, 0, state.factor * gamma};
}

}  // namespace linocut
