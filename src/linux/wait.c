/* linux/wait.c: waiting for descriptors, with the mask of signals that some of these calls set
 * while they wait.
 *
 * The host's kernel gets the host's form of the mask and restores it itself. When a signal ended
 * the wait, the handler runs with the waiting mask and its frame holds the mask from before, so
 * that is noted in the task (signal_deliver). */
#include "linux/sys.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>

#include "linux/signals.h"

struct wait_mask {
    bool given;
    uint64_t guest, host;
};

/* Reads the mask at addr (0: none). Returns 0, -EINVAL or -EFAULT. */
static int wait_read_mask(struct linux_task *task, uint64_t addr, uint64_t size,
                          struct wait_mask *mask)
{
    mask->given = addr != 0;
    if (!mask->given)
        return 0;
    if (size != sizeof(mask->guest))
        return -EINVAL;
    if (space_read(task->process->space, GVA(addr), &mask->guest, sizeof(mask->guest)))
        return -EFAULT;
    mask->guest &= ~SIGNAL_UNBLOCKABLE;
    mask->host = signal_wait_mask(task, mask->guest);
    return 0;
}

/* The wait is over: remembers what a signal that ended it needs. */
static int64_t wait_done(struct linux_task *task, const struct wait_mask *mask, int64_t result)
{
    if (mask->given && result == -EINTR) {
        task->saved_mask = task->mask;
        task->restore_mask = true;
        task->mask = mask->guest;
    }
    return result;
}

int64_t wait_ppoll(struct linux_task *task, const uint64_t args[6])
{
    uint64_t fds, timeout, count = (uint32_t)args[1];
    struct wait_mask mask;
    int err = wait_read_mask(task, args[3], args[4], &mask);

    if (err)
        return err;
    fds = sys_span(task, args[0], count * sizeof(struct pollfd));
    timeout = sys_span(task, args[2], sizeof(struct timespec));
    return wait_done(task, &mask,
                     sys_host(task, __NR_ppoll, fds, count, timeout, mask.given ? &mask.host : NULL,
                              sizeof(mask.host)));
}

int64_t wait_pselect6(struct linux_task *task, const uint64_t args[6])
{
    uint64_t size =
        ALIGN_UP(MAX((int64_t)(int)args[0], 0), 64) / 8; /* whole longs, as the kernel reads them */
    uint64_t sets[3], timeout, guest_pair[2] = {0};
    struct wait_mask mask;

    if (args[5] && space_read(task->process->space, GVA(args[5]), guest_pair, sizeof(guest_pair)))
        return -EFAULT;
    int err = wait_read_mask(task, guest_pair[0], guest_pair[1], &mask);
    if (err)
        return err;
    for (int i = 0; i < 3; i++)
        sets[i] = sys_span(task, args[i + 1], size);
    timeout = sys_span(task, args[4], sizeof(struct timespec));
    uint64_t host_pair[2] = {mask.given ? (uint64_t)&mask.host : 0, sizeof(mask.host)};
    return wait_done(
        task, &mask,
        sys_host(task, __NR_pselect6, args[0], sets[0], sets[1], sets[2], timeout, host_pair));
}

/* ---- epoll: the events' layout differs ------------------------------------------------------- */

struct guest_epoll_event {
    uint32_t events, pad;
    uint64_t data;
};

/* How many of max events at addr have room in memory that can be written. */
static int64_t room_for_events(const struct space *space, uint64_t addr, int64_t max)
{
    uint64_t at = addr, end = addr + (uint64_t)max * sizeof(struct guest_epoll_event);

    while (at < end && space_check(space, GVA(at), PROT_WRITE) == FAULT_NONE)
        at = (at | (SPACE_PAGE_SIZE - 1)) + 1;
    return (int64_t)((MIN(at, end) - addr) / sizeof(struct guest_epoll_event));
}

/* timeout: what the host's call takes, milliseconds or a host struct timespec. The kernel is given
 * no more room than the guest's memory has: what does not fit is still ready at the next call. It
 * is the kernel that refuses numbers and addresses, in its order. */
static int64_t epoll_wait_common(struct linux_task *task, long number, const uint64_t args[6],
                                 uint64_t timeout)
{
    enum { LIMIT = INT_MAX / sizeof(struct guest_epoll_event), MOST = 1 << 20 };
    struct space *space = task->process->space;
    int32_t max = (int32_t)args[2] > LIMIT ? -1 : (int32_t)args[2];
    uint64_t bytes = (uint64_t)MAX(max, 0) * sizeof(struct guest_epoll_event);
    struct epoll_event *events = NULL;
    struct wait_mask mask;
    bool inside;
    int err = wait_read_mask(task, args[4], args[5], &mask);

    if (err)
        return err;
    space_host_range(space, GVA(args[1]), bytes, &inside);
    int64_t room = inside ? room_for_events(space, args[1], MIN(MAX(max, 0), MOST)) : 0;
    if (room > 0)
        events = base_alloc((size_t)room * sizeof(*events));
    int64_t n =
        sys_host(task, number, args[0], inside ? (uint64_t)events : sys_span(task, args[1], bytes),
                 room > 0 ? room : max, timeout, mask.given ? &mask.host : NULL, sizeof(mask.host));
    for (int64_t i = 0; i < n; i++) {
        struct guest_epoll_event out = {.events = events[i].events, .data = events[i].data.u64};
        if (space_write(space, GVA(args[1] + (uint64_t)i * sizeof(out)), &out, sizeof(out))) {
            n = -EFAULT; /* only if another thread unmaps it meanwhile */
            break;
        }
    }
    free(events);
    return wait_done(task, &mask, n);
}

int64_t wait_epoll_pwait(struct linux_task *task, const uint64_t args[6])
{
    return epoll_wait_common(task, __NR_epoll_pwait, args, args[3]);
}

int64_t wait_epoll_pwait2(struct linux_task *task, const uint64_t args[6])
{
    return epoll_wait_common(task, __NR_epoll_pwait2, args,
                             sys_span(task, args[3], sizeof(struct timespec)));
}
