/* linux/strace_structs.c: what strace shows of the structs that arguments point to, in the words of
 * strace(1). Guest memory that cannot be read is printed as an address. */
#include "linux/strace.h"

#include <arpa/inet.h>
#include <linux/sched.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>

enum { SHOWN_ITEMS = 32 }; /* of an array, as strace(1) does */

void strace_print_strings(struct linux_task *task, struct strbuf *out, uint64_t addr, bool count)
{
    struct space *space = task->process->space;
    uint64_t at = addr, item;
    unsigned n = 0;

    if (!strace_read_or_print(task, out, addr, &item, sizeof(item)))
        return;
    for (; space_read(space, GVA(at), &item, sizeof(item)) == 0 && item != 0; n++) {
        if (!count && n < SHOWN_ITEMS) {
            strbuf_printf(out, n ? ", " : "[");
            strace_print_string(task, out, item);
        }
        at += sizeof(item);
    }
    if (count)
        strbuf_printf(out, "%#llx /* %u var%s */", (unsigned long long)addr, n, n == 1 ? "" : "s");
    else
        strbuf_printf(out, "%s%s]", n == 0 ? "[" : "", n > SHOWN_ITEMS ? ", ..." : "");
}

void strace_print_sockaddr(struct linux_task *task, struct strbuf *out, uint64_t addr, uint64_t len)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
        char bytes[sizeof(struct sockaddr_un) + 1];
    } u = {0};
    char text[INET6_ADDRSTRLEN];

    if (addr == 0 || len < sizeof(u.any.sa_family) || len > sizeof(u.un) ||
        space_read(task->process->space, GVA(addr), u.bytes, len)) {
        strace_print_address(out, addr);
        return;
    }
    strbuf_printf(out, "{sa_family=");
    strace_print_enum(out, NAMES_af, u.any.sa_family);
    switch (u.any.sa_family) {
    case AF_INET:
        strbuf_printf(out, ", sin_port=htons(%u), sin_addr=inet_addr(\"%s\")", ntohs(u.in.sin_port),
                      inet_ntop(AF_INET, &u.in.sin_addr, text, sizeof(text)));
        break;
    case AF_INET6:
        strbuf_printf(out,
                      ", sin6_port=htons(%u), sin6_flowinfo=htonl(%u), "
                      "inet_pton(AF_INET6, \"%s\", &sin6_addr), sin6_scope_id=%u",
                      ntohs(u.in6.sin6_port), ntohl(u.in6.sin6_flowinfo),
                      inet_ntop(AF_INET6, &u.in6.sin6_addr, text, sizeof(text)),
                      u.in6.sin6_scope_id);
        break;
    case AF_UNIX:
        if (len > offsetof(struct sockaddr_un, sun_path) && u.un.sun_path[0])
            strbuf_printf(out, ", sun_path=\"%s\"", u.un.sun_path);
        break;
    default:
        break;
    }
    strbuf_printf(out, "}");
}

void strace_print_sigaction(struct linux_task *task, struct strbuf *out, uint64_t addr)
{
    struct guest_sigaction a;

    if (!strace_read_or_print(task, out, addr, &a, sizeof(a)))
        return;
    strbuf_printf(out, "{sa_handler=");
    if (a.handler <= 1)
        strbuf_printf(out, a.handler ? "SIG_IGN" : "SIG_DFL");
    else
        strbuf_printf(out, "%#llx", (unsigned long long)a.handler);
    strbuf_printf(out, ", sa_mask=");
    strace_print_sigset(out, a.mask);
    strbuf_printf(out, ", sa_flags=");
    strace_print_flags(out, NAMES_sa, a.flags);
    strbuf_printf(out, "}");
}

