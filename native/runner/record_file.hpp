// A file of equal records, of an example each: IDX, the format of MNIST, or where its name ends in .bin, raw records.
#pragma once

#include <cstdint>
#include <string>

#include "files.hpp"

namespace linocut {

class RecordFile {
  public:
    // Records of `elements` numbers of `element_bytes` each; those of IDX are bytes. Throws Refusal for another file.
    RecordFile(const std::string& path, std::uint64_t elements, std::uint64_t element_bytes);

    const std::string& path() const { return file_.path(); }
    std::uint64_t count() const { return count_; }
    bool is_idx() const { return idx_; }
    std::uint64_t record_bytes() const { return record_bytes_; }
    void read(std::uint64_t number, void* to) const {
        file_.read_at(start_ + number * record_bytes_, to, record_bytes_);
    }

  private:
    void read_header(std::uint64_t elements);

    InputFile file_;
    bool idx_;
    std::uint64_t start_ = 0, record_bytes_ = 0, count_ = 0;
};

}  // namespace linocut
