/* linux/proc.c: which paths name files of /proc that must speak of the guest, not of the runtime
 * whose process it runs in.
 *
 * The question is asked for every path, so it is answered from the last component alone in nearly
 * all cases. Only when that is one of a dozen names is the folder looked at, and then by the name
 * that the kernel has for it: "/proc/self", "/proc/17/task/17", a descriptor of one of these and a
 * link to it are all the same.
 *
 * Does not handle: a link whose own name is another one ("m -> /proc/self/maps"); smaps, numa_maps,
 * pagemap and mem, which show the whole process; the files of other guests' processes, which show
 * the runtime's. */
#include "linux/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linux/paths.h"

/* ---- which file ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    enum proc_entry entry;
} proc_names[] = {
    {"exe", PROC_EXE},     {"cmdline", PROC_CMDLINE}, {"environ", PROC_ENVIRON},
    {"auxv", PROC_AUXV},   {"maps", PROC_MAPS},       {"stat", PROC_STAT},
    {"statm", PROC_STATM}, {"status", PROC_STATUS},   {"limits", PROC_LIMITS},
};

/* The number that text is, or -1. */
static long whole_number(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    return *text >= '0' && *text <= '9' && *end == '\0' ? n : -1;
}

/* What a file of this name might be, in the right folder. */
static enum proc_entry entry_by_name(const struct linux_process *process, const char *name)
{
    if (*name >= '0' && *name <= '9') {
        long n = whole_number(name);
        return n >= 0 && n <= INT_MAX && path_owns_fd(process, (int)n) ? PROC_OWN_FD : PROC_OTHER;
    }
    if (strcmp(name, "cpuinfo") == 0)
        return PROC_CPUINFO;
    for (unsigned i = 0; i < ARRAY_LEN(proc_names); i++)
        if (strcmp(name, proc_names[i].name) == 0)
            return proc_names[i].entry;
    return PROC_OTHER;
}

/* The folder that name[0..len) is below dirfd, as the kernel calls it. False if there is none. */
static bool folder_name(int dirfd, const char *name, size_t len, char found[PATH_MAX])
{
    char folder[PATH_MAX];
    bool own = dirfd == AT_FDCWD || len > 0;

    if (len >= PATH_MAX)
        return false;
    memcpy(folder, name, len);
    strcpy(folder + len, len == 0 ? "." : "");
    int fd = own ? openat(dirfd, folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : dirfd;
    if (fd < 0)
        return false;
    bool good = path_of_descriptor(fd, found) > 0;
    if (own)
        close(fd);
    return good;
}

/* Is this the folder of this process, or of a thread of it? What is behind it is put at *rest. */
static bool is_own_folder(const char *folder, const char **rest)
{
    if (strncmp(folder, "/proc/", 6) != 0)
        return false;
    const char *id = folder + 6;
    size_t len = strcspn(id, "/");
    bool named = (len == 4 && strncmp(id, "self", 4) == 0) ||
                 (len == 11 && strncmp(id, "thread-self", 11) == 0);
    if (!named && strtol(id, NULL, 10) != getpid())
        return false;
    *rest = id + len;
    if (strncmp(*rest, "/task/", 6) == 0)
        *rest += 6 + strcspn(*rest + 6, "/");
    return true;
}

/* Does the entry belong into this folder? */
static bool fits_folder(enum proc_entry entry, const char *folder)
{
    const char *rest;

    if (entry == PROC_CPUINFO)
        return strcmp(folder, "/proc") == 0;
    if (!is_own_folder(folder, &rest))
        return false;
    if (entry == PROC_OWN_FD)
        return strcmp(rest, "/fd") == 0 || strcmp(rest, "/fdinfo") == 0;
    return *rest == '\0';
}

/* Does the folder's name say by itself where it is? */
static bool is_plain_proc(const char *path, size_t len)
{
    return strncmp(path, "/proc", 5) == 0 && !memmem(path, len, "/.", 2) &&
           !memmem(path, len, "//", 2);
}

enum proc_entry proc_find(struct linux_task *task, int dirfd, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    enum proc_entry entry = entry_by_name(task->process, name);
    size_t len = slash ? (size_t)(slash - path) : 0;
    char folder[PATH_MAX];

    if (entry == PROC_OTHER)
        return entry;
    if (is_plain_proc(path, len)) {
        memcpy(folder, path, len);
        folder[len] = '\0';
    } else if (!folder_name(dirfd, path, slash == path ? 1 : len, folder)) {
        return PROC_OTHER;
    }
    return fits_folder(entry, folder) ? entry : PROC_OTHER;
}

int proc_redirect(struct linux_task *task, int dirfd, char *path, bool follow)
{
    enum proc_entry entry = proc_find(task, dirfd, path);

    if (entry == PROC_OWN_FD)
        return -ENOENT;
    if (entry != PROC_EXE || !follow)
        return 0;
    if (strlen(task->process->exe) >= PATH_MAX)
        return -ENAMETOOLONG;
    strcpy(path, task->process->exe);
    return 0;
}

/* ---- listings -------------------------------------------------------------------------------- */

/* struct linux_dirent64, whose name follows. */
struct dirent_head {
    uint64_t ino;
    int64_t off;
    uint16_t reclen;
    unsigned char type;
} __attribute__((packed));

enum { DIRENT_NAME = 19 };

/* Does the entry at p have one of the runtime's descriptors as its name? */
static bool is_own_entry(const struct linux_process *process, const char *p)
{
    return entry_by_name(process, p + DIRENT_NAME) == PROC_OWN_FD;
}

int64_t proc_hide_entries(struct linux_task *task, int fd, uint64_t addr, int64_t size)
{
    struct space *space = task->process->space;
    char folder[PATH_MAX], entry[sizeof(struct dirent_head) + NAME_MAX + 8];
    int64_t kept = 0;
    bool asked = false;

    for (int64_t at = 0; at < size;) {
        struct dirent_head head;
        if (space_read(space, GVA(addr + (uint64_t)at), &head, sizeof(head)) ||
            head.reclen < DIRENT_NAME || head.reclen > sizeof(entry) ||
            space_read(space, GVA(addr + (uint64_t)at), entry, head.reclen))
            return size;
        if (is_own_entry(task->process, entry)) {
            if (!asked && (!path_of_descriptor(fd, folder) || !fits_folder(PROC_OWN_FD, folder)))
                return size; /* a file that happens to be called so */
            asked = true;
        } else {
            if (kept != at && space_write(space, GVA(addr + (uint64_t)kept), entry, head.reclen))
                return -EFAULT;
            kept += head.reclen;
        }
        at += head.reclen;
    }
    return kept;
}
