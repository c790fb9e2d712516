// Sums looked up by NEON of 64-bit Arm. Limit: TBL and an addition for 16 sums of four products, and two additions more
// for seven of these, two where they are of levels of 4 bits.
#pragma once

#include <arm_neon.h>

#include "../../kernels/unroll.hpp"
#include "../bits/neon.hpp"
#include "../interleave/neon.hpp"
#include "of_bytes.hpp"

namespace linocut::LINOCUT_NS {

struct ByteTables {
    static constexpr int rows_at_once = 4;
    static constexpr i64 least_inputs = 128;

    static void index(const u64* four, u8* bytes) {
        for (int quarter = 0; quarter < 4; ++quarter) {
            const auto ones = [&](int i) { return expand_sixteen(four[i] >> (16 * quarter)); };
            const uint8x16_t low = vorrq_u8(ones(0), vshlq_n_u8(ones(1), 1));
            const uint8x16_t high = vorrq_u8(ones(2), vshlq_n_u8(ones(3), 1));
            vst1q_u8(bytes + 16 * quarter, vorrq_u8(low, vshlq_n_u8(high, 2)));
        }
    }

    static void split(const u8* bytes, i64 n, u8* low, u8* high) {
        for (i64 i = 0; i < n; i += 16) {
            const int8x16_t all = vreinterpretq_s8_u8(vld1q_u8(bytes + i));
            const int8x16_t above = vrshrq_n_s8(all, 4);  // rounded: (g + 8) >> 4
            vst1q_u8(high + i, vreinterpretq_u8_s8(above));
            vst1q_u8(low + i, vreinterpretq_u8_s8(vsubq_s8(all, vshlq_n_s8(above, 4))));
        }
    }

    static void add_sizes(const u8* digits, i64 n, i32 factor, i32* totals) {
        for (i64 i = 0; i < n; i += 4) {
            const uint8x16_t sizes = vreinterpretq_u8_s8(vabsq_s8(vreinterpretq_s8_u8(vld1q_u8(digits + 4 * i))));
            const int32x4_t fours = vreinterpretq_s32_u32(vpaddlq_u16(vpaddlq_u8(sizes)));
            vst1q_s32(totals + i, vmlaq_n_s32(vld1q_s32(totals + i), fours, factor));
        }
    }

    static void build(const u8* digits, u8* tables, i64 step) {
        const int8x16_t all = vreinterpretq_s8_u8(vld1q_u8(digits)), positive = vmaxq_s8(all, vdupq_n_s8(0));
        const uint32x4_t sizes = vreinterpretq_u32_s8(positive),
                         negative = vreinterpretq_u32_s8(vsubq_s8(positive, all));
        build_two(vreinterpretq_u8_u32(vzip1q_u32(sizes, negative)), tables, step);
        build_two(vreinterpretq_u8_u32(vzip2q_u32(sizes, negative)), tables + 2 * step, step);
    }

    template <int M, int Digits, i64 stride>
    static void add(const lookups::Rows<M>& rows, lookups::Runs runs, const u8* panel, bool fresh,
                    i32 (*tile)[segment]) {
        for (i64 c = 0; c < lookups::columns; c += 32) {
            Words sums[M][4];
            unrolled<4 * M>([&](auto i) { sums[i / 4][i % 4] = vdupq_n_u16(0); });
            if constexpr (Digits == 2) {
                add_digit<M, Digits, stride>(rows, rows.high, runs, panel + c, sums);
                unrolled<4 * M>([&](auto i) { sums[i / 4][i % 4] = vshlq_n_u16(sums[i / 4][i % 4], 4); });
            }
            add_digit<M, Digits, stride>(rows, 0, runs, panel + c, sums);
            unrolled<4 * M>([&](auto i) { store(sums[i / 4][i % 4], fresh, tile[i / 4] + c + 8 * (i % 4)); });
        }
    }

  private:
    using Words = uint16x8_t;

    static void build_two(uint8x16_t sizes, u8* tables, i64 step) {
        for (int table = 0; table < 2; ++table) {
            uint8x16_t sum = vdupq_n_u8(0);
            for (int i = 0; i < 4; ++i) {
                const u8* from = lookups::sizes_of_entries.from[i] + lookups::bytes * table;
                sum = vaddq_u8(sum, vqtbl1q_u8(sizes, vld1q_u8(from)));
            }
            vst1q_u8(tables + step * table, sum);
        }
    }

    template <int M, int Digits, i64 stride>
    static void add_digit(const lookups::Rows<M>& rows, i64 digit, lookups::Runs runs, const u8* panel,
                          Words (*sums)[4]) {
        for (i64 r = 0; r < runs.count; ++r) {
            const u8 *tables[M], *at = panel + runs.first[r].panel;
            unrolled<M>([&](auto m) { tables[m] = rows.tables[m] + (digit + runs.first[r].tables); });
            for (i64 g = 0; g < runs.groups; g += lookups::tables_of_bytes<Digits>) {
                uint8x16_t bytes[M][2];
                unrolled<2 * M>([&](auto i) { bytes[i / 2][i % 2] = vdupq_n_u8(0); });
                const i64 end = least(runs.groups, g + lookups::tables_of_bytes<Digits>);
                for (i64 k = g; k < end; ++k, at += lookups::columns) {
                    const uint8x16_t left = vld1q_u8(at), right = vld1q_u8(at + 16);
                    unrolled<M>([&](auto m) {
                        const uint8x16_t table = vld1q_u8(tables[m]);
                        bytes[m][0] = vaddq_u8(bytes[m][0], vqtbl1q_u8(table, left));
                        bytes[m][1] = vaddq_u8(bytes[m][1], vqtbl1q_u8(table, right));
                        tables[m] += stride;
                    });
                }
                unrolled<2 * M>([&](auto i) {
                    const uint8x16_t some = bytes[i / 2][i % 2];
                    Words* to = sums[i / 2] + 2 * (i % 2);
                    to[0] = vaddw_u8(to[0], vget_low_u8(some));
                    to[1] = vaddw_high_u8(to[1], some);
                });
            }
        }
    }

    static void store(Words sums, bool fresh, i32* to) {
        const auto four = [&](uint32x4_t sum, int c) {
            const int32x4_t found = vreinterpretq_s32_u32(sum);
            vst1q_s32(to + c, fresh ? found : vaddq_s32(found, vld1q_s32(to + c)));
        };
        four(vmovl_u16(vget_low_u16(sums)), 0);
        four(vmovl_high_u16(sums), 4);
    }
};

using Lookups = lookups::OfBytes<ByteTables>;

}  // namespace linocut::LINOCUT_NS
