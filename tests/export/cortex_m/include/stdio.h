/* For NAME_test.c, without a C library: start.c has it. */
int printf(const char* format, ...);
