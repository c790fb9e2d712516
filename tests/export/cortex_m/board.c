/* What NAME_test.c needs on a bare Cortex-M: a reset, printf and memcmp, and the exit status, through semihosting.

   Then the instructions of a prediction by SysTick (40 a tick under qemu's -icount shift=0), and the stack that it took. */
#include <stddef.h>
#include <stdint.h>

#include "net.h"

extern uint32_t stack_top, bss_begin, bss_end;
int test_main(void);
void reset(void);
int printf(const char *format, ...);
int memcmp(const void *a, const void *b, size_t count);
void *memcpy(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);

static uint8_t scratch[NET_SCRATCH_BYTES], image[NET_INPUT_BYTES];
static float logits[NET_CLASSES];

static int host(int operation, const void *argument)
{
    register int r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

/* The format as it is: who reads it wants the exit status. */
int printf(const char *format, ...) { return host(4, format); }

int memcmp(const void *a, const void *b, size_t count)
{
    const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;
    for (; count; --count, ++x, ++y) {
        if (*x != *y) return *x - *y;
    }
    return 0;
}

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void *memcpy(void *to, const void *from, size_t count)
{
    for (size_t k = 0; k < count; ++k) ((uint8_t *)to)[k] = ((const uint8_t *)from)[k];
    return to;
}

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void *memset(void *to, int value, size_t count)
{
    for (size_t k = 0; k < count; ++k) ((uint8_t *)to)[k] = (uint8_t)value;
    return to;
}

static void print_number(const char *what, uint32_t number)
{
    char text[12];
    char *at = text + 11;
    *at = 0;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    host(4, what);
    host(4, " ");
    host(4, at);
    host(4, "\n");
}

static void measure(void)
{
    volatile uint32_t *const systick = (volatile uint32_t *)0xE000E010;
    volatile uint8_t *stack;
    uint32_t begin, k;
    int32_t used = 8191;
    for (k = 0; k < NET_INPUT_BYTES; ++k) image[k] = (uint8_t)(k * 37);
    __asm volatile("mov %0, sp" : "=r"(stack));
    for (k = 64; k < 8192; ++k) stack[-(int32_t)k] = 0xA5;
    systick[1] = 0xFFFFFF;
    systick[2] = 0;
    systick[0] = 5;
    begin = systick[2];
    net_predict((const void *)image, scratch, logits);
    print_number("instructions", ((begin - systick[2]) & 0xFFFFFF) * 40);
    while (used > 64 && stack[-used] == 0xA5) --used;
    print_number("stack", (uint32_t)used);
}

void reset(void)
{
    uint32_t *at, status[2];
    for (at = &bss_begin; at < &bss_end; ++at) *at = 0;
#ifdef __ARM_FP
    *(volatile uint32_t *)0xE000ED88 |= 0xF00000u; /* the coprocessor of floats is off after a reset */
    __asm volatile("dsb\nisb");
#endif
    status[0] = 0x20026; /* the application has ended */
    status[1] = (uint32_t)test_main();
    measure();
    host(0x20, status);
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {&stack_top, (const void *)reset};
