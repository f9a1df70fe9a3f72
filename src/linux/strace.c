/* linux/strace.c: one line for each system call, from its row in sys.def:
 *
 *   openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3
 *   read(3, "root:x:0:0:"..., 4096) = 1542
 *   openat(AT_FDCWD, "/none", O_RDONLY) = -1 ENOENT (No such file or directory)
 *
 * What the call reads is printed before it is made, what it writes afterwards; the line goes to the
 * log whole, when the result is known, or before the call if it will not return: an execve is said
 * to succeed before it does, and if it fails after all a second line says so. Guest memory that
 * cannot be read is printed as an address.
 *
 * Does not show: signals that the guest ignores or that stop it, and SIGKILL. */
#include "linux/strace.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "linux/abi.h"

enum { SHOWN_BYTES = 32 }; /* of a buffer, as strace(1) does */

/* ---- values ---------------------------------------------------------------------------------- */

void strace_print_address(struct strbuf *out, uint64_t value)
{
    if (value)
        strbuf_printf(out, "%#llx", (unsigned long long)value);
    else
        strbuf_printf(out, "NULL");
}

static void print_bytes(struct strbuf *out, const unsigned char *bytes, size_t len)
{
    static const char escapes[] = "\aa\bb\tt\nn\vv\ff\rr\"\"\\\\";

    strbuf_printf(out, "\"");
    for (size_t i = 0; i < len; i++) {
        const char *e = bytes[i] ? strchr(escapes, bytes[i]) : NULL;
        if (e && (e - escapes) % 2 == 0)
            strbuf_printf(out, "\\%c", e[1]);
        else if (isprint(bytes[i]))
            strbuf_printf(out, "%c", bytes[i]);
        else if (i + 1 < len && isdigit(bytes[i + 1]))
            strbuf_printf(out, "\\%03o", bytes[i]);
        else
            strbuf_printf(out, "\\%o", bytes[i]);
    }
    strbuf_printf(out, "\"");
}

bool strace_read_or_print(struct linux_task *task, struct strbuf *out, uint64_t addr, void *to,
                          size_t size)
{
    if (addr != 0 && space_read(task->process->space, GVA(addr), to, size) == 0)
        return true;
    strace_print_address(out, addr);
    return false;
}

void strace_print_buffer(struct linux_task *task, struct strbuf *out, uint64_t addr, uint64_t len)
{
    unsigned char bytes[SHOWN_BYTES];
    size_t shown = MIN(len, (uint64_t)SHOWN_BYTES);

    if (!strace_read_or_print(task, out, addr, bytes, shown))
        return;
    print_bytes(out, bytes, shown);
    if (len > shown)
        strbuf_printf(out, "...");
}

void strace_print_string(struct linux_task *task, struct strbuf *out, uint64_t addr)
{
    char text[PATH_MAX];
    int64_t len =
        addr ? space_read_string(task->process->space, GVA(addr), text, sizeof(text)) : -EFAULT;

    if (len == -ENAMETOOLONG)
        strace_print_buffer(task, out, addr, sizeof(text));
    else if (len < 0)
        strace_print_address(out, addr);
    else
        print_bytes(out, (const unsigned char *)text, (size_t)len);
}

void strace_print_sigset(struct strbuf *out, uint64_t set)
{
    const char *between = "";
    bool inverse = __builtin_popcountll(set) > 32;

    if (inverse)
        set = ~set;
    strbuf_printf(out, inverse ? "~[" : "[");
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        if (!(set >> (sig - 1) & 1))
            continue;
        const char *name = strace_signal_name(sig);
        strbuf_printf(out, "%s%s", between, strncmp(name, "SIG", 3) == 0 ? name + 3 : name);
        between = " ";
    }
    strbuf_printf(out, "]");
}

/* ---- structs --------------------------------------------------------------------------------- */

union any_struct {
    int32_t word[2];
    uint64_t u64[32];
    struct timespec ts[2];
    struct itimerspec its;
    struct rlimit64 {
        uint64_t soft, hard;
    } limit;
    siginfo_t siginfo;
    struct sigevent event;
};

static void print_time(struct strbuf *out, const struct timespec *t, const char *fraction)
{
    strbuf_printf(out, "{tv_sec=%lld, tv_%s=%lld}", (long long)t->tv_sec, fraction,
                  (long long)t->tv_nsec);
}

