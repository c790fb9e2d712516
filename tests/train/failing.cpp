// A disk that fails: the n-th write, sync or rename of a file below a folder gives an error. Loaded before all else.
#include <dlfcn.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace {

char folder[4096] = "";
int error_number = 0;
long left = -1;  // calls until the one that fails
long calls = 0;

template <typename Function>
Function real(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

bool below(const char* path) { return folder[0] != 0 && std::strncmp(path, folder, std::strlen(folder)) == 0; }

bool is_ours(int file) {
    char link[64], path[4096];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return false;
    path[length] = 0;
    return below(path);
}

// Whether this call is the one; from then on a full disk stays full.
bool fails() {
    ++calls;
    if (left < 0 || left-- > 0) return false;
    left = 0;
    errno = error_number;
    return true;
}

}  // namespace

extern "C" {

void fail_at(const char* where, long nth, int number) {
    std::snprintf(folder, sizeof folder, "%s", where);
    left = nth;
    calls = 0;
    error_number = number;
}

long calls_seen() { return calls; }

ssize_t write(int file, const void* data, size_t size) {
    if (is_ours(file) && fails()) return -1;
    return real<ssize_t (*)(int, const void*, size_t)>("write")(file, data, size);
}

ssize_t pwrite64(int file, const void* data, size_t size, off_t place) {
    if (is_ours(file) && fails()) return -1;
    return real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite64")(file, data, size, place);
}

ssize_t pwrite(int file, const void* data, size_t size, off_t place) { return pwrite64(file, data, size, place); }

int fsync(int file) {
    if (is_ours(file) && fails()) return -1;
    return real<int (*)(int)>("fsync")(file);
}

int rename(const char* from, const char* to) {
    if (below(to) && fails()) return -1;
    return real<int (*)(const char*, const char*)>("rename")(from, to);
}
}
