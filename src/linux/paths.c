/* linux/paths.c: -L, and descriptors that are the runtime's own. docs/files.md has the rules as a
 * user sees them.
 *
 * With a prefix, an absolute path of a file that the guest uses is looked up inside the prefix
 * first, as if the prefix were the root: links there, absolute ones too, stay inside. That is what
 * openat2's RESOLVE_IN_ROOT does; the kernel then tells the name of what it found, which every
 * later call can use without the prefix's rules. Where openat2 cannot be had the links are read one
 * by one, which needs no descriptor.
 *
 * Names that are created, removed or changed, and relative paths, are the host's and do not come
 * here. The folders below belong to the machine and the user, not to the installation, and are
 * always the host's, also when a link or ".." of the prefix leads there.
 *
 * Does not handle: a path out of such a folder again ("/proc/../etc") is looked up on the host
 * only; calls that take a path inside a struct (AF_UNIX addresses are the host's). */
#include "linux/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/debug.h"

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

/* ---- a walk by hand -------------------------------------------------------------------------- */

enum { MAX_LINKS = 40 }; /* MAXSYMLINKS */

struct walk {
    int fd;               /* the prefix */
    char done[PATH_MAX];  /* relative to it; no links in it; "" is the prefix itself */
    char to_do[PATH_MAX]; /* behind done */
    unsigned links;
};

static void walk_up(struct walk *w)
{
    char *slash = strrchr(w->done, '/');

    *(slash ? slash : w->done) = '\0';
}

/* Puts a link's text in the place of done's last component. Returns 0 or -errno. */
static int walk_link(struct walk *w, const char *text, size_t len)
{
    char rest[PATH_MAX];

    if (++w->links > MAX_LINKS)
        return -ELOOP;
    if (len + strlen(w->to_do) >= PATH_MAX)
        return -ENAMETOOLONG;
    strcpy(rest, w->to_do);
    memcpy(w->to_do, text, len);
    strcpy(w->to_do + len, rest);
    if (w->to_do[0] == '/')
        w->done[0] = '\0';
    else
        walk_up(w);
    return 0;
}

/* Appends the component at w->to_do and follows it if it is a link. Returns 0 or -errno. */
static int walk_component(struct walk *w, size_t len, bool nofollow)
{
    size_t at = strlen(w->done);
    char link[PATH_MAX];

    if (at + 1 + len >= PATH_MAX)
        return -ENAMETOOLONG;
    snprintf(w->done + at, PATH_MAX - at, "%s%.*s", at ? "/" : "", (int)len, w->to_do);
    memmove(w->to_do, w->to_do + len, strlen(w->to_do + len) + 1);
    ssize_t n = readlinkat(w->fd, w->done, link, sizeof(link));
    if (n < 0)
        return errno == EINVAL ? 0 : -errno; /* EINVAL: there, and no link */
    if (nofollow && w->to_do[0] == '\0')
        return 0;
    return n == sizeof(link) ? -ENAMETOOLONG : walk_link(w, link, (size_t)n);
}

/* "." and "..", of folders only; never out of the prefix. Returns 0 or -errno. */
static int walk_dots(struct walk *w, size_t len)
{
    char probe[PATH_MAX + 2], link[1];

    memmove(w->to_do, w->to_do + len, strlen(w->to_do + len) + 1);
    snprintf(probe, sizeof(probe), "%s/.", w->done);
    if (w->done[0] && readlinkat(w->fd, probe, link, sizeof(link)) < 0 && errno != EINVAL)
        return -errno;
    if (len == 2)
        walk_up(w);
    return 0;
}

/* Finds path below w->fd. Returns 0 with the place in w->done, or -errno. */
static int walk(struct walk *w, const char *path, bool nofollow)
{
    int err = 0;

    w->links = 0;
    w->done[0] = '\0';
    strcpy(w->to_do, path);
    while (!err) {
        size_t skip = strspn(w->to_do, "/");
        memmove(w->to_do, w->to_do + skip, strlen(w->to_do + skip) + 1);
        size_t len = strcspn(w->to_do, "/");
        if (len == 0)
            return 0;
        bool dots = strncmp(w->to_do, "..", len) == 0; /* "." or ".." */
        err = dots ? walk_dots(w, len) : walk_component(w, len, nofollow);
    }
    return err;
}

/* ---- under the prefix ------------------------------------------------------------------------ */

const char *path_guest_name(const char *prefix_name, const char *host)
{
    size_t len = prefix_name ? strlen(prefix_name) : 0;

    if (len == 0 || strncmp(host, prefix_name, len) != 0 || host[len] != '/' ||
        path_is_hosts(host + len))
        return host;
    return host + len;
}

