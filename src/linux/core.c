/* linux/core.c: whether a core file is left, and under which name: core(5), fs/coredump.c.
 *
 * The guest's RLIMIT_CORE, PR_SET_DUMPABLE and /proc/sys/kernel/core_pattern decide, which are the
 * kernel's own. Where the pattern is a pipe, whose program expects the kernel's file of a host
 * process, the name is core.PID in the working directory.
 *
 * WCOREDUMP: only the kernel sets it in a wait status, and only for a file of its own writing. So
 * it is let write one, of a page, into a file system that is mounted nowhere and ends with the
 * process.
 *
 * Not handled: a program that may not be read by its user (the kernel clears dumpable for it in the
 * host only), and WCOREDUMP where core_have_flag() says no. */
#include "linux/core.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "linux/signals.h"
#include "vm/vm.h"

/* Reads a line of a file in /proc. Returns false if there is none. */
static bool read_line(const char *path, char *line, size_t size)
{
    FILE *f = fopen(path, "re");
    bool ok = f && fgets(line, (int)size, f);

    if (f)
        fclose(f);
    if (ok)
        line[strcspn(line, "\n")] = '\0';
    return ok;
}

/* Text in the place of a specifier: a slash would be another folder. */
static void add_text(struct strbuf *name, const char *text)
{
    for (; *text; text++)
        strbuf_printf(name, "%c", *text == '/' ? '!' : *text);
}

static void add_host_name(struct strbuf *name)
{
    struct utsname host;

    if (uname(&host) == 0)
        add_text(name, host.nodename);
}

static void add_command(struct strbuf *name)
{
    char line[64] = "";

    if (read_line("/proc/thread-self/comm", line, sizeof(line)))
        add_text(name, line);
}

