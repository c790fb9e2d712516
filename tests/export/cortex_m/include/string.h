/* For NAME_test.c, without a C library: start.c has it. */
#include <stddef.h>
int memcmp(const void* a, const void* b, size_t count);