void strace_print_wait_status(struct strbuf *out, int status)
{
    if (WIFEXITED(status))
        strbuf_printf(out, "[{WIFEXITED(s) && WEXITSTATUS(s) == %d}]", WEXITSTATUS(status));
    else if (WIFSTOPPED(status))
        strbuf_printf(out, "[{WIFSTOPPED(s) && WSTOPSIG(s) == %s}]",
                      strace_signal_name(WSTOPSIG(status)));
    else if (WIFCONTINUED(status))
        strbuf_printf(out, "[{WIFCONTINUED(s)}]");
    else
        strbuf_printf(out, "[{WIFSIGNALED(s) && WTERMSIG(s) == %s%s}]",
                      strace_signal_name(WTERMSIG(status)),
                      WCOREDUMP(status) ? " && WCOREDUMP(s)" : "");
}

/* limit: bytes that the call has filled in, over all items. */
void strace_print_iovec(struct linux_task *task, struct strbuf *out, uint64_t addr, uint64_t count,
                        uint64_t limit)
{
    struct iovec v;

    if (!strace_read_or_print(task, out, addr, &v, sizeof(v)))
        return;
    strbuf_printf(out, "[");
    for (uint64_t i = 0; i < count; i++) {
        if (i == SHOWN_ITEMS) {
            strbuf_printf(out, ", ...");
            break;
        }
        if (space_read(task->process->space, GVA(addr + i * sizeof(v)), &v, sizeof(v)))
            break;
        uint64_t filled = MIN((uint64_t)v.iov_len, limit);
        strbuf_printf(out, "%s{iov_base=", i ? ", " : "");
        strace_print_buffer(task, out, (uint64_t)v.iov_base, filled);
        strbuf_printf(out, ", iov_len=%zu}", v.iov_len);
        limit -= filled;
    }
    strbuf_printf(out, "]");
}

void strace_print_pollfds(struct linux_task *task, struct strbuf *out, uint64_t addr,
                          uint64_t count)
{
    struct pollfd p;

    if (!strace_read_or_print(task, out, addr, &p, sizeof(p)))
        return;
    strbuf_printf(out, "[");
    for (uint64_t i = 0; i < MIN(count, (uint64_t)SHOWN_ITEMS); i++) {
        if (space_read(task->process->space, GVA(addr + i * sizeof(p)), &p, sizeof(p)))
            break;
        strbuf_printf(out, "%s{fd=%d, events=", i ? ", " : "", p.fd);
        strace_print_flags(out, NAMES_poll, (uint16_t)p.events);
        strbuf_printf(out, "}");
    }
    strbuf_printf(out, count > SHOWN_ITEMS ? ", ...]" : "]");
}

static void print_mode(struct strbuf *out, uint32_t mode)
{
    static const char *const names[] = {"S_ISUID", "S_ISGID", "S_ISVTX"};

    strace_print_enum(out, NAMES_format, mode & S_IFMT);
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        if (mode & (uint32_t)(04000 >> i))
            strbuf_printf(out, "|%s", names[i]);
    }
    strbuf_printf(out, "|0%03o", mode & 0777);
}

void strace_print_stat(struct linux_task *task, struct strbuf *out, uint64_t addr)
{
    enum { MODE_AT = 16, RDEV_AT = 32, SIZE_AT = 48 }; /* struct stat of riscv64 */
    struct space *space = task->process->space;
    uint64_t rdev;
    uint32_t mode;
    int64_t size;

    if (space_read(space, GVA(addr + MODE_AT), &mode, sizeof(mode)) ||
        space_read(space, GVA(addr + RDEV_AT), &rdev, sizeof(rdev)) ||
        space_read(space, GVA(addr + SIZE_AT), &size, sizeof(size))) {
        strace_print_address(out, addr);
        return;
    }
    strbuf_printf(out, "{st_mode=");
    print_mode(out, mode);
    if (S_ISCHR(mode) || S_ISBLK(mode))
        strbuf_printf(out, ", st_rdev=makedev(%#x, %#x)", gnu_dev_major(rdev), gnu_dev_minor(rdev));
    else
        strbuf_printf(out, ", st_size=%lld", (long long)size);
    strbuf_printf(out, ", ...}");
}

