// Counts what is asked of the allocator, by any thread, while counting is on. Loaded before all else (LD_PRELOAD).
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <thread>

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {

std::atomic<bool> counting{false};
std::atomic<long> calls{0};
std::atomic<long> heap_bytes{0};
std::atomic<long> mapped_bytes{0};

void note(std::atomic<long>& sum, std::size_t bytes) {
    if (!counting.load()) return;
    calls.fetch_add(1);
    sum.fetch_add(static_cast<long>(bytes));
}

}  // namespace

extern "C" {

void count_begin() {
    calls.store(0);
    heap_bytes.store(0);
    mapped_bytes.store(0);
    counting.store(true);
}

long count_end() {
    counting.store(false);
    return calls.load();
}

long count_heap_bytes() { return heap_bytes.load(); }
long count_mapped_bytes() { return mapped_bytes.load(); }

void* malloc(std::size_t size) {
    note(heap_bytes, size);
    return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) {
    note(heap_bytes, count * size);
    return __libc_calloc(count, size);
}

void* realloc(void* old, std::size_t size) {
    note(heap_bytes, size);
    return __libc_realloc(old, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
    note(heap_bytes, size);
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }

int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
    *out = memalign(alignment, size);
    return *out == nullptr ? ENOMEM : 0;
}

void* mmap(void* address, std::size_t length, int protection, int flags, int file, off_t offset) {
    note(mapped_bytes, length);
    return reinterpret_cast<void*>(syscall(SYS_mmap, address, length, protection, flags, file, offset));
}

void* mmap64(void* address, std::size_t length, int protection, int flags, int file, off_t offset) {
    return mmap(address, length, protection, flags, file, offset);
}

// What the counter has to see: an allocation of C++ in a thread that was running before.
long count_new_in_a_thread() {
    std::atomic<bool> go{false};
    std::thread other([&] {
        while (!go.load()) {
        }
        char* volatile made = new char[100];  // volatile, so that it is not left out
        delete[] made;
    });
    count_begin();
    go.store(true);
    other.join();
    return count_end();
}
}
