// The vector operations of the instruction set that this file is compiled for. Kernels are written with these alone:
// nothing else tells sets apart.
//
// A set is a file of this folder, which lists of what it is made, one part of each folder. A part is written for one
// kind of vectors, or as plain C++ ("portable", "none": right on every set), and defines
//
//   half         from_half, to_half, from_halves, to_halves: 16-bit floats
//   bits         pack_flags, pack_masks, bits_at_least, expand_bits, expand_masks, expand_signs, expand_levels,
//                keep_floats: between 64 bits and 64 elements
//   complex_bits  put_x, put_panel, count: tiles of products of complex bits, by two counts
//   copy         copy_run: memcpy of short runs
//   kept         compress, count: bits of kept lanes, and how many of them differ (kept/run.hpp)
//   interleave   interleave_bytes, interleave_bits: four rows side by side, as dot products take them
//   lookup       Lookups: sums of products of few bits with signs, from tables (lookup/runs.hpp)
//   sums         sum_bytes, sum_columns, ChosenBytes: sums of bytes without a factor
//   dot          dot_block, used_of_eight: tiles of products of bytes (dot/tiles.hpp)
//   distances    pack_panel, subtract_distances, store_products, Panel: tiles of products of bits (distances/runs.hpp)
//   byte_lanes   products of bytes whose zeros are passed over
//   floats       Vector, splat, multiply_add, transpose_rows
//   signs        expand_signs_of_eight: bits of weights as bytes of +-1
//   turn         turn_eight: columns of exact gradients as rows
//   integers     Integers, sum_of_sizes, scale_word: fixed-point numbers of 16 and 32 bits
//   bytes        Bytes: 32 or 64 bytes side by side
//   sixteen      Sixteen: 16 floats beside 16 bits
//   strips       Strips: products of strips of bytes, which may begin anywhere
//   pairs        PairSums: sums of products of 16-bit numbers
#pragma once

#include "../kernels/platform.hpp"

#ifndef LINOCUT_SIMD
#error "define LINOCUT_SIMD, the file of the instruction set, before including kernels"
#endif

#include LINOCUT_SIMD
