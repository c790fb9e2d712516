#include "examples.hpp"

#include <cstring>
#include <limits>

#include "../error.hpp"

namespace linocut {
namespace {

std::uint64_t element_bytes(const Records& records) {
    const std::uint64_t bytes = records.record_bytes() / records.elements;
    if (bytes * records.elements * records.rows != records.place.bytes) refuse("examples in bits cannot be read here");
    return bytes;
}

// Data sets have no labels where the program takes none; the place is not used then.
Records records_of_labels(const Runner& run) { return run.has(labels_name) ? run.records(labels_name) : Records{}; }

}  // namespace

std::uint64_t find_classes(const Runner& run) {
    constexpr char logits[] = "predict.logits";
    if (run.records(labels_name).format != Element::i32) return 0;
    return run.has(logits) ? run.records(logits).elements : std::numeric_limits<std::int32_t>::max();
}

Examples::Examples(const Runner& run, const std::string& images, const std::string& labels, Bounds bounds)
    : input_(run.records(input_name)),
      truth_(records_of_labels(run)),
      images_(images, input_.elements, element_bytes(input_)),
      bounds_(bounds),
      classes_(labels.empty() ? 0 : find_classes(run)) {
    if (images_.is_idx() && input_.format != Element::u8)
        refuse(images, " holds bytes, this program takes floats; give raw records of 32-bit floats in a .bin file");
    if (labels.empty()) return;
    if (truth_.rows != input_.rows) refuse("labels are for ", truth_.rows, " examples, input for ", input_.rows);
    labels_.emplace(labels, truth_.elements, element_bytes(truth_));
    if (labels_->is_idx() && truth_.format != Element::i32)
        refuse(labels, " holds bytes, this program takes targets; give raw records of 32-bit floats in a .bin file");
    if (labels_->count() != images_.count())
        refuse(images, " holds ", images_.count(), " examples, ", labels, " ", labels_->count(),
               "; give as many of each");
}

void Examples::put(std::uint64_t number, std::uint64_t row) const {
    std::uint8_t* to = input_.place.data + row * input_.record_bytes();
    images_.read(number, to);
    if (input_.format == Element::f32) check_values(to, number);
    if (labels_) {
        put_label(number, truth_.place.data + row * truth_.record_bytes());
    } else {
        unlabel(row, 1);
    }
}

void Examples::put_label(std::uint64_t number, std::uint8_t* to) const {
    if (truth_.format != Element::i32) {
        labels_->read(number, to);
        return;
    }
    std::int32_t label = 0;
    if (labels_->is_idx()) {
        std::uint8_t byte = 0;
        labels_->read(number, &byte);
        label = byte;
    } else {
        labels_->read(number, &label);
    }
    if (label < -1 || (label >= 0 && static_cast<std::uint64_t>(label) >= classes_))
        refuse(labels_->path(), ": the label of example ", number, " is ", label, ", must be 0 to ", classes_ - 1,
               ", or -1 where it is not known");
    std::memcpy(to, &label, sizeof label);
}

void Examples::check_values(const std::uint8_t* values, std::uint64_t number) const {
    for (std::uint64_t i = 0; i < input_.elements; ++i) {
        float value = 0.0F;
        std::memcpy(&value, values + i * sizeof value, sizeof value);
        if (!(value >= bounds_.low && value <= bounds_.high))
            refuse(images_.path(), ": a value of example ", number, " is ", double{value}, ", must be ", bounds_.low,
                   " to ", bounds_.high);
    }
}

// -1, and NaN where they are numbers. The bits are all ones in both.
void Examples::unlabel(std::uint64_t row, std::uint64_t rows) const {
    if (truth_.rows != input_.rows) return;
    std::memset(truth_.place.data + row * truth_.record_bytes(), 0xFF, rows * truth_.record_bytes());
}

void Examples::pad(std::uint64_t row) const {
    std::memset(input_.place.data + row * input_.record_bytes(), 0, (input_.rows - row) * input_.record_bytes());
    unlabel(row, input_.rows - row);
}

}  // namespace linocut
