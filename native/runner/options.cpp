#include "options.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "../error.hpp"
#include "files.hpp"

namespace linocut {
namespace {

constexpr std::uint64_t most_runs = 1ULL << 40;
constexpr std::uint64_t most_threads_asked = 256;
constexpr std::uint64_t most_epochs = 1'000'000'000;
constexpr std::uint64_t most_seed = (1ULL << 63) - 1;

std::uint64_t whole_number(const std::string& option, const std::string& given, std::uint64_t most,
                           std::uint64_t least = 1) {
    std::uint64_t value = 0;
    const char* end = given.data() + given.size();
    const auto [stopped, error] = std::from_chars(given.data(), end, value);
    if (error != std::errc() || stopped != end || value < least || value > most)
        refuse(option, " is '", printable(given), "', must be a whole number from ", least, " to ", most);
    return value;
}

Pairing pairing(const std::string& option, const std::string& given) {
    const std::size_t sign = given.find('=');
    if (sign == std::string::npos || sign == 0 || sign + 1 == given.size())
        refuse(option, " is '", printable(given), "', must be NAME=FILE");
    return {given.substr(0, sign), given.substr(sign + 1)};
}

double rate(const std::string& option, const std::string& given) {
    char* end = nullptr;
    const double value = std::strtod(given.c_str(), &end);
    if (end == given.c_str() || *end != '\0' || !(value > 0.0) || !std::isfinite(value))
        refuse(option, " is '", printable(given), "', must be a finite number above 0, for example 1e-3");
    return value;
}

struct Text {
    const char* option;
    std::string Options::* field;
};

constexpr Text texts[] = {
    {"--state", &Options::state},
    {"--rates", &Options::rates},
    {"--section", &Options::section},
    {"--isa", &Options::isa},
    {"--save", &Options::save},
    {"--images", &Options::images},
    {"--labels", &Options::labels},
    {"--test-images", &Options::test_images},
    {"--test-labels", &Options::test_labels},
    {"--schedule", &Options::schedule},
    {"--checkpoint", &Options::checkpoint},
};

bool set_text(Options& options, const std::string& option, const std::string& given) {
    for (const Text& text : texts)
        if (option == text.option) return options.*text.field = given, true;
    return false;
}

void set(Options& options, const std::string& option, const std::string& given) {
    if (set_text(options, option, given)) return;
    if (option == "--feed") {
        options.feeds.push_back(pairing(option, given));
    } else if (option == "--collect") {
        options.collected.push_back(pairing(option, given));
    } else if (option == "--runs") {
        options.runs = whole_number(option, given, most_runs);
    } else if (option == "--threads") {
        options.threads = static_cast<int>(whole_number(option, given, most_threads_asked));
    } else if (option == "--epochs") {
        options.epochs = whole_number(option, given, most_epochs);
    } else if (option == "--save-every") {
        options.save_every = whole_number(option, given, most_runs);
    } else if (option == "--seed") {
        options.seed = whole_number(option, given, most_seed, 0);
        options.seeded = true;
    } else if (option == "--lr") {
        options.learning_rate = rate(option, given);
    } else {
        refuse("no option is called '", printable(option), "'; see linocut-runner --help");
    }
}

void find_pair(const std::string& stem, std::string& images, std::string& labels) {
    if (!images.empty() || !labels.empty() || !is_file(stem + "images.bin")) return;
    images = stem + "images.bin";
    if (is_file(stem + "labels.bin")) labels = stem + "labels.bin";
}

// What a folder of `linocut pack` has stands for what is not given.
void find_in_folder(Options& options) {
    const std::string place = options.program.ends_with("/") ? options.program : options.program + "/";
    if (!is_file(place + "program.bin"))
        refuse("'", printable(options.program), "' is a folder without a program.bin; linocut pack writes one");
    options.program = place + "program.bin";
    if (!options.feeds.empty()) return;
    if (options.checkpoint.empty()) options.checkpoint = place + "checkpoint.bin";
    if (options.trains()) {
        options.log = place + "log.jsonl";
        find_pair(place, options.images, options.labels);
        find_pair(place + "test-", options.test_images, options.test_labels);
    } else {
        find_pair(place + "test-", options.images, options.labels);
    }
}

void check_together(const Options& options) {
    const bool of_data = !options.images.empty();
    if (of_data && (!options.feeds.empty() || !options.rates.empty() || options.runs > 0))
        refuse("--images is for a data set, --feed, --rates and --runs are for batches; give one or the other");
    if (of_data && options.trains() && options.labels.empty())
        refuse("--images is given without --labels; training needs both");
    if (!of_data && !options.labels.empty()) refuse("--labels is given without --images; give both");
    if (options.test_images.empty() != options.test_labels.empty())
        refuse("--test-images and --test-labels go together; give both");
    const bool of_epochs = options.epochs > 0 || options.learning_rate > 0.0 || !options.schedule.empty() ||
                           options.seeded || options.save_every > 0 || !options.test_images.empty();
    if (!(of_data && options.trains()) && of_epochs)
        refuse(
            "--epochs, --lr, --schedule, --seed, --save-every and --test-images are for training on a data set; "
            "give --images and --labels");
    if (!of_data && !options.checkpoint.empty())
        refuse("a checkpoint is of training on a data set; give --images and --labels");
    if (of_data && options.trains() && !options.collected.empty())
        refuse("--collect is for --feed and for predictions; leave it out");
}

}  // namespace

Options parse_options(const std::vector<std::string>& arguments) {
    Options options;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (argument == "--help") {
            options.help = true;
            return options;
        }
        if (argument.starts_with("--")) {
            if (i + 1 == arguments.size()) refuse(printable(argument), " lacks its value");
            set(options, argument, arguments[++i]);
        } else if (options.program.empty()) {
            options.program = argument;
        } else {
            refuse("'", printable(argument), "' is a second program; give one");
        }
    }
    if (options.program.empty()) refuse("no program is given; see linocut-runner --help");
    options.own_data = !options.images.empty();
    if (is_folder(options.program)) find_in_folder(options);
    check_together(options);
    return options;
}

}  // namespace linocut
