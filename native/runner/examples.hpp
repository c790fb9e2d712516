// The examples of a data set and their labels, put into the arena as a run of the program takes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "record_file.hpp"
#include "runner.hpp"

namespace linocut {

// The least and the most that a value of an example may be; only of inputs in floats.
struct Bounds {
    double low, high;
};

// How many classes labels tell apart; 0 where they are numbers. Throws Refusal where the program has no labels.
std::uint64_t find_classes(const Runner& run);

class Examples {
  public:
    // `labels` "": none is known. Throws Refusal where a file does not fit the program or the other.
    Examples(const Runner& run, const std::string& images, const std::string& labels, Bounds bounds);

    std::uint64_t count() const { return images_.count(); }
    std::uint64_t rows() const { return input_.rows; }
    bool labelled() const { return labels_.has_value(); }

    // Example `number` becomes that of a row of the next run. Throws Refusal for a value or a label out of bounds.
    void put(std::uint64_t number, std::uint64_t row) const;
    // The rows from `row` on are no examples: zeros, labelled as not known.
    void pad(std::uint64_t row) const;

  private:
    void put_label(std::uint64_t number, std::uint8_t* to) const;
    void unlabel(std::uint64_t row, std::uint64_t rows) const;
    void check_values(const std::uint8_t* values, std::uint64_t number) const;

    Records input_, truth_;
    RecordFile images_;
    std::optional<RecordFile> labels_;
    Bounds bounds_;
    std::uint64_t classes_;
};

}  // namespace linocut
