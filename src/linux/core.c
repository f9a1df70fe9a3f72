/* linux/core.c: whether a core file is left, and under which name: core(5), fs/coredump.c.
 *
 * The guest's RLIMIT_CORE, PR_SET_DUMPABLE and /proc/sys/kernel/core_pattern decide, which are the
 * kernel's own. Where the pattern is a pipe, whose program expects the kernel's file of a host
 * process, the name is core.PID in the working directory.
 *
 * Not handled: a program that may not be read by its user (the kernel clears dumpable for it in the
 * host only), and WCOREDUMP in the status: the kernel sets it for a file of its own writing only.
 */
#include "linux/core.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

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

/* Stops the other threads for ever. Those of another process in the same memory go on. */
static void stop_others(struct linux_task *task)
{
    if (__atomic_load_n(&task->process->memory->users, __ATOMIC_RELAXED) == 1)
        vm_stop_others(task->process->vm);
}

void core_write(struct linux_task *task, const siginfo_t *info)
{
    struct strbuf name = {0};
    struct rlimit limit;

    if (getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_cur < SPACE_PAGE_SIZE ||
        prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1)
        return;
    make_name(&name, task, info->si_signo, limit.rlim_cur);
    int fd = open_file(name.data);
    if (fd < 0) {
        if (log_on(LOG_UNIMP))
            log_print("isomorph: no core file: %s: %s\n", name.data, strerror(errno));
        strbuf_free(&name);
        return;
    }
    strbuf_free(&name);
    stop_others(task);
    core_write_file(task, info, fd, limit.rlim_cur);
    close(fd);
}
