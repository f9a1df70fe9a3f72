/* linux/debug.h: a debugger of the guest's process (tools/gdb), as the files of linux/ see it. */
#ifndef ISOMORPH_LINUX_DEBUG_H
#define ISOMORPH_LINUX_DEBUG_H

#include "linux/task.h"
#include "vm/debug.h"

struct linux_debugger {
    struct vm_debug vm;
    int fd; /* its connection; with vm.event_fd out of the guest's sight */
    /* The guest executes another guest program, which the debugger goes on with: answers the value
     * of --gdb-session for it, and leaves the connection open. exec_failed: it does not. */
    const char *(*exec_begin)(struct linux_debugger *d);
    void (*exec_failed)(struct linux_debugger *d);
};

/* Before the first instruction: task is the only one. From now on all signals come to us. */
void debug_attach(struct linux_task *task, struct linux_debugger *d);
/* With all threads stopped; they go on. Its descriptors are closed. */
void debug_detach(struct linux_process *process);
/* A task for the debugger's own host thread, which has called it first of all: no guest thread's,
 * but faults of guest memory are dealt with. stack is for signals. */
struct linux_task *debug_start_thread(struct linux_process *process, void *stack, size_t size);
/* On the debugger's thread, with all stopped: t, in a system call, comes out of it, as if it had
 * not been made. Its registers may then be changed. */
void debug_end_call(struct linux_process *process, struct thread *t);
/* Sends the thread a signal that is not reported to the debugger. */
void debug_inject(struct linux_process *process, struct thread *t, int sig);

/* Asks the debugger about a signal that is about to be delivered: false if it is not to be; it may
 * have become another. */
bool debug_allows_signal(struct linux_task *task, siginfo_t *info);
/* The process is about to end: by a status, or by a signal that is not 0. */
void debug_report_exit(struct linux_task *task, int status, int signal);
/* Is this a signal that somebody debugging is told of even where the guest leaves it to the
 * default? */
bool debug_wants_default(const struct linux_process *process, int sig);
/* The mark of the signal by which debug_end_call ends a call. */
bool debug_is_own_signal(const siginfo_t *info);

#endif
