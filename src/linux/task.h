/* linux/task.h: what the kernel would keep for a guest thread and its process.
 *
 * thread->task points to the thread's struct linux_task. All fields belong to the guest's thread,
 * but for the signal slot, which the host's signal handler fills on the same host thread
 * (signal_host.c has the protocol). What belongs to the process is set before there is a second
 * thread and read from then on, but for what its lock guards. */
#ifndef ISOMORPH_LINUX_TASK_H
#define ISOMORPH_LINUX_TASK_H

#include <pthread.h>
#include <signal.h>

#include "linux/linux.h"

enum { GUEST_NSIG = 64 };

/* struct sigaction of the riscv64 kernel: no restorer. */
struct guest_sigaction {
    uint64_t handler; /* 0 SIG_DFL, 1 SIG_IGN, or a guest address */
    uint64_t flags;
    uint64_t mask;
};

/* stack_t; equal on both machines. */
struct guest_sigaltstack {
    uint64_t sp;
    int32_t flags;
    uint32_t pad;
    uint64_t size;
};

/* The objects that clone's flags say are shared or copied. Descriptors are the host thread's. */

/* CLONE_SIGHAND: the dispositions of signals. */
struct linux_sighand {
    pthread_mutex_t lock; /* around a change here and on the host */
    unsigned refs;
    bool ends_in_order; /* what ends a process by default comes to our handler first */
    struct guest_sigaction actions[GUEST_NSIG + 1];
};

/* CLONE_FS: the file-system view, as far as the host's kernel does not keep it. */
struct linux_fs {
    unsigned refs;
    bool other_root; /* nothing of -L is there */
};

/* CLONE_VM: the memory of one process, or of several (sharing.c), with what is in it. The vm and
 * the space are the same for all of them. */
struct linux_memory {
    unsigned users; /* processes */
    pthread_mutex_t lock;
    VEC(pthread_t) ended; /* host threads whose guests have ended, to be joined */
};

/* Of an execve under way; kept for the next one. */
struct linux_exec {
    struct arena scratch;
    VEC(const char *) args;
    VEC(const char *) env;
    VEC(const char *) command;
};

/* Guest addresses that proc(5) shows: struct mm_struct's fields of these names. */
struct process_layout {
    uint64_t code_start, code_end, data_start, data_end;
    uint64_t stack; /* sp at the start */
    uint64_t arg_start, arg_end, env_start, env_end;
};

/* A limit that is the guest's alone (rlimits.c). */
struct guest_limit {
    uint64_t soft, hard;
    uint64_t most; /* what the host has for it */
};

struct linux_debugger;

struct linux_process {
    const struct options *options;
    pid_t first_pid; /* of the guest's first process: the one that --stats is about */
    struct vm *vm;
    struct space *space;
    struct linux_memory *memory;
    bool borrows; /* its memory is that of the process that made it */
    char *exe;    /* absolute host path of the program */
    struct process_layout layout;
    struct guest_limit limit_as, limit_data;
    unsigned char auxv[512]; /* as on the initial stack */
    size_t auxv_size;
    gva sigreturn;      /* where handlers return to */
    const char *prefix; /* -L made absolute, or NULL */
    int prefix_fd;      /* -L open, or -1 */
    int root_fd;        /* the root that our own program was started under, or -1 */
    int runtime_fd;     /* our own program, to be executed again wherever its path leads by then */
    struct linux_debugger *debugger; /* or NULL (debug.h) */
    bool reported;                   /* linux_at_exit has been called */
    struct linux_process *maker;     /* of one that borrows, while its lender lives: the lender's */
    bool had_threads;                /* beside the first, lenders included */
    unsigned lenders;                /* that are at work for a child that has left (ending.c) */
    pthread_mutex_t lock;            /* of the rest */
    bool ends; /* somebody is about to end it: no thread may begin (ending.c) */
    VEC(struct linux_task *) tasks;
    uint32_t leaving; /* threads that have left tasks and still have something to do */
};

struct linux_task {
    struct thread *t;
    struct linux_process *process;
    struct linux_sighand *sighand;
    struct linux_fs *fs;
    struct linux_exec *exec;
    struct strace_line *line; /* of the call under way, or NULL */
    pthread_t host_thread;    /* not set for a process's first */
    pid_t tid;
    uint32_t *vfork_done; /* a word of who waits for this thread's end, or NULL */
    uint64_t clear_tid;   /* guest address of the word that is cleared at the thread's end, or 0 */
    bool ended;           /* by exit: the run loop is to be left */
    /* signals: sets have bit sig-1 */
    uint64_t mask;       /* what the guest blocks */
    uint64_t saved_mask; /* to go back to, if restore_mask: rt_sigsuspend and its like */
    bool restore_mask;
    uint32_t sig_pending; /* there is something to deliver: no system call may begin */
    uint32_t slot_full;   /* slot holds a signal, and the host blocks all others */
    siginfo_t slot;
    uint64_t
        sync_pending; /* of SIGNAL_SYNC, sent by somebody: they are never blocked on the host */
    siginfo_t sync_info[GUEST_NSIG + 1];
    struct guest_sigaltstack altstack;
    uint64_t robust_list, robust_size;
    int32_t sampler; /* the profile's timer of this thread, as the kernel numbers it; -1: none */
};

/* Are other processes in its memory, or were there some? */
static inline bool linux_memory_shared(const struct linux_process *process)
{
    return __atomic_load_n(&process->memory->users, __ATOMIC_SEQ_CST) > 1;
}

static inline struct linux_task *task_of(struct thread *t)
{
    return t->task;
}

#endif