static void print_limit(struct strbuf *out, uint64_t value)
{
    if (value == UINT64_MAX)
        strbuf_printf(out, "RLIM64_INFINITY");
    else if (value > 1024 && value % 1024 == 0)
        strbuf_printf(out, "%llu*1024", (unsigned long long)value / 1024);
    else
        strbuf_printf(out, "%llu", (unsigned long long)value);
}

/* Two of them: {first=..., second=...}. */
static void print_times(struct strbuf *out, const struct timespec t[2], const char *first,
                        const char *second, const char *fraction)
{
    strbuf_printf(out, "{%s=", first);
    print_time(out, &t[0], fraction);
    strbuf_printf(out, ", %s=", second);
    print_time(out, &t[1], fraction);
    strbuf_printf(out, "}");
}

/* Plain numbers and times. Returns false for all other kinds. */
static bool print_plain(struct strbuf *out, enum sys_struct kind, const union any_struct *u)
{
    switch (kind) {
    case STRUCT_int:
        strbuf_printf(out, "[%d]", u->word[0]);
        return true;
    case STRUCT_u32:
        strbuf_printf(out, "[%u]", (uint32_t)u->word[0]);
        return true;
    case STRUCT_u64:
        strbuf_printf(out, "[%llu]", (unsigned long long)u->u64[0]);
        return true;
    case STRUCT_fdpair:
        strbuf_printf(out, "[%d, %d]", u->word[0], u->word[1]);
        return true;
    case STRUCT_timespec:
        print_time(out, &u->ts[0], "nsec");
        return true;
    case STRUCT_timeval:
        print_time(out, &u->ts[0], "usec");
        return true;
    case STRUCT_timespec2:
        print_times(out, u->ts, "atime", "mtime", "nsec");
        return true;
    case STRUCT_itimerspec:
        print_times(out, u->ts, "it_interval", "it_value", "nsec");
        return true;
    case STRUCT_itimerval:
        print_times(out, u->ts, "it_interval", "it_value", "usec");
        return true;
    case STRUCT_rlimit:
        strbuf_printf(out, "{rlim_cur=");
        print_limit(out, u->limit.soft);
        strbuf_printf(out, ", rlim_max=");
        print_limit(out, u->limit.hard);
        strbuf_printf(out, "}");
        return true;
    default:
        return false;
    }
}

void strace_print_struct(struct linux_task *task, struct strbuf *out, enum sys_struct kind,
                         uint64_t addr)
{
    union any_struct u;

    if (addr == 0 || sys_struct_size(kind) > sizeof(u) ||
        space_read(task->process->space, GVA(addr), &u, sys_struct_size(kind))) {
        strace_print_address(out, addr);
        return;
    }
    if (print_plain(out, kind, &u))
        return;
    switch (kind) {
    case STRUCT_wstatus:
        strace_print_wait_status(out, u.word[0]);
        break;
    case STRUCT_sigset:
        strace_print_sigset(out, u.u64[0]);
        break;
    case STRUCT_siginfo:
        strace_print_siginfo(out, &u.siginfo);
        break;
    case STRUCT_sigevent:
        strace_print_sigevent(out, &u.event);
        break;
    case STRUCT_epoll_event:
        strace_print_epoll_event(task, out, addr);
        break;
    case STRUCT_statx:
        strace_print_statx(task, out, addr);
        break;
    default:
        strace_print_address(out, addr);
    }
}

/* ---- arguments ------------------------------------------------------------------------------- */

static void print_value(struct strbuf *out, const struct sys_arg *arg, uint64_t value)
{
    switch (arg->kind) {
    case ARG_DIRFD:
        if ((int)value == AT_FDCWD) {
            strbuf_printf(out, "AT_FDCWD");
            break;
        }
        /* fall through */
    case ARG_FD:
    case ARG_INT:
        strbuf_printf(out, "%d", (int)value);
        break;
    case ARG_UINT:
        strbuf_printf(out, "%u", (unsigned)value);
        break;
    case ARG_LONG:
        strbuf_printf(out, "%lld", (long long)value);
        break;
    case ARG_SIZE:
        strbuf_printf(out, "%llu", (unsigned long long)value);
        break;
    case ARG_HEX:
        strbuf_printf(out, value ? "%#llx" : "%llx", (unsigned long long)value);
        break;
    case ARG_MODE:
        strbuf_printf(out, "0%o", (unsigned)value);
        break;
    case ARG_SIGNO:
        strbuf_printf(out, "%s", strace_signal_name((int)value));
        break;
    case ARG_ENUM:
        strace_print_enum(out, arg->aux, value);
        break;
    case ARG_FLAGS:
        strace_print_flags(out, arg->aux, value);
        break;
    default:
        strace_print_address(out, value);
    }
}

