// Loops unrolled in the source. Compilers unroll loops of known length too, but some (GCC 12) do so too late to keep
// arrays of vectors that they index in registers: sums are then stored in every step.
#pragma once

#include "platform.hpp"

namespace linocut::LINOCUT_NS {

template <int I>
struct Index {
    constexpr operator int() const { return I; }
};

template <int N, int... I>
struct Unroll : Unroll<N - 1, N - 1, I...> {};
template <int... I>
struct Unroll<0, I...> {
    template <class F>
    [[gnu::always_inline]] static void call(const F& f) {
        (f(Index<I>()), ...);
    }
};

// f(0), f(1), .. f(N - 1), each with its number as a constant.
template <int N, class F>
[[gnu::always_inline]] inline void unrolled(const F& f) {
    Unroll<N>::call(f);
}

}  // namespace linocut::LINOCUT_NS
