/* vm/state.c: from a host pc in translated code to guest state.
 *
 * At a host instruction that may trap every guest register is at its home: in the register that it
 * is pinned to, or in its slot. So the state is the slots, the pins saved from the interrupted
 * context, and the guest pc from the fragment's reverse table. */
#include "vm/block_engine.h"

/* The fragment too: *f. */
static bool find_point(const struct vm *vm, hpc host, const struct fragment **f, gva *pc)
{
    uint32_t guest;

    *f = code_cache_find_host(vm->block->code, host);
    if (!*f ||
        !reverse_find((*f)->reverse, (*f)->n_reverse, (uint32_t)(host.v - (*f)->code.v), &guest))
        return false;
    *pc = GVA((*f)->pc.v + guest);
    return true;
}

bool vm_state_at(const struct vm *vm, hpc host, gva *pc)
{
    const struct fragment *f;

    return vm->block && find_point(vm, host, &f, pc);
}

/* Where a signal interrupted t. A thread in translated code holds no lock, so that the handler may
 * take one; and since it is in guest code, the fragment stays. */
static bool find_faulting_point(struct vm *vm, struct thread *t, hpc host, gva *pc)
{
    const struct fragment *f;

    if (!code_cache_contains(vm->block->code, host))
        return false;
    vm_lock(vm);
    bool found = find_point(vm, host, &f, pc);
    if (found)
        t->fault_block = f->pc;
    vm_unlock(vm);
    return found;
}

/* Only page faults come with an address. Without one (it was not canonical) the trap's kind stays
 * NONE, and the engine finds it. */
bool vm_handle_fault(struct thread *t, int sig, const siginfo_t *info, ucontext_t *context)
{
    enum { PAGE_FAULT = 14 }; /* AMD64 manual, volume 2, 8.2.15 */
    greg_t *regs = context->uc_mcontext.gregs;
    struct vm *vm = t->vm;
    struct block_engine *e = vm->block;
    gva pc;

    if (space_watch_fault(t->space, sig, info, context)) {
        t->counters[COUNTER_WATCHED_STORES]++;
        vm_request_poll(t);
        return true;
    }
    if (!e || info->si_code <= 0 || !find_faulting_point(vm, t, HPC(regs[REG_RIP]), &pc))
        return false;
    t->trap = (struct trap){.kind = TRAP_NONE};
    if (regs[REG_TRAPNO] == PAGE_FAULT)
        space_read_fault(t->space, sig, info, context, &t->trap);
    translate_save_pins(e->translator, t, context);
    thread_set_pc(t, pc);
    t->faulted = true;
    regs[REG_RIP] = (greg_t)code_cache_target(e->code, CODE_EXIT_FAULT).v;
    return true;
}
