// The memory that a thread has for itself while it runs parts of a call, beside the call's operands: `workspace` of an
// instruction (src/linocut/ops/base.py). Stacks hold no tiles.
#pragma once

#include "platform.hpp"

namespace linocut::LINOCUT_NS {

// Passed by value: what a function takes of its copy is free again when it returns. What is taken holds any bytes.
class Workspace {
  public:
    explicit Workspace(const Call& call) : next_(call.workspace), left_(call.workspace_bytes) {}

    template <class T>
    T& take() {
        static_assert(__is_trivial(T) && alignof(T) <= line);
        return *reinterpret_cast<T*>(bytes(sizeof(T)));
    }
    // As many side by side.
    template <class T>
    T* several(i64 count) {
        static_assert(__is_trivial(T) && alignof(T) <= line);
        return reinterpret_cast<T*>(bytes(static_cast<i64>(sizeof(T)) * count));
    }

  private:
    static constexpr i64 line = 64;  // of a cache, and the widest vector

    u8* bytes(i64 count) {
        const i64 whole = divide_up(count, line) * line;
        if (left_ < whole) __builtin_trap();  // the instruction's `workspace` is too small
        u8* taken = next_;
        next_ += whole;
        left_ -= whole;
        return taken;
    }

    u8* next_;
    i64 left_;
};

}  // namespace linocut::LINOCUT_NS
