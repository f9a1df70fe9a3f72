/* What the tests of host/x86_64 share: code memory, calling what was emitted, children that die of
 * a CHECK. */
#ifndef TESTS_HOST_HOST_TEST_H
#define TESTS_HOST_HOST_TEST_H

#include "host/x86_64/host.h"

#include <setjmp.h>
#include <cmocka.h>

/* Code memory of one page or more, and a buffer to fill it through. */
struct bench {
    struct host_cpu cpu;
    struct host_memory memory;
    struct host_code code;
};

void bench_init(struct bench *b, size_t size, bool split);
void bench_free(struct bench *b);
/* Starts code at an offset of the memory and returns the buffer. */
struct host_code *bench_begin(struct bench *b, size_t offset);
/* Finishes it, which must succeed; the function that it is. */
host_function *bench_finish(struct bench *b);

/* Does body end the process by CHECK? In a child, its message kept quiet. */
bool dies_of_check(void (*body)(void *arg), void *arg);

#endif
