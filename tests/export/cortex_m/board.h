/* What board.c gives to what it runs, and wants of it. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

int host(int operation, const void* argument); /* of semihosting */
void print_number(const char* what, uint32_t number);

/* Instructions since start_counting, fewer than 671 million of them. */
void start_counting(void);
uint32_t counted(void);

void before_measured(void);
void measured(void);

#endif
