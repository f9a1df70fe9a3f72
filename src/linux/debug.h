/* linux/debug.h: a debugger of the guest's process (tools/gdb). */
#ifndef ISOMORPH_LINUX_DEBUG_H
#define ISOMORPH_LINUX_DEBUG_H

#include <limits.h>

#include "vm/vm.h"

struct linux_process;
struct linux_task;

/* System calls that a debugger wants to know of. */
enum { DEBUG_CALLS = 512 };
struct debug_calls {
    bool all;
    uint64_t bits[DEBUG_CALLS / 64];
};

/* A child of the guest's that has not begun: it waits for a word from link's other end, or its end.
 */
struct debug_child {
    pid_t pid;
    int link;
};

struct linux_debugger {
    struct vm_debug vm;
    int fd; /* its connection; with vm.event_fd out of the guest's sight */
    /* The guest executes another guest program, which the debugger goes on with: answers the value
     * of --gdb-session for it, and leaves the connection open. exec_failed: it does not. */
    const char *(*exec_begin)(struct linux_debugger *d);
    void (*exec_failed)(struct linux_debugger *d);
    struct debug_calls calls;
    /* Does it want to know of forks? Then children wait for debug_release_child. In one that it
     * follows followed() is called, on the only thread, before the first instruction. */
    bool forks;
    void (*followed)(struct linux_debugger *d, struct thread *t);
    VEC(struct debug_child) children;
    bool keeps_fds; /* the child that is being made does: it waits, or they are its parent's too */
    /* set by debug_attach */
    struct linux_process *process;
    struct vm *machine;
    struct space *space;
    const struct guest *guest;
    struct linux_task *task; /* of the debugger's own thread */
};

/* Before the first instruction: t is the only thread, and will wait there (vm_debug_attach). From
 * now on all signals come to us. */
void debug_attach(struct thread *t, struct linux_debugger *d);
/* With all threads stopped; they go on. Its descriptors are closed. */
void debug_detach(struct linux_debugger *d);
/* Starts the debugger's own thread, which is none of the guest's; from the thread that attached.
 * Returns 0 or -errno. */
int debug_start_thread(struct linux_debugger *d, void (*run)(void *arg), void *arg);

/* What follows is for that thread, with all guest threads stopped. */

/* The i-th thread that has not ended, NULL behind the last; its id. */
struct thread *debug_thread_at(const struct linux_debugger *d, size_t i);
int debug_thread_id(const struct thread *t);
/* t, in a system call, comes out of it, as if it had not been made. Its registers may then be
 * changed. */
void debug_end_call(struct linux_debugger *d, struct thread *t);
/* Registers have been written to t's record: what is kept elsewhere follows. */
void debug_registers_written(struct thread *t);
/* Sends the thread a signal that is not reported to the debugger. */
void debug_inject(struct linux_debugger *d, struct thread *t, int sig);
/* Does this child wait? It goes on, alone or with the connection, of which it has descriptors of
 * its own. */
bool debug_has_child(const struct linux_debugger *d, pid_t pid);
void debug_release_child(struct linux_debugger *d, pid_t pid, bool follow);
/* The program, by the guest's name of it. */
const char *debug_program(const struct linux_debugger *d);
/* Its auxiliary vector. */
const void *debug_auxv(const struct linux_debugger *d, size_t *size);
/* Appends what the guest reads in /proc/self/maps. */
void debug_print_maps(const struct linux_debugger *d, struct strbuf *out);
/* Replaces a guest's path by the host's; follow: to what a link at its end leads to. Returns 0 or
 * -errno. */
int debug_find_file(struct linux_debugger *d, char path[PATH_MAX], bool follow);

/* ---- inside linux/ --------------------------------------------------------------------------- */

/* Asks the debugger about a signal that is about to be delivered: false if it is not to be; it may
 * have become another. */
bool debug_allows_signal(struct linux_task *task, siginfo_t *info);
/* The guest's system call, whose registers t's record holds: false if the debugger has taken the
 * thread elsewhere, and it is not to be made; otherwise its registers may be others now. */
bool debug_call_begins(struct linux_task *task);
/* It has been made; the record holds what came of it. */
void debug_call_ended(struct linux_task *task, uint64_t number);
/* The process is about to end: by a status, or by a signal that is not 0. */
void debug_report_exit(struct linux_task *task, int status, int signal);
/* Is this a signal that a debugger is told of even where the guest leaves it to the default? */
bool debug_wants_default(const struct linux_process *process, int sig);
/* Around a fork, between threads_fork_begin and threads_fork_end. result is the host's. */
struct debug_fork {
    struct linux_debugger *d; /* or NULL */
    bool told;
    int links[2]; /* told: the parent's end and the child's */
};
void debug_fork_begins(struct linux_task *task, uint64_t flags, struct debug_fork *f);
void debug_fork_ends(const struct debug_fork *f, int64_t result);
/* When all is done: in the parent, to tell the debugger; in the child, to wait for its word. */
void debug_report_fork(struct linux_task *task, const struct debug_fork *f, int64_t result);
void debug_await_word(struct linux_task *task, const struct debug_fork *f);
/* A descriptor, moved out of the guest's way if that is possible. */
int debug_move_up(int fd);
bool debug_owns_fd(const struct linux_debugger *d, int fd);
/* The mark of the signal by which debug_end_call ends a call. */
bool debug_is_own_signal(const siginfo_t *info);

#endif
