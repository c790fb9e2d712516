// linocut-runner: trains and predicts without Python, over the C interface alone.
//
// linocut.run.standalone and linocut.train.export_steps write the files that it takes; docs/devices.md shows
// how. Exit status: 0 done, 1 the machine failed or training diverged, 2 wrong usage or input.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <iostream>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../error.hpp"
#include "../linocut.h"
#include "files.hpp"
#include "options.hpp"
#include "sha256.hpp"

namespace linocut {
namespace {

struct FreeProgram {
    void operator()(lc_program* program) const { lc_program_free(program); }
};
struct FreeArena {
    std::uint64_t bytes;
    void operator()(std::uint8_t* arena) const { lc_arena_free(arena, bytes); }
};
struct FreeSession {
    void operator()(lc_session* session) const { lc_session_free(session); }
};

constexpr char labels[] = "labels";

// Bytes of the arena.
struct Place {
    std::uint8_t* data = nullptr;
    std::uint64_t bytes = 0;
};

using Arena = std::unique_ptr<std::uint8_t, FreeArena>;

Arena allocate_memory(std::uint64_t bytes) {
    Arena arena(static_cast<std::uint8_t*>(lc_arena_allocate(bytes)), FreeArena{bytes});
    if (arena == nullptr)
        throw MachineFailure(
            text("arena and workspaces take ", bytes, " bytes, the machine has not that much; take fewer --threads"));
    return arena;
}

// For what the C interface could not do: a mistake of the user, or the machine.
[[noreturn]] void fail(const std::string& reason) {
    if (lc_failure() == LC_REFUSED) refuse(reason);
    throw MachineFailure(reason);
}

// Training came to numbers that are none, or to a loss beyond any sense.
class Divergence : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::unique_ptr<lc_program, FreeProgram> load_program(const std::string& path) {
    const std::vector<std::uint8_t> bytes = read_all(path);
    char reason[LC_REASON_BYTES] = "";
    std::unique_ptr<lc_program, FreeProgram> program(
        lc_program_load(bytes.data(), bytes.size(), reason, sizeof reason));
    if (program == nullptr) fail(text(path, ": ", reason));
    return program;
}

int threads_of(const Options& options) {
    const auto processors = static_cast<int>(std::thread::hardware_concurrency());
    return options.threads > 0 ? options.threads : std::clamp(processors, 1, 256);
}

// A loaded program in its arena.
class Run {
  public:
    explicit Run(const Options& options)
        : program_(load_program(options.program)),
          arena_(allocate_memory(lc_program_memory_bytes(program_.get(), threads_of(options)))) {
        char reason[LC_REASON_BYTES] = "";
        const int threads = threads_of(options);
        session_.reset(
            lc_session_open(program_.get(), arena_.get(), threads, options.isa.c_str(), reason, sizeof reason));
        if (session_ == nullptr) fail(reason);
        if (lc_session_section_length(session_.get(), options.section.c_str()) < 0)
            refuse("no section is called '", printable(options.section), "'");
        section_ = options.section;
    }

    void once() {
        char reason[LC_REASON_BYTES] = "";
        if (lc_session_run(session_.get(), section_.c_str(), reason, sizeof reason) != 0) fail(reason);
    }

    // Why the state is none that may be kept, or "": of all of it, or of what is small.
    std::string unsound(bool whole) const {
        char reason[LC_REASON_BYTES] = "";
        lc_program_check_state(program_.get(), arena_.get(), whole, reason, sizeof reason);
        return reason;
    }

    double most_loss() const { return lc_program_most_loss(program_.get(), section_.c_str()); }
    bool trains() const { return section_ == "train"; }

    // visit(name) of the buffers that must be fed.
    template <class Visit>
    void each_fed(const Visit& visit) const {
        const char* name = "";
        for (int i = 0; lc_program_fed(program_.get(), section_.c_str(), i, &name) == 0; ++i) visit(std::string(name));
    }

    bool has(const std::string& name) const {
        std::uint64_t offset = 0, bytes = 0;
        return lc_program_buffer(program_.get(), name.c_str(), &offset, &bytes) == 0;
    }

    const char* isa() const { return lc_session_isa(session_.get()); }
    int threads() const { return lc_session_threads(session_.get()); }

    Place place(const std::string& name) const {
        std::uint64_t offset = 0, bytes = 0;
        if (lc_program_buffer(program_.get(), name.c_str(), &offset, &bytes) != 0)
            refuse("no buffer is called '", printable(name), "'");
        return {arena_.get() + offset, bytes};
    }

    // visit(name, place) of all that makes up the state, in order.
    template <class Visit>
    void each_of_state(const Visit& visit) const {
        const char* name = "";
        std::uint64_t offset = 0, bytes = 0;
        for (int i = 0; lc_program_state(program_.get(), i, &name, &offset, &bytes) == 0; ++i)
            visit(std::string_view(name), Place{arena_.get() + offset, bytes});
    }

