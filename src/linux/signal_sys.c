/* linux/signal_sys.c: the system calls about signals. */
#include "linux/sys.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "linux/abi.h"
#include "linux/signals.h"

enum { SIGSET_SIZE = 8 };

static bool is_settable(uint64_t sig)
{
    return sig >= 1 && sig <= GUEST_NSIG && !(signal_bit((int)sig) & SIGNAL_UNBLOCKABLE);
}

/* new may be NULL. Returns 0 or -errno. */
static int64_t change_action(struct linux_sighand *sighand, int sig, struct guest_sigaction *new,
                             struct guest_sigaction *old)
{
    int64_t err = 0;

    pthread_mutex_lock(&sighand->lock);
    *old = sighand->actions[sig];
    if (new) {
        new->mask &= ~SIGNAL_UNBLOCKABLE;
        err = signal_install(sig, new);
        if (err >= 0)
            sighand->actions[sig] = *new;
    }
    pthread_mutex_unlock(&sighand->lock);
    return err;
}

/* rt_sigaction(signal, new, old, set size) */
int64_t signal_sigaction(struct linux_task *task, const uint64_t args[6])
{
    struct space *space = task->process->space;
    uint64_t sig = (uint32_t)args[0];
    struct guest_sigaction action, old;

    if (args[3] != SIGSET_SIZE)
        return -EINVAL;
    if (args[1] && space_read(space, GVA(args[1]), &action, sizeof(action)))
        return -EFAULT;
    if (sig < 1 || sig > GUEST_NSIG || (args[1] && !is_settable(sig)))
        return -EINVAL;
    int64_t err = change_action(task->sighand, (int)sig, args[1] ? &action : NULL, &old);
    if (err < 0)
        return err;
    /* What is ignored is not pending either (POSIX); the host's kernel did so with its own. */
    if (args[1] && action.handler == GUEST_SIG_IGN)
        __atomic_and_fetch(&task->sync_pending, ~signal_bit((int)sig), __ATOMIC_SEQ_CST);
    if (args[2] && space_write(space, GVA(args[2]), &old, sizeof(old)))
        return -EFAULT;
    return 0;
}

/* rt_sigprocmask(how, set, old, set size) */
int64_t signal_sigprocmask(struct linux_task *task, const uint64_t args[6])
{
    struct space *space = task->process->space;
    uint64_t set, old = task->mask, new = old;

    if (args[3] != SIGSET_SIZE)
        return -EINVAL;
    if (args[1]) {
        if (space_read(space, GVA(args[1]), &set, sizeof(set)))
            return -EFAULT;
        switch ((int)args[0]) {
        case SIG_BLOCK:
            new |= set;
            break;
        case SIG_UNBLOCK:
            new &= ~set;
            break;
        case SIG_SETMASK:
            new = set;
            break;
        default:
            return -EINVAL;
        }
        task->mask = new & ~SIGNAL_UNBLOCKABLE;
        if (!signal_apply_mask(task)) {
            task->mask = old; /* a signal came first: under the mask from before */
            return SYS_RESTART;
        }
    }
    if (args[2] && space_write(space, GVA(args[2]), &old, sizeof(old)))
        return -EFAULT;
    return 0;
}

int64_t signal_sigpending(struct linux_task *task, const uint64_t args[6])
{
    uint64_t set;

    if (args[1] > SIGSET_SIZE)
        return -EINVAL;
    int64_t err = sys_host(task, __NR_rt_sigpending, &set, sizeof(set));
    if (err < 0)
        return err;
    return space_write(task->process->space, GVA(args[0]), &set, args[1]);
}

/* rt_sigsuspend(set, set size) */
int64_t signal_sigsuspend(struct linux_task *task, const uint64_t args[6])
{
    uint64_t set, host, old = task->mask;
    int64_t result = -EINTR;

    if (args[1] != SIGSET_SIZE)
        return -EINVAL;
    if (space_read(task->process->space, GVA(args[0]), &set, sizeof(set)))
        return -EFAULT;
    task->mask = set & ~SIGNAL_UNBLOCKABLE;
    host = signal_wait_mask(task, task->mask);
    if (!(task->sync_pending & ~task->mask))
        result = sys_host(task, __NR_rt_sigsuspend, &host, sizeof(host));
    if (result == SYS_RESTART) {
        task->mask = old;
        return SYS_RESTART;
    }
    task->saved_mask = old;
    task->restore_mask = true;
    return result;
}

/* rt_sigtimedwait(set, info, timeout, set size). What the guest waits for it has blocked, or as
 * good as blocked for the time, so it is pending at the host. */
int64_t signal_sigtimedwait(struct linux_task *task, const uint64_t args[6])
{
    struct space *space = task->process->space;
    uint64_t set, mask = task->mask, timeout = sys_span(task, args[2], sizeof(struct timespec));
    siginfo_t info;
    int64_t result;

    if (args[3] != SIGSET_SIZE)
        return -EINVAL;
    if (space_read(space, GVA(args[0]), &set, sizeof(set)))
        return -EFAULT;
    set &= ~SIGNAL_UNBLOCKABLE;
    task->mask |= set & SIGNAL_SYNC;
    do
        result = sys_host(task, __NR_rt_sigtimedwait, &set, &info, timeout, sizeof(set));
    while (result > 0 && sampler_sent(task, (int)result, &info));
    task->mask = mask;
    if (result > 0 && args[1] && space_write(space, GVA(args[1]), &info, sizeof(info)))
        return -EFAULT;
    return result;
}

int64_t signal_signalfd4(struct linux_task *task, const uint64_t args[6])
{
    uint64_t set;

    if (args[2] != SIGSET_SIZE)
        return -EINVAL;
    if (space_read(task->process->space, GVA(args[1]), &set, sizeof(set)))
        return -EFAULT;
    return sys_host(task, __NR_signalfd4, args[0], &set, sizeof(set), args[3]);
}

/* sigaltstack(new, old) */
int64_t signal_sigaltstack(struct linux_task *task, const uint64_t args[6])
{
    struct space *space = task->process->space;
    uint64_t sp = abi_state(task->t)->x[ABI_SP];
    struct guest_sigaltstack stack, old = task->altstack;

    old.flags = (int32_t)((uint32_t)old.flags & 1u << 31) | signal_stack_flags(task, sp);
    if (args[0]) {
        if (space_read(space, GVA(args[0]), &stack, sizeof(stack)))
            return -EFAULT;
        int err = signal_set_altstack(task, &stack, sp);
        if (err)
            return err;
    }
    if (args[1] && space_write(space, GVA(args[1]), &old, sizeof(old)))
        return -EFAULT;
    return 0;
}

int64_t signal_sigreturn(struct linux_task *task, const uint64_t args[6])
{
    siginfo_t info = {.si_signo = SIGSEGV, .si_code = SI_KERNEL};

    if (signal_pop_frame(task))
        signal_force(task, &info);
    else
        signal_apply_mask(task);
    return SYS_STATE_SET;
}

/* Only the kernel's own restarts need this call, and those the host's kernel makes itself. */
int64_t signal_restart_syscall(struct linux_task *task, const uint64_t args[6])
{
    return -EINTR;
}
