/* linux/fs.c: file calls that need more than their argument kinds say. */
#include "linux/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "linux/paths.h"

/* ---- opening --------------------------------------------------------------------------------- */

/* Copies the path argument. Returns 0 or -errno. */
static int read_path(struct linux_task *task, uint64_t addr, char path[PATH_MAX])
{
    int64_t len = space_read_string(task->process->space, GVA(addr), path, PATH_MAX);

    return len < 0 ? (int)len : 0;
}

/* An open that may create or change the file is the host's alone. */
static bool open_changes(uint64_t flags)
{
    return (flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE ||
           (!(flags & O_PATH) && (flags & O_ACCMODE) != O_RDONLY);
}

/* Looks path up for an open with these flags; *fd is set when the open has been done already. */
static int open_lookup(struct linux_task *task, char *path, uint64_t flags, int64_t *fd)
{
    *fd = PATH_NOT_SPECIAL;
    if (open_changes(flags))
        return 0;
    *fd = proc_open(task, path, (int)flags);
    if (*fd != PATH_NOT_SPECIAL)
        return 0;
    return path_resolve(task, path, flags & O_NOFOLLOW ? PATH_NOFOLLOW : PATH_FOLLOW);
}

int64_t fs_openat(struct linux_task *task, const uint64_t args[6])
{
    char path[PATH_MAX];
    int64_t fd;
    int err = read_path(task, args[1], path);

    if (!err)
        err = open_lookup(task, path, args[2], &fd);
    if (err)
        return err;
    if (fd != PATH_NOT_SPECIAL)
        return fd;
    return sys_host(task, __NR_openat, args[0], path, args[2], args[3]);
}

int64_t fs_openat2(struct linux_task *task, const uint64_t args[6])
{
    struct open_how how = {0};
    char path[PATH_MAX];
    int64_t fd = PATH_NOT_SPECIAL;

    if (args[3] < sizeof(how) || args[3] > 4096)
        return args[3] < sizeof(how) ? -EINVAL : -E2BIG;
    if (space_read(task->process->space, GVA(args[2]), &how, sizeof(how)))
        return -EFAULT;
    int err = read_path(task, args[1], path);
    if (!err && how.resolve == 0)
        err = open_lookup(task, path, how.flags, &fd);
    if (err)
        return err;
    if (fd != PATH_NOT_SPECIAL)
        return fd;
    return sys_host(task, __NR_openat2, args[0], path, sys_span(task, args[2], args[3]), args[3]);
}

int64_t fs_readlinkat(struct linux_task *task, const uint64_t args[6])
{
    const char *exe = task->process->exe;
    char path[PATH_MAX];
    int err = read_path(task, args[1], path);

    if (err)
        return err;
    if (proc_is_exe(path)) {
        if ((int)args[3] <= 0)
            return -EINVAL;
        uint64_t len = MIN(strlen(exe), (uint64_t)(int)args[3]);
        err = space_write(task->process->space, GVA(args[2]), exe, len);
        return err ? err : (int64_t)len;
    }
    err = path_resolve(task, path, PATH_NOFOLLOW);
    if (err)
        return err;
    uint64_t host = sys_span(task, args[2], (uint32_t)MAX((int)args[3], 0));
    return sys_host(task, __NR_readlinkat, args[0], path, host, args[3]);
}

/* ---- descriptors ----------------------------------------------------------------------------- */

/* Closes first..last around the runtime's descriptors. */
int64_t fs_close_range(struct linux_task *task, const uint64_t args[6])
{
    enum { HIGHEST = 4096 }; /* the runtime's stand below (log_copy_fd_up) */
    uint32_t first = (uint32_t)args[0], last = (uint32_t)args[1], flags = (uint32_t)args[2];
    uint32_t start = first;

    if (first > last)
        return -EINVAL;
    for (uint32_t fd = first; fd <= last && fd < HIGHEST; fd++) {
        if (!path_owns_fd(task->process, (int)fd))
            continue;
        if (start < fd) {
            int64_t err = sys_host(task, __NR_close_range, start, fd - 1, flags);
            if (err < 0)
                return err;
        }
        start = fd + 1;
    }
    if (start > last) /* only the runtime's; the kernel still judges the flags */
        return flags & ~(CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE) ? -EINVAL : 0;
    return sys_host(task, __NR_close_range, start, last, flags);
}

int64_t fs_fcntl(struct linux_task *task, const uint64_t args[6])
{
    uint64_t value = args[2], size = 0;

    switch ((int)args[1]) {
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        size = sizeof(struct flock);
        break;
    case F_GETOWN_EX:
    case F_SETOWN_EX:
    case F_GET_RW_HINT:
    case F_SET_RW_HINT:
    case F_GET_FILE_RW_HINT:
    case F_SET_FILE_RW_HINT:
        size = 8;
        break;
    default:
        break;
    }
    if (size)
        value = sys_span(task, args[2], size);
    return sys_host(task, __NR_fcntl, args[0], args[1], value);
}

/* ---- epoll ----------------------------------------------------------------------------------- */

int64_t fs_epoll_ctl(struct linux_task *task, const uint64_t args[6])
{
    struct {
        uint32_t events, pad;
        uint64_t data;
    } guest;
    struct epoll_event event;

    if ((int)args[1] == EPOLL_CTL_DEL)
        return sys_host(task, __NR_epoll_ctl, args[0], args[1], args[2], 0);
    if (space_read(task->process->space, GVA(args[3]), &guest, sizeof(guest)))
        return -EFAULT;
    event.events = guest.events;
    event.data.u64 = guest.data;
    return sys_host(task, __NR_epoll_ctl, args[0], args[1], args[2], &event);
}
