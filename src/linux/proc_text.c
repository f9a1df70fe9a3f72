/* linux/proc_text.c: what the guest reads in the files of /proc that speak of it.
 *
 * A file is opened on the host first, which finds the errors; what is read there is changed where
 * it tells of the runtime, or made anew, and put into a memory file that the guest gets in its
 * place. That is a snapshot of the moment of opening: the kernel's own changes when it is read
 * again from the start.
 *
 * Formats: proc(5), and fs/proc/array.c and task_mmu.c where that is silent. */
#include "linux/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "linux/rlimits.h"
#include "linux/paths.h"
#include "linux/sys.h"

/* ---- memory ---------------------------------------------------------------------------------- */

static const char *mapping_name(const struct linux_process *process, const struct mapping *m)
{
    return m->name && m->name[0] == '/' ? path_guest_name(process->prefix, m->name) : m->name;
}

void proc_print_maps(struct linux_process *process, struct strbuf *out)
{
    const struct mapping *m;

    space_lock(process->space);
    for (uint64_t at = 0; (m = space_find(process->space, GVA(at))) != NULL; at = m->end) {
        size_t start = out->len;
        strbuf_printf(out, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ",
                      (unsigned long long)m->start, (unsigned long long)m->end,
                      m->prot & PROT_READ ? 'r' : '-', m->prot & PROT_WRITE ? 'w' : '-',
                      m->prot & PROT_EXEC ? 'x' : '-', m->flags & MAP_SHARED ? 's' : 'p',
                      (unsigned long long)m->file_offset, major(m->dev), minor(m->dev),
                      (unsigned long long)m->ino);
        if (m->name) /* the kernel pads to column 73 */
            strbuf_printf(out, "%*s%s", MAX(73 - (int)(out->len - start), 0), "",
                          mapping_name(process, m));
        strbuf_printf(out, "\n");
    }
    space_unlock(process->space);
}

/* Sizes in bytes, as mm/mmap.c's vm_stat_account() sorts the mappings. */
struct usage {
    uint64_t total, exec, data, stack, code;
};

static void measure(struct linux_process *process, struct usage *u)
{
    const struct mapping *m;

    *u = (struct usage){.code = ALIGN_UP(process->layout.code_end, SPACE_PAGE_SIZE) -
                                ALIGN_DOWN(process->layout.code_start, SPACE_PAGE_SIZE)};
    space_lock(process->space);
    for (uint64_t at = 0; (m = space_find(process->space, GVA(at))) != NULL; at = m->end) {
        uint64_t size = m->end - m->start;
        u->total += size;
        if (m->flags & MAP_GROWSDOWN)
            u->stack += size;
        else if (m->prot & PROT_EXEC && !(m->prot & PROT_WRITE))
            u->exec += size;
        else if (m->prot & PROT_WRITE && !(m->flags & MAP_SHARED))
            u->data += size;
    }
    space_unlock(process->space);
}

/* ---- stat, statm, status --------------------------------------------------------------------- */

/* Field number `field` (from 1) of /proc/self/stat as the guest has it. False: the host's will do.
 */
static bool stat_field(struct linux_process *process, unsigned field, uint64_t *value)
{
    const struct process_layout *l = &process->layout;
    struct usage u;

    switch (field) {
    case 23:
        measure(process, &u);
        *value = u.total;
        return true;
    case 26:
        *value = l->code_start;
        return true;
    case 27:
        *value = l->code_end;
        return true;
    case 28:
        *value = l->stack;
        return true;
    case 45:
        *value = l->data_start;
        return true;
    case 46:
        *value = l->data_end;
        return true;
    case 47:
        *value = process->space->brk_start;
        return true;
    case 48:
        *value = l->arg_start;
        return true;
    case 49:
        *value = l->arg_end;
        return true;
    case 50:
        *value = l->env_start;
        return true;
    case 51:
        *value = l->env_end;
        return true;
    default:
        return false;
    }
}

