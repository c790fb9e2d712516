#include "files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "../error.hpp"

namespace linocut {

InputFile::InputFile(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "rb")) {
    if (file_ == nullptr) refuse(path, " cannot be opened: ", std::strerror(errno));
    struct stat found{};
    if (fstat(fileno(file_.get()), &found) != 0 || !S_ISREG(found.st_mode)) refuse(path, " is not a file; give one");
    size_ = static_cast<std::uint64_t>(found.st_size);
}

void InputFile::read(void* to, std::uint64_t bytes) {
    if (bytes > 0 && std::fread(to, 1, bytes, file_.get()) != bytes)
        throw MachineFailure(
            text(path_, " cannot be read: ", std::ferror(file_.get()) ? std::strerror(errno) : "it became shorter"));
}

void InputFile::rewind() { std::rewind(file_.get()); }

OutputFile::OutputFile(const std::string& path)
    : path_(path), part_(path + ".part"), file_(std::fopen(part_.c_str(), "wb")) {
    if (file_ == nullptr) fail();
}

void OutputFile::fail() const { throw MachineFailure(text(path_, " cannot be written: ", std::strerror(errno))); }

void OutputFile::write(const void* from, std::uint64_t bytes) {
    if (bytes > 0 && std::fwrite(from, 1, bytes, file_.get()) != bytes) fail();
}

void OutputFile::finish() {
    if (std::fflush(file_.get()) != 0 || fsync(fileno(file_.get())) != 0) fail();
    if (std::rename(part_.c_str(), path_.c_str()) != 0) fail();
}

std::vector<std::uint8_t> read_all(const std::string& path) {
    InputFile file(path);
    std::vector<std::uint8_t> bytes(file.size());
    file.read(bytes.data(), bytes.size());
    return bytes;
}

}  // namespace linocut
