/* What NAME_test.c needs on a bare Cortex-M: a reset, printf and what it takes of <string.h>, and the exit status,
   through semihosting. Then `measured` runs once (predict.c, train.c): its instructions by SysTick, which under qemu's
   -icount shift=0 has a tick every INSTRUCTIONS_A_TICK, and the stack that it took. */
#include "board.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifndef INSTRUCTIONS_A_TICK
#define INSTRUCTIONS_A_TICK 40 /* a clock of 25 MHz */
#endif

extern uint32_t stack_top, bss_begin, bss_end, data_begin, data_end, data_stored;
int test_main(int count, char** arguments);
void reset(void);
int printf(const char* format, ...);
int scanf(const char* format, ...);
int memcmp(const void* a, const void* b, size_t count);
void* memcpy(void* to, const void* from, size_t count);
void* memset(void* to, int value, size_t count);
void* memmove(void* to, const void* from, size_t count);
int strcmp(const char* a, const char* b);
int* __errno(void);

int host(int operation, const void* argument) {
    register int r0 __asm("r0") = operation;
    register const void* r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

/* %s, and all else as it is. */
int printf(const char* format, ...) {
    va_list given;
    char one[2] = {0, 0};
    va_start(given, format);
    for (; *format; ++format) {
        if (format[0] == '%' && format[1] == 's') {
            host(4, va_arg(given, const char*));
            ++format;
        } else {
            one[0] = *format;
            host(4, one);
        }
    }
    va_end(given);
    return 0;
}

/* There is no input. */
int scanf(const char* format, ...) {
    (void)format;
    return 0;
}

/* Where roots and logarithms of <math.h> note what went wrong. */
int* __errno(void) {
    static int number;
    return &number;
}

int strcmp(const char* a, const char* b) {
    while (*a && *a == *b) ++a, ++b;
    return (uint8_t)*a - (uint8_t)*b;
}

int memcmp(const void* a, const void* b, size_t count) {
    const uint8_t *x = (const uint8_t*)a, *y = (const uint8_t*)b;
    for (; count; --count, ++x, ++y) {
        if (*x != *y) return *x - *y;
    }
    return 0;
}

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void* memcpy(void* to, const void* from, size_t count) {
    for (size_t k = 0; k < count; ++k) ((uint8_t*)to)[k] = ((const uint8_t*)from)[k];
    return to;
}

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void* memset(void* to, int value, size_t count) {
    for (size_t k = 0; k < count; ++k) ((uint8_t*)to)[k] = (uint8_t)value;
    return to;
}

void* memmove(void* to, const void* from, size_t count) {
    if ((uintptr_t)to < (uintptr_t)from) return memcpy(to, from, count);
    while (count--) ((uint8_t*)to)[count] = ((const uint8_t*)from)[count];
    return to;
}

static volatile uint32_t* const systick = (volatile uint32_t*)0xE000E010;

void start_counting(void) {
    systick[1] = 0xFFFFFF;
    systick[2] = 0;
    systick[0] = 5;
}

uint32_t counted(void) { return ((0xFFFFFF - systick[2]) & 0xFFFFFF) * INSTRUCTIONS_A_TICK; }

static void measure(void) {
    volatile uint8_t* stack;
    uint32_t k;
    int32_t used = 8191;
    before_measured();
    __asm volatile("mov %0, sp" : "=r"(stack));
    for (k = 64; k < 8192; ++k) stack[-(int32_t)k] = 0xA5;
    start_counting();
    measured();
    print_number("instructions", counted());
    while (used > 64 && stack[-used] == 0xA5) --used;
    print_number("stack", (uint32_t)used);
}

void reset(void) {
    uint32_t *at, status[2];
    const uint32_t* from = &data_stored;
    for (at = &data_begin; at < &data_end; ++at) *at = *from++;
    for (at = &bss_begin; at < &bss_end; ++at) *at = 0;
#ifdef __ARM_FP
    *(volatile uint32_t*)0xE000ED88 |= 0xF00000u; /* the coprocessor of floats is off after a reset */
    __asm volatile("dsb\nisb");
#endif
    status[0] = 0x20026; /* the application has ended */
    status[1] = (uint32_t)test_main(1, 0);
    measure();
    host(0x20, status);
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static const void* const vectors[16] = {&stack_top, (const void*)reset};
