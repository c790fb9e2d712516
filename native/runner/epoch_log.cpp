#include "epoch_log.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "files.hpp"

namespace linocut {
namespace {

constexpr const char* exact = "%.17g";  // reads back as the same number
constexpr const char* short_form = "%.4g";

std::string number(const char* form, double value) {
    if (!std::isfinite(value)) return "null";
    char digits[40];
    std::snprintf(digits, sizeof digits, form, value);
    return digits;
}

}  // namespace

void log_epoch(const std::string& path, const Training& training, const EpochEnded& ended) {
    const bool by_class = training.classes > 0;
    const std::uint64_t chances = std::max<std::uint64_t>(1, training.binary_weights * training.steps());
    const double flipped = static_cast<double>(ended.metrics.flips) / static_cast<double>(chances);
    const bool tested = ended.tested && by_class;
    append_line(path, text("{\"event\": \"epoch\", \"epoch\": ", ended.epoch,
                           ", \"loss\": ", number(exact, ended.metrics.mean_loss()),
                           ", \"train_accuracy\": ", by_class ? number(exact, ended.metrics.accuracy()) : "null",
                           ", \"accuracy\": ", tested ? number(exact, ended.tested->accuracy()) : "null",
                           ", \"flip_ratio\": ", number(exact, flipped), ", \"seconds\": ",
                           number(short_form, ended.seconds), ", \"step_ms\": ", number(short_form, ended.step_ms),
                           ", \"saturated\": null, \"dead_channels\": null}"));
}

void show_epoch(const Training& training, const EpochEnded& ended) {
    const bool by_class = training.classes > 0;
    std::string line =
        text("epoch ", ended.epoch, "/", training.epochs, "  loss ", number(short_form, ended.metrics.mean_loss()));
    if (by_class) line += text("  train accuracy ", number(short_form, ended.metrics.accuracy()));
    if (ended.tested) line += text("  test loss ", number(short_form, ended.tested->mean_loss()));
    if (ended.tested && by_class) line += text("  test accuracy ", number(short_form, ended.tested->accuracy()));
    std::fprintf(stderr, "%s  %s s  %s ms a step\n", line.c_str(), number(short_form, ended.seconds).c_str(),
                 number(short_form, ended.step_ms).c_str());
}

}  // namespace linocut
