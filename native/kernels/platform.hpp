// What every kernel header needs. Each instruction set compiles all kernels once, in a namespace of its own
// (LINOCUT_NS), so that no inline function compiled for a newer processor can be linked into the portable code: hence
// also no std templates.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "control.hpp"
#include "kernel.hpp"

#ifndef LINOCUT_NS
#error "define LINOCUT_NS, the namespace of the instruction set, before including kernels"
#endif

namespace linocut::LINOCUT_NS {

using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

// Kernels walk the last dimension in segments of 64 elements: one word of packed bits.
inline constexpr i64 segment = 64;

template <class T>
inline constexpr T least(T a, T b) {
    return b < a ? b : a;
}
template <class T>
inline T most(T a, T b) {
    return a < b ? b : a;
}
template <class T>
inline T clamp(T value, T low, T high) {
    return most(low, least(high, value));
}

inline i64 divide_up(i64 a, i64 b) { return (a + b - 1) / b; }
inline i64 words(i64 bits) { return divide_up(bits, segment); }

inline bool given(const Operand& operand) { return operand.data != nullptr; }

template <class T>
inline T* row(const Operand& operand, i64 index) {
    return static_cast<T*>(operand.data) + index * operand.cols;
}

inline u64* bit_row(const Operand& operand, i64 index) {
    return static_cast<u64*>(operand.data) + index * words(operand.cols);
}

// The exponent of mantissas that were shifted right; one that no int holds wraps.
inline void store_exponent(const Operand& to, const Operand& from, int shift) {
    *static_cast<u32*>(to.data) = *static_cast<const u32*>(from.data) + static_cast<u32>(shift);
}

// Integer counters may be added to by several parts at once: the sum does not depend on their order.
inline void add_to_counter(const Operand& counters, i64 place, i64 amount) {
    __atomic_fetch_add(static_cast<i64*>(counters.data) + place, amount, __ATOMIC_RELAXED);
}

}  // namespace linocut::LINOCUT_NS
