// sum_pool: the sum over each window of height x width, windows side by side; sum_pool_gradient: the gradient of that
// to each of its inputs (src/linocut/ops/sum_pool.py). A part is a row of an image.
#pragma once

#include "nibbles.hpp"
#include "pooling.hpp"

namespace linocut::LINOCUT_NS::sum_pool {

enum { X, Y };

inline i64 units(const Call& call) { return pooling::image_rows(call.operands[Y]); }

// Modulo 2^32: what does not fit wraps.
template <class T>
inline void add_integers(const T* x, i64 n, u32* sums) {
    for (i64 c = 0; c < n; ++c) sums[c] += static_cast<u32>(static_cast<i32>(x[c]));
}

inline void add(const Operand& x, i64 pixel, i64 first, i64 n, u32* sums) {
    x.format == Format::i16 ? add_integers(row<i16>(x, pixel) + first, n, sums)
                            : add_integers(row<i32>(x, pixel) + first, n, sums);
}

inline void store(const Operand& y, i64 pixel, i64 first, i64 n, const u32* sums) {
    if (y.format == Format::i16) {
        i16* to = row<i16>(y, pixel) + first;
        for (i64 c = 0; c < n; ++c) to[c] = static_cast<i16>(static_cast<i32>(sums[c]));
    } else {
        std::memcpy(row<i32>(y, pixel) + first, sums, static_cast<std::size_t>(n) * sizeof *sums);
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &x = call.operands[X], &y = call.operands[Y];
    const Image image(x), outputs(y);
    const i64 height = static_cast<i64>(call.attributes[0]), width = static_cast<i64>(call.attributes[1]);
    float values[segment] = {};
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 example = unit / outputs.height, i = unit % outputs.height;
        for (i64 j = 0; j < outputs.width; ++j) {
            const i64 to = outputs.pixel(example, i, j), from = image.pixel(example, i * height, j * width);
            for (i64 first = 0; first < y.cols; first += segment) {
                const i64 n = least(segment, y.cols - first);
                u32 exact[segment] = {};
                float sums[segment] = {};
                for (i64 p = 0; p < height; ++p) {
                    for (i64 q = 0; q < width; ++q) {
                        const i64 pixel = from + p * image.width + q;
                        if (is_integer(x.format)) {
                            add(x, pixel, first, n, exact);
                            continue;
                        }
                        load_floats(x, pixel, first, n, values);
                        for (i64 c = 0; c < segment; ++c) sums[c] += values[c];
                    }
                }
                if (is_integer(y.format)) {
                    store(y, to, first, n, exact);
                } else {
                    store_floats(y, to, first, n, sums);
                }
            }
        }
    }
}

}  // namespace linocut::LINOCUT_NS::sum_pool

namespace linocut::LINOCUT_NS::sum_pool_gradient {

enum { DY, DX };

inline i64 units(const Call& call) { return pooling::image_rows(call.operands[DX]); }

inline std::size_t pixel_bytes(const Operand& gradient) {
    switch (gradient.format) {
        case Format::i4:
            return static_cast<std::size_t>(nibble_bytes(gradient.cols));
        case Format::i8:
            return static_cast<std::size_t>(gradient.cols);
        case Format::f16:
            return static_cast<std::size_t>(gradient.cols) * 2;
        default:
            return static_cast<std::size_t>(gradient.cols) * 4;
    }
}

inline void run(const Call& call, i64 begin, i64 end) {
    const Operand &dy = call.operands[DY], &dx = call.operands[DX];
    const Image image(dx), outputs(dy);
    const i64 height = static_cast<i64>(call.attributes[0]), width = static_cast<i64>(call.attributes[1]);
    const std::size_t size = pixel_bytes(dy);
    const u8* from = static_cast<const u8*>(dy.data);
    u8* to = static_cast<u8*>(dx.data);
    for (i64 unit = begin; unit < end; ++unit) {
        const i64 example = unit / image.height, r = unit % image.height;
        for (i64 c = 0; c < image.width; ++c) {
            u8* place = to + static_cast<std::size_t>(image.pixel(example, r, c)) * size;
            const i64 i = r / height, j = c / width;
            if (i < outputs.height && j < outputs.width) {
                std::memcpy(place, from + static_cast<std::size_t>(outputs.pixel(example, i, j)) * size, size);
            } else {
                std::memset(place, 0, size);
            }
        }
    }
}

}  // namespace linocut::LINOCUT_NS::sum_pool_gradient
