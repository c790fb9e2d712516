/* The prediction that is measured. */
#include "board.h"
#include "net.h"

static uint8_t scratch[NET_SCRATCH_BYTES], image[NET_INPUT_BYTES];
static float logits[NET_CLASSES];

void before_measured(void) {
    for (uint32_t k = 0; k < NET_INPUT_BYTES; ++k) image[k] = (uint8_t)(k * 37);
}

void measured(void) { net_predict((const void*)image, scratch, logits); }
