// linocut-runner: trains and predicts without Python, over the C interface alone.
//
// linocut pack, linocut.run.standalone and linocut.train.export_steps write the files that it takes; docs/devices.md
// shows how. Exit status: 0 done, 1 the machine failed or training diverged, 2 wrong usage or input, 128 and a signal's
// number where that ended it.
#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "code_pages.hpp"
#include "data_set.hpp"
#include "failures.hpp"
#include "feeds.hpp"
#include "options.hpp"
#include "report.hpp"
#include "runner.hpp"
#include "state.hpp"

namespace linocut {
namespace {

void run_batches(const Options& options, Runner& run) {
    if (!options.state.empty()) read_state(options.state, run);
    const std::uint64_t runs = run_on_feeds(options, run);
    if (!options.save.empty()) write_state(options.save, run);
    report_machine(run);
    report_count("runs", runs);
    report_metrics("", Metrics::of(run), true);
    report_state(run);
}

void execute(const Options& options) {
    Runner run(options.program, options.threads, options.isa);
    if (!run.has_section(options.section)) refuse("no section is called '", printable(options.section), "'");
    release_unused();
    if (options.images.empty()) return run_batches(options, run);
    options.trains() ? train_on_data_set(options, run) : predict_data_set(options, run);
}

int failed(int status, const char* reason) {
    std::fprintf(stderr, "error: %s\n", reason);
    return status;
}

int run_command(const std::vector<std::string>& arguments) {
    const Options options = parse_options(arguments);
    if (options.help) {
        std::fputs(usage, stdout);
    } else {
        execute(options);
    }
    if (std::fflush(stdout) != 0 || std::ferror(stdout)) throw MachineFailure("cannot write to standard output");
    return 0;
}

}  // namespace
}  // namespace linocut

int main(int count, char** values) {
    using namespace linocut;
    try {
        return run_command({values + 1, values + count});
    } catch (const Refusal& error) {
        return failed(2, error.what());
    } catch (const Interruption& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 128 + error.signal();
    } catch (const std::bad_alloc&) {
        return failed(1, "the machine has not enough memory");
    } catch (const std::exception& error) {
        return failed(1, error.what());
    }
}
