/* The step that is measured: one more on the examples that are there. */
#include "board.h"
#include "net.h"

static uint64_t arena[(NET_ARENA_BYTES + 7) / 8];

void before_measured(void) {
    uint8_t* bytes = (uint8_t*)net_images(arena);
    net_begin(arena, 0);
    net_set_rate(arena, 0.01);
    for (uint32_t k = 0; k < sizeof(net_input) * NET_INPUTS * NET_BATCH; ++k) bytes[k] = (uint8_t)(k * 37);
    for (uint32_t k = 0; k < NET_LABELS * NET_BATCH; ++k) net_labels(arena)[k] = (net_label)(k % NET_OUTPUTS);
}

void measured(void) { net_train_step(arena, net_images(arena), net_labels(arena)); }
