#include "record_file.hpp"

#include <algorithm>

#include "../error.hpp"

namespace linocut {
namespace {

constexpr std::uint8_t idx_bytes = 0x08;  // its code of unsigned bytes
constexpr std::uint64_t most_examples = std::uint64_t{1} << 40;

bool is_raw(const std::string& path) { return path.ends_with(".bin"); }

std::uint64_t big_endian(const std::uint8_t* from) {
    return std::uint64_t{from[0]} << 24 | std::uint64_t{from[1]} << 16 | std::uint64_t{from[2]} << 8 | from[3];
}

}  // namespace

RecordFile::RecordFile(const std::string& path, std::uint64_t elements, std::uint64_t element_bytes)
    : file_(path), idx_(!is_raw(path)) {
    if (idx_) {
        read_header(elements);
    } else {
        record_bytes_ = elements * element_bytes;
        count_ = record_bytes_ > 0 ? file_.size() / record_bytes_ : 0;
        if (count_ == 0 || file_.size() % record_bytes_ != 0)
            refuse(path, " has ", file_.size(), " bytes, must be records of ", record_bytes_, " bytes each");
    }
    if (count_ > most_examples) refuse(path, " has ", count_, " records, at most ", most_examples, " are taken");
}

// Two bytes of 0, the type, the number of dimensions; each of them as four bytes, the high one first; the values.
void RecordFile::read_header(std::uint64_t elements) {
    std::uint8_t head[4] = {};
    file_.read_at(0, head, std::min<std::uint64_t>(file_.size(), sizeof head));
    if (head[0] == 0x1F && head[1] == 0x8B) refuse(path(), " is gzipped, must be plain; unpack it: gunzip ", path());
    if (file_.size() < sizeof head || head[0] != 0 || head[1] != 0 || head[3] == 0)
        refuse(path(), " is no IDX file, which starts with two bytes of 0; raw records are in a file called .bin");
    if (head[2] != idx_bytes)
        refuse(path(), " holds values of type ", int{head[2]},
               ", must hold unsigned bytes, which is type 8; convert it");
    start_ = sizeof head * (1 + std::uint64_t{head[3]});
    if (file_.size() < start_)
        refuse(path(), " has ", file_.size(), " bytes, its header alone ", start_, "; get it again");
    record_bytes_ = 1;
    for (std::uint64_t place = sizeof head; place < start_; place += sizeof head) {
        std::uint8_t size[4];
        file_.read_at(place, size, sizeof size);
        if (place == sizeof head) {
            count_ = big_endian(size);
        } else if (__builtin_mul_overflow(record_bytes_, big_endian(size), &record_bytes_)) {
            refuse(path(), " promises more than can be; get it again");
        }
    }
    if (record_bytes_ != elements)
        refuse(path(), " has records of ", record_bytes_, " values, this program takes ", elements);
    if (count_ == 0 || file_.size() - start_ != count_ * record_bytes_)
        refuse(path(), " has ", file_.size(), " bytes, its header promises ", start_, " and ", count_, " records of ",
               record_bytes_, "; get it again");
}

}  // namespace linocut
