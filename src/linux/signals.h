/* linux/signals.h: the parts of signal handling that other files of linux/ need. */
#ifndef ISOMORPH_LINUX_SIGNALS_H
#define ISOMORPH_LINUX_SIGNALS_H

#include <ucontext.h>

#include "linux/task.h"

static inline uint64_t signal_bit(int sig)
{
    return (uint64_t)1 << (sig - 1);
}

/* What the processor raises, and the sampler's signal. On the host they always have our handler,
 * and are never blocked but in the guest's system calls: the runtime's accesses to guest memory
 * fault with them. */
#define SIGNAL_FAULTS                                                                              \
    (signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGILL) | signal_bit(SIGFPE) |          \
     signal_bit(SIGTRAP))
#define SIGNAL_SAMPLE SIGSTKFLT
#define SIGNAL_SYNC   (SIGNAL_FAULTS | signal_bit(SIGNAL_SAMPLE))
/* By default they end the process with a core file: signal(7). */
#define SIGNAL_CORE                                                                                \
    (SIGNAL_FAULTS | signal_bit(SIGQUIT) | signal_bit(SIGABRT) | signal_bit(SIGSYS) |              \
     signal_bit(SIGXCPU) | signal_bit(SIGXFSZ))
#define SIGNAL_UNBLOCKABLE (signal_bit(SIGKILL) | signal_bit(SIGSTOP))

enum { GUEST_SIG_DFL = 0, GUEST_SIG_IGN = 1 };

/* On a thread's own host thread: from the start until the end of its handler's stack signals can
 * come, first only SIGNAL_SYNC. stack NULL: there is one. */
void signal_thread_start(struct linux_task *task, void *stack, size_t size);
void signal_thread_end(void);
/* The task of this host thread is this one (again). */
void signal_thread_is(struct linux_task *task);
/* From now on, what ends a process by default comes to our handler, for those that have the task's
 * dispositions or a copy of them: it dies where it holds no lock. */
void signal_end_in_order(struct linux_task *task);
/* The runtime's libc has made a thread, for which it takes signals below SIGRTMIN: they are the
 * guest's. */
void signal_take_from_libc(struct linux_task *task);
/* Blocks all signals: for where the host thread has no task. */
void signal_block_even_sync(void);

/* Takes over the host's dispositions and mask as the guest's own, and installs the handlers that
 * are always there. */
void signal_init(struct linux_task *task);

/* The host's mask for a guest's one. */
static inline uint64_t signal_host_mask(uint64_t guest_mask)
{
    return guest_mask & ~(SIGNAL_SYNC | SIGNAL_UNBLOCKABLE);
}
/* Sets the host's mask to what the guest's asks for. Returns false if there is a signal in the
 * slot: all others stay blocked until it is delivered. */
bool signal_apply_mask(struct linux_task *task);
/* Blocks everything that can be blocked, so that nothing more comes into the slot. */
void signal_block_all(void);

/* The host has info's signal pending again, for this thread, which blocks it there. Returns 0 or
 * -errno: no more may be pending (RLIMIT_SIGPENDING). */
int64_t signal_send_back(const siginfo_t *info);

/* Around the host's system call that is made for the guest (dispatch.c): of SIGNAL_SYNC, what the
 * guest must not notice under this mask of its own, because it blocks or ignores it or because the
 * sampler sent it. Held, it is pending at the host. */
uint64_t signal_held(const struct linux_task *task, uint64_t guest_mask);
void signal_hold(struct linux_task *task, uint64_t held);
void signal_release(uint64_t held);
/* The host's mask for a call that waits with a mask of its own. */
static inline uint64_t signal_wait_mask(const struct linux_task *task, uint64_t guest_mask)
{
    return signal_host_mask(guest_mask) | signal_held(task, guest_mask);
}

/* Gives sig the host's disposition that the guest's action asks for. Returns 0 or -errno. */
int64_t signal_install(int sig, const struct guest_sigaction *action);

/* Before a host execve: what the new program inherits becomes real on the host. signal_exec_failed
 * undoes it. */
void signal_exec_prepare(struct linux_task *task);
void signal_exec_failed(struct linux_task *task);

/* Delivers what is pending and not blocked: builds frames, or acts as the default says. From the
 * run loop's hooks, with exact state. */
void signal_deliver(struct linux_task *task);

/* --force-signals: does the guest handle SIGPROF, and is it open? If so and now, it is delivered as
 * if the kernel had sent it. */
bool signal_deliver_forced(struct linux_task *task, bool now);

/* Raises a signal that the thread's own instruction caused. If it is blocked or ignored the process
 * dies by it, as under the kernel. */
void signal_force(struct linux_task *task, const siginfo_t *info);

/* Does what a signal does by default: nothing, stop, or end the process. */
void signal_default(struct linux_task *task, const siginfo_t *info);

/* Ends the process by the real signal, so that its parent sees it; with a core file first. */
_Noreturn void signal_die(struct linux_task *task, const siginfo_t *info);

/* Says that the runtime itself has faulted, and ends the process with EXIT_BUG. (own_fault.c) */
_Noreturn void signal_report_own_fault(int sig, const siginfo_t *info, const ucontext_t *uc);

/* ---- samples for a profile (sampler.c) ----
 *
 * Start and end: on the thread's own host thread, between signal_thread_start and
 * signal_thread_end. take, in the host's handler: is it the sampler's signal? Then it is done with.
 */
void sampler_start(struct linux_task *task);
void sampler_end(struct linux_task *task);
bool sampler_take(struct linux_task *task, int sig, const siginfo_t *info, ucontext_t *uc);
/* Has task's sampler sent this? */
bool sampler_sent(const struct linux_task *task, int sig, const siginfo_t *info);

/* ---- frames (signal_frame.c)
 * ---------------------------------------------------------------------------------------- */

/* Puts the frame of a handler on the guest's stack and sends the thread to the handler; old_mask is
 * what the frame restores. Returns 0 or -EFAULT, with nothing changed. */
int signal_push_frame(struct linux_task *task, const siginfo_t *info,
                      const struct guest_sigaction *action, uint64_t old_mask);
/* Takes the frame at the stack pointer back into the thread. Returns 0 or -EFAULT. */
int signal_pop_frame(struct linux_task *task);

/* SS_ONSTACK, SS_DISABLE or 0 for the stack pointer sp. */
int signal_stack_flags(const struct linux_task *task, uint64_t sp);
/* sigaltstack(2)'s rules. Returns 0, -EINVAL, -ENOMEM or -EPERM. */
int signal_set_altstack(struct linux_task *task, const struct guest_sigaltstack *stack,
                        uint64_t sp);

#endif
