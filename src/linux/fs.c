/* linux/fs.c: file calls that need more than their argument kinds say. */
#include "linux/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/syscall.h>

#include "linux/paths.h"
#include "linux/proc.h"

#define NOT_OPEN INT64_MIN

/* ---- opening --------------------------------------------------------------------------------- */

/* Copies the path argument. Returns 0 or -errno. */
static int read_path(struct linux_task *task, uint64_t addr, char path[PATH_MAX])
{
    int64_t len = space_read_string(task->process->space, GVA(addr), path, PATH_MAX);

    return len < 0 ? (int)len : 0;
}

/* Looks path up for an open with these flags; *fd is set when the open has been done already. A
 * file that is under the prefix is changed there; only a new one is the host's. */
static int open_lookup(struct linux_task *task, int dirfd, char *path, uint64_t flags, int64_t *fd)
{
    enum proc_entry entry = proc_find(task, dirfd, path);
    bool nofollow = flags & O_NOFOLLOW || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);

    *fd = NOT_OPEN;
    if (entry != PROC_OTHER) {
        *fd = proc_open(task, entry, dirfd, path, flags);
        return 0;
    }
    if ((flags & O_TMPFILE) == O_TMPFILE)
        return 0;
    return path_resolve(task, path, nofollow ? PATH_NOFOLLOW : PATH_FOLLOW);
}

int64_t fs_openat(struct linux_task *task, const uint64_t args[6])
{
    char path[PATH_MAX];
    int64_t fd;
    int err = read_path(task, args[1], path);

    if (!err)
        err = open_lookup(task, (int)args[0], path, args[2], &fd);
    if (err)
        return err;
    if (fd != NOT_OPEN)
        return fd;
    return sys_host(task, __NR_openat, args[0], path, args[2], args[3]);
}

/* With a root of its own (RESOLVE_BENEATH, RESOLVE_IN_ROOT) there is nothing to look up. */
int64_t fs_openat2(struct linux_task *task, const uint64_t args[6])
{
    struct open_how how = {0};
    char path[PATH_MAX];
    int64_t fd = NOT_OPEN;

    if (args[3] < sizeof(how) || args[3] > 4096)
        return args[3] < sizeof(how) ? -EINVAL : -E2BIG;
    if (space_read(task->process->space, GVA(args[2]), &how, sizeof(how)))
        return -EFAULT;
    int err = read_path(task, args[1], path);
    if (!err && !(how.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)))
        err = open_lookup(task, (int)args[0], path, how.flags, &fd);
    if (err)
        return err;
    if (fd != NOT_OPEN)
        return fd;
    return sys_host(task, __NR_openat2, args[0], path, sys_span(task, args[2], args[3]), args[3]);
}

/* ---- links ----------------------------------------------------------------------------------- */

/* Does this name /proc/self/exe? The path may be empty, and the link open on dirfd. */
static bool names_exe_link(struct linux_task *task, int dirfd, const char *path)
{
    char name[PATH_MAX];

    if (*path)
        return proc_find(task, dirfd, path) == PROC_EXE;
    return path_of_descriptor(dirfd, name) > 0 && proc_find(task, AT_FDCWD, name) == PROC_EXE;
}

int64_t fs_readlinkat(struct linux_task *task, const uint64_t args[6])
{
    const char *exe = path_guest_name(task->process->prefix, task->process->exe);
    char path[PATH_MAX];
    int err = read_path(task, args[1], path);

    if (err)
        return err;
    if (names_exe_link(task, (int)args[0], path)) {
        if ((int)args[3] <= 0)
            return -EINVAL;
        uint64_t len = MIN(strlen(exe), (uint64_t)(int)args[3]);
        err = space_write(task->process->space, GVA(args[2]), exe, len);
        return err ? err : (int64_t)len;
    }
    err = proc_redirect(task, (int)args[0], path, false);
    if (!err)
        err = path_resolve(task, path, PATH_NOFOLLOW);
    if (err)
        return err;
    uint64_t host = sys_span(task, args[2], (uint32_t)MAX((int)args[3], 0));
    return sys_host(task, __NR_readlinkat, args[0], path, host, args[3]);
}

/* ---- folders --------------------------------------------------------------------------------- */

/* Under another root, what -L names is out of reach, and what is there is meant. */
static int64_t new_root(struct linux_task *task, int64_t result)
{
    if (result == 0)
        task->fs->other_root = true;
    return result;
}

int64_t fs_chroot(struct linux_task *task, const uint64_t args[6])
{
    char path[PATH_MAX];
    int err = read_path(task, args[0], path);

    return err ? err : new_root(task, sys_host(task, __NR_chroot, path));
}

