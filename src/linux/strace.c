/* linux/strace.c: one line for each system call, from its row in sys.def:
 *
 *   openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3
 *   read(3, "root:x:0:0:"..., 4096) = 1542
 *   openat(AT_FDCWD, "/none", O_RDONLY) = -1 ENOENT (No such file or directory)
 *
 * What the call reads is printed before it is made, what it writes afterwards; the line goes to the
 * log whole, when the result is known, or before the call if it will not return. Guest memory that
 * cannot be read is printed as an address. */
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

enum { SHOWN_BYTES = 32 }; /* of a buffer, as strace(1) does */

struct strace_line {
    const struct sys_row *row;
    uint64_t number;
    uint64_t args[6];
    struct strbuf text;
    unsigned printed; /* arguments that are in text */
};

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

void strace_print_buffer(struct linux_task *task, struct strbuf *out, uint64_t addr, uint64_t len)
{
    unsigned char bytes[SHOWN_BYTES];
    size_t shown = MIN(len, (uint64_t)SHOWN_BYTES);

    if (addr == 0 || space_read(task->process->space, GVA(addr), bytes, shown)) {
        strace_print_address(out, addr);
        return;
    }
    print_bytes(out, bytes, shown);
    if (len > shown)
        strbuf_printf(out, "...");
}

