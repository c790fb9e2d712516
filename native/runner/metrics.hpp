// What a program has summed of the runs of an epoch: the buffers `loss` and `counters`.
#pragma once

#include <cstdint>
#include <string_view>

#include "runner.hpp"

namespace linocut {

inline bool is_metric(std::string_view name) { return name == "loss" || name == "counters"; }

struct Metrics {
    double loss = 0.0;
    std::int64_t right = 0, examples = 0, flips = 0;  // src/linocut/ops/control.py

    double mean_loss() const { return loss / static_cast<double>(examples > 0 ? examples : 1); }
    double accuracy() const { return static_cast<double>(right) / static_cast<double>(examples > 0 ? examples : 1); }

    static Metrics of(const Runner& run);
};

double number_at(Place place);
void clear_metrics(const Runner& run);

// What was summed before comes back at the end.
class MetricsApart {
  public:
    explicit MetricsApart(const Runner& run);
    ~MetricsApart();
    MetricsApart(const MetricsApart&) = delete;
    MetricsApart& operator=(const MetricsApart&) = delete;

  private:
    static constexpr std::size_t most = 64;  // bytes of both

    const Runner& run_;
    std::uint8_t kept_[most] = {};
};

}  // namespace linocut
