/* linux/paths.h: which host file a guest's path names. */
#ifndef ISOMORPH_LINUX_PATHS_H
#define ISOMORPH_LINUX_PATHS_H

#include "linux/task.h"

enum path_intent {
    PATH_FOLLOW,     /* read, stat'ed, listed or executed: under the prefix first */
    PATH_NOFOLLOW,   /* the same, for the last component itself if it is a link */
    PATH_HOST_FIRST, /* on the host; under the prefix if the host has none */
};

/* Replaces the guest's path in a buffer of PATH_MAX bytes by the host's. Returns 0 or
 * -ENAMETOOLONG. A path that nothing is known about stays as it is. */
int path_resolve(struct linux_task *task, char *path, enum path_intent intent);

/* The same before there is a task: for the program itself. */
int path_resolve_prefix(int prefix_fd, char *path, bool nofollow);

/* Opens -L's directory, high up. Returns a descriptor or -errno. */
int path_open_prefix(const char *prefix);

/* What the guest must not close or replace. */
bool path_owns_fd(const struct linux_process *process, int fd);

/* Opens a file of /proc that speaks of the guest rather than of the runtime. Returns a descriptor,
 * -errno, or PATH_NOT_SPECIAL. */
enum { PATH_NOT_SPECIAL = INT32_MIN };
int64_t proc_open(struct linux_task *task, const char *path, int flags);
/* True if path is /proc/self/exe under one of its names. */
bool proc_is_exe(const char *path);

#endif
