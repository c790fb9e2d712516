/* For NAME_test.c, without a C library: board.c has it. */
#include <stddef.h>
int memcmp(const void* a, const void* b, size_t count);
