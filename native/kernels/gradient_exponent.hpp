// gradient_exponent: the exponent of an integer dX, from how the mantissas of the last step came out.
#pragma once

#include "gradient_scale.hpp"

namespace linocut::LINOCUT_NS::gradient_exponent {

enum { DY_EXPONENT, DX_EXPONENT, SCALE, COUNTERS };
enum { PRODUCTS, ELEMENTS, BITS };

inline constexpr i64 rare = 8192;                 // one in so many mantissas may saturate
inline constexpr i64 sound = i64{1} << 40;        // no exponent is larger; what a damaged arena holds is brought within it
inline constexpr i64 counter_saturations = 3;

inline i64 shift_for(i64 largest, i64 bits) {
    i64 length = 0;
    while (length < 63 && largest >> length) ++length;
    return most<i64>(0, length - bits);
}

// The exponent that would have suited the last step.
inline i64 wanted(const i64* state, i64 few, i64 bits) {
    const i64 exponent = clamp(state[scale::exponent], -sound, sound), shift = clamp(state[scale::shift], -sound, sound);
    if (state[scale::saturated] > few) return exponent + 1;
    if (state[scale::near] > few || state[scale::largest] <= 0) return exponent;
    return least(exponent - 1, exponent - shift + shift_for(state[scale::largest], bits));
}

inline i64 units(const Call&) { return 1; }

inline void run(const Call& call, i64, i64) {
    i64* state = row<i64>(call.operands[SCALE], 0);
    const i64 dy = *row<i32>(call.operands[DY_EXPONENT], 0), bits = static_cast<i64>(call.attributes[BITS]);
    const i64 worst = shift_for(127 * static_cast<i64>(call.attributes[PRODUCTS]), bits);
    add_to_counter(call.operands[COUNTERS], counter_saturations, clamp(state[scale::saturated], i64{0}, sound));
    i64 shift = worst;
    if (state[scale::known] != 0)
        shift = clamp(wanted(state, static_cast<i64>(call.attributes[ELEMENTS]) / rare, bits) - dy, i64{0}, worst);
    const i64 fresh[] = {1, dy + shift, shift, 0, 0, 0};
    std::memcpy(state, fresh, sizeof fresh);
    store_exponent(call.operands[DX_EXPONENT], call.operands[DY_EXPONENT], static_cast<int>(shift));
}

}  // namespace linocut::LINOCUT_NS::gradient_exponent