/* "17 (name) R 1 ...": the name may hold anything, so fields count from its end. */
static void print_stat(struct linux_process *process, const char *host, struct strbuf *out)
{
    const char *at = strrchr(host, ')');
    uint64_t value;

    if (!at)
        return;
    strbuf_printf(out, "%.*s", (int)(at + 1 - host), host);
    at++;
    for (unsigned field = 3; *at == ' '; field++) {
        size_t len = 1 + strcspn(at + 1, " \n");
        if (stat_field(process, field, &value))
            strbuf_printf(out, " %llu", (unsigned long long)value);
        else
            strbuf_printf(out, "%.*s", (int)len, at);
        at += len;
    }
    strbuf_printf(out, "\n");
}

/* size resident shared text lib data dt, in pages. */
static void print_statm(struct linux_process *process, const char *host, struct strbuf *out)
{
    unsigned long long n[7] = {0};
    struct usage u;

    measure(process, &u);
    sscanf(host, "%llu %llu %llu", &n[0], &n[1], &n[2]);
    strbuf_printf(out, "%llu %llu %llu %llu 0 %llu 0\n",
                  (unsigned long long)u.total / SPACE_PAGE_SIZE, n[1], n[2],
                  (unsigned long long)u.code / SPACE_PAGE_SIZE,
                  (unsigned long long)(u.data + u.stack) / SPACE_PAGE_SIZE);
}

static uint64_t handled_signals(struct linux_task *task, bool ignored)
{
    uint64_t set = 0;

    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        uint64_t handler = task->sighand->actions[sig].handler;
        if (ignored ? handler == 1 : handler > 1)
            set |= (uint64_t)1 << (sig - 1);
    }
    return set;
}

/* A line of status that the runtime's own differs in. False: the host's will do. */
static bool print_status_line(struct linux_task *task, const char *key, const struct usage *u,
                              struct strbuf *out)
{
    const struct {
        const char *key;
        uint64_t bytes;
    } sizes[] = {
        {"VmPeak:", u->total}, {"VmSize:", u->total}, {"VmData:", u->data},
        {"VmStk:", u->stack},  {"VmExe:", u->code},   {"VmLib:", u->exec - MIN(u->exec, u->code)},
    };
    const struct {
        const char *key;
        uint64_t set;
    } signals[] = {
        {"SigBlk:", task->mask},
        {"SigIgn:", handled_signals(task, true)},
        {"SigCgt:", handled_signals(task, false)},
    };

    for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
        if (strncmp(key, sizes[i].key, strlen(sizes[i].key)) != 0)
            continue;
        strbuf_printf(out, "%s\t%8llu kB\n", sizes[i].key,
                      (unsigned long long)sizes[i].bytes >> 10);
        return true;
    }
    for (unsigned i = 0; i < ARRAY_LEN(signals); i++) {
        if (strncmp(key, signals[i].key, strlen(signals[i].key)) != 0)
            continue;
        strbuf_printf(out, "%s\t%016llx\n", signals[i].key, (unsigned long long)signals[i].set);
        return true;
    }
    return false;
}

static void print_status(struct linux_task *task, const char *host, struct strbuf *out)
{
    struct usage u;

    measure(task->process, &u);
    while (*host) {
        size_t len = strcspn(host, "\n");
        len += host[len] == '\n';
        if (!print_status_line(task, host, &u, out))
            strbuf_printf(out, "%.*s", (int)len, host);
        host += len;
    }
}

/* ---- arguments and environment --------------------------------------------------------------- */

/* Guest memory [start, end), as it is now: programs write there to be seen under another name. */
static void print_memory(struct linux_process *process, uint64_t start, uint64_t end,
                         struct strbuf *out)
{
    char bytes[1024];

    while (start < end) {
        size_t n = MIN(end - start, (uint64_t)sizeof(bytes));
        if (space_read(process->space, GVA(start), bytes, n))
            return;
        strbuf_append(out, bytes, n);
        start += n;
    }
}

/* The arguments; if their last byte is not NUL any more, one string that may go on into the
 * environment (fs/proc/base.c, get_mm_cmdline()). */