void strace_print_uname(struct linux_task *task, struct strbuf *out, uint64_t addr)
{
    struct utsname u;

    if (strace_read_or_print(task, out, addr, &u, sizeof(u)))
        strbuf_printf(out, "{sysname=\"%s\", nodename=\"%s\", ...}", u.sysname, u.nodename);
}

/* ---- signals --------------------------------------------------------------------------------- */

/* The reasons that a kernel gives for a signal: sigaction(2). */
static enum name_set code_names(const siginfo_t *info)
{
    switch (info->si_code > 0 && info->si_code != SI_KERNEL ? info->si_signo : 0) {
    case SIGILL:
        return NAMES_si_ill;
    case SIGFPE:
        return NAMES_si_fpe;
    case SIGSEGV:
        return NAMES_si_segv;
    case SIGBUS:
        return NAMES_si_bus;
    case SIGTRAP:
        return NAMES_si_trap;
    case SIGCHLD:
        return NAMES_si_cld;
    case SIGPOLL:
        return NAMES_si_poll;
    default:
        return NAMES_si;
    }
}

static void print_sender(struct strbuf *out, const siginfo_t *info)
{
    strbuf_printf(out, ", si_pid=%d, si_uid=%u", info->si_pid, info->si_uid);
}

/* Of one that a process sent, or asked for. */
static void print_sent(struct strbuf *out, const siginfo_t *info)
{
    if (info->si_code == SI_TIMER)
        strbuf_printf(out, ", si_timerid=%#x, si_overrun=%d", info->si_timerid, info->si_overrun);
    else
        print_sender(out, info);
    if (info->si_code != SI_USER && info->si_code != SI_TKILL && info->si_ptr) {
        strbuf_printf(out, ", si_int=%d, si_ptr=", info->si_int);
        strace_print_address(out, (uint64_t)info->si_ptr);
    }
}

/* Of one that the kernel raised. */
static void print_raised(struct strbuf *out, const siginfo_t *info)
{
    switch (info->si_signo) {
    case SIGCHLD:
        print_sender(out, info);
        if (info->si_code == CLD_EXITED)
            strbuf_printf(out, ", si_status=%d", info->si_status);
        else
            strbuf_printf(out, ", si_status=%s", strace_signal_name(info->si_status));
        strbuf_printf(out, ", si_utime=%ld, si_stime=%ld", info->si_utime, info->si_stime);
        break;
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
        strbuf_printf(out, ", si_addr=");
        strace_print_address(out, (uint64_t)info->si_addr);
        break;
    case SIGPOLL:
        strbuf_printf(out, ", si_band=%ld, si_fd=%d", info->si_band, info->si_fd);
        break;
    default:
        if (info->si_pid || info->si_uid)
            print_sender(out, info);
    }
}

void strace_print_siginfo(struct strbuf *out, const siginfo_t *info)
{
    strbuf_printf(out, "{si_signo=%s, si_code=", strace_signal_name(info->si_signo));
    if (!strace_print_name(out, code_names(info), (uint64_t)info->si_code))
        strbuf_printf(out, "%d", info->si_code);
    if (info->si_errno)
        strbuf_printf(out, ", si_errno=%d", info->si_errno);
    if (info->si_code <= 0)
        print_sent(out, info);
    else
        print_raised(out, info);
    strbuf_printf(out, "}");
}

