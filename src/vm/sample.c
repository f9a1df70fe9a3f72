/* vm/sample.c: where a thread is, for a profile.
 *
 * A signal that arrives at any time asks. In a fragment the host pc says it, and the registers are
 * the context's, and what the fragment's reverse table makes of them; a thread there holds no lock,
 * so that the handler may take one. In the interpreter the pc is in a register that the compiler
 * chose: there the poll word brings the thread back to the run loop at the end of its block, and
 * the sample counts where the next one starts. In all other places the guest's pc stands in the
 * state.
 *
 * The observer reads guest memory, and its fault needs the handler: so not where that is blocked,
 * which it is while it runs (the kernel may put two signals on one instruction) and in some of the
 * guest's system calls.
 *
 * In a helper that a fragment calls (CODE_CALL_SLOW) the place of that call is on top of the return
 * stack.
 *
 * Elsewhere nothing is looked up: fragments may be changing under another thread's hands. */
#include "vm/block_engine.h"

#include <signal.h>
#include <string.h>

const struct vm_observer *vm_observer;

static bool in_fragments(const struct block_engine *e, hpc host)
{
    hpc below = HPC(host.v - e->trampoline_bytes);

    return code_cache_contains(e->code, host) && code_cache_contains(e->code, below);
}

/* The place behind the call of CODE_CALL_SLOW that t is in; 0 if it is in none: then the return
 * stack's top is the return address of a guest function. */
static hpc caller_of_helper(const struct thread *t, const struct block_engine *e)
{
    enum { CALL = 0xe8, CALL_BYTES = 5 };
    hpc ret = HPC(*(const uint64_t *)(uintptr_t)t->returns.sp);
    int32_t distance;

    if (!in_fragments(e, ret))
        return HPC(0);
    const uint8_t *end = (const uint8_t *)(uintptr_t)ret.v;
    memcpy(&distance, end - sizeof(distance), sizeof(distance));
    bool is_call = end[-CALL_BYTES] == CALL && ret.v + (uint64_t)(int64_t)distance ==
                                                   code_cache_target(e->code, CODE_CALL_SLOW).v;
    return is_call ? ret : HPC(0);
}

/* In a trampoline or a helper of translated code. */
static void take_outside(const struct thread *t, const struct block_engine *e, struct vm_sample *s)
{
    bool trampoline = code_cache_contains(e->code, s->host);

    s->doing = DOING_GUEST;
    s->exact = false;
    s->host = trampoline ? HPC(0) : caller_of_helper(t, e);
    if (s->host.v == 0)
        s->pc = thread_pc(t);
}

static bool may_fault(const ucontext_t *context)
{
    return !sigismember(&context->uc_sigmask, SIGSEGV) &&
           !sigismember(&context->uc_sigmask, SIGBUS);
}

void vm_take_sample(struct thread *t, const ucontext_t *context, uint32_t weight)
{
    const struct block_engine *e = ((const struct vm *)t->vm)->block;
    struct host_regs regs;
    struct vm_sample s = {.doing = (enum thread_doing)t->doing, .weight = weight, .exact = true};

    if (!vm_observer || !vm_observer->sample)
        return;
    if (s.doing == DOING_INTERPRET) {
        t->samples_due += weight;
        atomic_fetch_or(&t->poll, POLL_SAMPLE);
        return;
    }
    s.host = HPC(context->uc_mcontext.gregs[REG_RIP]);
    if (s.doing != DOING_TRANSLATED) {
        s.host = HPC(0);
        s.pc = thread_pc(t);
    } else if (in_fragments(e, s.host)) {
        translate_read_context(e->translator, context, &regs);
        vm_lock(t->vm);
        vm_registers_near(t, s.host, &regs, t->guest);
        vm_unlock(t->vm);
    } else {
        take_outside(t, e, &s);
    }
    s.exact = s.exact && may_fault(context);
    vm_observer->sample(t, &s);
}

void vm_take_due_samples(struct thread *t)
{
    struct vm_sample s = {.doing = DOING_INTERPRET, .pc = thread_pc(t), .exact = true};

    atomic_fetch_and(&t->poll, ~(uint32_t)POLL_SAMPLE);
    s.weight = __atomic_exchange_n(&t->samples_due, 0, __ATOMIC_RELAXED);
    if (s.weight > 0)
        vm_observer->sample(t, &s);
}

const char *vm_name_host(void *arg, uint64_t address)
{
    struct vm *vm = arg;

    return vm->block ? translate_name(&vm->block->names, address) : NULL;
}
