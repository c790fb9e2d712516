/* Tries $name: frames whose outputs linocut's reference has found; prints "ok", or the first that differs.

   With an argument it reads numbers of frames and their features from the standard input instead, and writes the
   outputs after each frame as integers, of which 1,024 is 1. SPDX-License-Identifier: Apache-2.0 */
#include "$name.h"

#include <stdint.h>
#include <stdio.h>

static uint64_t arena[${macro}_ARENA_BYTES / 8 + 1];
static const float examples[] = {
    $examples};
static const float expected[] = {
    $expected};

static int listen_to_input(void)
{
    float features[${macro}_FEATURES], outputs[${macro}_OUTPUTS];
    int frames, t, k;
    while (scanf("%d", &frames) == 1) {
        ${name}_begin(arena);
        for (t = 0; t < frames; ++t) {
            for (k = 0; k < ${macro}_FEATURES; ++k)
                if (scanf("%f", &features[k]) != 1) return 2;
            ${name}_frame(arena, features, outputs);
            for (k = 0; k < ${macro}_OUTPUTS; ++k) printf("%ld\n", (long)(outputs[k] * 1024.0f));
        }
    }
    return 0;
}

int main(int count, char **arguments)
{
    float outputs[${macro}_OUTPUTS];
    int t, k;
    (void)arguments;
    if (count > 1) return listen_to_input();
    ${name}_begin(arena);
    for (t = 0; t < $test_frames; ++t) {
        ${name}_frame(arena, examples + t * ${macro}_FEATURES, outputs);
        for (k = 0; k < ${macro}_OUTPUTS; ++k) {
            if (outputs[k] != expected[t * ${macro}_OUTPUTS + k]) {
                printf("frame %d, output %d: %g, must be %g\n", t, k, (double)outputs[k],
                       (double)expected[t * ${macro}_OUTPUTS + k]);
                return 1;
            }
        }
    }
    printf("ok\n");
    return 0;
}
