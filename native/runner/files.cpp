#include "files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "failures.hpp"

namespace linocut {
namespace {

constexpr int made_mode = 0666;  // as far as the umask lets

bool is_kind(const std::string& path, mode_t kind) {
    struct stat found{};
    return stat(path.c_str(), &found) == 0 && (found.st_mode & S_IFMT) == kind;
}

// Writes all, though the system takes it in pieces; whether it did.
bool write_all(int file, const void* from, std::uint64_t bytes) {
    const auto* at = static_cast<const std::uint8_t*>(from);
    while (bytes > 0) {
        const ssize_t taken = ::write(file, at, bytes);
        if (taken < 0 && errno == EINTR) continue;
        if (taken < 0) return false;
        at += taken, bytes -= static_cast<std::uint64_t>(taken);
    }
    return true;
}

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

// So that a new name outlives a power cut; not all file systems can, and what they hold is whole all the same.
void settle_folder_of(const std::string& path) {
    const OpenFile open(::open(folder_of(path).c_str(), O_RDONLY | O_CLOEXEC));
    if (open.number() >= 0) static_cast<void>(fsync(open.number()));
}

// Cuts off what follows the last whole line; whether the system did.
bool end_at_line(int file) {
    struct stat found{};
    if (fstat(file, &found) != 0) return false;
    off_t end = found.st_size;
    for (char last = 0; end > 0; --end) {
        if (pread(file, &last, 1, end - 1) != 1) return false;
        if (last == '\n') break;
    }
    return end == found.st_size || ftruncate(file, end) == 0;
}

}  // namespace

OpenFile::~OpenFile() {
    if (number_ >= 0) close(number_);
}

InputFile::InputFile(const std::string& path)
    : path_(path), file_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (file_.number() < 0) refuse(path, " cannot be opened: ", std::strerror(errno));
    struct stat found{};
    if (fstat(file_.number(), &found) != 0 || !S_ISREG(found.st_mode)) refuse(path, " is not a file; give one");
    size_ = static_cast<std::uint64_t>(found.st_size);
}

void InputFile::read_at(std::uint64_t place, void* to, std::uint64_t bytes) const {
    auto* into = static_cast<std::uint8_t*>(to);
    while (bytes > 0) {
        const ssize_t got = pread(file_.number(), into, bytes, static_cast<off_t>(place));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
            throw MachineFailure(
                text(path_, " cannot be read: ", got < 0 ? std::strerror(errno) : "it became shorter"));
        into += got, place += static_cast<std::uint64_t>(got), bytes -= static_cast<std::uint64_t>(got);
    }
}

void InputFile::read(void* to, std::uint64_t bytes) {
    read_at(at_, to, bytes);
    at_ += bytes;
}

OutputFile::OutputFile(const std::string& path)
    : path_(path),
      part_(path + ".part"),
      file_(open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, made_mode)) {
    if (file_.number() < 0) fail();
}

void OutputFile::fail() const { throw MachineFailure(text(path_, " cannot be written: ", std::strerror(errno))); }

void OutputFile::write(const void* from, std::uint64_t bytes) {
    if (!write_all(file_.number(), from, bytes)) fail();
}

void OutputFile::finish() {
    if (fsync(file_.number()) != 0 && errno != EINVAL) fail();  // EINVAL: what is no file on a disk, such as a pipe
    if (std::rename(part_.c_str(), path_.c_str()) != 0) fail();
    settle_folder_of(path_);
}

bool is_file(const std::string& path) { return is_kind(path, S_IFREG); }
bool is_folder(const std::string& path) { return is_kind(path, S_IFDIR); }

std::vector<std::uint8_t> read_all(const std::string& path) {
    InputFile file(path);
    std::vector<std::uint8_t> bytes(file.size());
    file.read(bytes.data(), bytes.size());
    return bytes;
}

OpenFile lock_folder_of(const std::string& path) {
    const std::string folder = folder_of(path);
    OpenFile file(open(folder.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.number() >= 0 && flock(file.number(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        refuse(folder, " is being trained in by another process; wait for it to end, or end it");
    return file;
}

void append_line(const std::string& path, const std::string& line) {
    const OpenFile file(open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, made_mode));
    const std::string whole = line + "\n";
    if (file.number() < 0 || !end_at_line(file.number()) || !write_all(file.number(), whole.data(), whole.size()) ||
        fsync(file.number()) != 0)
        throw MachineFailure(text(path, " cannot be written: ", std::strerror(errno)));
}

}  // namespace linocut
