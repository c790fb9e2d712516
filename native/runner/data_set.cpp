#include "data_set.hpp"

#include <cstdio>
#include <optional>
#include <string_view>

#include "checkpoint.hpp"
#include "collected.hpp"
#include "epoch_log.hpp"
#include "epochs.hpp"
#include "evaluation.hpp"
#include "examples.hpp"
#include "files.hpp"
#include "rates.hpp"
#include "report.hpp"
#include "signals.hpp"
#include "state.hpp"

namespace linocut {
namespace {

// What a program says of itself, where no checkpoint does.
Training training_of(const Runner& run) {
    if (run.has("micro"))
        refuse(
            "this program takes a step in several micro-batches, of which it does not say how many; give --checkpoint, "
            "which linocut pack writes");
    Training training;
    training.batch = run.records(labels_name).rows;
    training.classes = find_classes(run);
    training.learning_rate = rate_of(run);
    return training;
}

// The training that the options and the files say is to go on, whose state is in the arena then.
Training begin(const Options& options, const Runner& run) {
    const bool packed = options.state.empty() && !options.log.empty();
    if (!options.checkpoint.empty() && (is_file(options.checkpoint) || packed))
        return read_checkpoint(options.checkpoint, options.program, run);
    if (!options.state.empty()) read_state(options.state, run);
    return training_of(run);
}

template <class Value>
void refuse_other(const Training& training, const char* option, const Value& given, const Value& own) {
    if (training.begun() && given != own)
        refuse("the training has begun with ", option, " ", own, ", not ", given, "; leave ", option,
               " out to go on with it");
}

void set_epochs(Training& training, std::uint64_t epochs) {
    if (epochs == 0) return;
    if (training.schedule.fixed_length()) refuse_other(training, "--epochs", epochs, training.epochs);
    if (const std::uint64_t least = training.epoch + (training.step > 0 ? 1 : 0); epochs < least)
        refuse("--epochs is ", epochs, ", but ", training.epoch, " are done; give ", least, " or more");
    training.epochs = epochs;
}

void apply(const Options& options, Training& training) {
    if (!options.schedule.empty()) {
        const Schedule wanted = Schedule::named(options.schedule);
        refuse_other(training, "--schedule", wanted.name(), training.schedule.name());
        if (wanted.kind != training.schedule.kind) training.schedule = wanted;
    }
    if (options.learning_rate > 0.0) {
        refuse_other(training, "--lr", options.learning_rate, training.learning_rate);
        training.learning_rate = options.learning_rate;
    }
    if (options.seeded) {
        refuse_other(training, "--seed", options.seed, training.seed);
        training.seed = options.seed;
    }
    if (options.save_every > 0) training.save_every = options.save_every;
    set_epochs(training, options.epochs);
    if (!(training.learning_rate > 0.0)) refuse("the learning rate is 0, with which nothing is learned; give --lr X");
}

// Other examples than before may come after an epoch, if they are given; half an epoch goes on with its own.
void take_data(Training& training, const Options& options, const Examples& examples) {
    const bool may_be_others = options.own_data && training.step == 0;
    if (training.begun() && !may_be_others && training.examples != examples.count())
        refuse(options.images, " holds ", examples.count(), " examples, training began with ", training.examples,
               "; give it the same ones");
    if (training.batch % examples.rows() != 0)
        refuse("a step takes ", training.batch, " examples, which is no multiple of the ", examples.rows(),
               " of a run");
    if (training.batch > examples.count())
        refuse("a step takes ", training.batch, " examples, ", options.images, " has ", examples.count(),
               "; give more, or pack a run of a smaller batch");
    training.examples = examples.count();
    training.own_data = training.own_data || options.own_data;
}

}  // namespace

void train_on_data_set(const Options& options, Runner& run) {
    const OpenFile locked = options.log.empty() ? OpenFile() : lock_folder_of(options.log);
    Training training = begin(options, run);
    apply(options, training);
    const Bounds bounds{training.low, training.high};
    const Examples examples(run, options.images, options.labels, bounds);
    take_data(training, options, examples);
    std::optional<Examples> test;
    if (!options.test_images.empty()) test.emplace(run, options.test_images, options.test_labels, bounds);
    const auto keep_state = [&] {
        if (!options.save.empty()) write_state(options.save, run);
    };
    const auto save = [&] {
        if (!options.checkpoint.empty()) write_checkpoint(options.checkpoint, options.program, run, training);
    };
    std::optional<EpochEnded> last;
    const auto ended = [&](const EpochEnded& epoch) {
        last = epoch;
        if (!options.log.empty()) log_epoch(options.log, training, epoch);
        show_epoch(training, epoch);
    };
    if (!options.checkpoint.empty() || !options.save.empty()) note_signals();
    if (!options.checkpoint.empty()) save();  // a disk that will not take it is found at once
    if (training.epoch == training.epochs)
        std::fprintf(stderr, "all %llu epochs are done; %s\n", static_cast<unsigned long long>(training.epochs),
                     training.schedule.fixed_length() ? "a cosine ends there: unpack the run, and begin another from it"
                                                      : "more are trained with --epochs");
    try {
        Epochs(run, training, examples, test ? &*test : nullptr, save, ended).train();
    } catch (const Interruption&) {
        keep_state();
        throw;
    }
    keep_state();
    report_machine(run);
    report_count("epochs", training.epoch);
    if (last) {
        report_metrics("", last->metrics, training.classes > 0);
        if (last->tested) report_metrics("test_", *last->tested, training.classes > 0);
    }
    report_state(run);
}

void predict_data_set(const Options& options, Runner& run) {
    const Training training = begin(options, run);
    const Examples examples(run, options.images, options.labels, Bounds{training.low, training.high});
    Collected collected(options.collected, run);
    const Metrics found =
        evaluate(run, options.section, examples, [&](std::uint64_t rows) { collected.write(rows, examples.rows()); });
    collected.finish();
    if (!options.save.empty()) write_state(options.save, run);
    report_machine(run);
    report_count("examples", examples.count());
    report_metrics("", found, training.classes > 0);
    report_state(run);
}

}  // namespace linocut
