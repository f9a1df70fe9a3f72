/* linux/misc.c: what kernel and machine this is, prctl, and odd structs. */
#include "linux/sys.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* ---- the kernel's name ----------------------------------------------------------------------- */

int64_t misc_uname(struct linux_task *task, const uint64_t args[6])
{
    const struct options *options = task->process->options;
    struct utsname name;

    int64_t err = sys_host(task, __NR_uname, &name);
    if (err < 0)
        return err;
    memset(name.machine, 0, sizeof(name.machine));
    strcpy(name.machine, task->t->desc->name);
    if (options->uname) {
        memset(name.release, 0, sizeof(name.release));
        strncpy(name.release, options->uname, sizeof(name.release) - 1);
    }
    return space_write(task->process->space, GVA(args[0]), &name, sizeof(name));
}

/* ---- riscv_hwprobe (Documentation/arch/riscv/hwprobe.rst) ------------------------------------ */

struct hwprobe_pair {
    int64_t key;
    uint64_t value;
};

enum {
    HWPROBE_WHICH_CPUS = 1,
    /* keys */
    HWPROBE_BASE_BEHAVIOR = 3,
    HWPROBE_IMA_EXT_0 = 4,
    HWPROBE_CPUPERF_0 = 5,
    HWPROBE_HIGHEST_VA = 7,
    HWPROBE_TIME_FREQ = 8,
    HWPROBE_MISALIGNED_SCALAR = 9,
    HWPROBE_MISALIGNED_VECTOR = 10,
    HWPROBE_LAST = 15, /* the keys between and up to here are known and 0 on this machine */
    /* values */
    HWPROBE_MISALIGNED_FAST = 3,
    HWPROBE_MISALIGNED_VECTOR_UNSUPPORTED = 4,
};

/* What isa/rv64 has: bits of IMA_EXT_0 (-1: the probe has none), and names as /proc/cpuinfo shows
 * them behind the letters, in the order of arch/riscv/kernel/cpufeature.c. */
static const struct {
    signed char bit;
    const char *name; /* NULL: one of the letters */
} extensions[] = {
    {0, NULL} /* F, D */, {1, NULL} /* C */, {50, "zicntr"}, {35, "zicond"}, {-1, "zicsr"},
    {-1, "zifencei"},     {56, "zaamo"},     {57, "zalrsc"}, {43, "zca"},    {45, "zcd"},
    {3, "zba"},           {4, "zbb"},        {5, "zbs"},
};

void misc_print_isa(struct strbuf *out)
{
    strbuf_printf(out, "rv64imafdc");
    for (unsigned i = 0; i < ARRAY_LEN(extensions); i++)
        if (extensions[i].name)
            strbuf_printf(out, "_%s", extensions[i].name);
}

/* Frequency of the time CSR: the glue of guest/rv64 derives it from CLOCK_MONOTONIC. */
#define TIME_FREQUENCY 10000000u

/* Fills in value; an unknown key becomes -1. */
static void hwprobe_value(struct hwprobe_pair *pair)
{
    pair->value = 0;
    switch (pair->key) {
    case HWPROBE_BASE_BEHAVIOR:
        pair->value = 1; /* IMA */
        break;
    case HWPROBE_IMA_EXT_0:
        for (unsigned i = 0; i < ARRAY_LEN(extensions); i++)
            if (extensions[i].bit >= 0)
                pair->value |= (uint64_t)1 << extensions[i].bit;
        break;
    case HWPROBE_CPUPERF_0:
    case HWPROBE_MISALIGNED_SCALAR:
        pair->value = HWPROBE_MISALIGNED_FAST;
        break;
    case HWPROBE_HIGHEST_VA:
        pair->value = SPACE_TOP - 1;
        break;
    case HWPROBE_TIME_FREQ:
        pair->value = TIME_FREQUENCY;
        break;
    case HWPROBE_MISALIGNED_VECTOR:
        pair->value = HWPROBE_MISALIGNED_VECTOR_UNSUPPORTED;
        break;
    default:
        if (pair->key < 0 || pair->key > HWPROBE_LAST)
            pair->key = -1;
        break;
    }
}