/* What the character after a % stands for. */
static void add_specifier(struct strbuf *name, char c, struct linux_task *task, int sig,
                          uint64_t limit)
{
    const char *exe = task->process->exe, *base = strrchr(exe, '/');

    switch (c) {
    case '%':
        strbuf_printf(name, "%%");
        return;
    case 'p':
    case 'P':
        strbuf_printf(name, "%d", getpid());
        return;
    case 'i':
    case 'I':
        strbuf_printf(name, "%d", gettid());
        return;
    case 'u':
        strbuf_printf(name, "%u", getuid());
        return;
    case 'g':
        strbuf_printf(name, "%u", getgid());
        return;
    case 'd':
        strbuf_printf(name, "%d", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
        return;
    case 's':
        strbuf_printf(name, "%d", sig);
        return;
    case 't':
        strbuf_printf(name, "%lld", (long long)time(NULL));
        return;
    case 'c':
        strbuf_printf(name, "%llu", (unsigned long long)limit);
        return;
    case 'h':
        add_host_name(name);
        return;
    case 'e':
        add_command(name);
        return;
    case 'f':
        add_text(name, base ? base + 1 : exe);
        return;
    case 'E':
        add_text(name, exe);
        return;
    default: /* unknown ones are dropped */
        return;
    }
}

/* The file's name, relative to the working directory or absolute. */
static void make_name(struct strbuf *name, struct linux_task *task, int sig, uint64_t limit)
{
    char pattern[256] = "", uses_pid[8] = "0";
    bool has_pid = false;

    read_line("/proc/sys/kernel/core_pattern", pattern, sizeof(pattern));
    read_line("/proc/sys/kernel/core_uses_pid", uses_pid, sizeof(uses_pid));
    if (pattern[0] == '|' || pattern[0] == '@' || pattern[0] == '\0')
        strcpy(pattern, "core.%p");
    for (const char *p = pattern; *p; p++) {
        if (*p != '%') {
            strbuf_printf(name, "%c", *p);
        } else if (*++p == '\0') {
            break;
        } else {
            has_pid |= *p == 'p';
            add_specifier(name, *p, task, sig, limit);
        }
    }
    if (!has_pid && uses_pid[0] != '0')
        strbuf_printf(name, ".%d", getpid());
}

/* As do_coredump(): a file of one's own, with one name, that nobody else can read. Returns -1 if it
 * cannot be had. */
static int open_file(const char *name)
{
    int fd = open(name, O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
        st.st_uid == geteuid() && ftruncate(fd, 0) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

bool core_write(struct linux_task *task, const siginfo_t *info)
{
    struct strbuf name = {0};
    struct rlimit limit;

    if (getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_cur < SPACE_PAGE_SIZE ||
        prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1)
        return false;
    make_name(&name, task, info->si_signo, limit.rlim_cur);
    int fd = open_file(name.data);
    if (fd < 0) {
        if (log_on(LOG_UNIMP))
            log_print("isomorph: no core file: %s: %s\n", name.data, strerror(errno));
        strbuf_free(&name);
        return false;
    }
    strbuf_free(&name);
    /* Those of another process in the same memory go on; ours are stopped for ever. */
    if (!linux_memory_shared(task->process))
        vm_stop_others(task->process->vm);
    core_write_file(task, info, fd, limit.rlim_cur);
    close(fd);
    return true;
}

/* ---- WCOREDUMP ------------------------------------------------------------------------------- */

/* A file system without a place in any tree: a descriptor of its root, or -1. */
static int mount_nowhere(void)
{
    int fs = fsopen("tmpfs", FSOPEN_CLOEXEC), fd = -1;

    if (fs < 0)
        return -1;
    if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
        fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
    close(fs);
    return fd;
}

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return ok;
}

struct mounter {
    char uid_map[32], gid_map[32];
    int fd;
};

/* In a child with namespaces of its own, in which it may mount, and with our memory and
 * descriptors. Files can be made by users whom its namespace knows (user_namespaces(7)): us. */
static int mount_for_parent(void *arg)
{
    struct mounter *m = arg;

    if (write_text("/proc/self/setgroups", "deny") &&
        write_text("/proc/self/uid_map", m->uid_map) &&
        write_text("/proc/self/gid_map", m->gid_map))
        m->fd = mount_nowhere();
    return 0;
}

/* The same without privileges. The child has the parent wait as vfork(2) does. */
static int mount_by_child(void)
{
    enum { STACK_SIZE = 64 << 10 };
    struct mounter m = {.fd = -1};
    char *stack = base_alloc(STACK_SIZE);

    signal_block_all(); /* in the child they would not find their thread */
    snprintf(m.uid_map, sizeof(m.uid_map), "0 %u 1", geteuid());
    snprintf(m.gid_map, sizeof(m.gid_map), "0 %u 1", getegid());
    pid_t pid = clone(mount_for_parent, stack + STACK_SIZE,
                      CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_NEWUSER | CLONE_NEWNS, &m);
    if (pid > 0)
        waitpid(pid, NULL, __WALL);
    free(stack);
    return m.fd;
}

bool core_have_flag(const struct linux_task *task)
{
    struct rlimit limit;
    char pattern[256] = "";

    /* A path or a program gets the file wherever we are; and some kernels end all who share the
     * memory. */
    if (!read_line("/proc/sys/kernel/core_pattern", pattern, sizeof(pattern)) ||
        pattern[0] == '\0' || strpbrk(pattern, "|@/") || linux_memory_shared(task->process) ||
        getrlimit(RLIMIT_CORE, &limit) < 0 || unshare(CLONE_FS) < 0)
        return false;
    int fd = mount_nowhere();
    if (fd < 0)
        fd = mount_by_child();
    if (fd < 0 || fchdir(fd) < 0 || !write_text("/proc/self/coredump_filter", "0"))
        return false;
    limit.rlim_cur = SPACE_PAGE_SIZE; /* the least (ELF_EXEC_PAGESIZE): it is cut off there */
    return setrlimit(RLIMIT_CORE, &limit) == 0;
}
