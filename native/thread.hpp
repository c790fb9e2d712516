// A thread whose stack holds the kernels, whatever the system gives to threads.
#pragma once

#include <pthread.h>

#include <memory>
#include <utility>

namespace linocut {

// Like std::thread, which takes no size of the stack. Nothing is done at destruction, so that a thread that a
// fork did not copy may be forgotten.
class Thread {
  public:
    // `work` must not throw. Throws std::system_error where the machine has no more threads.
    template <class Work>
    explicit Thread(Work work) {
        auto kept = std::make_unique<Work>(std::move(work));
        handle_ = start(&run<Work>, kept.get());
        static_cast<void>(kept.release());  // the thread has it now
    }

    void join() noexcept { pthread_join(handle_, nullptr); }

  private:
    template <class Work>
    static void* run(void* work) noexcept {
        (*std::unique_ptr<Work>(static_cast<Work*>(work)))();
        return nullptr;
    }

    static pthread_t start(void* (*run)(void*), void* work);

    pthread_t handle_;
};

}  // namespace linocut