static bool hwprobe_matches(const struct hwprobe_pair *wanted)
{
    struct hwprobe_pair have = *wanted;

    hwprobe_value(&have);
    if (have.key < 0)
        return false;
    if (have.key == HWPROBE_BASE_BEHAVIOR || have.key == HWPROBE_IMA_EXT_0 ||
        have.key == HWPROBE_CPUPERF_0)
        return (have.value & wanted->value) == wanted->value;
    return have.value == wanted->value;
}

/* Reads the processors at addr into a set of those that there are. */
static int hwprobe_read_cpus(struct linux_task *task, uint64_t addr, uint64_t size, cpu_set_t *cpus)
{
    cpu_set_t online;

    CPU_ZERO(cpus);
    if (space_read(task->process->space, GVA(addr), cpus, MIN(size, sizeof(*cpus))))
        return -EFAULT;
    CPU_ZERO(&online);
    for (long i = 0, n = sysconf(_SC_NPROCESSORS_ONLN); i < n && i < CPU_SETSIZE; i++)
        CPU_SET(i, &online);
    if (CPU_COUNT(cpus) == 0 && size > 0)
        *cpus = online;
    else
        CPU_AND(cpus, cpus, &online);
    return 0;
}

/* Which processors have all these values: all are alike, so the given ones or none. */
static int64_t hwprobe_which_cpus(struct linux_task *task, const uint64_t args[6])
{
    struct space *space = task->process->space;
    bool all = true, unknown = false;
    cpu_set_t cpus;

    if (args[2] == 0 || args[3] == 0)
        return -EINVAL;
    int err = hwprobe_read_cpus(task, args[3], args[2], &cpus);
    if (err)
        return err;
    for (uint64_t i = 0; i < args[1]; i++) {
        uint64_t at = args[0] + i * sizeof(struct hwprobe_pair);
        struct hwprobe_pair pair, known;
        if (space_read(space, GVA(at), &pair, sizeof(pair)))
            return -EFAULT;
        known = pair;
        hwprobe_value(&known);
        if (known.key < 0) {
            unknown = true;
            known.value = 0;
            if (space_write(space, GVA(at), &known, sizeof(known)))
                return -EFAULT;
        }
        all = all && hwprobe_matches(&pair);
    }
    if (!all || unknown)
        CPU_ZERO(&cpus);
    return space_write(space, GVA(args[3]), &cpus, MIN(args[2], sizeof(cpus)));
}

/* riscv_hwprobe(pairs, count, cpus size, cpus, flags) */
int64_t misc_hwprobe(struct linux_task *task, const uint64_t args[6])
{
    struct space *space = task->process->space;

    if (args[4] == HWPROBE_WHICH_CPUS)
        return hwprobe_which_cpus(task, args);
    if (args[4] != 0)
        return -EINVAL;
    if (args[2] != 0 || args[3] != 0) {
        cpu_set_t cpus;
        int err = args[3] == 0 ? -EFAULT : hwprobe_read_cpus(task, args[3], args[2], &cpus);
        if (err)
            return err;
        if (CPU_COUNT(&cpus) == 0)
            return -EINVAL;
    }
    for (uint64_t i = 0; i < args[1]; i++) {
        uint64_t at = args[0] + i * sizeof(struct hwprobe_pair);
        struct hwprobe_pair pair;
        if (space_read(space, GVA(at), &pair, sizeof(pair)))
            return -EFAULT;
        hwprobe_value(&pair);
        if (space_write(space, GVA(at), &pair, sizeof(pair)))
            return -EFAULT;
    }
    return 0;
}

/* ---- membarrier ------------------------------------------------------------------------------ */

/* membarrier(command, flags, cpu). A barrier of the host's threads is one of the guest's. Where it
 * also makes them see changed code, that must be translated anew. */
