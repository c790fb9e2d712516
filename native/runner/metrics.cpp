#include "metrics.hpp"

#include <algorithm>
#include <cstring>

namespace linocut {
namespace {

template <class Visit>
void each_metric(const Runner& run, const Visit& visit) {
    run.each_of_state([&](std::string_view name, Place place) {
        if (is_metric(name)) visit(name, place);
    });
}

}  // namespace

double number_at(Place place) {
    double number = 0.0;
    std::memcpy(&number, place.data, sizeof number);
    return number;
}

Metrics Metrics::of(const Runner& run) {
    Metrics found;
    std::int64_t counters[3] = {};
    each_metric(run, [&](std::string_view name, Place place) {
        if (name == "loss" && place.bytes >= sizeof found.loss) found.loss = number_at(place);
        if (name == "counters") std::memcpy(counters, place.data, std::min<std::size_t>(place.bytes, sizeof counters));
    });
    found.right = counters[0], found.examples = counters[1], found.flips = counters[2];
    return found;
}

void clear_metrics(const Runner& run) {
    each_metric(run, [](std::string_view, Place place) { std::memset(place.data, 0, place.bytes); });
}

MetricsApart::MetricsApart(const Runner& run) : run_(run) {
    std::size_t at = 0;
    each_metric(run_, [&](std::string_view, Place place) {
        const std::size_t bytes = std::min<std::size_t>(place.bytes, most - at);
        std::memcpy(kept_ + at, place.data, bytes);
        at += bytes;
    });
    clear_metrics(run_);
}

MetricsApart::~MetricsApart() {
    std::size_t at = 0;
    each_metric(run_, [&](std::string_view, Place place) {
        const std::size_t bytes = std::min<std::size_t>(place.bytes, most - at);
        std::memcpy(place.data, kept_ + at, bytes);
        at += bytes;
    });
}

}  // namespace linocut
