/* linux/rlimits.c: getrlimit, setrlimit and prlimit64, and the two limits that cannot be the
 * host's.
 *
 * RLIMIT_AS and RLIMIT_DATA count the memory of a process, and the runtime's own would count with
 * the guest's and run out with it. So the guest's are kept here and held to by the calls that map
 * memory (mem.c), and the host's are raised as far as they go. Where the host's hard limit is one
 * too, the guest gets so much less that the runtime keeps some room. All other limits are the
 * kernel's.
 *
 * Does not handle: another process's RLIMIT_AS and RLIMIT_DATA, which are set on the host; a
 * program of the host that is executed gets the soft ones only; a lowered RLIMIT_STACK does not
 * shrink the stack that is there. */
#include "linux/rlimits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/sys.h"

enum {
    RUNTIME_ROOM = 64 << 20, /* that the runtime may still need */
    START_FILES = 16,        /* that it opens before the guest starts */
    CAP_RESOURCE = 24,       /* CAP_SYS_RESOURCE */
};

/* ---- what is kept ---------------------------------------------------------------------------- */

/* The guest's own limit of this kind, or NULL. */
static struct guest_limit *limit_of(struct linux_process *process, int resource)
{
    switch (resource) {
    case RLIMIT_AS:
        return &process->limit_as;
    case RLIMIT_DATA:
        return &process->limit_data;
    default:
        return NULL;
    }
}

/* Bytes that the guest has mapped; those of them that RLIMIT_DATA counts (mm/mmap.c,
 * is_data_mapping()) at *data, which may be NULL. */
static uint64_t guest_total(struct space *space, uint64_t *data)
{
    const struct mapping *m;
    uint64_t total = 0, private = 0;

    space_lock(space);
    for (uint64_t at = 0; (m = space_find(space, GVA(at))) != NULL; at = m->end) {
        total += m->end - m->start;
        if (m->prot & PROT_WRITE && !(m->flags & (MAP_SHARED | MAP_GROWSDOWN)))
        private += m->end - m->start;
    }
    space_unlock(space);
    if (data)
        *data = private;
    return total;
}

