$about

/* Returns 0 where the state after $runs calls, on random examples, is that which linocut comes to:
       cc -std=c99 -O2 -ffp-contract=off $name.c ${name}_test.c c99/[a-z]*.c -lm -o ${name}_test && ./${name}_test */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "$name.h"

static const char expected[] = "$expected";
static const uint8_t is_metric[] = {$metrics}; /* a piece of the state that neither trains nor predicts */

static uint64_t arena[(${macro}_ARENA_BYTES + 7) / 8];

static uint32_t random_bits(uint32_t number, uint32_t key)
{
    uint32_t x = number * 0x9E3779B1u + key;
    x ^= x >> 16;
    x *= 0x7FEB352Du;
    x ^= x >> 15;
    x *= 0x846CA68Bu;
    return x ^ x >> 16;
}

/* --- SHA-256 --- */

static const uint32_t initial[8] = {0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
                                    0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u};
static uint8_t block[64];
static uint32_t hashed, sum[8], scheduled[64];

static uint32_t turned(uint32_t x, int by) { return x >> by | x << (32 - by); }

static void add_block(void)
{
    static const uint32_t constants[64] = {
        0x428a2f98u, 0x71374491u, 0xb5c0fbcfu, 0xe9b5dba5u, 0x3956c25bu, 0x59f111f1u, 0x923f82a4u, 0xab1c5ed5u,
        0xd807aa98u, 0x12835b01u, 0x243185beu, 0x550c7dc3u, 0x72be5d74u, 0x80deb1feu, 0x9bdc06a7u, 0xc19bf174u,
        0xe49b69c1u, 0xefbe4786u, 0x0fc19dc6u, 0x240ca1ccu, 0x2de92c6fu, 0x4a7484aau, 0x5cb0a9dcu, 0x76f988dau,
        0x983e5152u, 0xa831c66du, 0xb00327c8u, 0xbf597fc7u, 0xc6e00bf3u, 0xd5a79147u, 0x06ca6351u, 0x14292967u,
        0x27b70a85u, 0x2e1b2138u, 0x4d2c6dfcu, 0x53380d13u, 0x650a7354u, 0x766a0abbu, 0x81c2c92eu, 0x92722c85u,
        0xa2bfe8a1u, 0xa81a664bu, 0xc24b8b70u, 0xc76c51a3u, 0xd192e819u, 0xd6990624u, 0xf40e3585u, 0x106aa070u,
        0x19a4c116u, 0x1e376c08u, 0x2748774cu, 0x34b0bcb5u, 0x391c0cb3u, 0x4ed8aa4au, 0x5b9cca4fu, 0x682e6ff3u,
        0x748f82eeu, 0x78a5636fu, 0x84c87814u, 0x8cc70208u, 0x90befffau, 0xa4506cebu, 0xbef9a3f7u, 0xc67178f2u};
    uint32_t h[8];
    int t;
    memcpy(h, sum, sizeof h);
    for (t = 0; t < 64; ++t) {
        uint32_t first, second;
        if (t < 16) {
            const uint8_t *from = block + 4 * t;
            scheduled[t] = (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
        } else {
            const uint32_t a = scheduled[t - 15], b = scheduled[t - 2];
            scheduled[t] = scheduled[t - 16] + scheduled[t - 7] + (turned(a, 7) ^ turned(a, 18) ^ a >> 3) +
                           (turned(b, 17) ^ turned(b, 19) ^ b >> 10);
        }
        first = h[7] + (turned(h[4], 6) ^ turned(h[4], 11) ^ turned(h[4], 25)) + ((h[4] & h[5]) ^ (~h[4] & h[6])) +
                constants[t] + scheduled[t];
        second = (turned(h[0], 2) ^ turned(h[0], 13) ^ turned(h[0], 22)) +
                 ((h[0] & h[1]) ^ (h[0] & h[2]) ^ (h[1] & h[2]));
        memmove(h + 1, h, 7 * sizeof h[0]);
        h[4] += first;
        h[0] = first + second;
    }
    for (t = 0; t < 8; ++t) sum[t] += h[t];
}

static void add_byte(uint8_t byte)
{
    block[hashed++ % 64] = byte;
    if (hashed % 64 == 0) add_block();
}

static void finish(char *text)
{
    static const char digits[] = "0123456789abcdef";
    const uint64_t bits = (uint64_t)hashed * 8;
    int k;
    add_byte(0x80);
    while (hashed % 64 != 56) add_byte(0);
    for (k = 7; k >= 0; --k) add_byte((uint8_t)(bits >> 8 * k));
    for (k = 0; k < 64; ++k) text[k] = digits[sum[k / 8] >> (28 - 4 * (k % 8)) & 15u];
    text[64] = 0;
}

int main(void)
{
    ${name}_input *images = ${name}_images(arena);
    ${name}_label *labels = ${name}_labels(arena);
    char found[65];
    void *piece;
    uint32_t run, k, bytes;
    int index;
    memcpy(sum, initial, sizeof sum);
    ${name}_begin(arena, NULL);
    ${name}_set_rate(arena, $rate);
    for (run = 0; run < $runs; ++run) {
        for (k = 0; k < ${macro}_INPUTS * ${macro}_BATCH; ++k) {
            const uint32_t bits = random_bits(run * ${macro}_INPUTS * ${macro}_BATCH + k, 0);
            images[k] = $random_input;
        }
        for (k = 0; k < ${macro}_LABELS * ${macro}_BATCH; ++k) {
            const uint32_t bits = random_bits(run * ${macro}_LABELS * ${macro}_BATCH + k, 1);
            labels[k] = $random_label;
        }
        ${name}_train_step(arena, images, labels);
    }
    for (index = 0; (bytes = ${name}_state(arena, index, &piece)) != 0; ++index)
        for (k = 0; k < bytes && !is_metric[index]; ++k) add_byte(((const uint8_t *)piece)[k]);
    finish(found);
    printf("state_sha256 %s\n", found);
    if (strcmp(found, expected) == 0) return 0;
    printf("linocut's is %s\n", expected);
    return 1;
}
