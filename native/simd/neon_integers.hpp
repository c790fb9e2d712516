// What all of NEON's sets share, beside the sums that dot/neon.hpp is given.
#pragma once

#include "bits/masks_portable.hpp"
#include "bits/neon.hpp"
#include "bits/through_masks.hpp"
#include "byte_lanes/none.hpp"
#include "bytes/none.hpp"
#include "copy/portable.hpp"
#include "distances/in_place.hpp"
#include "distances/neon.hpp"
#include "dot/neon.hpp"
#include "floats/transpose_portable.hpp"
#include "integers/none.hpp"
#include "interleave/neon.hpp"
#include "signs/portable.hpp"
#include "sums/chosen_neon.hpp"
#include "sums/portable.hpp"
#include "turn/portable.hpp"
