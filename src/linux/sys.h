/* linux/sys.h: the system-call table as the dispatcher, the tracer and the handlers see it.
 *
 * One row of sys.def describes a call: what its arguments are decides how pass-through converts
 * them and how strace prints them, so both follow one description. */
#ifndef ISOMORPH_LINUX_SYS_H
#define ISOMORPH_LINUX_SYS_H

#include <sys/uio.h>

#include "linux/task.h"

/* ---- arguments ------------------------------------------------------------------------------- */

enum sys_arg_kind {
    ARG_NONE,
    /* values, passed as they are */
    ARG_FD,
    ARG_DIRFD, /* may be AT_FDCWD */
    ARG_INT,   /* int */
    ARG_UINT,  /* unsigned int */
    ARG_LONG,  /* long, off_t */
    ARG_SIZE,  /* size_t */
    ARG_HEX,
    ARG_MODE,
    ARG_SIGNO,
    ARG_ENUM,  /* aux: enum name_set */
    ARG_FLAGS, /* aux: enum name_set */
    ARG_NULL,  /* a pointer that the kernel ignores: 0 is passed */
    /* strings, copied */
    ARG_STR,
    ARG_PATH,   /* looked up under the prefix first, links followed */
    ARG_PATH_L, /* the same, the last link not followed */
    ARG_PATH_F, /* the same, followed or not as the AT_ flags in argument aux say */
    ARG_PATH_C, /* on the host, under the prefix if the host has none */
    ARG_PATH_W, /* a name to be made, removed or mounted on: always on the host */
    /* guest memory that the kernel reads or writes in place */
    ARG_ARGV, /* these too: an execve's strings, dispositions, the kernel's name */
    ARG_ENVP,
    ARG_SIGACTION,
    ARG_SIGACTION_OUT,
    ARG_UNAME,
    ARG_MASK_OUT, /* no argument at all: what rt_sigreturn finds on the stack */
    ARG_FCNTL,    /* these are what arguments before them say (strace_calls.c) */
    ARG_IOCTL,
    ARG_FUTEX,
    ARG_PRCTL,        /* all of prctl's (strace_options.c) */
    ARG_OPTION_LEVEL, /* a socket's, and what follows it */
    ARG_OPTION,
    ARG_OPTION_IN,   /* as many bytes as argument aux says */
    ARG_OPTION_OUT,  /* as many bytes as the int says that argument aux points to */
    ARG_LENGTH,      /* int: room before the call, length after it */
    ARG_FD_SET,      /* as many descriptors as argument aux says */
    ARG_SIGSET_PAIR, /* pselect6's: address and size of a mask */
    ARG_EVENTS_OUT,  /* struct epoll_event; the result counts */
    ARG_CLONE,       /* any of clone's: its flags come first and say which the others are */
    ARG_CLONE3,      /* struct clone_args, of the size in the next argument */
    ARG_OUT_STR,     /* like ARG_OUT: a string */
    ARG_ADDR_IN,     /* like ARG_IN: a socket's address */
    ARG_PTR,         /* anything: only for calls with a handler */
    ARG_IN,          /* bytes, argument aux says how many */
    ARG_IN_RAW,      /* the same, not text: printed as an address */
    ARG_OUT,         /* bytes, argument aux says how many, the result how many were written */
    ARG_OUT_RAW,     /* the same, not text: printed as an address */
    ARG_MSG_IN,      /* struct msgbuf: a long and then as many bytes as argument aux says */
    ARG_MSG_OUT,
    ARG_LEN_OUT, /* room for as many bytes as the int says that argument aux points to */
    ARG_MEM,  /* a span of the address space: ENOMEM when it leaves the guest's; argument aux is its
                 length */
    ARG_IN_S, /* a struct; aux: enum sys_struct */
    ARG_OUT_S,
    ARG_REST_S, /* the same, written if the call ends with EINTR */
    ARG_IO_S,
    ARG_IN_A, /* an array; aux: enum sys_struct and the argument that counts, SYS_ARRAY */
    ARG_OUT_A,
    ARG_VEC_IN, /* struct iovec of what the kernel reads; argument aux counts */
    ARG_VEC_OUT,
    ARG_STAT, /* struct stat, whose layout differs */
};

#define SYS_ARRAY(count_arg, item) ((count_arg) << 6 | (item))

struct sys_arg {
    uint8_t kind; /* enum sys_arg_kind */
    uint16_t aux;
};

enum sys_struct {
#define STRUCT(name, size) STRUCT_##name,
#include "linux/structs.def"
#undef STRUCT
    STRUCT_COUNT
};

unsigned sys_struct_size(enum sys_struct s);

/* What a result is, for the tracer. */
enum sys_result {
    RES_INT,
    RES_HEX,
    RES_MODE,
    RES_FCNTL,
    RES_PRCTL,
    RES_SIGNO,
    RES_SELECT,
    RES_POLL,
    RES_NEVER
};

/* ---- rows ------------------------------------------------------------------------------------ */