/* True if what argument i points to is known only after the call. */
static bool is_output(const struct strace_line *line, unsigned i)
{
    switch (line->row->args[i].kind) {
    case ARG_OUT:
    case ARG_OUT_STR:
    case ARG_OUT_S:
    case ARG_REST_S:
    case ARG_STAT:
    case ARG_VEC_OUT:
    case ARG_SIGACTION_OUT:
    case ARG_UNAME:
    case ARG_EVENTS_OUT:
    case ARG_MASK_OUT:
    case ARG_OPTION_OUT:
    case ARG_LENGTH:
        return true;
    case ARG_CLONE:
        return i == 2;
    case ARG_PRCTL:
        return strace_prctl_writes((int)line->args[0], i);
    case ARG_FCNTL:
        return strace_fcntl_writes((int)line->args[1]);
    case ARG_IOCTL:
        return strace_ioctl_writes((uint32_t)line->args[1]);
    default:
        return false;
    }
}

/* A socket's options. Returns false for all other kinds. */
static bool print_option(struct linux_task *task, struct strace_line *line, unsigned i)
{
    const struct sys_arg *arg = &line->row->args[i];
    const uint64_t *args = line->args;
    struct strbuf *out = &line->text;

    switch (arg->kind) {
    case ARG_OPTION_LEVEL:
        strace_print_option_level(out, (int)args[i]);
        return true;
    case ARG_OPTION:
        strace_print_option(out, (int)args[1], (int)args[i]);
        return true;
    case ARG_OPTION_IN:
        strace_print_option_value(task, out, args, args[i], (uint32_t)args[arg->aux], false);
        return true;
    case ARG_OPTION_OUT:
        strace_print_option_value(task, out, args, args[i],
                                  strace_read_length(task, args[arg->aux]), true);
        return true;
    case ARG_LENGTH:
        strace_print_length(task, out, args[i], line->room);
        return true;
    default:
        return false;
    }
}

/* Arguments that are what others say. Returns false for all other kinds. */
static bool print_dependent(struct linux_task *task, struct strace_line *line, unsigned i,
                            int64_t result)
{
    const struct sys_arg *arg = &line->row->args[i];
    const uint64_t *args = line->args;
    struct strbuf *out = &line->text;

    switch (arg->kind) {
    case ARG_FCNTL:
        strace_print_fcntl(task, out, (int)args[1], args[i]);
        return true;
    case ARG_IOCTL:
        strace_print_ioctl(task, out, (uint32_t)args[1], args[i]);
        return true;
    case ARG_FUTEX:
        strace_print_futex(task, out, (int)args[1], i, args[i]);
        return true;
    case ARG_PRCTL:
        strace_print_prctl(task, out, args, i);
        return true;
    case ARG_FD_SET:
        strace_print_fd_set(task, out, args[i], args[arg->aux]);
        return true;
    case ARG_SIGSET_PAIR:
        strace_print_sigset_pair(task, out, args[i]);
        return true;
    case ARG_EVENTS_OUT:
        strace_print_events(task, out, args[i], result);
        return true;
    case ARG_CLONE:
        strace_print_clone(task, out, args, i, result);
        return true;
    case ARG_CLONE3:
        strace_print_clone3(task, out, args[i], args[i + 1], false);
        return true;
    case ARG_MASK_OUT:
        strbuf_printf(out, "{mask=");
        strace_print_sigset(out, task->mask);
        strbuf_printf(out, "}");
        return true;
    case ARG_ENUM:
        if (arg->aux == NAMES_ioctl)
            strace_print_request(out, (uint32_t)args[i]);
        return arg->aux == NAMES_ioctl;
    default:
        return print_option(task, line, i);
    }
}