int64_t misc_membarrier(struct linux_task *task, const uint64_t args[6])
{
    const int64_t rseq =
        MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
    int command = (int)args[0];

    if (command & rseq)
        return -EINVAL; /* there are no restartable sequences */
    int64_t result = sys_host(task, __NR_membarrier, args[0], args[1], args[2]);
    if (command == MEMBARRIER_CMD_QUERY && result > 0)
        result &= ~rseq;
    if (command == MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE && result == 0)
        vm_invalidate(task->process->vm, GVA(0), GVA(SPACE_TOP));
    return result;
}

/* ---- prctl ----------------------------------------------------------------------------------- */

enum {
    RISCV_V_SET_CONTROL = 69,
    RISCV_V_GET_CONTROL = 70,
    RISCV_SET_ICACHE_FLUSH_CTX = 71,
    GET_AUXV = 0x41555856,
    NAME_SIZE = 16, /* TASK_COMM_LEN */
};

/* With the second argument converted as a span of size bytes. */
static int64_t prctl_pointer(struct linux_task *task, const uint64_t args[6], uint64_t size)
{
    uint64_t host = sys_span(task, args[1], size);

    return sys_host(task, __NR_prctl, args[0], host, args[2], args[3], args[4]);
}

static int64_t prctl_set_name(struct linux_task *task, const uint64_t args[6])
{
    char name[NAME_SIZE] = {0};
    int64_t len = space_read_string(task->process->space, GVA(args[1]), name, sizeof(name));

    if (len == -EFAULT)
        return len;
    name[NAME_SIZE - 1] = '\0';
    return sys_host(task, __NR_prctl, PR_SET_NAME, name);
}

/* PR_GET_AUXV(buffer, size, 0, 0): the whole vector's size, and as much of it as fits. */
static int64_t prctl_get_auxv(struct linux_task *task, const uint64_t args[6])
{
    struct linux_process *process = task->process;

    if (args[3] || args[4])
        return -EINVAL;
    if (space_write(process->space, GVA(args[1]), process->auxv,
                    MIN(args[2], (uint64_t)process->auxv_size)))
        return -EFAULT;
    return (int64_t)process->auxv_size;
}

int64_t misc_prctl(struct linux_task *task, const uint64_t args[6])
{
    switch ((int)args[0]) {
    case PR_SET_NAME:
        return prctl_set_name(task, args);
    case PR_GET_NAME:
        return prctl_pointer(task, args, NAME_SIZE);
    case PR_GET_PDEATHSIG:
    case PR_GET_CHILD_SUBREAPER:
        return prctl_pointer(task, args, sizeof(int));
    case PR_SET_PDEATHSIG:
    case PR_GET_DUMPABLE:
    case PR_SET_DUMPABLE:
    case PR_GET_KEEPCAPS:
    case PR_SET_KEEPCAPS:
    case PR_GET_SECUREBITS:
    case PR_SET_SECUREBITS:
    case PR_CAPBSET_READ:
    case PR_CAPBSET_DROP:
    case PR_CAP_AMBIENT:
    case PR_SET_TIMERSLACK:
    case PR_GET_TIMERSLACK:
    case PR_SET_CHILD_SUBREAPER:
    case PR_SET_NO_NEW_PRIVS:
    case PR_GET_NO_NEW_PRIVS:
    case PR_SET_THP_DISABLE:
    case PR_GET_THP_DISABLE:
    case PR_MCE_KILL:
    case PR_MCE_KILL_GET:
    case PR_TASK_PERF_EVENTS_DISABLE:
    case PR_TASK_PERF_EVENTS_ENABLE:
    case PR_GET_SECCOMP:
    case PR_GET_SPECULATION_CTRL:
    case PR_SET_SPECULATION_CTRL:
    case PR_SET_IO_FLUSHER:
    case PR_GET_IO_FLUSHER:
    case PR_SET_PTRACER:
    case 67: /* PR_SET_MEMORY_MERGE */
    case 68: /* PR_GET_MEMORY_MERGE */
        return sys_host(task, __NR_prctl, args[0], args[1], args[2], args[3], args[4]);
    case GET_AUXV:
        return prctl_get_auxv(task, args);
    case RISCV_SET_ICACHE_FLUSH_CTX:
        /* Leave to use fence.i, which works here in any case. */
        return args[1] <= 1 && args[2] <= 1 ? 0 : -EINVAL;
    case RISCV_V_SET_CONTROL:
    case RISCV_V_GET_CONTROL:
    default:
        return -EINVAL; /* as a kernel that does not know the option */
    }
}