/* Puts found, a name in the prefix, in path's place. Returns 0 or -ENAMETOOLONG. */
static int path_take(const struct path_prefix *prefix, char *path, const char *found, size_t len)
{
    size_t given = strlen(path), own = strlen(prefix->name);

    /* "name/" must stay a folder's. */
    bool slash = given > 1 && path[given - 1] == '/' && found[len - 1] != '/';
    if (len > own && strncmp(found, prefix->name, own) == 0 && path_is_hosts(found + own)) {
        found += own;
        len -= own;
    }
    if (len + slash >= PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(path, found, len);
    strcpy(path + len, slash ? "/" : "");
    return 0;
}

/* What an error inside the prefix means: that it has no such file, or an answer. */
static int path_miss(int err)
{
    return err == -ENOENT ? 0 : err;
}

int path_walk_prefix(const struct path_prefix *prefix, char *path, bool nofollow)
{
    struct walk w = {.fd = prefix->fd};
    char found[2 * PATH_MAX];
    int err = walk(&w, path, nofollow);

    if (err)
        return path_miss(err);
    int len = snprintf(found, sizeof(found), "%s/%s", prefix->name, w.done);
    return path_take(prefix, path, found, (size_t)len - (w.done[0] == '\0'));
}

int path_of_descriptor(int fd, char name[PATH_MAX])
{
    char link[sizeof("/proc/thread-self/fd/") + 12];

    snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", fd);
    ssize_t len = readlink(link, name, PATH_MAX);
    if (len == PATH_MAX)
        return -ENAMETOOLONG;
    if (len <= 0 || name[0] != '/')
        return 0;
    name[len] = '\0';
    return (int)len;
}

int path_resolve_prefix(const struct path_prefix *prefix, char *path, bool nofollow)
{
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC | (nofollow ? O_NOFOLLOW : 0),
        .resolve = RESOLVE_IN_ROOT,
    };
    char found[PATH_MAX];

    if (prefix->fd < 0 || path[0] != '/' || path_is_hosts(path))
        return 0;
    int fd = (int)syscall(__NR_openat2, prefix->fd, path, &how, sizeof(how));
    if (fd < 0) {
        switch (errno) {
        case ENOSYS: /* before 5.6 */
        case EPERM:  /* a filter of calls that does not know it */
        case EMFILE: /* the guest has used them up */
        case ENFILE:
        case EAGAIN: /* ".." while somebody renames */
            return path_walk_prefix(prefix, path, nofollow);
        default:
            return path_miss(-errno);
        }
    }
    int len = path_of_descriptor(fd, found);
    close(fd);
    if (len == 0) /* no /proc */
        return path_walk_prefix(prefix, path, nofollow);
    return len < 0 ? len : path_take(prefix, path, found, (size_t)len);
}

struct path_prefix path_prefix_of(const struct linux_task *task)
{
    const struct linux_process *process = task->process;

    if (task->fs->other_root)
        return (struct path_prefix){-1, NULL};
    return (struct path_prefix){process->prefix_fd, process->prefix};
}

int path_resolve(struct linux_task *task, char *path, enum path_intent intent)
{
    struct path_prefix prefix = path_prefix_of(task);

    if (prefix.fd < 0 || path[0] != '/')
        return 0;
    if (intent == PATH_HOST_FIRST && access(path, F_OK) == 0)
        return 0;
    return path_resolve_prefix(&prefix, path, intent == PATH_NOFOLLOW);
}

/* ---- the runtime's descriptors --------------------------------------------------------------- */

int path_open_high(const char *path, int flags)
{
    int fd = open(path, O_PATH | O_CLOEXEC | flags);

    if (fd < 0)
        return -errno;
    int moved = log_copy_fd_up(fd);
    if (moved < 0)
        return fd; /* close-on-exec already; only in the way */
    close(fd);
    return moved;
}

void path_drop_prefix(struct linux_process *process)
{
    if (process->prefix_fd >= 0)
        close(process->prefix_fd);
    process->prefix_fd = -1;
    process->prefix = NULL;
}

bool path_owns_fd(const struct linux_process *process, int fd)
{
    const struct linux_debugger *d = process->debugger;

    return fd >= 0 && (fd == process->prefix_fd || fd == process->runtime_fd ||
                       fd == process->root_fd || log_owns_fd(fd) || (d && debug_owns_fd(d, fd)));
}

int path_next_own_fd(const struct linux_process *process, int from)
{
    for (int fd = from; fd < LOG_FD_END; fd++)
        if (path_owns_fd(process, fd))
            return fd;
    return -1;
}
