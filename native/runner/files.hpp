// Files of the runner: read in pieces, so that a device needs no memory for them; written whole or not at all.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace linocut {

// An open file, closed at the end.
class OpenFile {
  public:
    explicit OpenFile(int number = -1) : number_(number) {}
    ~OpenFile();
    OpenFile(OpenFile&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    OpenFile& operator=(OpenFile&&) = delete;

    int number() const { return number_; }

  private:
    int number_;
};

class InputFile {
  public:
    // Throws Refusal where it cannot be opened.
    explicit InputFile(const std::string& path);

    const std::string& path() const { return path_; }
    std::uint64_t size() const { return size_; }
    // The bytes at a place; throws MachineFailure where there are not so many, which size() had promised.
    void read_at(std::uint64_t place, void* to, std::uint64_t bytes) const;
    // The next bytes, likewise.
    void read(void* to, std::uint64_t bytes);
    void rewind() { at_ = 0; }

  private:
    std::string path_;
    OpenFile file_;
    std::uint64_t size_ = 0;
    std::uint64_t at_ = 0;
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

bool is_file(const std::string& path);
bool is_folder(const std::string& path);
std::vector<std::uint8_t> read_all(const std::string& path);
// The folder that a file is in, opened and locked: nobody else has it until it is closed, or this process ends. Throws
// Refusal where another has it; where a file system has no such locks, it is not locked.
OpenFile lock_folder_of(const std::string& path);
// Adds a line to a file, which is made where it is not there; what a power cut left of one is cut off before. Throws
// MachineFailure.
void append_line(const std::string& path, const std::string& line);

}  // namespace linocut
