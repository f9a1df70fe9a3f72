/* vm/returns.c: the stacks that translated code runs on (struct return_stack).
 *
 * A page without access lies below each. A call that would push past the end faults there; of the
 * entries the later half is moved to the top, the other half is forgotten, and the call is made
 * again. So the deepest recursion has the returns that come next predicted, at the price of a fault
 * for thousands of calls. Forgetting is always allowed: a return that finds no entry looks its goal
 * up.
 *
 * At the other end nothing can happen: the last entry leads to CODE_RETURN_EMPTY, which puts it
 * back. */
#include "vm/block_engine.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum {
    GUARD_BYTES = 4096,
    STACK_BYTES = 1 << 20, /* 131071 calls; only what is used takes memory */
};

/* The lowest byte that may be written. */
static uint64_t stack_start(const struct return_stack *s)
{
    return s->base + sizeof(uint64_t) - STACK_BYTES;
}

void block_thread_start(struct vm *vm, struct thread *t)
{
    struct return_stack *s = &t->returns;
    char *at = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED || mprotect(at + GUARD_BYTES, STACK_BYTES, PROT_READ | PROT_WRITE) < 0)
        base_fail(EXIT_USAGE, "no memory for a thread's return stack: %s", strerror(errno));
    s->base = (uint64_t)(uintptr_t)at + GUARD_BYTES + STACK_BYTES - sizeof(uint64_t);
    *(uint64_t *)(uintptr_t)s->base = code_cache_target(vm->block->code, CODE_RETURN_EMPTY).v;
    return_stack_forget(s);
}

void block_thread_stop(struct vm *vm, struct thread *t)
{
    munmap((void *)(uintptr_t)(stack_start(&t->returns) - GUARD_BYTES), GUARD_BYTES + STACK_BYTES);
}

bool block_mend_returns(const struct return_stack *s, uint64_t addr, uint64_t *sp)
{
    uint64_t start = stack_start(s), keep = STACK_BYTES / 2;

    if (addr >= start || start - addr > GUARD_BYTES || *sp < start || *sp > start + keep)
        return false;
    /* The last entry stays where it is. */
    memmove((void *)(uintptr_t)(s->base - keep), (const void *)(uintptr_t)*sp, keep);
    *sp = s->base - keep;
    return true;
}
