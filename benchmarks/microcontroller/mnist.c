/* Trains an exported network on records that the host has in files: a learning rate, images and labels of each step.
   Then the test images, and the state as a file. With board.c of tests/export/cortex_m. */
#include <string.h>

#include "board.h"
#include "net.h"

enum { OPEN = 1, CLOSE = 2, WRITE = 5, READ = 6 };                     /* of semihosting */
enum { TO_READ = 1 /* "rb" */, TO_WRITE = 5 /* "wb" */, TOLD = 1000 }; /* modes; steps between reports */

static uint64_t arena[(NET_ARENA_BYTES + 7) / 8];

static int open_file(const char* name, int mode) {
    const void* given[3] = {name, (const void*)(uintptr_t)mode, (const void*)(uintptr_t)strlen(name)};
    return host(OPEN, given);
}

/* Whether so many bytes were read, or written. */
static int transfer(int operation, int file, void* bytes, uint32_t count) {
    const void* given[3] = {(const void*)(uintptr_t)file, bytes, (const void*)(uintptr_t)count};
    return host(operation, given) == 0;
}

static void close_file(int file) {
    const void* given[1] = {(const void*)(uintptr_t)file};
    host(CLOSE, given);
}

static int read_examples(int file) {
    return transfer(READ, file, net_images(arena), sizeof(net_input) * NET_INPUTS * NET_BATCH);
}

static int read_labels(int file, net_label* labels) {
    return transfer(READ, file, labels, sizeof(net_label) * NET_BATCH);
}

static void print_millions(const char* what, uint64_t number) { print_number(what, (uint32_t)(number / 1000000)); }

static uint32_t train(void) {
    const int file = open_file("train.bin", TO_READ);
    uint64_t instructions = 0;
    uint32_t steps = 0;
    double rate;
    while (transfer(READ, file, &rate, sizeof rate) && read_examples(file) && read_labels(file, net_labels(arena))) {
        net_set_rate(arena, rate);
        start_counting();
        net_train_step(arena, net_images(arena), net_labels(arena));
        instructions += counted();
        if (++steps % TOLD == 0) {
            int32_t right, examples;
            net_score(arena, 0, &right, &examples);
            print_number("steps", steps);
            print_number("  right of ten thousand", (uint32_t)(10000 * (int64_t)right / examples));
        }
    }
    close_file(file);
    print_millions("training, million instructions", instructions);
    print_number("a step, instructions", steps ? (uint32_t)(instructions / steps) : 0);
    return steps;
}

static void test(void) {
    const int file = open_file("test.bin", TO_READ);
    uint64_t instructions = 0;
    uint32_t right = 0, examples = 0;
    net_label labels[NET_BATCH];
    while (read_examples(file) && read_labels(file, labels)) {
        const float* logits;
        start_counting();
        logits = net_predict(arena, net_images(arena));
        instructions += counted();
        for (uint32_t n = 0; n < NET_BATCH; ++n, logits += NET_OUTPUTS) {
            int best = 0;
            for (int c = 1; c < NET_OUTPUTS; ++c)
                if (logits[c] > logits[best]) best = c;
            right += labels[n] == best;
            ++examples;
        }
    }
    close_file(file);
    print_number("test images", examples);
    print_number("test images right", right);
    print_number("a prediction, instructions", examples ? (uint32_t)(instructions / examples) : 0);
}

int test_main(void) {
    const int state = open_file("state.bin", TO_WRITE);
    void* piece;
    uint32_t bytes, steps;
    net_begin(arena, 0);
    steps = train();
    test();
    for (int index = 0; (bytes = net_state(arena, index, &piece)) != 0; ++index) transfer(WRITE, state, piece, bytes);
    close_file(state);
    return steps == 0;
}

void before_measured(void) {}

void measured(void) { net_train_step(arena, net_images(arena), net_labels(arena)); }