/* Strings and memory. */
static void print_memory(struct linux_task *task, struct strace_line *line, unsigned i,
                         int64_t result)
{
    const struct sys_arg *arg = &line->row->args[i];
    uint64_t value = line->args[i];
    struct strbuf *out = &line->text;

    switch (arg->kind) {
    case ARG_STR:
    case ARG_PATH:
    case ARG_PATH_L:
    case ARG_PATH_F:
    case ARG_PATH_C:
    case ARG_PATH_W:
    case ARG_OUT_STR:
        strace_print_string(task, out, value);
        break;
    case ARG_IN:
        strace_print_buffer(task, out, value, line->args[arg->aux]);
        break;
    case ARG_OUT:
        strace_print_buffer(task, out, value, (uint64_t)result);
        break;
    case ARG_IN_S:
    case ARG_OUT_S:
    case ARG_REST_S:
    case ARG_IO_S:
        strace_print_struct(task, out, arg->aux, value);
        break;
    case ARG_VEC_IN:
        strace_print_iovec(task, out, value, line->args[arg->aux], UINT64_MAX);
        break;
    case ARG_VEC_OUT:
        strace_print_iovec(task, out, value, line->args[arg->aux], (uint64_t)result);
        break;
    case ARG_IN_A:
        if ((arg->aux & 63) == STRUCT_pollfd)
            strace_print_pollfds(task, out, value, (uint32_t)line->args[arg->aux >> 6]);
        else
            strace_print_address(out, value);
        break;
    case ARG_ADDR_IN:
        strace_print_sockaddr(task, out, value, (uint32_t)line->args[arg->aux]);
        break;
    case ARG_ARGV:
    case ARG_ENVP:
        strace_print_strings(task, out, value, arg->kind == ARG_ENVP);
        break;
    case ARG_SIGACTION:
    case ARG_SIGACTION_OUT:
        strace_print_sigaction(task, out, value);
        break;
    case ARG_UNAME:
        strace_print_uname(task, out, value);
        break;
    case ARG_STAT:
        strace_print_stat(task, out, value);
        break;
    default:
        print_value(out, arg, value);
    }
}

/* The call has written nothing there. */
static bool is_unwritten(const struct strace_line *line, unsigned i, int64_t result)
{
    switch (line->row->args[i].kind) {
    case ARG_REST_S:
        return result != -EINTR;
    case ARG_MASK_OUT:
    case ARG_LENGTH:
    case ARG_CLONE: /* says so itself */
        return false;
    default:
        return is_output(line, i) && result < 0;
    }
}

static void print_argument(struct linux_task *task, struct strace_line *line, unsigned i,
                           int64_t result)
{
    if (is_unwritten(line, i, result))
        strace_print_address(&line->text, line->args[i]);
    else if (!print_dependent(task, line, i, result))
        print_memory(task, line, i, result);
}

/* openat's mode is there only if a file may be made. */
static bool is_left_out(const struct strace_line *line, unsigned i)
{
    const struct sys_arg *args = line->row->args;

    switch (args[i].kind) {
    case ARG_FCNTL:
        return !strace_fcntl_has_argument((int)line->args[1]);
    case ARG_IOCTL:
        return !strace_ioctl_has_argument((uint32_t)line->args[1]);
    case ARG_CLONE:
        return !strace_clone_has_argument(line->args[0], i);
    case ARG_FUTEX:
        return !strace_futex_has_argument((int)line->args[1], i);
    case ARG_PRCTL:
        return !strace_prctl_has_argument((int)line->args[0], i);
    default:
        return args[i].kind == ARG_MODE && i > 0 && args[i - 1].kind == ARG_FLAGS &&
               args[i - 1].aux == NAMES_open &&
               !(line->args[i - 1] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)));
    }
}

