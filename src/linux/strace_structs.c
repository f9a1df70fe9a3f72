/* linux/strace_structs.c: what strace shows of the structs that arguments point to, in the words of
 * strace(1). Guest memory that cannot be read is printed as an address. */
#include "linux/strace.h"

#include <arpa/inet.h>
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

    if (addr == 0 || space_read(space, GVA(addr), &item, sizeof(item))) {
        strace_print_address(out, addr);
        return;
    }
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

    if (addr == 0 || space_read(task->process->space, GVA(addr), &a, sizeof(a))) {
        strace_print_address(out, addr);
        return;
    }
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

    if (addr == 0 || space_read(task->process->space, GVA(addr), &v, sizeof(v))) {
        strace_print_address(out, addr);
        return;
    }
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

    if (addr == 0 || space_read(task->process->space, GVA(addr), &p, sizeof(p))) {
        strace_print_address(out, addr);
        return;
    }
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
    strace_print_enum(out, NAMES_format, mode & S_IFMT);
    for (unsigned i = 0; i < 3; i++) {
        static const char *const names[] = {"S_ISUID", "S_ISGID", "S_ISVTX"};
        if (mode & (uint32_t)(04000 >> i))
            strbuf_printf(out, "|%s", names[i]);
    }
    strbuf_printf(out, "|0%03o", mode & 0777);
    if (S_ISCHR(mode) || S_ISBLK(mode))
        strbuf_printf(out, ", st_rdev=makedev(%#x, %#x)", gnu_dev_major(rdev), gnu_dev_minor(rdev));
    else
        strbuf_printf(out, ", st_size=%lld", (long long)size);
    strbuf_printf(out, ", ...}");
}

void strace_print_uname(struct linux_task *task, struct strbuf *out, uint64_t addr)
{
    struct utsname u;

    if (space_read(task->process->space, GVA(addr), &u, sizeof(u)))
        strace_print_address(out, addr);
    else
        strbuf_printf(out, "{sysname=\"%s\", nodename=\"%s\", ...}", u.sysname, u.nodename);
}