void strace_print_sigevent(struct strbuf *out, const struct sigevent *event)
{
    bool signals = event->sigev_notify == SIGEV_SIGNAL || event->sigev_notify == SIGEV_THREAD_ID;

    strbuf_printf(out, "{sigev_value={sival_int=%d, sival_ptr=", event->sigev_value.sival_int);
    strace_print_address(out, (uint64_t)event->sigev_value.sival_ptr);
    strbuf_printf(out, "}, sigev_signo=");
    if (signals)
        strbuf_printf(out, "%s", strace_signal_name(event->sigev_signo));
    else
        strbuf_printf(out, "%d", event->sigev_signo);
    strbuf_printf(out, ", sigev_notify=");
    strace_print_enum(out, NAMES_sigev, (uint64_t)event->sigev_notify);
    if (event->sigev_notify == SIGEV_THREAD_ID)
        strbuf_printf(out, ", sigev_notify_thread_id=%d", event->_sigev_un._tid);
    strbuf_printf(out, "}");
}

/* ---- epoll, clone3, statx -------------------------------------------------------------------- */

struct shown_event { /* struct epoll_event as all machines but x86 have it */
    uint32_t events, pad;
    uint64_t data;
};

static void print_event(struct strbuf *out, const struct shown_event *e)
{
    strbuf_printf(out, "{events=");
    strace_print_flags(out, NAMES_epoll_events, e->events);
    strbuf_printf(out, ", data={u32=%u, u64=%llu}}", (uint32_t)e->data,
                  (unsigned long long)e->data);
}

void strace_print_epoll_event(struct linux_task *task, struct strbuf *out, uint64_t addr)
{
    struct shown_event e;

    if (strace_read_or_print(task, out, addr, &e, sizeof(e)))
        print_event(out, &e);
}

void strace_print_events(struct linux_task *task, struct strbuf *out, uint64_t addr, int64_t count)
{
    struct shown_event e;

    strbuf_printf(out, "[");
    for (int64_t i = 0; i < count; i++) {
        if (i == SHOWN_ITEMS) {
            strbuf_printf(out, ", ...");
            break;
        }
        if (space_read(task->process->space, GVA(addr + (uint64_t)i * sizeof(e)), &e, sizeof(e)))
            break;
        strbuf_printf(out, i ? ", " : "");
        print_event(out, &e);
    }
    strbuf_printf(out, "]");
}

/* clone's arguments in riscv64's order: flags, stack, parent's tid, tls, child's tid. */
bool strace_clone_has_argument(uint64_t flags, unsigned i)
{
    static const uint64_t wanted_by[] = {0, 0, CLONE_PARENT_SETTID | CLONE_PIDFD, CLONE_SETTLS,
                                         CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID};

    return i == 0 || (flags & wanted_by[i]) != 0;
}

void strace_print_clone(struct linux_task *task, struct strbuf *out, const uint64_t args[6],
                        unsigned i, int64_t result)
{
    static const char *const names[] = {"child_stack", NULL, "parent_tid", "tls", "child_tidptr"};
    uint64_t flags = args[0] & ~(uint64_t)CSIGNAL;
    int sig = (int)(args[0] & CSIGNAL);

    strbuf_printf(out, "%s=", names[i]);
    if (i == 2 && result >= 0)
        strace_print_struct(task, out, STRUCT_int, args[i]);
    else
        strace_print_address(out, args[i == 0 ? 1 : i]);
    if (i > 0)
        return;
    strbuf_printf(out, ", flags=");
    if (flags || !sig)
        strace_print_flags(out, NAMES_clone, flags);
    strbuf_printf(out, flags && sig ? "|" : "");
    strbuf_printf(out, "%s", sig ? strace_signal_name(sig) : "");
}

/* The words that the flags say the kernel writes, as addresses or with what is there. */
static void print_clone_words(struct linux_task *task, struct strbuf *out,
                              const struct clone_args *a, bool done)
{
    const struct {
        const char *name;
        uint64_t flags, addr;
        bool written; /* before the call returns, in the caller's memory */
    } words[] = {{"pidfd", CLONE_PIDFD, a->pidfd, true},
                 {"child_tid", CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID, a->child_tid, false},
                 {"parent_tid", CLONE_PARENT_SETTID, a->parent_tid, true}};
    const char *between = done ? " => {" : ", ";

    for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
        if (!(a->flags & words[i].flags) || (done && !words[i].written))
            continue;
        strbuf_printf(out, "%s%s=", between, words[i].name);
        if (done)
            strace_print_struct(task, out, STRUCT_int, words[i].addr);
        else
            strace_print_address(out, words[i].addr);
        between = ", ";
    }
    if (done && between[0] == ',')
        strbuf_printf(out, "}");
}

