/* What board.c gives to what it runs, and wants of it. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

int host(int operation, const void* argument); /* of semihosting */

static inline void print_number(const char* what, uint32_t number) {
    char text[12];
    char* at = text + sizeof text - 2;
    at[0] = '\n';
    at[1] = 0;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    host(4, what);
    host(4, " ");
    host(4, at);
}

/* Instructions since start_counting, fewer than 671 million of them. */
void start_counting(void);
uint32_t counted(void);

void before_measured(void);
void measured(void);

#endif
