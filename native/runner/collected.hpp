// What a run leaves in a buffer, run after run, in a new file.
#pragma once

#include <vector>

#include "files.hpp"
#include "options.hpp"
#include "runner.hpp"

namespace linocut {

class Collected {
  public:
    Collected(const std::vector<Pairing>& pairs, const Runner& run) {
        for (const Pairing& pair : pairs) all_.push_back({OutputFile(pair.path), run.records(pair.buffer)});
    }

    // After a run of which all rows count.
    void write() {
        for (One& one : all_) one.file.write(one.from.place.data, one.from.place.bytes);
    }
    // After a run of which the first `rows` do, of buffers that have a row for each example.
    void write(std::uint64_t rows, std::uint64_t of) {
        for (One& one : all_)
            one.file.write(one.from.place.data,
                           one.from.rows == of ? rows * one.from.record_bytes() : one.from.place.bytes);
    }
    void finish() {
        for (One& one : all_) one.file.finish();
    }

  private:
    struct One {
        OutputFile file;
        Records from;
    };

    std::vector<One> all_;
};

}  // namespace linocut
