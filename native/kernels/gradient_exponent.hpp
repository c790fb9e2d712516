// gradient_exponent: the exponent of an integer dX, from how the mantissas of the last step came out.
#pragma once

#include "gradient_scale.hpp"

namespace linocut::LINOCUT_NS::gradient_exponent {

enum { DY_EXPONENT, DX_EXPONENT, SCALE, COUNTERS };
enum { PRODUCTS, ELEMENTS, BITS, DY_BITS };

inline constexpr i64 sound = i64{1} << 40;  // no exponent is larger; what a damaged arena holds is brought within it

// Of a mantissa, beside its sign.
inline constexpr int bits_of(Format format) { return format == Format::i4 ? 5 : format == Format::i8 ? 7 : 15; }

// One in so many mantissas of so many bits may saturate.
inline constexpr i64 rare(i64 bits) { return bits == 5 ? 256 : 8192; }

inline i64 shift_for(i64 largest, i64 bits) {
    i64 length = 0;
    while (length < 63 && largest >> length) ++length;
    return most<i64>(0, length - bits);
}

// 1 where too many of the last step's elements saturated, -1 where half the range would have done, else 0.
inline i64 overflow_trend(const i64* state, i64 elements, i64 bits) {
    const i64 few = elements / rare(bits);
    return state[scale::saturated] > few ? 1 : state[scale::near] <= few ? -1 : 0;
}

inline i64 last_exponent(const i64* state) { return clamp(state[scale::exponent], -sound, sound); }

// Keeps what was decided; nothing is noted yet.
inline void begin_step(i64* state, i64 exponent, i64 shift) {
    const i64 fresh[] = {1, exponent, shift, 0, 0, 0};
    std::memcpy(state, fresh, sizeof fresh);
}

// The exponent that would have suited the last step.
inline i64 wanted(const i64* state, i64 elements, i64 bits) {
    const i64 exponent = last_exponent(state), trend = overflow_trend(state, elements, bits);
    if (trend >= 0 || state[scale::largest] <= 0) return exponent + most<i64>(trend, 0);
    const i64 shift = clamp(state[scale::shift], -sound, sound);
    return least(exponent - 1, exponent - shift + shift_for(state[scale::largest], bits));
}

inline i64 units(const Call&) { return 1; }

inline void run(const Call& call, i64, i64) {
    i64* state = row<i64>(call.operands[SCALE], 0);
    const i64 dy = *row<i32>(call.operands[DY_EXPONENT], 0), bits = static_cast<i64>(call.attributes[BITS]);
    const i64 largest = (i64{1} << static_cast<i64>(call.attributes[DY_BITS])) - 1;
    const i64 worst = shift_for(largest * static_cast<i64>(call.attributes[PRODUCTS]), bits);
    add_to_counter(call.operands[COUNTERS], counter_saturations, clamp(state[scale::saturated], i64{0}, sound));
    i64 shift = worst;
    if (state[scale::known] != 0)
        shift = clamp(wanted(state, static_cast<i64>(call.attributes[ELEMENTS]), bits) - dy, i64{0}, worst);
    begin_step(state, dy + shift, shift);
    store_exponent(call.operands[DX_EXPONENT], call.operands[DY_EXPONENT], static_cast<int>(shift));
}

}  // namespace linocut::LINOCUT_NS::gradient_exponent
