/* $model, a recurrent network in 16 bits, exported by linocut $version. SPDX-License-Identifier: Apache-2.0 */
#include "$name.h"

/* --- kernels of linocut --- */

$kernels

/* --- the program --- */

/* A buffer: a constant, or where it lies in the arena; and what it holds. */
typedef struct {
    const void *constant;
    uint32_t offset, rows, cols;
    uint16_t shape; /* the place of its dimensions in `shapes` */
    uint8_t format;
} buffer;

$run
typedef struct {
    uint32_t offset, bytes;
} state;

static const state states[] = {$states};

void ${name}_begin(void *arena)
{
    uint32_t k;
    for (k = 0; k < sizeof states / sizeof states[0]; ++k) memset((uint8_t *)arena + states[k].offset, 0, states[k].bytes);
    if ($frames >= 0) memset((uint8_t *)arena + ($frames < 0 ? 0 : $frames), 0, sizeof(int32_t));
}

int ${name}_frame(void *arena, const float *features, float *outputs)
{
    uint8_t *at = (uint8_t *)arena;
    int best = 0, k;
    if ($frames >= 0) ++*(int32_t *)(void *)(at + ($frames < 0 ? 0 : $frames));
    memcpy(at + $input, features, ${macro}_FEATURES * sizeof(float));
    for (k = 0; k < (int)(sizeof instructions / sizeof instructions[0]); ++k) run(at, instructions + k);
    memcpy(outputs, at + $logits, ${macro}_OUTPUTS * sizeof(float));
    for (k = 1; k < ${macro}_OUTPUTS; ++k)
        if (outputs[k] > outputs[best]) best = k;
    return best;
}
