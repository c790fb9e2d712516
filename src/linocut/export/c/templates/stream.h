/* $model, a recurrent network in 16 bits, exported by linocut $version.

   Flash: $flash_bytes bytes of constants, and the code of its kernels.
   RAM:   $arena_bytes bytes of arena from the caller, aligned to 8, below $stack_bytes bytes of stack.
   Model: sha256 $checksum

   The integers are those of linocut's reference. SPDX-License-Identifier: Apache-2.0
   This is the licence of the code; the constants are those of the network that was exported. */
#ifndef ${macro}_H_INCLUDED
#define ${macro}_H_INCLUDED

#define ${macro}_ARENA_BYTES $arena
#define ${macro}_FEATURES $features
#define ${macro}_OUTPUTS $outputs

#ifdef __cplusplus
extern "C" {
#endif

/* Forgets what was heard: the next frame is the first. */
void ${name}_begin(void *arena);

/* Hears one frame of ${macro}_FEATURES floats and returns the number of the largest of ${macro}_OUTPUTS outputs, which
   are written to `outputs`: of the frame, or of the mean of all frames so far where the network takes that. */
int ${name}_frame(void *arena, const float *features, float *outputs);

#ifdef __cplusplus
}
#endif

#endif