/* kcmp(pid, pid, type, index, index): of an epoll set the last is a struct's address. */
int64_t misc_kcmp(struct linux_task *task, const uint64_t args[6])
{
    enum { EPOLL_TFD = 7, EPOLL_SLOT = 12 };
    uint64_t second = (int)args[2] == EPOLL_TFD ? sys_span(task, args[4], EPOLL_SLOT) : args[4];

    return sys_host(task, __NR_kcmp, args[0], args[1], args[2], args[3], second);
}

/* ---- IPC ------------------------------------------------------------------------------------- */

/* struct semid64_ds of riscv64 (asm-generic); x86's has holes behind the times. */
struct guest_semid {
    struct ipc_perm perm;
    int64_t otime, ctime;
    uint64_t nsems, unused[2];
};
_Static_assert(sizeof(struct guest_semid) == 88, "riscv64 struct semid64_ds");

static int64_t semctl_stat(struct linux_task *task, const uint64_t args[6])
{
    struct semid_ds ds;
    int64_t result = sys_host(task, __NR_semctl, args[0], args[1], args[2], &ds);

    if (result < 0)
        return result;
    struct guest_semid out = {
        .perm = ds.sem_perm,
        .otime = ds.sem_otime,
        .ctime = ds.sem_ctime,
        .nsems = ds.sem_nsems,
    };
    int err = space_write(task->process->space, GVA(args[3]), &out, sizeof(out));
    return err ? err : result;
}

static int64_t semctl_set(struct linux_task *task, const uint64_t args[6])
{
    struct guest_semid in;
    struct semid_ds ds = {0};

    if (space_read(task->process->space, GVA(args[3]), &in, sizeof(in)))
        return -EFAULT;
    ds.sem_perm = in.perm;
    return sys_host(task, __NR_semctl, args[0], args[1], args[2], &ds);
}

int64_t misc_semctl(struct linux_task *task, const uint64_t args[6])
{
    uint64_t size;
    struct semid_ds ds;

    switch ((int)args[2]) {
    case IPC_STAT:
    case SEM_STAT:
        return semctl_stat(task, args);
    case IPC_SET:
        return semctl_set(task, args);
    case IPC_INFO:
    case SEM_INFO:
        size = sizeof(struct seminfo);
        break;
    case GETALL:
    case SETALL: {
        int64_t err = sys_host(task, __NR_semctl, args[0], 0, IPC_STAT, &ds);
        if (err < 0)
            return err;
        size = ds.sem_nsems * sizeof(uint16_t);
        break;
    }
    default: /* no argument, or an integer */
        return sys_host(task, __NR_semctl, args[0], args[1], args[2], (uint32_t)args[3]);
    }
    return sys_host(task, __NR_semctl, args[0], args[1], args[2], sys_span(task, args[3], size));
}

/* SIGEV_THREAD has the address of a cookie in its value. */
int64_t misc_mq_notify(struct linux_task *task, const uint64_t args[6])
{
    enum { COOKIE = 32 };
    struct sigevent event;

    if (args[1] == 0)
        return sys_host(task, __NR_mq_notify, args[0], 0);
    if (space_read(task->process->space, GVA(args[1]), &event, sizeof(event)))
        return -EFAULT;
    if (event.sigev_notify == SIGEV_THREAD) {
        uint64_t cookie = (uint64_t)event.sigev_value.sival_ptr;
        event.sigev_value.sival_ptr = (void *)sys_span(task, cookie, COOKIE);
    }
    return sys_host(task, __NR_mq_notify, args[0], &event);
}
