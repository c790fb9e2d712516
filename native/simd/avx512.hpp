// AVX-512: F, BW, VL, DQ, VPOPCNTDQ and VNNI.
#pragma once

#include "bits/avx512.hpp"
#include "byte_lanes/avx512.hpp"
#include "bytes/avx2.hpp"
#include "copy/avx512.hpp"
#include "distances/avx512.hpp"
#include "distances/in_place.hpp"
#include "dot/avx512.hpp"
#include "floats/avx512.hpp"
#include "floats/transpose_sse.hpp"
#include "half/avx512.hpp"
#include "integers/avx512.hpp"
#include "interleave/avx512.hpp"
#include "lookup/avx512.hpp"
#include "signs/avx2.hpp"
#include "sums/avx512.hpp"
#include "turn/avx2.hpp"
