/* linux/exec_plan.c: looks at a program's first bytes before anything is given up: is it the
 * guest's, a script, or the host's? */
#include "linux/exec.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_path(const void *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hang us */
}

/* Opens a file for the runtime's own look at it: a guest that has used up its descriptors can still
 * execute programs. */
static int open_to_look(const char *path)
{
    return base_make_fd(open_path, path);
}

/* May this file be executed, as far as its contents do not matter? That nobody is writing to it,
 * for one thing: ETXTBSY. Linux can be asked from 6.14 on; before, the new process finds out what
 * access(2) does not say. Returns 0 or -errno. */
static int ask_kernel(int fd)
{
    enum { EXECVE_CHECK = 0x10000 }; /* AT_EXECVE_CHECK */
    char *const none[] = {"", NULL};

    if (syscall(__NR_execveat, fd, "", none, none, AT_EMPTY_PATH | EXECVE_CHECK) == 0)
        return 0;
    return errno == ETXTBSY || errno == EACCES || errno == EPERM ? -errno : 0;
}

/* Another descriptor of the same file: with an offset of its own where there is /proc. */
static int reopen(int fd)
{
    char link[32];

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    int copy = open_to_look(link);
    if (copy < 0)
        copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? -errno : copy;
}

/* A script that has no path has one for its interpreter: /dev/fd/N. */
static bool is_by_descriptor(const struct exec_plan *plan)
{
    return plan->fd >= 0 && plan->n_scripts == 0;
}

int exec_open_program(const struct exec_plan *plan)
{
    return is_by_descriptor(plan) ? reopen(plan->fd) : open_to_look(plan->host_path);
}

/* May the program be executed, by its mode? Returns 0 or -errno. */
static int check_mode(const struct exec_plan *plan)
{
    bool by_fd = is_by_descriptor(plan);
    int at = by_fd ? plan->fd : AT_FDCWD, flags = by_fd ? AT_EMPTY_PATH : 0;
    const char *path = by_fd ? "" : plan->host_path;
    struct stat st;

    if (fstatat(at, path, &st, flags) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || faccessat(at, path, X_OK, AT_EACCESS | flags) < 0)
        return -EACCES;
    return 0;
}

/* Reads the first bytes of the plan's program. Returns how many, or -errno as execve(2) has it. */
static int read_head(const struct exec_plan *plan, char *head, size_t size)
{
    int err = check_mode(plan), fd = err ? err : exec_open_program(plan);

    if (fd < 0)
        return fd;
    err = ask_kernel(fd);
    ssize_t n = err ? 0 : pread(fd, head, size, 0);
    if (n < 0)
        err = -errno;
    close(fd);
    return err ? err : (int)n;
}

static bool is_guest_program(const struct guest *guest, const char *head, int len)
{
    Elf64_Ehdr e;

    if (len < (int)offsetof(Elf64_Ehdr, e_version)) /* a file cut short is still the guest's */
        return false;
    memcpy(&e, head, offsetof(Elf64_Ehdr, e_version));
    return memcmp(e.e_ident, ELFMAG, SELFMAG) == 0 && e.e_ident[EI_CLASS] == guest->elf_class &&
           e.e_ident[EI_DATA] == ELFDATA2LSB && e.e_machine == guest->elf_machine;
}

/* "#! interpreter [argument]" (fs/binfmt_script.c). The line is cut up in place. Returns 0 or
 * -errno. */
static int parse_script_line(char *line, const char **interpreter, const char **argument)
{
    char *end = strchr(line, '\n');
    char *at = line + 2 + strspn(line + 2, " \t");

    if (end)
        *end = '\0';
    else if (strlen(line) == EXEC_LINE) {
        if (!strpbrk(at, " \t"))
            return -ENOEXEC; /* the name does not fit */
        line[EXEC_LINE - 1] = '\0';
    }
    size_t len = strlen(at);
    while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
        at[--len] = '\0';
    if (len == 0)
        return end ? -ENOEXEC : -EACCES; /* the name is "" then */
    *interpreter = at;
    at += strcspn(at, " \t");
    *argument = NULL;
    if (*at) {
        *at++ = '\0';
        *argument = at + strspn(at, " \t");
    }
    return 0;
}

int exec_make_plan(const struct guest *guest, const char *path,
                   int (*lookup)(void *arg, char *path), void *arg, struct exec_plan *plan)
{
    char head[EXEC_LINE + 1];
    int len;

    plan->n_scripts = 0;
    for (;;) {
        if (strlen(path) >= PATH_MAX)
            return -ENAMETOOLONG;
        memmove(plan->path, path, strlen(path) + 1);
        strcpy(plan->host_path, plan->path);
        int err = lookup(arg, plan->host_path);
        if (err)
            return err;
        len = read_head(plan, head, EXEC_LINE);
        if (len < 0)
            return len;
        head[len] = '\0';
        if (strncmp(head, "#!", 2) != 0)
            break;
        if (plan->n_scripts == EXEC_MAX_SCRIPTS)
            return -ELOOP;

        unsigned i = plan->n_scripts;
        memcpy(plan->scripts[i].line, head, (size_t)len + 1);
        strcpy(plan->scripts[i].path, plan->path);
        strcpy(plan->scripts[i].host_path, plan->host_path);
        err = parse_script_line(plan->scripts[i].line, &plan->scripts[i].interpreter,
                                &plan->scripts[i].argument);
        if (err)
            return err;
        plan->n_scripts++;
        path = plan->scripts[i].interpreter;
    }
    plan->kind = is_guest_program(guest, head, len) ? EXEC_GUEST : EXEC_HOST;
    return 0;
}

int exec_check_guest(const struct exec_plan *plan, const struct path_prefix *prefix)
{
    int fd = exec_open_program(plan);

    if (fd < 0)
        return fd;
    int err = linux_check(fd, prefix);
    close(fd);
    return err;
}

/* The name of script i for whoever interprets it: a host program knows host paths only. */
static const char *script_name(const struct exec_plan *plan, unsigned i)
{
    return plan->kind == EXEC_HOST ? plan->scripts[i].host_path : plan->scripts[i].path;
}

unsigned exec_leading_words(const struct exec_plan *plan, const char *argv0, const char **words)
{
    unsigned n = 0;

    if (plan->n_scripts == 0) {
        words[n++] = argv0;
        return n;
    }
    /* Each script's words stand before those of the script it interprets; only the innermost
     * argv[0] is dropped, for the name of a script takes the place of the argv[0] that it was
     * called with. */
    for (unsigned i = plan->n_scripts; i-- > 0;) {
        words[n++] =
            i + 1 < plan->n_scripts ? script_name(plan, i + 1) : plan->scripts[i].interpreter;
        if (plan->scripts[i].argument)
            words[n++] = plan->scripts[i].argument;
    }
    words[n++] = script_name(plan, 0);
    return n;
}
