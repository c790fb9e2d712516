#include "feeds.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "collected.hpp"
#include "files.hpp"
#include "metrics.hpp"
#include "rates.hpp"
#include "watch.hpp"

namespace linocut {
namespace {

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

bool is_fed(const Options& options, const std::string& name) {
    return std::any_of(options.feeds.begin(), options.feeds.end(),
                       [&](const Pairing& feed) { return feed.buffer == name; });
}

// Refuses to run on zeros that nobody gave. Only training needs labels: returns those to be marked before
// each run.
std::vector<Place> check_fed(const Options& options, const Runner& run) {
    std::vector<Place> unlabelled;
    run.each_fed(options.section, [&](const std::string& name) {
        if (is_fed(options, name)) return;
        if (name != labels_name || options.trains())
            refuse("section '", options.section, "' reads the buffer '", printable(name),
                   "', which nothing gives; give --feed ", printable(name), "=FILE");
        unlabelled.push_back(run.place(name));
    });
    if (!options.trains() || !options.rates.empty() || !run.has("control")) return unlabelled;
    const double rate = rate_of(run);
    check_rate("the state", 1, rate);
    if (rate == 0.0) refuse("the learning rate is 0, with which nothing is learned; give --rates FILE");
    return unlabelled;
}

std::vector<Feed> open_feeds(const Options& options, const Runner& run) {
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

}  // namespace

std::uint64_t run_on_feeds(const Options& options, Runner& run) {
    std::vector<Feed> feeds = open_feeds(options, run);
    const std::vector<Place> unlabelled = check_fed(options, run);
    if (!options.trains()) clear_metrics(run);  // those of the training that the state is of
    Watch watch(run, options.section);
    Collected collected(options.collected, run);
    const std::uint64_t runs = find_runs(options, feeds);
    for (std::uint64_t i = 0; i < runs; ++i) {
        for (Feed& feed : feeds) feed.next();
        // Labels that are not known count for nothing: -1, and NaN where they are numbers, whose bits are ones in both.
        for (const Place& place : unlabelled) std::memset(place.data, 0xFF, place.bytes);
        run.once(options.section);
        if (options.trains()) watch.end_run(text("run ", i + 1));
        collected.write();
    }
    collected.finish();
    return runs;
}

}  // namespace linocut
