// Files of the runner: read in pieces, so that a device needs no memory for them; written whole or not at all.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace linocut {

// A machine that fails: a full disk, no memory. (A mistake of the user is a Refusal.)
class MachineFailure : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using OpenFile = std::unique_ptr<std::FILE, CloseFile>;

class InputFile {
  public:
    // Throws Refusal where it cannot be opened.
    explicit InputFile(const std::string& path);

    const std::string& path() const { return path_; }
    std::uint64_t size() const { return size_; }
    // The next bytes; throws MachineFailure where there are not so many, which size() had promised.
    void read(void* to, std::uint64_t bytes);
    void rewind();

  private:
    std::string path_;
    OpenFile file_;
    std::uint64_t size_ = 0;
};

// Takes its name once `finish` has put its bytes on the disk; until then it is PATH.part. Throws
// MachineFailure.
class OutputFile {
  public:
    explicit OutputFile(const std::string& path);

    void write(const void* from, std::uint64_t bytes);
    void finish();

  private:
    [[noreturn]] void fail() const;

    std::string path_, part_;
    OpenFile file_;
};

std::vector<std::uint8_t> read_all(const std::string& path);

}  // namespace linocut
