$about
#ifndef ${macro}_H_INCLUDED
#define ${macro}_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

#define ${macro}_ARENA_BYTES $arena_bytes
#define ${macro}_STATE_BYTES $state_bytes
#define ${macro}_BATCH $batch
#define ${macro}_CALLS_A_STEP $micro_batches
#define ${macro}_INPUTS $inputs
#define ${macro}_LABELS $labels
#define ${macro}_OUTPUTS $outputs

typedef $element ${name}_input; /* an example is $shape of them, in C order */
typedef $label ${name}_label;   /* $label_meaning */

#ifdef __cplusplus
extern "C" {
#endif

/* An arena is ${macro}_ARENA_BYTES bytes, aligned to 8, that are left alone between calls. It need not be zeros.

   Begins as the network was when it was exported, or with a state that was saved: ${macro}_STATE_BYTES bytes, all pieces
   of ${name}_state one after another; linocut-runner's state.bin is the same. NULL takes the one in flash. */
void ${name}_begin(void *arena, const void *state);

/* The learning rate of the steps to come; it is part of the state. */
void ${name}_set_rate(void *arena, double rate);

/* Trains on ${macro}_BATCH examples, one after another, each with ${macro}_LABELS labels: one step, or one of the
   ${macro}_CALLS_A_STEP calls that a step takes. Both may lie where ${name}_images and ${name}_labels say: then nothing
   is copied. */
void ${name}_train_step(void *arena, const ${name}_input *images, const ${name}_label *labels);

/* Predicts ${macro}_BATCH examples; gives ${macro}_OUTPUTS outputs of each, within the arena until the next call. */
const float *${name}_predict(void *arena, const ${name}_input *images);

/* Where examples and labels of the next call lie, within the arena; what is there is lost by any call. */
${name}_input *${name}_images(void *arena);
${name}_label *${name}_labels(void *arena);

/* What training has come to since the last time that this was asked: the mean loss, and how many examples of how many
   were right. Each may be NULL. */
void ${name}_score(void *arena, double *loss, int32_t *right, int32_t *examples);

/* The pieces of the state: where number `index` lies in the arena, and how many bytes it has; 0 past the last. */
uint32_t ${name}_state(void *arena, int index, void **piece);

#ifdef __cplusplus
}
#endif

#endif
