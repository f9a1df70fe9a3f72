/* What the tests of space/ share: a space and a thread for each kind of mapping, and the handler of
 * SIGSEGV and SIGBUS that the run loop has in the real program. */
#ifndef SPACE_TEST_H
#define SPACE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "space/space.h"

#define PAGE         ((uint64_t)SPACE_PAGE_SIZE)
#define MAP_ANON_PRI (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW           (PROT_READ | PROT_WRITE)

/* State of the test at hand; one thread, one space. */
extern struct space *the_space;
extern struct thread *the_thread;
extern volatile unsigned fault_count;   /* faults that were fixed up */
extern volatile unsigned watch_count;   /* stores that were watched */
extern volatile uint64_t last_fault_pc; /* of the host */

/* cmocka set-up and tear-down. */
int setup_identity(void **state);
int setup_offset(void **state);
int teardown_space(void **state);

/* Under the address sanitizer the identity mapping has no room: its shadow lies there. */
bool identity_possible(void);

/* The same test for both kinds. */
#define BOTH_KINDS(f)                                                                              \
    {"identity: " #f, run_with_handler, setup_identity, teardown_space, (void *)(f)},              \
    {                                                                                              \
        "offset: " #f, run_with_handler, setup_offset, teardown_space, (void *)(f)                 \
    }
/* cmocka sets signal handlers of its own around each test, so ours come when it has begun. */
void run_with_handler(void **state);

/* Maps anonymous pages at a fixed place and requires that it works. */
void map_pages(uint64_t addr, uint64_t pages, int prot);
/* A file of `len` bytes, each its offset modulo 251, open for reading and writing; already removed.
 */
int make_file(size_t len);

#endif
