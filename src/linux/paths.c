/* linux/paths.c: -L, and descriptors that are the runtime's own.
 *
 * With a prefix, an absolute path that the guest reads, stats, lists or executes is looked up
 * inside the prefix first, as if the prefix were the root: links there, absolute ones too, stay
 * inside (openat2's RESOLVE_IN_ROOT). What the guest creates, changes or removes, and relative
 * paths, are the host's. The folders below belong to the machine and the user, not to the
 * installation, and are always the host's.
 *
 * Does not handle: a path that reaches such a folder by a detour ("/usr/../proc"), and calls that
 * take a path inside a struct (AF_UNIX addresses are the host's). */
#include "linux/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const host_folders[] = {
    "/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp", "/home", "/root",
};

static bool path_is_hosts(const char *path)
{
    while (path[0] == '/' && path[1] == '/')
        path++;
    for (unsigned i = 0; i < ARRAY_LEN(host_folders); i++) {
        size_t len = strlen(host_folders[i]);
        if (strncmp(path, host_folders[i], len) == 0 && (path[len] == '/' || path[len] == '\0'))
            return true;
    }
    return false;
}

int path_resolve_prefix(int prefix_fd, char *path, bool nofollow)
{
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC | (nofollow ? O_NOFOLLOW : 0),
        .resolve = RESOLVE_IN_ROOT,
    };
    char link[sizeof("/proc/self/fd/") + 12], found[PATH_MAX];

    if (prefix_fd < 0 || path[0] != '/' || path_is_hosts(path))
        return 0;
    int fd = (int)syscall(__NR_openat2, prefix_fd, path, &how, sizeof(how));
    if (fd < 0)
        return 0;
    /* The kernel knows the name of what it found; every later call can use that without the
     * prefix's rules. */
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, found, sizeof(found));
    close(fd);
    if (len < 0)
        return 0;
    if (len == sizeof(found))
        return -ENAMETOOLONG;
    /* "name/" must stay a directory's. */
    size_t given = strlen(path);
    bool slash = given > 1 && path[given - 1] == '/' && found[len - 1] != '/';
    if ((size_t)len + slash >= PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(path, found, (size_t)len);
    strcpy(path + len, slash ? "/" : "");
    return 0;
}

int path_resolve(struct linux_task *task, char *path, enum path_intent intent)
{
    struct linux_process *process = task->process;

    if (path[0] != '/')
        return 0;
    if (intent == PATH_FOLLOW && proc_is_exe(path)) {
        if (strlen(process->exe) >= PATH_MAX)
            return -ENAMETOOLONG;
        strcpy(path, process->exe);
        return 0;
    }
    if (process->prefix_fd < 0)
        return 0;
    if (intent == PATH_HOST_FIRST && access(path, F_OK) == 0)
        return 0;
    return path_resolve_prefix(process->prefix_fd, path, intent == PATH_NOFOLLOW);
}

/* ---- the runtime's descriptors --------------------------------------------------------------- */

int path_open_prefix(const char *prefix)
{
    int fd = open(prefix, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    int moved = log_copy_fd_up(fd);
    if (moved < 0)
        return fd; /* close-on-exec already; only in the way */
    close(fd);
    return moved;
}

bool path_owns_fd(const struct linux_process *process, int fd)
{
    return (fd >= 0 && fd == process->prefix_fd) || log_owns_fd(fd);
}
