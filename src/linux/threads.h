/* linux/threads.h: what process.c and threads.c have in common. */
#ifndef ISOMORPH_LINUX_THREADS_H
#define ISOMORPH_LINUX_THREADS_H

#include "linux/task.h"

/* clone(2)'s arguments in riscv64's order: flags, stack, parent's tid, tls, child's tid; guest
 * addresses. The lowest byte of flags is the signal at the child's end. */
struct clone_args_guest {
    uint64_t flags, stack, ptid, tls, ctid;
};

/* The first task of a process, which its thread runs. */
struct linux_task *threads_first_task(struct linux_process *process);
/* clone with CLONE_THREAD. Returns the new thread's id, -errno or SYS_RESTART. */
int64_t threads_clone(struct linux_task *task, const struct clone_args_guest *c);
/* The calling thread is about to end by exit(2): its futexes are let go, its id is cleared. Returns
 * true if it was the last of the process. */
bool threads_leave(struct linux_task *task);
/* Around fork: no thread is on its way out between them. Returns 0 or -errno, as vm_fork_begin. */
int threads_fork_begin(struct linux_task *task);
void threads_fork_end(struct linux_task *task, bool child);
/* The task of a thread of this process, with process->lock held; NULL if there is none. */
struct linux_task *threads_find(struct linux_process *process, pid_t tid);

/* Dispositions: one reference more, a copy of one's own, one reference less. */
struct linux_sighand *sighand_share(struct linux_sighand *s);
struct linux_sighand *sighand_copy(struct linux_sighand *s);
void sighand_drop(struct linux_sighand *s);

/* futex.c: at a thread's end, what the kernel does with the futexes that it holds (robust list),
 * and with the word that is cleared for those who wait for its end. */
void futex_leave(struct linux_task *task);

#endif
