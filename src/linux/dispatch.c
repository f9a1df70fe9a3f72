/* linux/dispatch.c: from the guest's environment call to the host's kernel and back.
 *
 * The table is built from sys.def. A row without a handler is passed through: each argument is
 * converted by its kind (guest addresses to host addresses, paths looked up, layouts changed), the
 * one raw stub makes the call, and what came back is converted again. Guest addresses are checked
 * against the guest's space here; pages inside it that are not mapped the kernel finds itself.
 *
 * Needs: the guest's state exact, pc at the call. Leaves: the result in a0 and pc behind the call;
 * or everything as it was when a signal has to be delivered first (the call is then made again
 * after the handler, as the kernel does it). */
#include "linux/sys.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <time.h>
#include <mqueue.h>

#include "linux/abi.h"
#include "linux/debug.h"
#include "linux/paths.h"
#include "linux/proc.h"
#include "linux/raw_syscall.h"
#include "linux/signals.h"

/* ---- the table ------------------------------------------------------------------------------- */

/* How sys.def writes arguments and results. */
// clang-format off
#define INT         {ARG_INT}
#define UINT        {ARG_UINT}
#define LONG        {ARG_LONG}
#define SIZE        {ARG_SIZE}
#define HEX         {ARG_HEX}
#define MODE        {ARG_MODE}
#define SIGNO       {ARG_SIGNO}
#define FD          {ARG_FD}
#define DIRFD       {ARG_DIRFD}
#define NULLP       {ARG_NULL}
#define STR         {ARG_STR}
#define PATH        {ARG_PATH}
#define PATH_L      {ARG_PATH_L}
#define PATH_F(k)   {ARG_PATH_F, k}
#define PATH_C      {ARG_PATH_C}
#define PATH_W      {ARG_PATH_W}
#define PTR         {ARG_PTR}
#define ARGV        {ARG_ARGV}
#define ENVP        {ARG_ENVP}
#define SIGACT      {ARG_SIGACTION}
#define SIGACT_OUT  {ARG_SIGACTION_OUT}
#define UNAME       {ARG_UNAME}
#define MASK_OUT    {ARG_MASK_OUT}
#define FCNTL       {ARG_FCNTL}
#define IOCTL       {ARG_IOCTL}
#define FUTEX       {ARG_FUTEX}
#define PRCTL       {ARG_PRCTL}
#define OPT_LEVEL   {ARG_OPTION_LEVEL}
#define OPT         {ARG_OPTION}
#define OPT_IN(k)   {ARG_OPTION_IN, k}
#define OPT_OUT(k)  {ARG_OPTION_OUT, k}
#define LENGTH      {ARG_LENGTH}
#define FDS(k)      {ARG_FD_SET, k}
#define SET_PAIR    {ARG_SIGSET_PAIR}
#define EVENTS      {ARG_EVENTS_OUT}
#define CLONE       {ARG_CLONE}
#define CLONE3      {ARG_CLONE3}
#define OUT_STR(k)  {ARG_OUT_STR, k}
#define ADDR_IN(k)  {ARG_ADDR_IN, k}
#define IN(k)       {ARG_IN, k}
#define IN_RAW(k)   {ARG_IN_RAW, k}
#define OUT(k)      {ARG_OUT, k}
#define OUT_RAW(k)  {ARG_OUT_RAW, k}
#define MSG_IN(k)   {ARG_MSG_IN, k}
#define MSG_OUT(k)  {ARG_MSG_OUT, k}
#define LEN_OUT(k)  {ARG_LEN_OUT, k}
#define MEM(k)      {ARG_MEM, k}
#define IN_S(s)     {ARG_IN_S, STRUCT_##s}
#define OUT_S(s)    {ARG_OUT_S, STRUCT_##s}
#define REST_S(s)   {ARG_REST_S, STRUCT_##s}
#define IO_S(s)     {ARG_IO_S, STRUCT_##s}
#define IN_A(k, s)  {ARG_IN_A, SYS_ARRAY(k, STRUCT_##s)}
#define OUT_A(k, s) {ARG_OUT_A, SYS_ARRAY(k, STRUCT_##s)}
#define IO_A(k, s)  {ARG_IN_A, SYS_ARRAY(k, STRUCT_##s)}
#define VEC_IN(k)   {ARG_VEC_IN, k}
#define VEC_OUT(k)  {ARG_VEC_OUT, k}
#define STAT        {ARG_STAT}
#define ENUM(set)   {ARG_ENUM, NAMES_##set}
#define FLAGS(set)  {ARG_FLAGS, NAMES_##set}
// clang-format on

