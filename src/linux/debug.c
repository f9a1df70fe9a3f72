/* linux/debug.c: what the guest's kernel does for a debugger: signals are asked about before they
 * are delivered, the end is told, a system call can be left.
 *
 * Signals that the guest leaves to the default come to us too while there is a debugger, but for
 * those that do nothing; the ignored ones do not come. Children that the guest forks are not
 * debugged, nor is a vfork child. */
#include "linux/debug.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/abi.h"
#include "linux/raw_syscall.h"
#include "linux/signals.h"
#include "linux/sys.h"

enum { OWN_SIGNAL = SIGTRAP }; /* never blocked on the host */

static int own_mark; /* its address tells our own signal from others */

/* ---- signals --------------------------------------------------------------------------------- */

bool debug_wants_default(const struct linux_process *process, int sig)
{
    uint64_t silent = signal_bit(SIGCHLD) | signal_bit(SIGCONT) | signal_bit(SIGURG) |
                      signal_bit(SIGWINCH) | SIGNAL_UNBLOCKABLE;

    return process->debugger && !(signal_bit(sig) & silent);
}

bool debug_is_own_signal(const siginfo_t *info)
{
    return info->si_signo == OWN_SIGNAL && info->si_code == SI_QUEUE &&
           info->si_value.sival_ptr == &own_mark && info->si_pid == getpid();
}

bool debug_allows_signal(struct linux_task *task, siginfo_t *info)
{
    struct thread *t = task->t;
    uint64_t bit = signal_bit(info->si_signo);

    if (!vm_debugged(t))
        return true;
    if (t->debug->unasked & bit) {
        t->debug->unasked &= ~bit;
        return true;
    }
    if (task->process->debugger->vm.passed & bit)
        return true;
    const struct vm_stop stop = {.kind = VM_STOP_SIGNAL, .info = *info};
    int sig = vm_debug_report(t, &stop);
    if (sig != 0 && sig != info->si_signo)
        *info = (siginfo_t){.si_signo = sig, .si_code = SI_USER};
    return sig != 0;
}

void debug_inject(struct linux_process *process, struct thread *t, int sig)
{
    t->debug->unasked |= signal_bit(sig);
    raw_syscall4(__NR_tgkill, (uint64_t)getpid(), (uint64_t)task_of(t)->tid, (uint64_t)sig, 0);
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* The kernel says EINTR where the call could be made again, and that is what is wanted. */
void debug_end_call(struct linux_process *process, struct thread *t)
{
    size_t size = t->desc->state_size;
    unsigned char *kept = base_alloc(size);
    siginfo_t info = {.si_signo = OWN_SIGNAL, .si_code = SI_QUEUE};

    info.si_pid = getpid();
    info.si_value.sival_ptr = &own_mark;
    memcpy(kept, t->guest, size);
    raw_syscall4(__NR_rt_tgsigqueueinfo, (uint64_t)getpid(), (uint64_t)task_of(t)->tid, OWN_SIGNAL,
                 (uint64_t)&info);
    vm_debug_await_call(t->vm, t);
    if ((int64_t)abi_state(t)->x[ABI_A0] == -EINTR)
        memcpy(t->guest, kept, size);
    free(kept);
}

/* ---- the end --------------------------------------------------------------------------------- */

void debug_report_exit(struct linux_task *task, int status, int signal)
{
    const struct vm_stop stop = {.kind = VM_STOP_EXIT, .status = status, .signal = signal};

    if (vm_debugged(task->t) && !task->in_vfork)
        vm_debug_report(task->t, &stop);
}

/* ---- coming and going ------------------------------------------------------------------------ */

static void close_descriptors(struct linux_debugger *d)
{
    close(d->fd);
    close(d->vm.event_fd);
    d->fd = d->vm.event_fd = -1;
}

static void forked(void *arg)
{
    struct linux_process *process = arg;
    struct linux_debugger *d = process->debugger;

    process->debugger = NULL;
    close_descriptors(d);
}

void debug_attach(struct linux_task *task, struct linux_debugger *d)
{
    d->vm.forked = forked;
    d->vm.arg = task->process;
    task->process->debugger = d;
    vm_debug_attach(task->process->vm, &d->vm);
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        if (debug_wants_default(task->process, sig))
            signal_install(sig, &task->sighand->actions[sig]);
    }
}

void debug_detach(struct linux_process *process)
{
    struct linux_debugger *d = process->debugger;

    process->debugger = NULL;
    vm_debug_detach(process->vm);
    close_descriptors(d);
}

struct linux_task *debug_start_thread(struct linux_process *process, void *stack, size_t size)
{
    const struct guest *guest = process->tasks.data[0]->t->desc;
    struct linux_task *task = base_zalloc(sizeof(*task));
    struct thread *t = base_zalloc_aligned(sizeof(*t) + guest->state_size, 64);

    t->desc = guest;
    t->space = process->space;
    t->options = process->options;
    t->vm = process->vm;
    t->task = task;
    task->t = t;
    task->process = process;
    signal_thread_start(task, stack, size);
    return task;
}
