/* For NAME_test.c, without a C library: board.c has it. */
int printf(const char* format, ...);
int scanf(const char* format, ...);