static const struct sys_row sys_rows[SYS_COUNT] = {
#define PASS(nr, name, res, ...)                                                                   \
    [nr] = {#name, SYS_PASS, RES_##res, __NR_##name, NULL, {__VA_ARGS__}},
#define SAME(nr, name, res, ...)     [nr] = {#name, SYS_PASS, RES_##res, nr, NULL, {__VA_ARGS__}},
#define CALL(nr, name, fn, res, ...) [nr] = {#name, SYS_CALL, RES_##res, -1, fn, {__VA_ARGS__}},
#define REFUSE(nr, name, reason)     [nr] = {#name, SYS_REFUSE, RES_INT, -1, NULL, {{ARG_NONE}}},
#define QUIET(nr, name, reason)      [nr] = {#name, SYS_QUIET, RES_INT, -1, NULL, {{ARG_NONE}}},
#include "linux/sys.def"
#undef PASS
#undef SAME
#undef CALL
#undef REFUSE
#undef QUIET
};

static const uint16_t struct_sizes[STRUCT_COUNT] = {
#define STRUCT(name, size) [STRUCT_##name] = size,
#include "linux/structs.def"
#undef STRUCT
};

/* The host's headers agree with structs.def where they name the struct. */
_Static_assert(sizeof(struct itimerspec) == 32 && sizeof(struct timex) == 208 &&
                   sizeof(struct tms) == 32,
               "times");
_Static_assert(sizeof(struct rusage) == 144 && sizeof(struct rlimit) == 16 &&
                   sizeof(struct sysinfo) == 112,
               "usage");
_Static_assert(sizeof(struct statfs) == 120 && sizeof(struct statx) == 256, "file systems");
_Static_assert(sizeof(siginfo_t) == 128 && sizeof(struct sigevent) == 64, "signals");
_Static_assert(sizeof(struct pollfd) == 8 && sizeof(struct sembuf) == 6 &&
                   sizeof(struct mq_attr) == 64,
               "ipc");
_Static_assert(sizeof(struct msqid_ds) == 120 && sizeof(struct shmid_ds) == 112, "ipc");
_Static_assert(sizeof(struct __user_cap_header_struct) == 8 &&
                   sizeof(struct __user_cap_data_struct) == 12,
               "caps");

const struct sys_row *sys_row(uint64_t number)
{
    if (number >= SYS_COUNT || sys_rows[number].way == SYS_UNKNOWN)
        return NULL;
    return &sys_rows[number];
}

unsigned sys_struct_size(enum sys_struct s)
{
    return struct_sizes[s];
}

/* ---- guest memory for the kernel ------------------------------------------------------------- */

/* None of these waits. */
static bool sends_signal(long number)
{
    return number == __NR_kill || number == __NR_tkill || number == __NR_tgkill ||
           number == __NR_rt_sigqueueinfo || number == __NR_rt_tgsigqueueinfo ||
           number == __NR_pidfd_send_signal;
}

static int64_t call_kernel(struct linux_task *task, long number, const uint64_t args[6])
{
    uint64_t held = signal_held(task, task->mask);

    if (number == __NR_execve || number == __NR_execveat)
        held &= task->mask; /* the new program has it */
    if (task->sampler >= 0 && sends_signal(number))
        held &= ~signal_bit(SIGNAL_SAMPLE); /* a sample that is pending would swallow it */
    if (held)
        signal_hold(task, held);
    vm_enter_kernel(task->t);
    int64_t result = linux_raw_syscall(&task->sig_pending, number, args);
    if (held)
        signal_release(held);
    vm_leave_kernel(task->t);
    return result;
}

int64_t sys_raw(struct linux_task *task, long number, uint64_t a, uint64_t b, uint64_t c,
                uint64_t d, uint64_t e, uint64_t f)
{
    const uint64_t args[6] = {a, b, c, d, e, f};

    return call_kernel(task, number, args);
}

/* The upper half of the host's address space: no system call reads or writes there for a program.
 */
#define KERNEL_HALF 0xffff800000000000u

uint64_t sys_span(struct linux_task *task, uint64_t addr, uint64_t len)
{
    bool ok;
    void *host = space_host_range(task->process->space, GVA(addr), len, &ok);

    return ok ? (uint64_t)host : addr | KERNEL_HALF;
}

uint64_t sys_memory(struct linux_task *task, uint64_t addr, uint64_t len)
{
    uint64_t host = sys_span(task, addr, len);

    return host ? host : task->process->space->base;
}

int sys_read_iovec(struct linux_task *task, uint64_t addr, uint64_t count, struct iovec *vec)
{
    if (space_read(task->process->space, GVA(addr), vec, count * sizeof(*vec)))
        return -EFAULT;
    for (uint64_t i = 0; i < count; i++)
        vec[i].iov_base = (void *)sys_span(task, (uint64_t)vec[i].iov_base, vec[i].iov_len);
    return 0;
}

/* ---- pass-through ---------------------------------------------------------------------------- */

enum { MAX_STRINGS = 4 }; /* mount */

/* One call being passed through: host arguments and what they point to that is not guest memory. */
struct sys_frame {
    uint64_t host[6];
    unsigned n_strings;
    char strings[MAX_STRINGS][PATH_MAX];
    struct iovec *vec; /* allocated */
    struct stat stat;
};

/* struct stat of riscv64 (asm-generic). */
struct guest_stat {
    uint64_t dev, ino;
    uint32_t mode, nlink, uid, gid;
    uint64_t rdev, pad1;
    int64_t size;
    int32_t blksize, pad2;
    int64_t blocks;
    struct timespec atim, mtim, ctim;
    uint32_t unused[2];
};
_Static_assert(sizeof(struct guest_stat) == 128, "riscv64 struct stat");

static int write_stat(struct linux_task *task, uint64_t addr, const struct stat *st)
{
    struct guest_stat out = {
        .dev = st->st_dev,
        .ino = st->st_ino,
        .mode = st->st_mode,
        .nlink = (uint32_t)st->st_nlink,
        .uid = st->st_uid,
        .gid = st->st_gid,
        .rdev = st->st_rdev,
        .size = st->st_size,
        .blksize = (int32_t)st->st_blksize,
        .blocks = st->st_blocks,
        .atim = st->st_atim,
        .mtim = st->st_mtim,
        .ctim = st->st_ctim,
    };

    return space_write(task->process->space, GVA(addr), &out, sizeof(out));
}

/* Puts the host's path in the place of the guest's. */
static int convert_path(struct linux_task *task, const struct sys_arg *arg, int dirfd,
                        const uint64_t args[6], char *text)
{
    enum path_intent intent = PATH_FOLLOW;

    if (arg->kind == ARG_PATH_C)
        intent = PATH_HOST_FIRST;
    else if (arg->kind == ARG_PATH_L ||
             (arg->kind == ARG_PATH_F && args[arg->aux] & AT_SYMLINK_NOFOLLOW))
        intent = PATH_NOFOLLOW;
    int err = proc_redirect(task, dirfd, text, intent != PATH_NOFOLLOW);
    return err ? err : path_resolve(task, text, intent);
}

/* A string argument, copied; a path is looked up. Null stays null, for the kernel to judge. */
static int convert_string(struct linux_task *task, struct sys_frame *frame,
                          const struct sys_arg *arg, const uint64_t args[6], int i)
{
    if (args[i] == 0) {
        frame->host[i] = 0;
        return 0;
    }
    CHECK(frame->n_strings < MAX_STRINGS, "a system call with more than %d strings", MAX_STRINGS);
    char *text = frame->strings[frame->n_strings++];
    int64_t len = space_read_string(task->process->space, GVA(args[i]), text, PATH_MAX);
    if (len < 0)
        return (int)len;
    frame->host[i] = (uint64_t)text;
    if (arg->kind == ARG_STR || arg->kind == ARG_PATH_W)
        return 0;
    return convert_path(task, arg, i > 0 && arg[-1].kind == ARG_DIRFD ? (int)args[i - 1] : AT_FDCWD,
                        args, text);
}

/* What argument i says as a count. A negative int counts nothing: the kernel will refuse it. */
static uint64_t count_argument(const struct sys_row *row, const uint64_t args[6], unsigned i)
{
    if (row->args[i].kind == ARG_INT)
        return (uint64_t)MAX((int32_t)args[i], 0);
    return row->args[i].kind == ARG_UINT ? (uint32_t)args[i] : args[i];
}

/* Bytes that an argument of a pointer's kind points to. */
static uint64_t span_size(const struct sys_arg *arg, const uint64_t args[6],
                          const struct sys_row *row)
{
    uint64_t count;

    switch (arg->kind) {
    case ARG_IN_S:
    case ARG_OUT_S:
    case ARG_REST_S:
    case ARG_IO_S:
        return struct_sizes[arg->aux];
    case ARG_IN_A:
    case ARG_OUT_A:
        return MIN(count_argument(row, args, arg->aux >> 6), (uint64_t)INT32_MAX) *
               struct_sizes[arg->aux & 63];
    case ARG_MSG_IN:
    case ARG_MSG_OUT: /* a size that no message has is the kernel's to judge */
        count = count_argument(row, args, arg->aux);
        return sizeof(int64_t) + (count > INT32_MAX ? 0 : count);
    default:
        return count_argument(row, args, arg->aux);
    }
}

/* Room whose size stands in the int that another argument points to. */
static uint64_t convert_len_out(struct linux_task *task, const struct sys_arg *arg,
                                const uint64_t args[6], int i)
{
    int32_t length;

    if (args[arg->aux] == 0 ||
        space_read(task->process->space, GVA(args[arg->aux]), &length, sizeof(length)))
        length = 0; /* the kernel will find it out */
    return sys_span(task, args[i], (uint32_t)MAX(length, 0));
}

static uint64_t convert_vector(struct linux_task *task, struct sys_frame *frame,
                               const struct sys_arg *arg, const uint64_t args[6], int i)
{
    uint64_t count = args[arg->aux];

    if (count > SYS_VEC_MAX) /* refused before it is looked at */
        return args[i] | KERNEL_HALF;
    frame->vec = base_alloc(MAX(count, 1) * sizeof(*frame->vec));
    if (sys_read_iovec(task, args[i], count, frame->vec))
        return args[i] | KERNEL_HALF;
    return (uint64_t)frame->vec;
}

/* Converts argument i into frame->host[i]. Returns 0 or -errno. */
static int convert_argument(struct linux_task *task, const struct sys_row *row,
                            struct sys_frame *frame, const uint64_t args[6], int i)
{
    const struct sys_arg *arg = &row->args[i];

    switch (arg->kind) {
    case ARG_STR:
    case ARG_PATH:
    case ARG_PATH_L:
    case ARG_PATH_F:
    case ARG_PATH_C:
    case ARG_PATH_W:
        return convert_string(task, frame, arg, args, i);
    case ARG_NULL:
        frame->host[i] = 0;
        return 0;
    case ARG_MEM:
        frame->host[i] = sys_memory(task, args[i], args[arg->aux]);
        return 0;
    case ARG_LEN_OUT:
        frame->host[i] = convert_len_out(task, arg, args, i);
        return 0;
    case ARG_VEC_IN:
    case ARG_VEC_OUT:
        frame->host[i] = convert_vector(task, frame, arg, args, i);
        return 0;
    case ARG_STAT:
        frame->host[i] = (uint64_t)&frame->stat;
        return 0;
    case ARG_IN:
    case ARG_IN_RAW:
    case ARG_OUT:
    case ARG_OUT_STR:
    case ARG_OUT_RAW:
    case ARG_ADDR_IN:
    case ARG_MSG_IN:
    case ARG_MSG_OUT:
    case ARG_IN_S:
    case ARG_OUT_S:
    case ARG_REST_S:
    case ARG_IO_S:
    case ARG_IN_A:
    case ARG_OUT_A:
        frame->host[i] = sys_span(task, args[i], span_size(arg, args, row));
        return 0;
    default:
        CHECK(arg->kind != ARG_PTR, "%s is passed through with a bare pointer", row->name);
        frame->host[i] = args[i];
        return 0;
    }
}

int64_t sys_pass(struct linux_task *task, const struct sys_row *row, const uint64_t args[6])
{
    struct sys_frame frame;
    int64_t result = 0;

    frame.n_strings = 0;
    frame.vec = NULL;
    for (int i = 0; i < 6 && result == 0; i++)
        result = convert_argument(task, row, &frame, args, i);
    if (result == 0)
        result = call_kernel(task, row->host, frame.host);
    for (int i = 0; i < 6 && result >= 0; i++) {
        if (row->args[i].kind == ARG_STAT && write_stat(task, args[i], &frame.stat))
            result = -EFAULT;
    }
    free(frame.vec);
    return result;
}

/* ---- one call -------------------------------------------------------------------------------- */

/* -ENOSYS, with one line in the log for each number, if it is wanted. */
static int64_t refuse(uint64_t number, const struct sys_row *row)
{
    static unsigned char
        told[SYS_COUNT]; /* of the process, not of a guest: what was said stays said */

    if (!log_on(LOG_UNIMP) || (row && row->way == SYS_QUIET))
        return -ENOSYS;
    if (number < SYS_COUNT && __atomic_exchange_n(&told[number], 1, __ATOMIC_RELAXED))
        return -ENOSYS;
    if (row)
        log_print("isomorph: system call %s (%u) is not implemented: it fails with ENOSYS\n",
                  row->name, (unsigned)number);
    else
        log_print("isomorph: unknown system call %llu: it fails with ENOSYS\n",
                  (unsigned long long)number);
    return -ENOSYS;
}

/* The runtime's own descriptors do not exist for the guest. */
static bool names_own_descriptor(const struct linux_task *task, const struct sys_row *row,
                                 const uint64_t args[6])
{
    for (int i = 0; i < 6; i++) {
        uint8_t kind = row->args[i].kind;
        if ((kind == ARG_FD || kind == ARG_DIRFD) && path_owns_fd(task->process, (int)args[i]))
            return true;
    }
    return false;
}

static int64_t make_call(struct linux_task *task, uint64_t number, const struct sys_row *row,
                         const uint64_t args[6])
{
    if (row && names_own_descriptor(task, row, args))
        return -EBADF;
    if (row && row->way == SYS_PASS)
        return sys_pass(task, row, args);
    if (row && row->way == SYS_CALL)
        return row->handler(task, args);
    return refuse(number, row);
}

static enum vm_next hook_syscall(struct thread *t)
{
    struct linux_task *task = task_of(t);
    uint64_t args[6];

    if (UNLIKELY(t->debug != NULL) && !debug_call_begins(task))
        return VM_CONTINUE;
    uint64_t number = abi_syscall_number(t);
    const struct sys_row *row = sys_row(number);
    abi_syscall_args(t, args);
    struct strace_line *line = strace_begin(task, number, row, args);
    int64_t result = make_call(task, number, row, args);
    if (result != SYS_RESTART && result != SYS_STATE_SET)
        abi_syscall_return(t, result);
    strace_end(task, line, result);
    if (task->ended)
        return VM_STOP;
    if (UNLIKELY(t->debug != NULL) && result != SYS_RESTART)
        debug_call_ended(task, number);
    signal_deliver(task);
    return VM_CONTINUE;
}

/* ---- traps and polls ------------------------------------------------------------------------- */

/* The signal of a trap, as arch/riscv/kernel/traps.c and mm/fault.c choose it. */
static void trap_siginfo(struct thread *t, const struct trap *trap, siginfo_t *info)
{
    gva pc = thread_pc(t);

    memset(info, 0, sizeof(*info));
    info->si_addr = (void *)pc.v;
    switch (trap->kind) {
    case TRAP_BREAKPOINT:
        info->si_signo = SIGTRAP;
        info->si_code = TRAP_BRKPT;
        return;
    case TRAP_ILLEGAL:
        info->si_signo = SIGILL;
        info->si_code = ILL_ILLOPC;
        return;
    case TRAP_MISALIGNED: /* do_trap_error() gives the instruction's address here */
        info->si_signo = SIGBUS;
        info->si_code = BUS_ADRALN;
        return;
    default:
        break;
    }
    info->si_addr = (void *)trap->addr.v;
    if (trap->reason == FAULT_BUS || trap->reason == FAULT_ALIGN) {
        info->si_signo = SIGBUS;
        info->si_code = trap->reason == FAULT_BUS ? BUS_ADRERR : BUS_ADRALN;
    } else {
        info->si_signo = SIGSEGV;
        info->si_code = trap->reason == FAULT_ACCERR ? SEGV_ACCERR : SEGV_MAPERR;
    }
}

static enum vm_next hook_trap(struct thread *t, const struct trap *trap)
{
    struct linux_task *task = task_of(t);
    siginfo_t info;

    trap_siginfo(t, trap, &info);
    signal_force(task, &info);
    signal_deliver(task);
    return VM_CONTINUE;
}

static enum vm_next hook_poll(struct thread *t)
{
    atomic_fetch_and(&t->poll, ~(uint32_t)POLL_SIGNAL);
    signal_deliver(task_of(t));
    return VM_CONTINUE;
}

static bool hook_force(struct thread *t, bool now)
{
    return signal_deliver_forced(task_of(t), now);
}

const struct vm_hooks linux_hooks = {hook_syscall, hook_trap, hook_poll, hook_force};
