// Rows of bytes that are shorter than 64, or not there.
#pragma once

#include "platform.hpp"

namespace linocut::LINOCUT_NS {

// The segment at `in`: itself where it is whole, else its n elements in front of what `padded` holds.
template <class T>
inline const T* whole_segment(const T* in, i64 n, T* padded) {
    if (n == segment) return in;
    std::memcpy(padded, in, static_cast<std::size_t>(n) * sizeof(T));
    return padded;
}

// Rows of 64 bytes: those given, of which n bytes count; what is beyond is 0, as are rows that are null.
template <int N>
struct WholeRows {
    const u8* rows[N];
    alignas(32) u8 padded[N][segment];

    // Rows that do not last as long as this are copied.
    WholeRows(const u8* const* given, i64 n, bool last = true) {
        for (int i = 0; i < N; ++i) {
            rows[i] = given[i];
            if (given[i] && n == segment && last) continue;
            std::memset(padded[i], 0, sizeof padded[i]);
            if (given[i]) std::memcpy(padded[i], given[i], static_cast<std::size_t>(n));
            rows[i] = padded[i];
        }
    }
    WholeRows(const WholeRows&) = delete;  // rows may be the padded ones
};

}  // namespace linocut::LINOCUT_NS
