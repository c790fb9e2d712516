#include "epochs.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "code_pages.hpp"
#include "epoch_order.hpp"
#include "evaluation.hpp"
#include "rates.hpp"
#include "signals.hpp"

namespace linocut {
namespace {

constexpr std::size_t times_kept = 1001;
constexpr char train_section[] = "train", predict_section[] = "predict", micro_name[] = "micro";

// A step that failed half-way is begun anew.
void restart_step(const Runner& run) {
    if (!run.has(micro_name)) return;
    const Place micro = run.place(micro_name);
    std::memset(micro.data, 0, micro.bytes);
}

}  // namespace

Epochs::Epochs(Runner& run, Training& training, const Examples& examples, const Examples* test,
               std::function<void()> save, std::function<void(const EpochEnded&)> ended)
    : run_(run),
      training_(training),
      examples_(examples),
      test_(test),
      save_(std::move(save)),
      ended_(std::move(ended)),
      watch_(run, train_section) {}

void Epochs::train() {
    while (training_.epoch < training_.epochs) train_epoch();
}

void Epochs::train_epoch() {
    release_unused();  // what began the run, or saved it, is not beside the steps
    const std::uint64_t steps = training_.steps();
    times_.clear();
    if (training_.step == 0) clear_metrics(run_);
    watch_.restart();
    restart_step(run_);
    EpochOrder order(training_.seed, training_.epoch, examples_.count());
    order.skip(training_.step * training_.batch);
    while (training_.step < steps) {
        const double seconds = step(training_.step, order);
        ++training_.step;
        training_.seconds += seconds;
        if (times_.size() == times_kept) times_.erase(times_.begin());
        times_.push_back(static_cast<float>(seconds * 1e3));
        progress_.step(training_.epoch + 1, training_.epochs, training_.step, steps, Metrics::of(run_));
        const bool last = training_.step == steps;
        if (!last) check_signal();
        if (!last && training_.save_every > 0 && training_.step % training_.save_every == 0) save_();
    }
    end_epoch();
    check_signal();
}

// Seconds, with the reading of its examples.
double Epochs::step(std::uint64_t number, EpochOrder& order) {
    const auto start = std::chrono::steady_clock::now();
    const std::uint64_t all = training_.steps();
    const Position at{training_.epoch * all + number, training_.epochs * all, training_.epoch};
    set_rate(run_, training_.schedule.rate(training_.learning_rate, at, training_.past));
    for (std::uint64_t part = 0; part < training_.batch / examples_.rows(); ++part) {
        for (std::uint64_t row = 0; row < examples_.rows(); ++row) examples_.put(order.next(), row);
        run_.once(train_section);
        watch_.end_run(text("epoch ", training_.epoch + 1, ", step ", number + 1));
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void Epochs::end_epoch() {
    EpochEnded ended{training_.epoch + 1, Metrics::of(run_), {}, training_.seconds, 0.0};
    if (!times_.empty()) {
        const auto middle = times_.begin() + static_cast<std::ptrdiff_t>(times_.size() / 2);
        std::nth_element(times_.begin(), middle, times_.end());
        ended.step_ms = static_cast<double>(*middle);
    }
    if (test_ != nullptr) ended.tested = evaluate(run_, predict_section, *test_, [](std::uint64_t) {});
    const double followed = ended.tested ? ended.tested->mean_loss() : ended.metrics.mean_loss();
    training_.past = training_.schedule.observe(training_.past, followed);
    ++training_.epoch;
    training_.step = 0;
    training_.seconds = 0.0;
    progress_.clear();
    release_unused();  // what the steps called is not beside what reports and saves
    ended_(ended);
    save_();
}

void Epochs::check_signal() {
    const int signal = noted_signal();
    if (signal == 0 || training_.epoch == training_.epochs) return;
    progress_.clear();
    save_();
    throw Interruption(signal, text("interrupted at ", training_.epoch, " of ", training_.epochs, " epochs and ",
                                    training_.step, " steps; the same command goes on from there"));
}

}  // namespace linocut
