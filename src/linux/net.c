/* linux/net.c: socket calls whose arguments hold guest addresses inside.
 *
 * A struct msghdr is equal on both machines but for the addresses in it: it is copied, they are
 * converted, the kernel writes name, data and control in place, and the lengths go back. */
#include "linux/sys.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

/* A message with host addresses. vec is allocated. */
struct host_message {
    struct msghdr hdr;
    struct iovec *vec;
};

/* Returns 0 or -errno; message_free in either case. */
static int message_read(struct linux_task *task, uint64_t addr, struct host_message *m)
{
    m->vec = NULL;
    if (space_read(task->process->space, GVA(addr), &m->hdr, sizeof(m->hdr)))
        return -EFAULT;
    if (m->hdr.msg_iovlen > SYS_VEC_MAX)
        return -EMSGSIZE;
    m->hdr.msg_name =
        (void *)sys_span(task, (uint64_t)m->hdr.msg_name, MAX((int)m->hdr.msg_namelen, 0));
    m->hdr.msg_control =
        (void *)sys_span(task, (uint64_t)m->hdr.msg_control, m->hdr.msg_controllen);
    m->vec = base_alloc(MAX(m->hdr.msg_iovlen, 1) * sizeof(*m->vec));
    int err = sys_read_iovec(task, (uint64_t)m->hdr.msg_iov, m->hdr.msg_iovlen, m->vec);
    m->hdr.msg_iov = m->vec;
    return err;
}

/* What recvmsg changes in the header. */
static int message_write_back(struct linux_task *task, uint64_t addr, const struct msghdr *hdr)
{
    struct space *space = task->process->space;

    if (space_write(space, GVA(addr + offsetof(struct msghdr, msg_namelen)), &hdr->msg_namelen,
                    sizeof(hdr->msg_namelen)) ||
        space_write(space, GVA(addr + offsetof(struct msghdr, msg_controllen)),
                    &hdr->msg_controllen, sizeof(hdr->msg_controllen)) ||
        space_write(space, GVA(addr + offsetof(struct msghdr, msg_flags)), &hdr->msg_flags,
                    sizeof(hdr->msg_flags)))
        return -EFAULT;
    return 0;
}

static int64_t send_one(struct linux_task *task, uint64_t fd, uint64_t addr, uint64_t flags)
{
    struct host_message m;
    int64_t result = message_read(task, addr, &m);

    if (result == 0)
        result = sys_host(task, __NR_sendmsg, fd, &m.hdr, flags);
    free(m.vec);
    return result;
}

static int64_t receive_one(struct linux_task *task, uint64_t fd, uint64_t addr, uint64_t flags)
{
    struct host_message m;
    int64_t result = message_read(task, addr, &m);

    if (result == 0)
        result = sys_host(task, __NR_recvmsg, fd, &m.hdr, flags);
    if (result >= 0 && message_write_back(task, addr, &m.hdr))
        result = -EFAULT;
    free(m.vec);
    return result;
}

int64_t net_sendmsg(struct linux_task *task, const uint64_t args[6])
{
    return send_one(task, args[0], args[1], args[2]);
}

int64_t net_recvmsg(struct linux_task *task, const uint64_t args[6])
{
    return receive_one(task, args[0], args[1], args[2]);
}

/* ---- several at once: one by one, like the kernel -------------------------------------------- */

/* Stores the length of message i. */
static int store_length(struct linux_task *task, uint64_t entry, int64_t length)
{
    uint32_t len = (uint32_t)length;

    return space_write(task->process->space, GVA(entry + offsetof(struct mmsghdr, msg_len)), &len,
                       sizeof(len));
}

int64_t net_sendmmsg(struct linux_task *task, const uint64_t args[6])
{
    uint64_t count = MIN((uint32_t)args[2], (uint32_t)SYS_VEC_MAX);
    int64_t done = 0;

    for (uint64_t i = 0; i < count; i++) {
        uint64_t entry = args[1] + i * sizeof(struct mmsghdr);
        int64_t n = send_one(task, args[0], entry, args[3]);
        if (n >= 0 && store_length(task, entry, n))
            n = -EFAULT;
        if (n < 0)
            return done > 0 ? done : n;
        done++;
    }
    return done;
}

int64_t net_recvmmsg(struct linux_task *task, const uint64_t args[6])
{
    uint64_t count = MIN((uint32_t)args[2], (uint32_t)SYS_VEC_MAX), flags = args[3];
    struct timespec timeout, now, start;
    int64_t done = 0;

    if (args[4] && space_read(task->process->space, GVA(args[4]), &timeout, sizeof(timeout)))
        return -EFAULT;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t entry = args[1] + i * sizeof(struct mmsghdr);
        int64_t n = receive_one(task, args[0], entry, flags & ~(uint64_t)MSG_WAITFORONE);
        if (n >= 0 && store_length(task, entry, n))
            n = -EFAULT;
        if (n < 0)
            return done > 0 ? done : n;
        done++;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
        /* The timeout is looked at after each message only (recvmmsg(2), "Bugs"). */
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (args[4] && (now.tv_sec - start.tv_sec) * 1000000000LL + now.tv_nsec - start.tv_nsec >=
                           timeout.tv_sec * 1000000000LL + timeout.tv_nsec)
            break;
    }
    return done;
}

/* Options whose values hold addresses that are not converted: where those are not the host's they
 * are refused as if the kernel did not have them. */
static bool option_is_refused(const struct linux_task *task, int level, int name)
{
    enum { SCTP = 132, CONNECTX3 = 111, ZEROCOPY_RECEIVE = 35, FILTERS = 64, FILTERS_END = 192 };

    if (task->process->space->base == 0)
        return false;
    return (level == SOL_TCP && name == ZEROCOPY_RECEIVE) || (level == SCTP && name == CONNECTX3) ||
           ((level == SOL_IP || level == SOL_IPV6) && name >= FILTERS && name < FILTERS_END &&
            name % 32 < 2); /* the first two of iptables, arptables and ebtables */
}

/* Socket filters hold the address of their program. */
int64_t net_setsockopt(struct linux_task *task, const uint64_t args[6])
{
    uint32_t len = (uint32_t)args[4];
    struct sock_fprog filter;
    uint64_t value = sys_span(task, args[3], len);

    if (option_is_refused(task, (int)args[1], (int)args[2]))
        return -ENOPROTOOPT;
    if ((int)args[1] == SOL_SOCKET && len == sizeof(filter) &&
        ((int)args[2] == SO_ATTACH_FILTER || (int)args[2] == SO_ATTACH_REUSEPORT_CBPF)) {
        if (space_read(task->process->space, GVA(args[3]), &filter, sizeof(filter)))
            return -EFAULT;
        filter.filter = (void *)sys_span(task, (uint64_t)filter.filter,
                                         filter.len * sizeof(struct sock_filter));
        value = (uint64_t)&filter;
    }
    return sys_host(task, __NR_setsockopt, args[0], args[1], args[2], value, len);
}

int64_t net_getsockopt(struct linux_task *task, const uint64_t args[6])
{
    int32_t len;

    if (option_is_refused(task, (int)args[1], (int)args[2]))
        return -ENOPROTOOPT;
    if (space_read(task->process->space, GVA(args[4]), &len, sizeof(len)))
        len = 0; /* the kernel will find it out */
    return sys_host(task, __NR_getsockopt, args[0], args[1], args[2],
                    sys_span(task, args[3], (uint32_t)MAX(len, 0)),
                    sys_span(task, args[4], sizeof(len)));
}