static void print_ids(struct linux_task *task, struct strbuf *out, uint64_t addr, uint64_t count)
{
    int32_t id;

    if (!strace_read_or_print(task, out, addr, &id, sizeof(id)))
        return;
    for (uint64_t i = 0; i < MIN(count, (uint64_t)SHOWN_ITEMS); i++) {
        if (space_read(task->process->space, GVA(addr + i * sizeof(id)), &id, sizeof(id)))
            break;
        strbuf_printf(out, i ? ", %d" : "[%d", id);
    }
    strbuf_printf(out, "]");
}

static void print_clone_args(struct linux_task *task, struct strbuf *out,
                             const struct clone_args *a)
{
    uint64_t high = a->flags & (CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP);

    strbuf_printf(out, "{flags=");
    if ((uint32_t)a->flags || !high)
        strace_print_flags(out, NAMES_clone, (uint32_t)a->flags);
    strbuf_printf(out, high & CLONE_CLEAR_SIGHAND ? "|CLONE_CLEAR_SIGHAND" : "");
    strbuf_printf(out, high & CLONE_INTO_CGROUP ? "|CLONE_INTO_CGROUP" : "");
    print_clone_words(task, out, a, false);
    strbuf_printf(out, ", exit_signal=%s, stack=",
                  a->exit_signal ? strace_signal_name((int)a->exit_signal) : "0");
    strace_print_address(out, a->stack);
    strbuf_printf(out, a->stack_size ? ", stack_size=%#llx" : ", stack_size=%llx",
                  (unsigned long long)a->stack_size);
    if (a->flags & CLONE_SETTLS) {
        strbuf_printf(out, ", tls=");
        strace_print_address(out, a->tls);
    }
    if (a->set_tid_size) {
        strbuf_printf(out, ", set_tid=");
        print_ids(task, out, a->set_tid, a->set_tid_size);
        strbuf_printf(out, ", set_tid_size=%llu", (unsigned long long)a->set_tid_size);
    }
    if (a->flags & CLONE_INTO_CGROUP)
        strbuf_printf(out, ", cgroup=%llu", (unsigned long long)a->cgroup);
    strbuf_printf(out, "}");
}

void strace_print_clone3(struct linux_task *task, struct strbuf *out, uint64_t addr, uint64_t size,
                         bool done)
{
    struct clone_args a = {0};

    if (addr == 0 || size < CLONE_ARGS_SIZE_VER0 ||
        space_read(task->process->space, GVA(addr), &a, MIN(size, (uint64_t)sizeof(a)))) {
        if (!done)
            strace_print_address(out, addr);
    } else if (done) {
        print_clone_words(task, out, &a, true);
    } else {
        print_clone_args(task, out, &a);
    }
}

void strace_print_statx(struct linux_task *task, struct strbuf *out, uint64_t addr)
{
    struct statx x;

    if (!strace_read_or_print(task, out, addr, &x, sizeof(x)))
        return;
    strbuf_printf(out, "{stx_mask=");
    strace_print_flags(out, NAMES_statx, x.stx_mask);
    strbuf_printf(out, ", stx_attributes=");
    strace_print_flags(out, NAMES_statx_attr, x.stx_attributes);
    strbuf_printf(out, ", stx_mode=");
    print_mode(out, x.stx_mode);
    strbuf_printf(out, ", stx_size=%llu, ...}", (unsigned long long)x.stx_size);
}
