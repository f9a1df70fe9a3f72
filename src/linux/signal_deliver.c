/* linux/signal_deliver.c: from a pending signal to the guest's handler, at the run loop's border,
 * where the guest's state is exact. */
#include "linux/signals.h"

#include <errno.h>
#include <string.h>

#include "linux/debug.h"
#include "linux/sys.h"

/* A signal was open when it came into the slot, but the handler of a fault or the end of another
 * handler may have blocked it since. Then it is pending at the host again, of this thread's signals
 * the first that it gets. If no more may be pending there, it comes nevertheless: it is not lost.
 */
static bool goes_back(struct linux_task *task)
{
    int sig = task->slot.si_signo;

    if (!(task->mask & signal_bit(sig)) || signal_send_back(&task->slot) < 0)
        return false;
    __atomic_store_n(&task->slot_full, 0, __ATOMIC_RELEASE);
    signal_apply_mask(task);
    return true;
}

/* Takes the next signal to act on: what a processor would have raised before what was sent. False
 * if there is none. */
static bool signal_take(struct linux_task *task, siginfo_t *info)
{
    __atomic_store_n(&task->sig_pending, 0,
                     __ATOMIC_SEQ_CST); /* set again by whatever comes from now on */
    uint64_t sync = __atomic_load_n(&task->sync_pending, __ATOMIC_SEQ_CST) & ~task->mask;

    if (sync) {
        int sig = __builtin_ctzll(sync) + 1;
        *info = task->sync_info[sig];
        __atomic_and_fetch(&task->sync_pending, ~signal_bit(sig), __ATOMIC_SEQ_CST);
        return true;
    }
    if (!__atomic_load_n(&task->slot_full, __ATOMIC_ACQUIRE) || goes_back(task))
        return false;
    /* All others are blocked on the host, until the new mask is applied. */
    *info = task->slot;
    __atomic_store_n(&task->slot_full, 0, __ATOMIC_RELEASE);
    return true;
}

/* The frame of a handler cannot be built: SIGSEGV in its place, and death if that was its own
 * (force_sigsegv). */
static void frame_failed(struct linux_task *task, int sig)
{
    siginfo_t info = {.si_signo = SIGSEGV, .si_code = SI_KERNEL};

    if (sig == SIGSEGV)
        signal_die(task, &info);
    signal_force(task, &info);
}

/* The action for a signal; one with SA_RESETHAND is taken once. */
static struct guest_sigaction take_action(struct linux_task *task, int sig)
{
    struct linux_sighand *sighand = task->sighand;
    struct guest_sigaction *slot = &sighand->actions[sig], action;

    pthread_mutex_lock(&sighand->lock);
    action = *slot;
    if (action.flags & SA_RESETHAND && action.handler != GUEST_SIG_IGN) {
        slot->handler = GUEST_SIG_DFL;
        signal_install(sig, slot);
    }
    pthread_mutex_unlock(&sighand->lock);
    return action;
}

/* Sends the thread to the guest's handler. */
static void signal_handle(struct linux_task *task, const siginfo_t *info,
                          const struct guest_sigaction *action)
{
    int sig = info->si_signo;
    uint64_t old_mask = task->restore_mask ? task->saved_mask : task->mask;

    if (signal_push_frame(task, info, action, old_mask)) {
        frame_failed(task, sig);
        return;
    }
    task->restore_mask = false;
    task->t->counters[COUNTER_SIGNALS]++;
    task->mask |= action->mask;
    if (!(action->flags & SA_NODEFER))
        task->mask |= signal_bit(sig);
    task->mask &= ~SIGNAL_UNBLOCKABLE;
}

static void signal_act(struct linux_task *task, const siginfo_t *info)
{
    struct guest_sigaction action = take_action(task, info->si_signo);

    strace_signal(info);
    if (action.handler == GUEST_SIG_DFL)
        signal_default(task, info);
    else if (action.handler != GUEST_SIG_IGN)
        signal_handle(task, info, &action);
    signal_apply_mask(task);
}

/* The same for one that a debugger is asked about first. */
static void signal_ask(struct linux_task *task, siginfo_t *info)
{
    if (debug_allows_signal(task, info))
        signal_act(task, info);
    else
        signal_apply_mask(task);
}

void signal_deliver(struct linux_task *task)
{
    siginfo_t info;

    for (;;) {
        while (task->slot_full || task->sig_pending || (task->sync_pending & ~task->mask)) {
            if (signal_take(task, &info))
                signal_ask(task, &info);
        }
        if (!task->restore_mask)
            return;
        /* The call that set a mask of its own was not ended by a handler after all. */
        task->restore_mask = false;
        task->mask = task->saved_mask;
        signal_apply_mask(task);
    }
}

bool signal_deliver_forced(struct linux_task *task, bool now)
{
    siginfo_t info = {.si_signo = SIGPROF, .si_code = SI_KERNEL};
    uint64_t handler = __atomic_load_n(&task->sighand->actions[SIGPROF].handler, __ATOMIC_RELAXED);

    if (handler == GUEST_SIG_DFL || handler == GUEST_SIG_IGN || task->mask & signal_bit(SIGPROF))
        return false;
    if (now)
        signal_act(task, &info);
    return true;
}

void signal_force(struct linux_task *task, const siginfo_t *raised)
{
    siginfo_t asked = *raised, *info = &asked;

    if (!debug_allows_signal(task, info))
        return;
    int sig = info->si_signo;
    uint64_t handler = __atomic_load_n(&task->sighand->actions[sig].handler, __ATOMIC_RELAXED);

    if (handler == GUEST_SIG_DFL || handler == GUEST_SIG_IGN || task->mask & signal_bit(sig)) {
        strace_signal(info);
        signal_die(task, info);
    }
    signal_act(task, info);
}
