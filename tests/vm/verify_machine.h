/* A vm that verifies, for tests of the check; and code run in a child, for a difference ends the
 * process. */
#ifndef ISOMORPH_TESTS_VERIFY_MACHINE_H
#define ISOMORPH_TESTS_VERIFY_MACHINE_H

#include "vm/vm_private.h"

struct verify_machine {
    struct options options;
    struct space *space;
    struct vm *vm;
    struct thread *t;
};
extern struct verify_machine m;

/* Traps, system calls and polls leave vm_run. What stands in guest is the caller's. */
void machine_start(const struct guest *guest, const char *engine, size_t cache_size);
/* The same with these options, which need not be to verify. */
void machine_start_with(const struct guest *guest, const struct options *options);
void machine_finish(void);
/* The page at addr, private and empty. */
void machine_map(uint64_t addr, int prot);
/* Runs the function in a child; its exit status (256 and more: a signal), and what it printed to
 * stderr. */
int machine_status_of(void (*run)(void *), void *arg, char *text, size_t size);

#endif
