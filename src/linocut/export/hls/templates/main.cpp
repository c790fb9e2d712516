// Tries $name: a sequence whose outputs linocut has found; prints "ok", or the first that differs.
//
// With an argument it reads numbers of frames and their features from the standard input instead, as integers of which
// 1,024 is 1, and writes the outputs of each sequence as such integers.
#include "$name.hpp"

#include <cstdio>

$examples
$expected
static ap_int<16> x[${macro}_STEPS * ${macro}_FEATURES];
static ap_int<32> logits[${macro}_OUTPUTS];

static int listen_to_input() {
    int frames, value;
    while (std::scanf("%d", &frames) == 1) {
        if (frames < 1 || frames > ${macro}_STEPS) {
            std::fprintf(stderr, "a sequence of %d frames, must be 1 to %d\n", frames, ${macro}_STEPS);
            return 2;
        }
        for (int at = 0; at < frames * ${macro}_FEATURES; ++at) {
            if (std::scanf("%d", &value) != 1) {
                std::fprintf(stderr, "a sequence ends after %d of %d integers\n", at, frames * ${macro}_FEATURES);
                return 2;
            }
            x[at] = value;
        }
        $name(x, frames, logits);
        const int count = $written;
        for (int at = 0; at < count; ++at) std::printf("%lld\n", (long long)logits[at]);
    }
    return 0;
}

int main(int count, char**) {
    if (count > 1) return listen_to_input();
    for (int at = 0; at < $frames * ${macro}_FEATURES; ++at) x[at] = examples[at];
    $name(x, $frames, logits);
    for (unsigned at = 0; at < sizeof(expected) / sizeof(*expected); ++at) {
        if ((long long)logits[at] != expected[at]) {
            std::printf("output %u: %lld, must be %lld\n", at, (long long)logits[at], expected[at]);
            return 1;
        }
    }
    std::printf("ok\n");
    return 0;
}
