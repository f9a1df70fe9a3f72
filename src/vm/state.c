/* vm/state.c: from a host pc in translated code to guest state.
 *
 * At a host instruction that may trap every guest register is at its home, in the register that it
 * is pinned to or in its slot, unless the fragment's reverse table has a recipe for it or an
 * instruction that is still to be done. So the state is the slots, the pins of the interrupted
 * context, what the recipes say, what the late instructions make of that, and the table's guest pc.
 * Whoever wants the state (traps, the debugger, a profiler, a check) asks here. */
#include "vm/block_engine.h"

#include <string.h>

enum vm_state vm_state_at(const struct thread *t, hpc host, const struct host_regs *regs,
                          unsigned char *guest, gva *block)
{
    const struct block_engine *e = ((const struct vm *)t->vm)->block;
    const struct fragment *f = e ? code_cache_find_host(e->code, host) : NULL;
    struct reverse_cursor point = {0};

    if (!f)
        return VM_STATE_NONE;
    bool exact = reverse_find(f->reverse, f->n_reverse, (uint32_t)(host.v - f->code.v), &point);
    if (exact) {
        translate_read_homes(e->translator, t, regs, guest);
        recipes_read(point.recipes, t->desc, regs, t->spill, guest);
        for (unsigned k = 0; k < point.n_late; k++)
            ir_replay(f->reverse + point.late[k].at, point.late[k].n_bytes, t->desc, guest);
    }
    *(gva *)(guest + t->desc->pc_offset) = GVA(f->pc.v + point.guest);
    if (block)
        *block = f->pc;
    return !exact ? VM_STATE_NEAR : point.again ? VM_STATE_AGAIN : VM_STATE_EXACT;
}

void vm_registers_near(const struct thread *t, hpc host, const struct host_regs *regs,
                       unsigned char *guest)
{
    const struct block_engine *e = ((const struct vm *)t->vm)->block;
    const struct fragment *f = code_cache_find_host(e->code, host);
    struct reverse_cursor point = {0};

    translate_read_homes(e->translator, t, regs, guest);
    if (f)
        reverse_find(f->reverse, f->n_reverse, (uint32_t)(host.v - f->code.v), &point);
    recipes_read(point.recipes, t->desc, regs, t->spill, guest);
}

/* The state where a signal interrupted t, into t itself. A thread in translated code holds no lock,
 * so that the handler may take one; and since it is in guest code, the fragment stays. */
static enum vm_state take_state(struct thread *t, const ucontext_t *context)
{
    struct vm *vm = t->vm;
    hpc host = HPC(context->uc_mcontext.gregs[REG_RIP]);
    struct host_regs regs;
    gva pc = thread_pc(t);

    if (!vm->block || !code_cache_contains(vm->block->code, host))
        return VM_STATE_NONE;
    translate_read_context(vm->block->translator, context, &regs);
    vm_lock(vm);
    enum vm_state state = vm_state_at(t, host, &regs, t->guest, &t->fault_block);
    vm_unlock(vm);
    if (state == VM_STATE_NEAR)
        thread_set_pc(t, pc);
    return state;
}

/* Then there is room again, and the instruction that pushes can be repeated. */
static bool return_stack_was_full(const struct block_engine *e, const struct thread *t,
                                  const siginfo_t *info, greg_t *regs)
{
    return e && info->si_code > 0 && code_cache_contains(e->code, HPC(regs[REG_RIP])) &&
           block_mend_returns(&t->returns, (uint64_t)(uintptr_t)info->si_addr,
                              (uint64_t *)&regs[REG_RSP]);
}

/* Then the thread leaves translated code as if its poll word had been looked at there. */
static bool found_polls_shut(struct thread *t, const siginfo_t *info, ucontext_t *context)
{
    const struct block_engine *e = ((const struct vm *)t->vm)->block;
    greg_t *regs = context->uc_mcontext.gregs;

    if (!e || info->si_code <= 0 || !code_cache_contains(e->code, HPC(regs[REG_RIP])) ||
        !poll_was_shut(t, info->si_addr))
        return false;
    CHECK(take_state(t, context) == VM_STATE_EXACT, "a poll without exact state at %#lx",
          (unsigned long)regs[REG_RIP]);
    t->polled = true;
    regs[REG_RIP] = (greg_t)code_cache_target(e->code, CODE_EXIT_FAULT).v;
    return true;
}

/* Only page faults come with an address. Without one (it was not canonical), and where the point
 * says again, the trap's kind stays NONE, and the interpreter finds it. */
bool vm_handle_fault(struct thread *t, int sig, const siginfo_t *info, ucontext_t *context)
{
    enum { PAGE_FAULT = 14 }; /* AMD64 manual, volume 2, 8.2.15 */
    greg_t *regs = context->uc_mcontext.gregs;
    const struct block_engine *e = ((struct vm *)t->vm)->block;

    if (found_polls_shut(t, info, context))
        return true;
    if (space_watch_fault(t->space, sig, info, context)) {
        t->counters[COUNTER_WATCHED_STORES]++;
        vm_request_poll(t);
        return true;
    }
    if (return_stack_was_full(e, t, info, regs))
        return true;
    if (!BASE_PRECISE && e && code_cache_contains(e->code, HPC(regs[REG_RIP])))
        base_fail(EXIT_USAGE,
                  "the program's code has faulted (%s at %p): this isomorph was built with "
                  "-Dreverse_tables=false, for measurements, and cannot tell where",
                  strsignal(sig), info->si_addr);
    enum vm_state state = info->si_code > 0 ? take_state(t, context) : VM_STATE_NONE;
    if (state != VM_STATE_EXACT && state != VM_STATE_AGAIN)
        return false;
    t->trap = (struct trap){.kind = TRAP_NONE};
    if (regs[REG_TRAPNO] == PAGE_FAULT && state == VM_STATE_EXACT)
        space_read_fault(t->space, sig, info, context, &t->trap);
    t->faulted = true;
    regs[REG_RIP] = (greg_t)code_cache_target(e->code, CODE_EXIT_FAULT).v;
    return true;
}
