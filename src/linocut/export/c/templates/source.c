$about
#include "$name.h"

#include <string.h>

#include "c99/c99.h"

/* --- the program --- */

$declarations

/* A buffer: where it lies in the arena, and what it holds. */
typedef struct {
    uint32_t offset, rows, cols;
    uint16_t shape; /* the place of its dimensions in `shapes` */
    uint8_t format;
} buffer;

/* A piece of the state; one that begins as zeros has no bytes. */
typedef struct {
    uint32_t offset, bytes;
    const void *begins;
} piece;

$run
static void run_from(uint8_t *arena, uint32_t begin, uint32_t end)
{
    for (; begin < end; ++begin) run(arena, instructions + begin);
}

static void *at(void *arena, uint32_t offset) { return (uint8_t *)arena + offset; }

/* --- what $name.h declares --- */

void ${name}_begin(void *arena, const void *state)
{
    const uint8_t *from = (const uint8_t *)state;
    uint32_t k;
    memset(arena, 0, ${macro}_ARENA_BYTES);
    for (k = 0; k < sizeof pieces / sizeof pieces[0]; ++k) {
        const void *begins = from ? from : pieces[k].begins;
        if (begins) memcpy(at(arena, pieces[k].offset), begins, pieces[k].bytes);
        if (from) from += pieces[k].bytes;
    }
}

void ${name}_set_rate(void *arena, double rate) { *(double *)at(arena, ${control}u) = rate; }

${name}_input *${name}_images(void *arena) { return (${name}_input *)at(arena, ${images}u); }

${name}_label *${name}_labels(void *arena) { return (${name}_label *)at(arena, ${truth}u); }

void ${name}_train_step(void *arena, const ${name}_input *images, const ${name}_label *labels)
{
    if (images != ${name}_images(arena))
        memcpy(${name}_images(arena), images, sizeof(${name}_input) * ${macro}_INPUTS * ${macro}_BATCH);
    if (labels != ${name}_labels(arena))
        memcpy(${name}_labels(arena), labels, sizeof(${name}_label) * ${macro}_LABELS * ${macro}_BATCH);
    run_from((uint8_t *)arena, ${train_begin}u, ${train_end}u);
}

const float *${name}_predict(void *arena, const ${name}_input *images)
{
    uint32_t k;
    if (images != ${name}_images(arena))
        memcpy(${name}_images(arena), images, sizeof(${name}_input) * ${macro}_INPUTS * ${macro}_BATCH);
    for (k = 0; k < ${macro}_LABELS * ${macro}_BATCH; ++k) ${name}_labels(arena)[k] = $unlabelled; /* counts nothing */
    run_from((uint8_t *)arena, ${predict_begin}u, ${predict_end}u);
    return (const float *)at(arena, ${logits}u);
}

void ${name}_score(void *arena, double *loss, int32_t *right, int32_t *examples)
{
    int64_t *counters = (int64_t *)at(arena, ${counters}u);
    double *sum = (double *)at(arena, ${loss}u);
    if (loss) *loss = counters[LINO_EXAMPLES] ? *sum / (double)counters[LINO_EXAMPLES] : 0.0;
    if (right) *right = (int32_t)counters[LINO_CORRECT];
    if (examples) *examples = (int32_t)counters[LINO_EXAMPLES];
    *sum = 0.0;
    memset(counters, 0, 4 * sizeof *counters);
}

uint32_t ${name}_state(void *arena, int index, void **piece)
{
    if (index < 0 || index >= (int)(sizeof pieces / sizeof pieces[0])) return 0;
    *piece = at(arena, pieces[index].offset);
    return pieces[index].bytes;
}
