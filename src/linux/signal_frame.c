/* linux/signal_frame.c: the stack frame of a signal handler on riscv64, and its way back.
 *
 * Layout and rules: arch/riscv/kernel/signal.c, include/uapi/asm/{ucontext,sigcontext,ptrace}.h,
 * kernel/signal.c for the alternate stack. The frame is written in one piece, so that a handler's
 * stack that cannot hold it changes nothing. */
#include "linux/signals.h"

#include <errno.h>
#include <string.h>

#include "linux/abi.h"

/* ---- layout ---------------------------------------------------------------------------------- */

struct guest_sigcontext {
    uint64_t pc, x[31]; /* x1 to x31 */
    union {
        struct {
            uint64_t f[32];
            uint32_t fcsr;
        } d;
        unsigned char q[528]; /* the quad-precision state is the largest; its last words end with a
                                 header {0, 0} */
    } fp;
};

struct guest_ucontext {
    uint64_t flags, link;
    struct guest_sigaltstack stack;
    uint64_t sigmask;
    unsigned char unused[120]; /* room for 1024 signals */
    _Alignas(16) struct guest_sigcontext mcontext;
};

struct guest_sigframe {
    siginfo_t info;
    struct guest_ucontext uc;
};

_Static_assert(offsetof(struct guest_ucontext, sigmask) == 40, "riscv64 ucontext");
_Static_assert(offsetof(struct guest_ucontext, mcontext) == 176, "riscv64 ucontext");
_Static_assert(sizeof(struct guest_ucontext) == 960, "riscv64 ucontext");
_Static_assert(sizeof(struct guest_sigframe) == 1088, "riscv64 rt_sigframe");

enum { FRAME_RESERVED = 516 }; /* in fp.q: must be 0, and so must the extension header behind it */

/* ---- the alternate stack --------------------------------------------------------------------- */

#define SS_AUTODISARM_FLAG (1u << 31)

static bool on_altstack(const struct linux_task *task, uint64_t sp)
{
    const struct guest_sigaltstack *s = &task->altstack;

    return !((uint32_t)s->flags & SS_AUTODISARM_FLAG) && sp > s->sp && sp - s->sp <= s->size;
}

int signal_stack_flags(const struct linux_task *task, uint64_t sp)
{
    if (task->altstack.size == 0)
        return SS_DISABLE;
    return on_altstack(task, sp) ? SS_ONSTACK : 0;
}

int signal_set_altstack(struct linux_task *task, const struct guest_sigaltstack *stack, uint64_t sp)
{
    int mode = (int)((uint32_t)stack->flags & ~SS_AUTODISARM_FLAG);

    if (on_altstack(task, sp))
        return -EPERM;
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
        return -EINVAL;
    if (mode == SS_DISABLE) {
        task->altstack = (struct guest_sigaltstack){.flags = stack->flags};
        return 0;
    }
    if (stack->size < 2048) /* MINSIGSTKSZ of asm-generic */
        return -ENOMEM;
    task->altstack = *stack;
    return 0;
}

/* Where the frame goes. Returns 0 if it would overflow the alternate stack. */
static uint64_t frame_address(const struct linux_task *task, uint64_t sp, uint64_t flags)
{
    const uint64_t size = sizeof(struct guest_sigframe);

    if (on_altstack(task, sp) && !on_altstack(task, sp - size))
        return 0;
    if (flags & SA_ONSTACK && signal_stack_flags(task, sp) == 0)
        sp = task->altstack.sp + task->altstack.size;
    return ALIGN_DOWN(sp - size, 16);
}

/* ---- out and back ---------------------------------------------------------------------------- */

int signal_push_frame(struct linux_task *task, const siginfo_t *info,
                      const struct guest_sigaction *action, uint64_t old_mask)
{
    struct rv64_state *s = abi_state(task->t);
    struct guest_sigframe frame;
    uint64_t sp = frame_address(task, s->x[ABI_SP], action->flags);

    memset(&frame, 0, sizeof(frame));
    frame.info = *info;
    frame.uc.stack = task->altstack;
    frame.uc.sigmask = old_mask;
    frame.uc.mcontext.pc = thread_pc(task->t).v;
    memcpy(frame.uc.mcontext.x, &s->x[1], sizeof(frame.uc.mcontext.x));
    memcpy(frame.uc.mcontext.fp.d.f, s->f, sizeof(frame.uc.mcontext.fp.d.f));
    frame.uc.mcontext.fp.d.fcsr = abi_fcsr(task->t);
    if (sp == 0 || space_write(task->process->space, GVA(sp), &frame, sizeof(frame)))
        return -EFAULT;

    if ((uint32_t)task->altstack.flags & SS_AUTODISARM_FLAG)
        task->altstack = (struct guest_sigaltstack){.flags = SS_DISABLE};
    s->x[1] = task->process->sigreturn.v;
    s->x[ABI_SP] = sp;
    s->x[ABI_A0] = (uint64_t)info->si_signo;
    s->x[ABI_A0 + 1] = sp + offsetof(struct guest_sigframe, info);
    s->x[ABI_A0 + 2] = sp + offsetof(struct guest_sigframe, uc);
    abi_set_pc(task->t, action->handler);
    task->t->reserve_addr = ~(uint64_t)0; /* a trap ends a reservation */
    return 0;
}

int signal_pop_frame(struct linux_task *task)
{
    struct rv64_state *s = abi_state(task->t);
    const struct guest_sigcontext *sc;
    struct guest_sigframe frame;
    uint32_t reserved[3];

    if (space_read(task->process->space, GVA(s->x[ABI_SP]), &frame, sizeof(frame)))
        return -EFAULT;
    sc = &frame.uc.mcontext;
    memcpy(reserved, &sc->fp.q[FRAME_RESERVED], sizeof(reserved));
    if (reserved[0] || reserved[1] || reserved[2])
        return -EFAULT;
    abi_set_pc(task->t, sc->pc);
    memcpy(&s->x[1], sc->x, sizeof(sc->x));
    memcpy(s->f, sc->fp.d.f, sizeof(sc->fp.d.f));
    abi_set_fcsr(task->t, sc->fp.d.fcsr);
    task->t->reserve_addr = ~(uint64_t)0;
    task->mask = frame.uc.sigmask & ~SIGNAL_UNBLOCKABLE;
    signal_set_altstack(task, &frame.uc.stack,
                        s->x[ABI_SP]); /* what cannot be is left, as in the kernel */
    return 0;
}
