/* The frame of a recurrent network that is measured: one more after those of the test. */
#include "board.h"
#include "net.h"

static uint64_t arena[NET_ARENA_BYTES / 8 + 1];
static float features[NET_FEATURES], outputs[NET_OUTPUTS];

void before_measured(void) {
    net_begin(arena);
    for (uint32_t k = 0; k < NET_FEATURES; ++k) features[k] = (float)(k % 7) - 3.0f;
}

void measured(void) { net_frame(arena, features, outputs); }