  private:
    std::unique_ptr<lc_program, FreeProgram> program_;
    Arena arena_;  // outlives the session: members go in the reverse order
    std::unique_ptr<lc_session, FreeSession> session_;
    std::string section_;
};

// A file of equal records, one of which goes to the arena before each run.
class Feed {
  public:
    Feed(const std::string& path, Place to) : file_(path), to_(to), records_(to.bytes ? file_.size() / to.bytes : 0) {
        if (records_ == 0 || file_.size() % to.bytes != 0)
            refuse(path, " has ", file_.size(), " bytes, must be a multiple of the ", to.bytes, " of a run");
    }

    const std::string& path() const { return file_.path(); }
    std::uint64_t records() const { return records_; }

    void next() {
        if (at_ == records_) file_.rewind(), at_ = 0;
        file_.read(to_.data, to_.bytes);
        ++at_;
    }

  private:
    InputFile file_;
    Place to_;
    std::uint64_t records_;
    std::uint64_t at_ = 0;
};

// What a run leaves in a buffer, run after run.
struct Collected {
    OutputFile file;
    Place from;
};

// The first number of `control` (native/kernels/control.hpp).
Place learning_rate(const Run& run) {
    const Place control = run.place("control");
    if (control.bytes < sizeof(double)) refuse("the buffer 'control' holds no learning rate");
    return {control.data, sizeof(double)};
}

double number_at(Place place) {
    double number = 0.0;
    std::memcpy(&number, place.data, sizeof number);
    return number;
}

void check_rate(const std::string& path, std::uint64_t run, double rate) {
    if (!(rate >= 0.0 && rate <= std::numeric_limits<double>::max()))
        refuse(path, ": the learning rate of run ", run, " is ", rate, ", must be a finite number, 0 or more");
}

// All of them, before the first run.
void check_rates(const std::string& path) {
    InputFile file(path);
    double rate = 0.0;
    for (std::uint64_t i = 0; i < file.size() / sizeof rate; ++i) {
        file.read(&rate, sizeof rate);
        check_rate(path, i + 1, rate);
    }
}

bool is_fed(const Options& options, const std::string& name) {
    return std::any_of(options.feeds.begin(), options.feeds.end(),
                       [&](const Pairing& feed) { return feed.buffer == name; });
}

// Labels that are not known, which count for nothing: -1, and NaN where they are numbers. Their bits are all
// ones in both.
void unlabel(Place labels) { std::memset(labels.data, 0xFF, labels.bytes); }

// Refuses to run on zeros that nobody gave. Only training needs labels: returns those to be marked before
// each run.
std::vector<Place> check_fed(const Options& options, const Run& run) {
    std::vector<Place> unlabelled;
    run.each_fed([&](const std::string& name) {
        if (is_fed(options, name)) return;
        if (name != labels || run.trains())
            refuse("section '", options.section, "' reads the buffer '", printable(name),
                   "', which nothing gives; give --feed ", printable(name), "=FILE");
        unlabelled.push_back(run.place(name));
    });
    if (!run.trains() || !options.rates.empty() || !run.has("control")) return unlabelled;
    const double rate = number_at(learning_rate(run));
    check_rate("the state", 1, rate);
    if (rate == 0.0) refuse("the learning rate is 0, with which nothing is learned; give --rates FILE");
    return unlabelled;
}

// Stops a training that diverges, as the Trainer does: `end_run` follows each run.
class Watch {
  public:
    explicit Watch(const Run& run) : run_(run), most_loss_(run.most_loss()) { note(); }

    void end_run(std::uint64_t number) {
        const Metrics before = found_;
        note();
        if (!run_.trains()) return;
        const auto examples = static_cast<double>(found_.examples - before.examples);
        const double loss = (found_.loss - before.loss) / (examples > 0.0 ? examples : 1.0);
        if (const std::string reason = run_.unsound(false); !reason.empty())
            throw Divergence(text("run ", number, ": ", reason, ": training diverges; take smaller learning rates"));
        if (!(loss <= most_loss_))
            throw Divergence(text("run ", number, ": the loss is ", loss, ", must be ", most_loss_,
                                  " or less: training diverges; take smaller learning rates"));
    }

  private:
    struct Metrics {
        double loss = 0.0;
        std::int64_t examples = 0;
    };

    void note() {
        run_.each_of_state([&](std::string_view name, Place place) {
            if (name == "loss" && place.bytes >= sizeof found_.loss) found_.loss = number_at(place);
            if (name == "counters" && place.bytes >= 2 * sizeof found_.examples)
                std::memcpy(&found_.examples, place.data + sizeof found_.examples, sizeof found_.examples);
        });
    }

