/* linux/proc.h: the files of /proc that must speak of the guest. */
#ifndef ISOMORPH_LINUX_PROC_H
#define ISOMORPH_LINUX_PROC_H

#include "linux/task.h"

enum proc_entry {
    PROC_OTHER, /* the host's, or not in /proc at all */
    PROC_EXE,
    PROC_CMDLINE,
    PROC_ENVIRON,
    PROC_AUXV,
    PROC_MAPS,
    PROC_STAT,
    PROC_STATM,
    PROC_STATUS,
    PROC_LIMITS,
    PROC_CPUINFO,
    PROC_OWN_FD, /* fd/N or fdinfo/N of one of the runtime's descriptors */
};

/* What the guest's path, relative to dirfd, names: by whatever way it leads there. */
enum proc_entry proc_find(struct linux_task *task, int dirfd, const char *path);

/* Opens a file for which proc_find found an entry (not PROC_OTHER). Returns a descriptor or
 * -errno. */
int64_t proc_open(struct linux_task *task, enum proc_entry entry, int dirfd, const char *path,
                  uint64_t flags);

/* /proc/self/maps. */
void proc_print_maps(struct linux_process *process, struct strbuf *out);

/* Before a call uses the path in a buffer of PATH_MAX bytes: puts the guest's program in the place
 * of /proc/self/exe if links are followed. Returns 0 or -errno. */
int proc_redirect(struct linux_task *task, int dirfd, char *path, bool follow);

/* Takes the entries of the runtime's descriptors out of what getdents64 has read from fd. Returns
 * how many bytes are left. */
int64_t proc_hide_entries(struct linux_task *task, int fd, uint64_t addr, int64_t size);

#endif