/* Bytes that the process has mapped beside the guest's. */
static uint64_t own_total(struct space *space)
{
    FILE *f = fopen("/proc/self/statm", "re");
    unsigned long long pages = 0;

    if (f && fscanf(f, "%llu", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    uint64_t all = pages * SPACE_PAGE_SIZE, guest = guest_total(space, NULL);
    return all > guest ? all - guest : 0;
}

/* Takes a limit over from the host, and raises the host's. */
static void take_over(struct linux_process *process, int resource, bool given)
{
    struct guest_limit *limit = limit_of(process, resource);
    struct rlimit host;

    if (getrlimit(resource, &host) < 0)
        return;
    if (!given)
        *limit = (struct guest_limit){host.rlim_cur, host.rlim_max, UINT64_MAX};
    limit->most = UINT64_MAX;
    if (host.rlim_max != RLIM_INFINITY) {
        uint64_t kept = own_total(process->space) + RUNTIME_ROOM;
        limit->most = host.rlim_max > kept ? host.rlim_max - kept : 0;
    }
    host.rlim_cur = host.rlim_max;
    setrlimit(resource, &host);
}

static void set_host(int resource, uint64_t soft)
{
    struct rlimit host;

    if (getrlimit(resource, &host) < 0)
        return;
    host.rlim_cur = MIN(soft, host.rlim_max);
    setrlimit(resource, &host);
}

static uint64_t host_soft(int resource)
{
    struct rlimit host;

    return getrlimit(resource, &host) < 0 ? RLIM_INFINITY : host.rlim_cur;
}

/* The option: RLIMIT_AS soft and hard, RLIMIT_DATA soft and hard, RLIMIT_NOFILE soft. */
void limits_init(struct linux_process *process, const char *option)
{
    struct guest_limit *as = &process->limit_as, *data = &process->limit_data;
    uint64_t files;

    if (option && sscanf(option, "%lu,%lu,%lu,%lu,%lu", &as->soft, &as->hard, &data->soft,
                         &data->hard, &files) != 5)
        base_fail(EXIT_USAGE, "--limits=%s: not five numbers", option);
    take_over(process, RLIMIT_AS, option != NULL);
    take_over(process, RLIMIT_DATA, option != NULL);
    if (option)
        set_host(RLIMIT_NOFILE, files);
}

const char *limits_option(struct linux_process *process, struct arena *arena)
{
    enum { ROOM = 5 * 21 + 1 };
    struct guest_limit as = process->limit_as, data = process->limit_data;
    char *text = arena_alloc(arena, ROOM, 1);

    snprintf(text, ROOM, "%lu,%lu,%lu,%lu,%lu", as.soft, as.hard, data.soft, data.hard,
             host_soft(RLIMIT_NOFILE));
    return text;
}

/* A guest that has used up its descriptors can execute programs, and so must the runtime. Where the
 * limit cannot be raised, it has what is closed on exec. */
int limits_start_prepare(unsigned needs, uint64_t *files)
{
    *files = host_soft(RLIMIT_NOFILE);
    set_host(RLIMIT_NOFILE, *files + MIN(START_FILES, RLIM_INFINITY - *files));

    uint64_t fd = host_soft(RLIMIT_NOFILE);
    needs -= MIN(needs, fd - *files);
    for (fd = MIN(*files, (uint64_t)INT32_MAX); needs > 0 && fd > 0; fd--) {
        int flags = fcntl((int)fd - 1, F_GETFD);
        needs -= flags < 0 || flags & FD_CLOEXEC;
    }
    if (needs == 0)
        return 0;
    set_host(RLIMIT_NOFILE, *files);
    return -EMFILE;
}

void limits_start_failed(uint64_t files)
{
    set_host(RLIMIT_NOFILE, files);
}

void limits_exec_prepare(struct linux_process *process)
{
    set_host(RLIMIT_AS, process->limit_as.soft);
    set_host(RLIMIT_DATA, process->limit_data.soft);
}

void limits_exec_failed(struct linux_process *process)
{
    set_host(RLIMIT_AS, RLIM_INFINITY);
    set_host(RLIMIT_DATA, RLIM_INFINITY);
}

/* ---- holding to them ------------------------------------------------------------------------- */

static bool is_unlimited(const struct guest_limit *limit)
{
    return MIN(limit->soft, limit->most) == UINT64_MAX;
}

static bool exceeds(const struct guest_limit *limit, uint64_t used, uint64_t more)
{
    uint64_t most = MIN(limit->soft, limit->most);

    return more > most || used > most - more;
}

/* Adds up, over the mappings in [start, start+len), the bytes for which prot has no right of
 * `without` (0: all). */
static uint64_t bytes_in(struct space *space, uint64_t start, uint64_t len, int without,
                         bool private)
{
    const struct mapping *m;
    uint64_t end = start + len, sum = 0;

    space_lock(space);
    for (uint64_t at = start; at < end && (m = space_find(space, GVA(at))) != NULL; at = m->end) {
        if (m->start >= end)
            break;
        if (!(m->prot & without) && !(private && m->flags & MAP_SHARED))
            sum += MIN(m->end, end) - MAX(m->start, start);
    }
    space_unlock(space);
    return sum;
}

int limits_check(struct linux_process *process, uint64_t start, uint64_t len, int prot, int flags,
                 bool at_start)
{
    struct space *space = process->space;
    uint64_t data;

    if (is_unlimited(&process->limit_as) && is_unlimited(&process->limit_data))
        return 0;
    uint64_t total = guest_total(space, &data), size = ALIGN_UP(len, SPACE_PAGE_SIZE);
    if (at_start)
        total -= bytes_in(space, ALIGN_DOWN(start, SPACE_PAGE_SIZE), size, 0, false);
    if (exceeds(&process->limit_as, total, size))
        return -ENOMEM;
    if (prot & PROT_WRITE && !(flags & MAP_SHARED) && exceeds(&process->limit_data, data, size))
        return -ENOMEM;
    return 0;
}

int limits_check_brk(struct linux_process *process, uint64_t brk)
{
    struct space *space = process->space;
    uint64_t own = process->layout.data_end - process->layout.data_start;

    if (brk <= space->brk)
        return 0;
    if (exceeds(&process->limit_data, own, brk - space->brk_start))
        return -ENOMEM;
    return limits_check(process, 0, brk - space->brk, PROT_READ, MAP_SHARED, false);
}

int limits_check_writable(struct linux_process *process, uint64_t start, uint64_t len)
{
    uint64_t data;

    if (is_unlimited(&process->limit_data))
        return 0;
    uint64_t more = bytes_in(process->space, start, len, PROT_WRITE, true);
    guest_total(process->space, &data);
    return more > 0 && exceeds(&process->limit_data, data, more) ? -ENOMEM : 0;
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* CAP_SYS_RESOURCE in the effective set: may a hard limit be raised? */
static bool may_raise(void)
{
    struct {
        uint32_t version;
        int pid;
    } header = {0x20080522, 0}; /* _LINUX_CAPABILITY_VERSION_3 */
    uint32_t data[6];

    return syscall(__NR_capget, &header, data) == 0 && data[0] >> CAP_RESOURCE & 1;
}

/* prlimit64 of this process and one of the limits above; kernel/sys.c, do_prlimit(). */
static int64_t change_own(struct linux_task *task, struct guest_limit *limit, uint64_t new_addr,
                          uint64_t old_addr)
{
    struct space *space = task->process->space;
    struct rlimit old = {limit->soft, limit->hard}, new;

    if (new_addr) {
        if (space_read(space, GVA(new_addr), &new, sizeof(new)))
            return -EFAULT;
        if (new.rlim_cur > new.rlim_max)
            return -EINVAL;
        if (new.rlim_max > limit->hard && !may_raise())
            return -EPERM;
        limit->soft = new.rlim_cur;
        limit->hard = new.rlim_max;
    }
    return old_addr ? space_write(space, GVA(old_addr), &old, sizeof(old)) : 0;
}

/* prlimit64(pid, resource, new, old) */
int64_t limits_prlimit64(struct linux_task *task, const uint64_t args[6])
{
    bool own = (int)args[0] == 0 || (int)args[0] == getpid();
    struct guest_limit *limit = own ? limit_of(task->process, (int)args[1]) : NULL;

    if (limit)
        return change_own(task, limit, args[2], args[3]);
    return sys_host(task, __NR_prlimit64, args[0], args[1],
                    sys_span(task, args[2], sizeof(struct rlimit)),
                    sys_span(task, args[3], sizeof(struct rlimit)));
}

int64_t limits_getrlimit(struct linux_task *task, const uint64_t args[6])
{
    struct guest_limit *limit = limit_of(task->process, (int)args[0]);

    if (limit)
        return args[1] ? change_own(task, limit, 0, args[1]) : -EFAULT;
    return sys_host(task, __NR_getrlimit, args[0], sys_span(task, args[1], sizeof(struct rlimit)));
}

int64_t limits_setrlimit(struct linux_task *task, const uint64_t args[6])
{
    struct guest_limit *limit = limit_of(task->process, (int)args[0]);

    if (limit)
        return args[1] ? change_own(task, limit, args[1], 0) : -EFAULT;
    return sys_host(task, __NR_setrlimit, args[0], sys_span(task, args[1], sizeof(struct rlimit)));
}

/* ---- /proc/self/limits ----------------------------------------------------------------------- */

static void print_value(struct strbuf *out, uint64_t value)
{
    if (value == UINT64_MAX)
        strbuf_printf(out, "%-20s ", "unlimited");
    else
        strbuf_printf(out, "%-20lu ", value);
}

void limits_print(struct linux_process *process, const char *host, struct strbuf *out)
{
    static const struct {
        const char *name;
        int resource;
    } own[] = {{"Max address space", RLIMIT_AS}, {"Max data size", RLIMIT_DATA}};

    while (*host) {
        size_t len = strcspn(host, "\n");
        const struct guest_limit *limit = NULL;
        unsigned i;
        len += host[len] == '\n';
        for (i = 0; i < ARRAY_LEN(own) && !limit; i++)
            if (strncmp(host, own[i].name, strlen(own[i].name)) == 0)
                limit = limit_of(process, own[i].resource);
        if (limit) {
            strbuf_printf(out, "%-25s ", own[i - 1].name);
            print_value(out, limit->soft);
            print_value(out, limit->hard);
            strbuf_printf(out, "%-10s\n", "bytes");
        } else {
            strbuf_printf(out, "%.*s", (int)len, host);
        }
        host += len;
    }
}