    const Run& run_;
    double most_loss_;
    Metrics found_;
};

std::vector<Feed> open_feeds(const Options& options, const Run& run) {
    std::vector<Feed> feeds;
    for (const Pairing& feed : options.feeds) feeds.emplace_back(feed.path, run.place(feed.buffer));
    if (!options.rates.empty()) {
        feeds.emplace_back(options.rates, learning_rate(run));
        check_rates(options.rates);
    }
    for (const Feed& feed : feeds)
        if (feed.records() != feeds.front().records())
            refuse(feed.path(), " is for ", feed.records(), " runs, ", feeds.front().path(), " for ",
                   feeds.front().records(), "; give as many of each");
    return feeds;
}

std::uint64_t find_runs(const Options& options, const std::vector<Feed>& feeds) {
    if (options.runs > 0) return options.runs;
    return feeds.empty() ? 1 : feeds.front().records();
}

void read_state(const std::string& path, const Run& run) {
    InputFile file(path);
    std::uint64_t bytes = 0;
    run.each_of_state([&](std::string_view, Place place) { bytes += place.bytes; });
    if (file.size() != bytes) refuse(path, " has ", file.size(), " bytes, the state of this program has ", bytes);
    run.each_of_state([&](std::string_view, Place place) { file.read(place.data, place.bytes); });
    if (const std::string reason = run.unsound(true); !reason.empty())
        refuse(path, ": ", reason, "; it is damaged, or another program's");
}

void write_state(const std::string& path, const Run& run) {
    if (const std::string reason = run.unsound(true); !reason.empty())
        throw Divergence(text(path, " is not written: ", reason, "; take smaller learning rates"));
    OutputFile file(path);
    run.each_of_state([&](std::string_view, Place place) { file.write(place.data, place.bytes); });
    file.finish();
}

bool is_metric(std::string_view name) { return name == "loss" || name == "counters"; }

// As Session.state_sha256 in Python: equal states train and predict alike.
std::string state_sha256(const Run& run) {
    Sha256 digest;
    run.each_of_state([&](std::string_view name, Place place) {
        if (!is_metric(name)) digest.update(place.data, place.bytes);
    });
    return digest.hex();
}

// What the metrics have summed, where the program has any.
void report_metrics(const Run& run) {
    double loss = 0.0;
    std::int64_t counters[2] = {};  // right answers, examples
    run.each_of_state([&](std::string_view name, Place place) {
        if (name == "loss" && place.bytes >= sizeof loss) loss = number_at(place);
        if (name == "counters" && place.bytes >= sizeof counters) std::memcpy(counters, place.data, sizeof counters);
    });
    if (counters[1] <= 0) return;
    const auto examples = static_cast<double>(counters[1]);
    std::cout << "loss " << loss / examples << "\naccuracy " << static_cast<double>(counters[0]) / examples << "\n";
}

void execute(const Options& options) {
    Run run(options);
    if (!options.state.empty()) read_state(options.state, run);
    std::vector<Feed> feeds = open_feeds(options, run);
    const std::vector<Place> unlabelled = check_fed(options, run);
    Watch watch(run);
    std::vector<Collected> collected;
    for (const Pairing& pair : options.collected) collected.push_back({OutputFile(pair.path), run.place(pair.buffer)});
    const std::uint64_t runs = find_runs(options, feeds);
    for (std::uint64_t i = 0; i < runs; ++i) {
        for (Feed& feed : feeds) feed.next();
        for (const Place& place : unlabelled) unlabel(place);
        run.once();
        watch.end_run(i + 1);
        for (Collected& one : collected) one.file.write(one.from.data, one.from.bytes);
    }
    for (Collected& one : collected) one.file.finish();
    if (!options.save.empty()) write_state(options.save, run);
    std::cout << "isa " << run.isa() << "\nthreads " << run.threads() << "\nruns " << runs << "\n";
    report_metrics(run);
    std::cout << "state_sha256 " << state_sha256(run) << "\n";
}

}  // namespace
}  // namespace linocut

int main(int count, char** values) {
    using namespace linocut;
    try {
        const Options options = parse_options({values + 1, values + count});
        if (options.help) {
            std::cout << usage;
        } else {
            execute(options);
        }
        if (!std::cout.flush()) throw MachineFailure("cannot write to standard output");
        return 0;
    } catch (const Refusal& error) {
        std::cerr << "error: " << error.what() << "\n";
        return 2;
    } catch (const std::bad_alloc&) {
        std::cerr << "error: the machine has not enough memory\n";
    } catch (const std::exception& error) {
        std::cerr << "error: " << error.what() << "\n";
    }
    return 1;
}