/* A handler gets the guest's arguments and answers like the kernel: a result or -errno. Two answers
 * are special: */
#define SYS_RESTART                                                                                \
    (-512LL) /* a signal came first: deliver it, then make the call again (raw_syscall.S has the   \
                number) */
#define SYS_STATE_SET INT64_MIN /* the handler has set all registers itself */

typedef int64_t sys_handler(struct linux_task *task, const uint64_t args[6]);

enum sys_way {
    SYS_UNKNOWN, /* no such number */
    SYS_PASS,    /* converted by its argument kinds and passed through */
    SYS_CALL,    /* handler */
    SYS_REFUSE,  /* -ENOSYS and one line in the log, if it is wanted */
    SYS_QUIET,   /* -ENOSYS, which callers expect */
};

struct sys_row {
    const char *name;
    enum sys_way way;
    enum sys_result result;
    int host; /* number on the host, or -1 */
    sys_handler *handler;
    struct sys_arg args[6];
};

enum { SYS_COUNT = 480 }; /* above every number of sys.def */

/* The row of a number, or NULL if there is none. */
const struct sys_row *sys_row(uint64_t number);

/* Declares every handler of sys.def. */
#define SYS_HANDLER_DECLARE(handler) sys_handler handler;
#define PASS(...)
#define SAME(...)
#define CALL(nr, name, handler, ...) SYS_HANDLER_DECLARE(handler)
#define REFUSE(...)
#define QUIET(...)
#include "linux/sys.def"
#undef PASS
#undef SAME
#undef CALL
#undef REFUSE
#undef QUIET

/* ---- for handlers ---------------------------------------------------------------------------- */

/* Makes a host system call for the guest. Returns its result, -errno, or SYS_RESTART when a signal
 * for the guest came before the call took effect or when the kernel wants it made again after the
 * signal. */
int64_t sys_raw(struct linux_task *task, long number, uint64_t a, uint64_t b, uint64_t c,
                uint64_t d, uint64_t e, uint64_t f);
/* For calls with fewer arguments: sys_host(task, __NR_close, fd). */
#define SYS_HOST_PICK(task, n, a, b, c, d, e, f, ...)                                              \
    sys_raw(task, n, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e),    \
            (uint64_t)(f))
#define sys_host(task, ...) SYS_HOST_PICK(task, __VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* Host address of len bytes of guest memory, for the kernel to read or write. A null pointer stays
 * one. What leaves the guest's address space becomes an address of the kernel's own, for which it
 * answers EFAULT where it looks, as it would on a riscv64 machine. */
uint64_t sys_span(struct linux_task *task, uint64_t addr, uint64_t len);
/* The same for a span of the address space rather than a buffer: address 0 is no null pointer. */
uint64_t sys_memory(struct linux_task *task, uint64_t addr, uint64_t len);

/* Copies a guest's iovec array into vec[0..count) with host addresses; count at most SYS_VEC_MAX.
 * Returns 0 or -EFAULT. */
enum { SYS_VEC_MAX = 1024 }; /* UIO_MAXIOV */
int sys_read_iovec(struct linux_task *task, uint64_t addr, uint64_t count, struct iovec *vec);

/* Passes through as the row says, after a handler has looked. */
int64_t sys_pass(struct linux_task *task, const struct sys_row *row, const uint64_t args[6]);

/* Calls linux_at_exit, once for the process. */
void process_report(struct linux_task *task);

/* The processor's name as /proc/cpuinfo has it: "rv64imafdc_...", of the extensions that
 * riscv_hwprobe tells. */
void misc_print_isa(struct strbuf *out);

/* ---- tracing --------------------------------------------------------------------------------- */

enum name_set {
#define NAMES(set) NAMES_##set,
#define N(value)
#define NM(value, mask)
#define NV(value, text)
#define NAMES_END
#include "linux/names.def"
#undef NAMES
#undef N
#undef NM
#undef NV
#undef NAMES_END
    NAMES_COUNT
};

struct strace_line; /* a line under way */

/* Begins the line of a call: prints what is known before it is made. Returns NULL if nothing is
 * traced. */
struct strace_line *strace_begin(struct linux_task *task, uint64_t number,
                                 const struct sys_row *row, const uint64_t args[6]);
/* Ends it with the result and writes it. line may be NULL. */
void strace_end(struct linux_task *task, struct strace_line *line, int64_t result);
/* An execve is about to succeed: its line is written now, with 0. If it fails after all, strace_end
 * says so. */
void strace_exec(struct linux_task *task);
/* A task whose program is gone, in the middle of a call. */
void strace_forget(struct linux_task *task);
/* "--- SIGINT {...} ---", "+++ exited with 1 +++" (a thread), "+++ killed by SIGINT +++" */
void strace_signal(const siginfo_t *info);
void strace_exited(pid_t tid, int status);
void strace_killed(int sig, bool core);
const char *strace_signal_name(int sig); /* "SIGINT", or "SIGRT_3" in a buffer of the thread */

#endif