void strace_print_string(struct linux_task *task, struct strbuf *out, uint64_t addr)
{
    char text[PATH_MAX];
    int64_t len =
        addr ? space_read_string(task->process->space, GVA(addr), text, sizeof(text)) : -EFAULT;

    if (len < 0)
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

static void print_siginfo(struct strbuf *out, const siginfo_t *info)
{
    strbuf_printf(out, "{si_signo=%s, si_code=%d", strace_signal_name(info->si_signo),
                  info->si_code);
    switch (info->si_signo) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
        if (info->si_code > 0) {
            strbuf_printf(out, ", si_addr=");
            strace_print_address(out, (uint64_t)info->si_addr);
            break;
        }
        /* fall through */
    default:
        strbuf_printf(out, ", si_pid=%d, si_uid=%u", info->si_pid, info->si_uid);
    }
    if (info->si_signo == SIGCHLD)
        strbuf_printf(out, ", si_status=%d", info->si_status);
    strbuf_printf(out, "}");
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

static void print_struct(struct linux_task *task, struct strbuf *out, enum sys_struct kind,
                         uint64_t addr)
{
    union any_struct u;

    if (addr == 0 || sys_struct_size(kind) > sizeof(u) ||
        space_read(task->process->space, GVA(addr), &u, sys_struct_size(kind))) {
        strace_print_address(out, addr);
        return;
    }
    switch (kind) {
    case STRUCT_wstatus:
        strace_print_wait_status(out, u.word[0]);
        break;
    case STRUCT_int:
        strbuf_printf(out, "[%d]", u.word[0]);
        break;
    case STRUCT_u32:
        strbuf_printf(out, "[%u]", (uint32_t)u.word[0]);
        break;
    case STRUCT_u64:
        strbuf_printf(out, "[%llu]", (unsigned long long)u.u64[0]);
        break;
    case STRUCT_fdpair:
        strbuf_printf(out, "[%d, %d]", u.word[0], u.word[1]);
        break;
    case STRUCT_timespec:
        print_time(out, &u.ts[0], "nsec");
        break;
    case STRUCT_timeval:
        print_time(out, &u.ts[0], "usec");
        break;
    case STRUCT_timespec2:
        print_times(out, u.ts, "atime", "mtime", "nsec");
        break;
    case STRUCT_itimerspec:
        print_times(out, u.ts, "it_interval", "it_value", "nsec");
        break;
    case STRUCT_itimerval:
        print_times(out, u.ts, "it_interval", "it_value", "usec");
        break;
    case STRUCT_rlimit:
        strbuf_printf(out, "{rlim_cur=");
        print_limit(out, u.limit.soft);
        strbuf_printf(out, ", rlim_max=");
        print_limit(out, u.limit.hard);
        strbuf_printf(out, "}");
        break;
    case STRUCT_sigset:
        strace_print_sigset(out, u.u64[0]);
        break;
    case STRUCT_siginfo:
        print_siginfo(out, &u.siginfo);
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

/* True if what the argument points to is known only after the call. */
static bool is_output(const struct sys_arg *arg)
{
    switch (arg->kind) {
    case ARG_OUT:
    case ARG_OUT_STR:
    case ARG_OUT_S:
    case ARG_STAT:
    case ARG_VEC_OUT:
    case ARG_SIGACTION_OUT:
    case ARG_UNAME:
        return true;
    default:
        return false;
    }
}

static void print_argument(struct linux_task *task, struct strace_line *line, unsigned i,
                           int64_t result)
{
    const struct sys_arg *arg = &line->row->args[i];
    uint64_t value = line->args[i];
    struct strbuf *out = &line->text;

    if (is_output(arg) && result < 0) {
        strace_print_address(out, value);
        return;
    }
    switch (arg->kind) {
    case ARG_STR:
    case ARG_PATH:
    case ARG_PATH_L:
    case ARG_PATH_F:
    case ARG_PATH_C:
    case ARG_PATH_W:
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
    case ARG_IO_S:
        print_struct(task, out, arg->aux, value);
        break;
    case ARG_OUT_STR:
        strace_print_string(task, out, value);
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

/* openat's mode is there only if a file may be made. */
static bool is_left_out(const struct strace_line *line, unsigned i)
{
    const struct sys_arg *args = line->row->args;

    /* fcntl's commands that only ask */
    if (i == 2 && args[1].kind == ARG_ENUM && args[1].aux == NAMES_fcntl) {
        int command = (int)line->args[1];
        return command == F_GETFD || command == F_GETFL || command == F_GETOWN ||
               command == F_GETPIPE_SZ || command == F_GET_SEALS;
    }
    return args[i].kind == ARG_MODE && i > 0 && args[i - 1].kind == ARG_FLAGS &&
           args[i - 1].aux == NAMES_open &&
           !(line->args[i - 1] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)));
}

/* Prints arguments up to the first one that the call writes; all of them if finish. */
static void print_arguments(struct linux_task *task, struct strace_line *line, bool finish,
                            int64_t result)
{
    const struct sys_arg *args = line->row->args;

    for (unsigned i = line->printed; i < 6 && args[i].kind != ARG_NONE; i++) {
        if (!finish && is_output(&args[i]))
            return;
        line->printed = i + 1;
        if (is_left_out(line, i))
            continue;
        strbuf_printf(&line->text, i > 0 ? ", " : "");
        print_argument(task, line, i, result);
    }
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Ends here: a thread has one call under way at a time, and a line is written at once. */
static void line_write(struct strace_line *line)
{
    strbuf_printf(&line->text, "\n");
    log_write(line->text.data, line->text.len);
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
    memcpy(line->args, args, sizeof(line->args));
    if (row)
        strbuf_printf(&line->text, "%d %s(", gettid(), row->name);
    else
        strbuf_printf(&line->text, "%d syscall_%llu(", gettid(), (unsigned long long)number);
    print_arguments(task, line, false, 0);
    if (row && row->result == RES_NEVER) {
        strbuf_printf(&line->text, ") = ?");
        line_write(line);
        strbuf_free(&line->text);
        free(line);
        return NULL;
    }
    return line;
}

static void print_result(struct strbuf *out, const struct sys_row *row, int64_t result)
{
    if (result == SYS_STATE_SET)
        strbuf_printf(out, "?");
    else if (result == SYS_RESTART)
        strbuf_printf(out, "? (interrupted: to be made again)");
    else if (result < 0 && result > -4096)
        strbuf_printf(out, "-1 %s (%s)",
                      strerrorname_np((int)-result) ? strerrorname_np((int)-result) : "?",
                      strerror((int)-result));
    else if (row->result == RES_HEX)
        strbuf_printf(out, "%#llx", (unsigned long long)result);
    else if (row->result == RES_MODE)
        strbuf_printf(out, "0%llo", (unsigned long long)result);
    else
        strbuf_printf(out, "%lld", (long long)result);
}

void strace_end(struct linux_task *task, struct strace_line *line, int64_t result)
{
    if (!line)
        return;
    print_arguments(task, line, true, result);
    strbuf_printf(&line->text, ") = ");
    print_result(&line->text, line->row, result);
    line_write(line);
    strbuf_free(&line->text);
    free(line);
}

void strace_signal(const siginfo_t *info)
{
    struct strbuf text = {0};

    if (!log_on(LOG_SYSCALL) && !log_on(LOG_SIGNAL))
        return;
    strbuf_printf(&text, "%d --- %s ", gettid(), strace_signal_name(info->si_signo));
    print_siginfo(&text, info);
    strbuf_printf(&text, " ---\n");
    log_write(text.data, text.len);
    strbuf_free(&text);
}
