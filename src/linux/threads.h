/* linux/threads.h: what process.c, sharing.c and threads.c have in common. */
#ifndef ISOMORPH_LINUX_THREADS_H
#define ISOMORPH_LINUX_THREADS_H

#include "linux/task.h"

/* clone(2)'s arguments in riscv64's order: flags, stack, parent's tid, tls, child's tid; guest
 * addresses. The lowest byte of flags is the signal at the child's end. Where the pidfd goes is the
 * same address as the parent's tid for clone, another one for clone3. */
struct clone_args_guest {
    uint64_t flags, stack, pidfd, ptid, tls, ctid;
    uint64_t ids, n_ids, cgroup; /* clone3's set_tid, set_tid_size and cgroup */
};

/* The first task of a process, which its thread runs. */
struct linux_task *threads_first_task(struct linux_process *process);
/* clone with CLONE_THREAD. Returns the new thread's id, -errno or SYS_RESTART. */
int64_t threads_clone(struct linux_task *task, const struct clone_args_guest *c);
/* clone with CLONE_VM for a process of its own; with CLONE_VFORK the caller waits until that has
 * left the memory. Returns the child's id, -errno or SYS_RESTART. (sharing.c) */
int64_t sharing_clone(struct linux_task *task, const struct clone_args_guest *c);
int64_t sharing_vfork(struct linux_task *task, const struct clone_args_guest *c);
/* Calls run(arg) with a copy of the descriptors: what it opens and closes the guest's threads do
 * not see. It has all signals blocked and must leave guest memory alone. Returns 0, -errno if the
 * kernel has no room for it, or SYS_RESTART; only after 0 has it run. (sharing.c) */
int64_t sharing_run_apart(struct linux_task *task, void (*run)(void *arg), void *arg);
/* clone's arguments for the host: what the kernel itself does of them. (process.c) */
void process_host_args(struct linux_task *task, const struct clone_args_guest *c, uint64_t args[6]);
/* In a child, before its first instruction: what clone changes in the registers and the task. */
void process_child_start(struct linux_task *task, const struct clone_args_guest *c);

/* A task as clone copies it, for a thread of this process, which may be another: with a record of
 * its own that has the same registers, or with the same record. */
struct linux_task *threads_copy_task(const struct linux_task *from, struct linux_process *process,
                                     const struct clone_args_guest *c, bool own_record);
void threads_free_task(struct linux_task *task); /* without its record */
/* The registers with which a clone begins. */
void threads_set_start(struct thread *t, const struct clone_args_guest *c);

/* A host thread is made for a task, and runs with all signals blocked. It answers once, by
 * threads_answer: an id, or -errno if it cannot start; the starter's frame may be gone then. It
 * frees the task, in threads_end_host. The caller has blocked signals; then they are open. Returns
 * the answer or -errno. */
struct thread_start {
    struct linux_task *task;
    const struct clone_args_guest *args;
    uint32_t answer; /* 0 at first */
};
int64_t threads_start_host(struct linux_task *task, struct thread_start *start,
                           void *(*run)(void *start));
void threads_answer(uint32_t *word, int32_t answer);
/* The last thing on a host thread: from then on somebody may wait for it. */
void threads_end_host(struct linux_task *task);
/* Waits for the host threads whose guests have ended. */
void threads_join_ended(struct linux_memory *memory);
/* The calling thread is about to end by exit(2): its futexes are let go, its id is cleared. Returns
 * true if it was the last of the process. */
bool threads_leave(struct linux_task *task);
/* A thread that threads_leave said false of has done its last for the process. */
void threads_left(struct linux_process *process);
/* Around fork: no thread is on its way out between them. Returns 0 or -errno, as vm_fork_begin. */
int threads_fork_begin(struct linux_task *task);
void threads_fork_end(struct linux_task *task, bool child);
/* ending.c: before self ends the process, for a moment when it holds nothing. All other threads are
 * where they may be killed then, and self, which may be none of the process's any more, is in
 * PLACE_RUNTIME. ending_cancel undoes it. */
void ending_begin(struct linux_task *self);
void ending_cancel(struct linux_task *self);
/* Around what a thread of the process does that has lent what it has to a child of its: the process
 * does not end meanwhile, or the first does not return. */
void ending_lender_begins(struct linux_process *process);
void ending_lender_is_done(struct linux_process *process);
/* The task of a thread of this process, with process->lock held; NULL if there is none. */
struct linux_task *threads_find(struct linux_process *process, pid_t tid);

/* Dispositions: one reference more, a copy of one's own, one reference less. */
struct linux_sighand *sighand_share(struct linux_sighand *s);
struct linux_sighand *sighand_copy(struct linux_sighand *s);
void sighand_drop(struct linux_sighand *s);
struct linux_fs *fs_share(struct linux_fs *fs);
struct linux_fs *fs_copy(const struct linux_fs *fs);
void fs_drop(struct linux_fs *fs);

/* futex.c: at a thread's end, what the kernel does with the futexes that it holds (robust list),
 * and with the word that is cleared for those who wait for its end. The second does it for a thread
 * that is dead already, if it has not done so itself. */
void futex_leave(struct linux_task *task);
void futex_leave_for(struct linux_task *task);

#endif
