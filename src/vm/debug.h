/* vm/debug: a debugger's hand on the threads of a vm. Breakpoints and watchpoints that guest memory
 * does not show, single steps, and stops of all threads.
 *
 * The debugger runs on a host thread of its own (its thread, below). A guest thread that has
 * something to report (struct vm_stop) says so, wakes the debugger by its descriptor, and waits.
 * Between vm_debug_stop and vm_debug_go no guest thread runs, and each one's registers are those of
 * a real machine: of a thread that is in a system call, those before the call. */
#ifndef ISOMORPH_VM_DEBUG_H
#define ISOMORPH_VM_DEBUG_H

#include "code/code.h"
#include "space/space.h"

struct vm;
struct trial;

enum vm_stop_kind {
    VM_STOP_NONE,
    VM_STOP_BREAK,  /* at a breakpoint; it has not been executed */
    VM_STOP_STEP,   /* the instruction that was asked for is done */
    VM_STOP_WATCH,  /* the last instruction has touched what is watched */
    VM_STOP_SIGNAL, /* a signal is about to be delivered */
    VM_STOP_EXIT,   /* the process is about to end, by status or signal */
    VM_STOP_CALL,   /* a system call is about to be made: pc is at it */
    VM_STOP_RETURN, /* it has been made */
    VM_STOP_FORK,   /* there is a child */
};

enum vm_watch_kind { VM_WATCH_WRITE = 1, VM_WATCH_READ = 2, VM_WATCH_ACCESS = 3 };

struct vm_stop {
    enum vm_stop_kind kind;
    enum vm_watch_kind watch; /* WATCH: what was set */
    gva addr;                 /* WATCH: the first byte that is in it */
    siginfo_t info;           /* SIGNAL */
    int status, signal;       /* EXIT: one of them; signal 0 if it is the status */
    uint64_t call;            /* CALL, RETURN: its number */
    pid_t child;              /* FORK */
};

/* What the debugger knows and wants of a thread. Under the vm's lock, or written by the debugger
 * while all are stopped; `due` and `away` are the thread's own. */
struct vm_debug_thread {
    struct vm_stop stop;           /* what it has to report, or has reported, and waits for */
    bool reported;                 /* the debugger has seen it */
    int answer;                    /* SIGNAL: which one to deliver, 0 none */
    bool held;                     /* does not go on with the others */
    bool stepping;                 /* one instruction at a time, until the pc is outside of: */
    uint64_t step_start, step_end; /* [start, end) */
    uint64_t unasked;              /* signals (bit sig-1) to be delivered without a report, once */
    bool in_call;                  /* in a system call: its registers are those before it */
    bool ends_call;                /* goes on until that has returned */
    bool away;                     /* its record is in a vfork child's use */
    struct vm_stop due;            /* to be reported before it goes on */
};

struct vm_watch {
    enum vm_watch_kind kind;
    uint64_t start, len;
};

struct vm_debug {
    int event_fd; /* an eventfd, or any descriptor that eight bytes can be written to */
    void (*forked)(void *arg); /* called in a forked child, which is not debugged */
    void *arg;
    uint64_t passed; /* signals (bit sig-1) that are delivered without a report */
    VEC(gva) breaks; /* may hold one more than once */
    VEC(struct vm_watch) watches;
    struct trial *trial; /* of each instruction while anything is watched */
};

/* The debugger has come, before the first instruction of the only thread, which will wait there
 * (vm_debug_stop for the debugger's part). Or it is gone again, with all threads stopped; then they
 * go on. debug outlives the vm. */
void vm_debug_attach(struct vm *vm, struct vm_debug *debug);
void vm_debug_detach(struct vm *vm);

/* On the debugger's thread. */
void vm_debug_stop(struct vm *vm);
void vm_debug_go(struct vm *vm);
/* With all threads stopped. The i-th thread of all, NULL behind the last. */
struct thread *vm_debug_thread_at(const struct vm *vm, size_t i);
void vm_debug_add_break(struct vm *vm, gva pc);
bool vm_debug_remove_break(struct vm *vm, gva pc); /* false: there was none */
/* A thread that is in a system call is to come to where its registers may be changed. The caller
 * has made the call return. */
void vm_debug_await_call(struct vm *vm, struct thread *t);
/* Is t in a system call, its registers those before it? */
bool vm_debug_in_call(const struct thread *t);
/* What code there is: a line for each fragment; or all of the one at pc, or its reverse table.
 * False if there is none. */
void vm_debug_print_fragments(struct vm *vm, struct strbuf *out);
bool vm_debug_print_fragment(struct vm *vm, gva pc, struct strbuf *out);
bool vm_debug_print_reverse(struct vm *vm, gva pc, struct strbuf *out);

/* On a guest's thread. From a hook: reports the stop and waits. Returns the debugger's answer. */
int vm_debug_report(struct thread *t, const struct vm_stop *stop);
/* Is there a debugger, for this thread? */
bool vm_debugged(const struct thread *t);

#endif
