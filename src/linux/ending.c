/* linux/ending.c: the end of a process, by exit, exec or a signal, where others may go on in its
 * memory (sharing.c).
 *
 * The kernel ends all threads of a process at once, wherever they are. One that is in the runtime
 * may hold locks then, the vm's or libc's, which the other processes would find held for ever; and
 * one in guest code would be waited for. So the thread that ends the process has all others parked
 * first, in places where they hold nothing (vm_park), and waits for those that are on their way out
 * and for lenders that are at work for a child that has left. New ones wait in their turn. If it is
 * an exec that fails, all go on.
 *
 * It waits by looking again: nobody who is about to die has to wake it.
 *
 * A thread whose record a vfork child uses is in the kernel, and what the record says is the
 * child's.
 *
 * Does not handle: SIGKILL, and faults of the runtime itself. */
#include "linux/sys.h"

#include <sys/syscall.h>
#include <time.h>

#include "linux/raw_syscall.h"
#include "linux/threads.h"

enum { FIRST_PAUSE = 20000, LONGEST_PAUSE = 1000000 }; /* nanoseconds */

static void pause_for(long ns)
{
    const struct timespec pause = {.tv_nsec = ns};

    raw_syscall4(__NR_nanosleep, (uint64_t)&pause, 0, 0, 0);
}

static bool uses_own_record(const struct linux_task *task)
{
    return task->t->task == task;
}

/* With the lock held. The calling thread may be none of the process's any more. */
static void park_others(struct linux_process *process, const struct linux_task *self)
{
    for (size_t i = 0; i < process->tasks.len; i++) {
        const struct linux_task *task = process->tasks.data[i];
        if (task != self && uses_own_record(task))
            vm_park(task->t);
    }
}

/* Lenders first: they may have a thread's record back when they are done, and from now on none
 * begins. */
static bool others_are_done(struct linux_process *process, const struct linux_task *self)
{
    bool shared = linux_memory_shared(process);
    bool done = !shared || __atomic_load_n(&process->lenders, __ATOMIC_SEQ_CST) == 0;

    pthread_mutex_lock(&process->lock);
    for (size_t i = 0; shared && i < process->tasks.len; i++) {
        const struct linux_task *task = process->tasks.data[i];
        done &= task == self || !uses_own_record(task) || vm_is_parked(task->t);
    }
    done &= __atomic_load_n(&process->leaving, __ATOMIC_ACQUIRE) == 0;
    pthread_mutex_unlock(&process->lock);
    if (shared)
        vm_tell(process->vm);
    return done;
}

/* Who comes second waits, most likely for its death. */
static void be_the_one(struct linux_task *self)
{
    struct linux_process *process = self->process;

    for (;;) {
        pthread_mutex_lock(&process->lock);
        bool first = !process->ends;
        if (first) {
            __atomic_store_n(&process->ends, true, __ATOMIC_SEQ_CST);
            if (linux_memory_shared(process))
                park_others(process, self);
        }
        pthread_mutex_unlock(&process->lock);
        if (first)
            return;
        vm_enter_kernel(self->t);
        pause_for(LONGEST_PAUSE);
        vm_leave_kernel(self->t);
    }
}

void ending_begin(struct linux_task *self)
{
    struct linux_process *process = self->process;

    be_the_one(self);
    for (long ns = FIRST_PAUSE; !others_are_done(process, self); ns = MIN(2 * ns, LONGEST_PAUSE)) {
        vm_enter_kernel(self->t);
        pause_for(ns);
        vm_leave_kernel(self->t);
    }
    if (process->had_threads)
        threads_join_ended(process->memory);
}

void ending_cancel(struct linux_task *self)
{
    struct linux_process *process = self->process;

    pthread_mutex_lock(&process->lock);
    __atomic_store_n(&process->ends, false, __ATOMIC_SEQ_CST);
    for (size_t i = 0; i < process->tasks.len; i++) {
        const struct linux_task *task = process->tasks.data[i];
        if (task != self && uses_own_record(task))
            vm_unpark(task->t);
    }
    pthread_mutex_unlock(&process->lock);
}

void ending_lender_begins(struct linux_process *process)
{
    for (;;) {
        __atomic_add_fetch(&process->lenders, 1, __ATOMIC_SEQ_CST);
        if (!__atomic_load_n(&process->ends, __ATOMIC_SEQ_CST))
            return;
        ending_lender_is_done(process);
        pause_for(LONGEST_PAUSE);
    }
}

void ending_lender_is_done(struct linux_process *process)
{
    __atomic_sub_fetch(&process->lenders, 1, __ATOMIC_SEQ_CST);
}