/* Prints arguments up to the first one that the call writes; all of them if finish. */
static void print_arguments(struct linux_task *task, struct strace_line *line, bool finish,
                            int64_t result)
{
    const struct sys_arg *args = line->row->args;

    if (finish && args[0].kind == ARG_CLONE3 && result > 0)
        strace_print_clone3(task, &line->text, line->args[0], line->args[1], true);
    for (unsigned i = line->printed; i < 6 && args[i].kind != ARG_NONE; i++) {
        if (!finish && is_output(line, i))
            return;
        line->printed = i + 1;
        if (is_left_out(line, i))
            continue;
        strbuf_printf(&line->text, i > 0 ? ", " : "");
        print_argument(task, line, i, result);
        if (!finish && args[i].kind == ARG_CLONE3)
            return; /* goes on with what the call wrote there */
    }
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Goes out in one write: lines of several threads do not mix. */
static void line_write(struct strace_line *line)
{
    strbuf_printf(&line->text, "\n");
    log_write(line->text.data, line->text.len);
}

static void line_free(struct linux_task *task, struct strace_line *line)
{
    if (task->line == line)
        task->line = NULL;
    strbuf_free(&line->text);
    free(line);
}

struct strace_line *strace_begin(struct linux_task *task, uint64_t number,
                                 const struct sys_row *row, const uint64_t args[6])
{
    static const struct sys_row unknown = {.args = {{ARG_HEX}, {ARG_HEX}, {ARG_HEX}}};

    if (!log_on(LOG_SYSCALL))
        return NULL;
    struct strace_line *line = base_zalloc(sizeof(*line));
    line->row = row ? row : &unknown;
    line->number = number;
    line->tid = gettid();
    memcpy(line->args, args, sizeof(line->args));
    for (unsigned i = 0; i < 6; i++) {
        if (line->row->args[i].kind == ARG_LENGTH)
            line->room = strace_read_length(task, args[i]);
    }
    if (row)
        strbuf_printf(&line->text, "%d %s(", line->tid, row->name);
    else
        strbuf_printf(&line->text, "%d syscall_%#llx(", line->tid, (unsigned long long)number);
    print_arguments(task, line, false, 0);
    if (row && row->result == RES_NEVER) {
        strbuf_printf(&line->text, ") = ?");
        line_write(line);
        line_free(task, line);
        return NULL;
    }
    return task->line = line;
}

static void print_result(struct linux_task *task, struct strace_line *line, int64_t result)
{
    struct strbuf *out = &line->text;

    if (result == SYS_STATE_SET && line->row->args[0].kind == ARG_MASK_OUT)
        result = (int64_t)abi_state(task->t)->x[ABI_A0];
    if (result == SYS_STATE_SET)
        strbuf_printf(out, "?");
    else if (result == SYS_RESTART)
        strbuf_printf(out, "? (interrupted: to be made again)");
    else if (result < 0 && result > -4096)
        strbuf_printf(out, "-1 %s (%s)",
                      strerrorname_np((int)-result) ? strerrorname_np((int)-result) : "?",
                      strerror((int)-result));
    else if (line->row->result == RES_HEX)
        strbuf_printf(out, "%#llx", (unsigned long long)result);
    else if (line->row->result == RES_MODE)
        strbuf_printf(out, "0%llo", (unsigned long long)result);
    else if (line->row->result == RES_SIGNO)
        strbuf_printf(out, "%lld (%s)", (long long)result, strace_signal_name((int)result));
    else if (line->row->result == RES_FCNTL)
        strace_print_fcntl_result(out, (int)line->args[1], result);
    else if (line->row->result == RES_PRCTL)
        strace_print_prctl_result(out, (int)line->args[0], result);
    else
        strbuf_printf(out, "%lld", (long long)result);
    if (line->row->result == RES_SELECT)
        strace_print_selected(task, out, line->args, result);
    else if (line->row->result == RES_POLL)
        strace_print_polled(task, out, line->args, result);
}

void strace_end(struct linux_task *task, struct strace_line *line, int64_t result)
{
    if (!line)
        return;
    if (line->tid == gettid()) { /* else a child's copy: the call is its maker's */
        if (line->written) {
            line->text.len = 0;
            strbuf_printf(&line->text, "%d <... %s resumed>)", line->tid, line->row->name);
        } else {
            print_arguments(task, line, true, result);
            strbuf_printf(&line->text, ")");
        }
        strbuf_printf(&line->text, " = ");
        print_result(task, line, result);
        line_write(line);
    }
    line_free(task, line);
}

void strace_exec(struct linux_task *task)
{
    struct strace_line *line = task->line;

    if (!line)
        return;
    print_arguments(task, line, true, 0);
    strbuf_printf(&line->text, ") = 0");
    line_write(line);
    line->written = true;
}

void strace_forget(struct linux_task *task)
{
    if (task->line)
        line_free(task, task->line);
}

/* ---- what is no call ------------------------------------------------------------------------- */

/* Signals and ends are part of the log of signals, too. */
static bool is_wanted(void)
{
    return log_on(LOG_SYSCALL) || log_on(LOG_SIGNAL);
}

void strace_signal(const siginfo_t *info)
{
    struct strbuf text = {0};

    if (!is_wanted())
        return;
    strbuf_printf(&text, "%d --- %s ", gettid(), strace_signal_name(info->si_signo));
    strace_print_siginfo(&text, info);
    strbuf_printf(&text, " ---\n");
    log_write(text.data, text.len);
    strbuf_free(&text);
}

void strace_exited(pid_t tid, int status)
{
    if (is_wanted())
        log_print("%d +++ exited with %d +++\n", tid, status & 0xff);
}

void strace_killed(int sig, bool core)
{
    if (is_wanted())
        log_print("%d +++ killed by %s%s +++\n", gettid(), strace_signal_name(sig),
                  core ? " (core dumped)" : "");
}
