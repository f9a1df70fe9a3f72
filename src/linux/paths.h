/* linux/paths.h: which host file a guest's path names. */
#ifndef ISOMORPH_LINUX_PATHS_H
#define ISOMORPH_LINUX_PATHS_H

#include <limits.h>

#include "linux/task.h"

enum path_intent {
    PATH_FOLLOW,     /* a file that is there, to be used or changed: under the prefix first */
    PATH_NOFOLLOW,   /* the same, for the last component itself if it is a link */
    PATH_HOST_FIRST, /* on the host; under the prefix if the host has none */
};

/* -L. */
struct path_prefix {
    int fd;           /* the folder, or -1 */
    const char *name; /* its absolute name, without a slash at its end */
};

/* The prefix that holds for this thread: none under another root. */
struct path_prefix path_prefix_of(const struct linux_task *task);

/* Replaces the guest's path in a buffer of PATH_MAX bytes by the host's. Returns 0, or -errno if
 * that is what the guest has to be told. A path that nothing is known about stays as it is. */
int path_resolve(struct linux_task *task, char *path, enum path_intent intent);

/* The same before there is a task: for the program itself and its interpreter. */
int path_resolve_prefix(const struct path_prefix *prefix, char *path, bool nofollow);

/* The walk of path_resolve_prefix without openat2 and without a descriptor: for kernels before 5.6
 * and for a guest that has used up its descriptors. For tests, too. */
int path_walk_prefix(const struct path_prefix *prefix, char *path, bool nofollow);

/* By what name the guest knows a host file: without the prefix. Points into host or is host. */
const char *path_guest_name(const char *prefix_name, const char *host);

/* Opens a file of the runtime's (O_PATH and these flags), out of the guest's way. Returns a
 * descriptor or -errno. */
int path_open_high(const char *path, int flags);
/* The name of an open file as the kernel has it. Returns its length, 0 if it has none, or
 * -ENAMETOOLONG. */
int path_of_descriptor(int fd, char name[PATH_MAX]);
/* Before there is a guest: it is to run without a prefix. */
void path_drop_prefix(struct linux_process *process);

/* What the guest must not see, close or replace. */
bool path_owns_fd(const struct linux_process *process, int fd);
/* The first such descriptor from `from` on, or -1. */
int path_next_own_fd(const struct linux_process *process, int from);

#endif