static void print_cmdline(struct linux_process *process, struct strbuf *out)
{
    const struct process_layout *l = &process->layout;

    print_memory(process, l->arg_start, l->arg_end, out);
    if (out->len == 0 || out->data[out->len - 1] == '\0')
        return;
    print_memory(process, l->env_start, l->env_end, out);
    out->len = strnlen(out->data, out->len);
}

/* ---- cpuinfo --------------------------------------------------------------------------------- */

static void print_cpuinfo(struct strbuf *out)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    for (long i = 0; i < count; i++) {
        strbuf_printf(out, "processor\t: %ld\nhart\t\t: %ld\nisa\t\t: ", i, i);
        misc_print_isa(out);
        strbuf_printf(out, "\nmmu\t\t: sv39\nuarch\t\t: isomorph\n\n");
    }
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Appends what can be read from fd, and a NUL that does not count. Returns 0 or -errno. */
static int read_text(int fd, struct strbuf *out)
{
    char bytes[4096];
    ssize_t n;

    while ((n = read(fd, bytes, sizeof(bytes))) > 0)
        strbuf_append(out, bytes, (size_t)n);
    strbuf_append(out, "", 1);
    out->len--;
    return n < 0 ? -errno : 0;
}

/* A descriptor to read text from, with the flags of the open. */
static int64_t open_text(const char *name, const struct strbuf *text, uint64_t flags)
{
    int fd = memfd_create(name, flags & O_CLOEXEC ? MFD_CLOEXEC : 0);

    if (fd < 0)
        return -errno;
    for (size_t done = 0; done < text->len;) {
        ssize_t n = write(fd, text->data + done, text->len - done);
        if (n <= 0) {
            int err = n < 0 ? errno : EIO;
            close(fd);
            return -err;
        }
        done += (size_t)n;
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static void print_entry(struct linux_task *task, enum proc_entry entry, const char *host,
                        struct strbuf *out)
{
    struct linux_process *process = task->process;

    switch (entry) {
    case PROC_CMDLINE:
        print_cmdline(process, out);
        return;
    case PROC_ENVIRON:
        print_memory(process, process->layout.env_start, process->layout.env_end, out);
        return;
    case PROC_AUXV:
        strbuf_append(out, (const char *)process->auxv, process->auxv_size);
        return;
    case PROC_MAPS:
        proc_print_maps(process, out);
        return;
    case PROC_STAT:
        print_stat(process, host, out);
        return;
    case PROC_STATM:
        print_statm(process, host, out);
        return;
    case PROC_STATUS:
        print_status(task, host, out);
        return;
    case PROC_LIMITS:
        limits_print(process, host, out);
        return;
    case PROC_CPUINFO:
        print_cpuinfo(out);
        return;
    default:
        CHECK(false, "not an entry with a text");
    }
}

int64_t proc_open(struct linux_task *task, enum proc_entry entry, int dirfd, const char *path,
                  uint64_t flags)
{
    struct strbuf host = {0}, text = {0};
    bool reads = (flags & (O_ACCMODE | O_PATH)) == O_RDONLY;

    if (entry == PROC_OWN_FD)
        return -ENOENT;
    if (entry == PROC_EXE && !(flags & (O_NOFOLLOW | O_PATH)) && (flags & O_ACCMODE) != O_RDONLY)
        return -ETXTBSY;
    if (entry == PROC_EXE && !(flags & O_NOFOLLOW))
        return sys_host(task, __NR_openat, AT_FDCWD, task->process->exe, flags, 0);
    int64_t fd = sys_host(task, __NR_openat, dirfd, path, flags, 0);
    if (fd < 0 || entry == PROC_EXE || !reads || flags & O_DIRECTORY)
        return fd;
    int64_t result = read_text((int)fd, &host);
    close((int)fd);
    if (result == 0) {
        print_entry(task, entry, host.data, &text);
        result = open_text(strrchr(path, '/') ? strrchr(path, '/') + 1 : path, &text, flags);
    }
    strbuf_free(&host);
    strbuf_free(&text);
    return result;
}
