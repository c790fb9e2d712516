/* What board.c of tests/export/cortex_m is to Cortex-M, on RISC-V as qemu's machine `virt` has it, with picolibc. */
#include "board.h"

int test_main(void);

int host(int operation, const void* argument) {
    register int a0 __asm("a0") = operation;
    register const void* a1 __asm("a1") = argument;
    /* The three that say it is semihosting must be whole, and lie in one page. */
    __asm volatile(
        ".option push\n.option norvc\n.balign 16\nslli zero, zero, 0x1f\nebreak\nsrai zero, zero, 7\n.option pop"
        : "+r"(a0)
        : "r"(a1)
        : "memory");
    return a0;
}

static uint32_t begun;

static uint32_t retired(void) {
    uint32_t count;
    __asm volatile(".option push\n.option arch, +zicsr\ncsrr %0, minstret\n.option pop" : "=r"(count));
    return count;
}

void start_counting(void) { begun = retired(); }

uint32_t counted(void) { return retired() - begun; }

int main(void) {
    const int status = test_main();
    volatile uint8_t* stack = (volatile uint8_t*)__builtin_frame_address(0);
    int32_t used = 8191;
    for (int32_t k = 512; k < 8192; ++k) stack[-k] = 0xA5;
    before_measured();
    start_counting();
    measured();
    print_number("instructions", counted());
    while (used > 512 && stack[-used] == 0xA5) --used;
    print_number("stack", (uint32_t)used);
    {
        const uint32_t end[2] = {0x20026, (uint32_t)status};
        host(0x20, end);
    }
    return status;
}