int64_t fs_pivot_root(struct linux_task *task, const uint64_t args[6])
{
    char root[PATH_MAX], old[PATH_MAX];
    int err = read_path(task, args[0], root);

    if (!err)
        err = read_path(task, args[1], old);
    return err ? err : new_root(task, sys_host(task, __NR_pivot_root, root, old));
}

int64_t fs_getdents64(struct linux_task *task, const uint64_t args[6])
{
    int64_t size = sys_host(task, __NR_getdents64, args[0],
                            sys_span(task, args[1], (uint32_t)args[2]), args[2]);

    return size > 0 ? proc_hide_entries(task, (int)args[0], args[1], size) : size;
}

int64_t fs_inotify_add_watch(struct linux_task *task, const uint64_t args[6])
{
    bool nofollow = args[2] & IN_DONT_FOLLOW;
    char path[PATH_MAX];
    int err = read_path(task, args[1], path);

    if (!err)
        err = path_resolve(task, path, nofollow ? PATH_NOFOLLOW : PATH_FOLLOW);
    return err ? err : sys_host(task, __NR_inotify_add_watch, args[0], path, args[2]);
}

/* ---- descriptors ----------------------------------------------------------------------------- */

int64_t fs_dup3(struct linux_task *task, const uint64_t args[6])
{
    int64_t fd = sys_host(task, __NR_dup3, args[0], args[1], args[2]);

    if (fd == STDERR_FILENO)
        log_follow_stderr();
    return fd;
}

/* Closes first..last around the runtime's descriptors. */
int64_t fs_close_range(struct linux_task *task, const uint64_t args[6])
{
    uint32_t start = (uint32_t)args[0], last = (uint32_t)args[1], flags = (uint32_t)args[2];
    int own = (int)MIN(start, (uint32_t)LOG_FD_END);

    if (start > last)
        return -EINVAL;
    while ((own = path_next_own_fd(task->process, own)) >= 0 && (uint32_t)own <= last) {
        if (start < (uint32_t)own) {
            int64_t err = sys_host(task, __NR_close_range, start, own - 1, flags);
            if (err < 0)
                return err;
        }
        start = (uint32_t)++own;
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

/* ---- mounts and attributes ------------------------------------------------------------------- */

/* fsconfig(fd, command, key, value, aux): what the value is depends on the command
 * (<linux/mount.h>). */
int64_t fs_fsconfig(struct linux_task *task, const uint64_t args[6])
{
    enum { SET_FLAG, SET_STRING, SET_BINARY, SET_PATH, SET_PATH_EMPTY };
    char key[PATH_MAX], text[PATH_MAX];
    uint64_t value = args[3];
    int err = args[2] ? read_path(task, args[2], key) : 0;

    if (!err && value) {
        switch ((int)args[1]) {
        case SET_STRING:
        case SET_PATH:
        case SET_PATH_EMPTY:
            err = read_path(task, value, text);
            value = (uint64_t)text;
            break;
        case SET_BINARY:
            value = sys_span(task, value, (uint32_t)MAX((int)args[4], 0));
            break;
        default: /* none, and the kernel insists on it */
            break;
        }
    }
    return err ? err
               : sys_host(task, __NR_fsconfig, args[0], args[1], args[2] ? key : NULL, value,
                          args[4]);
}

/* struct xattr_args of <linux/xattr.h>, Linux 6.13. */
struct xattr_args_guest {
    uint64_t value;
    uint32_t size, flags;
};

/* (dirfd, path, at flags, name, struct xattr_args, its size) */
static int64_t xattr_at(struct linux_task *task, long number, const uint64_t args[6])
{
    char path[PATH_MAX], name[PATH_MAX];
    struct xattr_args_guest a;
    bool nofollow = args[2] & AT_SYMLINK_NOFOLLOW;
    int err = read_path(task, args[1], path);

    if (!err)
        err = read_path(task, args[3], name);
    if (!err && args[5] != sizeof(a))
        err = args[5] < sizeof(a) ? -EINVAL : -E2BIG;
    if (!err)
        err = space_read(task->process->space, GVA(args[4]), &a, sizeof(a));
    if (!err)
        err = proc_redirect(task, (int)args[0], path, !nofollow);
    if (!err)
        err = path_resolve(task, path, nofollow ? PATH_NOFOLLOW : PATH_FOLLOW);
    if (err)
        return err;
    a.value = sys_span(task, a.value, a.size);
    return sys_host(task, number, args[0], path, args[2], name, &a, sizeof(a));
}

int64_t fs_setxattrat(struct linux_task *task, const uint64_t args[6])
{
    return xattr_at(task, 463, args);
}

int64_t fs_getxattrat(struct linux_task *task, const uint64_t args[6])
{
    return xattr_at(task, 464, args);
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
