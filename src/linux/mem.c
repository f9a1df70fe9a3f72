/* linux/mem.c: the calls that shape the guest's address space. All of them go through space/, which
 * chooses addresses and keeps the map; the host's kernel is asked directly only for what changes no
 * mapping. */
#include "linux/sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/rlimits.h"

/* Flags of the host's mmap that riscv64 does not have: ignored there, so kept from the host. */
enum { MAP_HOST_ONLY = 0x40 /* MAP_32BIT */ | 0x80 /* MAP_ABOVE4G */ };

static bool is_page_aligned(uint64_t addr)
{
    return addr % SPACE_PAGE_SIZE == 0;
}

/* True if [addr, addr+len) lies inside the guest's address space. */
static bool in_space(uint64_t addr, uint64_t len)
{
    return addr <= SPACE_TOP && len <= SPACE_TOP - addr;
}

/* ---- mappings -------------------------------------------------------------------------------- */

int64_t mem_brk(struct linux_task *task, const uint64_t args[6])
{
    if (limits_check_brk(task->process, args[0]))
        return (int64_t)task->process->space->brk;
    return (int64_t)space_brk(task->process->space, args[0]);
}

int64_t mem_mmap(struct linux_task *task, const uint64_t args[6])
{
    int flags = (int)args[3] & ~MAP_HOST_ONLY;
    int fd = flags & MAP_ANONYMOUS ? -1 : (int)args[4];
    char link[48], name[4096];
    ssize_t len = -1;

    if (limits_check(task->process, args[0], args[1], (int)args[2], flags, flags & MAP_FIXED))
        return -ENOMEM;
    if (fd >= 0) {
        snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", fd);
        len = readlink(link, name, sizeof(name) - 1);
    }
    if (len > 0)
        name[len] = '\0';
    return space_map(task->process->space, GVA(args[0]), args[1], (int)args[2], flags, fd, args[5],
                     len > 0 ? name : NULL);
}

int64_t mem_munmap(struct linux_task *task, const uint64_t args[6])
{
    return space_unmap(task->process->space, GVA(args[0]), args[1]);
}

int64_t mem_mremap(struct linux_task *task, const uint64_t args[6])
{
    if (args[2] > args[1] &&
        limits_check(task->process, 0, args[2] - args[1], PROT_READ, MAP_SHARED, false))
        return -ENOMEM;
    return space_remap(task->process->space, GVA(args[0]), args[1], args[2], (int)args[3],
                       GVA(args[4]));
}

static int64_t protect_locked(struct linux_process *process, const uint64_t args[6])
{
    struct space *space = process->space;
    uint64_t start = args[0], len = args[1];
    int prot = (int)args[2];

    /* For a stack whose extent the caller does not know: from the mapping's start (mm/mprotect.c).
     */
    if (prot & PROT_GROWSDOWN && is_page_aligned(start)) {
        const struct mapping *m = space_find(space, GVA(start));
        if (!m || m->start > start)
            return -ENOMEM;
        if (!(m->flags & MAP_GROWSDOWN))
            return -EINVAL;
        len += start - m->start;
        start = m->start;
        prot &= ~PROT_GROWSDOWN;
    }
    if (prot & PROT_WRITE && limits_check_writable(process, start, len))
        return -ENOMEM;
    return space_protect(space, GVA(start), len, prot);
}

int64_t mem_mprotect(struct linux_task *task, const uint64_t args[6])
{
    struct space *space = task->process->space;

    space_lock(space);
    int64_t result = protect_locked(task->process, args);
    space_unlock(space);
    return result;
}

int64_t mem_pkey_mprotect(struct linux_task *task, const uint64_t args[6])
{
    if ((int)args[3] != -1) /* no keys can be had, so none is valid */
        return -EINVAL;
    return mem_mprotect(task, args);
}

/* ---- advice ---------------------------------------------------------------------------------- */

int64_t mem_madvise(struct linux_task *task, const uint64_t args[6])
{
    struct linux_process *process = task->process;
    int advice = (int)args[2];
    bool drops = advice == MADV_DONTNEED || advice == MADV_REMOVE || advice == MADV_FREE;

    if (drops && in_space(args[0], args[1]) && args[1] > 0)
        vm_invalidate(process->vm, GVA(args[0]), GVA(args[0] + args[1]));
    return sys_host(task, __NR_madvise, sys_memory(task, args[0], args[1]), args[1], args[2]);
}

int64_t mem_mincore(struct linux_task *task, const uint64_t args[6])
{
    uint64_t pages = ALIGN_UP(args[1], SPACE_PAGE_SIZE) / SPACE_PAGE_SIZE;

    return sys_host(task, __NR_mincore, sys_memory(task, args[0], args[1]), args[1],
                    sys_span(task, args[2], pages));
}

/* riscv_flush_icache(start, end, flags). The kernel ignores the range and flushes everything; an
 * empty one is taken as everything. */
int64_t mem_flush_icache(struct linux_task *task, const uint64_t args[6])
{
    enum { FLUSH_LOCAL = 1 };
    uint64_t start = args[0], end = MIN(args[1], SPACE_TOP);

    if (args[2] & ~(uint64_t)FLUSH_LOCAL)
        return -EINVAL;
    if (start >= end) {
        start = 0;
        end = SPACE_TOP;
    }
    vm_flush_icache(task->process->vm, GVA(start), GVA(end));
    return 0;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

/* A set of `bits` nodes, in whole longs. */
static uint64_t node_set(struct linux_task *task, uint64_t addr, uint64_t bits)
{
    return sys_span(task, addr, ALIGN_UP(MIN(bits, (uint64_t)UINT32_MAX), 64) / 8);
}

/* mbind(addr, len, mode, nodes, bits, flags) */
int64_t mem_mbind(struct linux_task *task, const uint64_t args[6])
{
    return sys_host(task, __NR_mbind, sys_memory(task, args[0], args[1]), args[1], args[2],
                    node_set(task, args[3], args[4]), args[4], args[5]);
}

/* get_mempolicy(mode, nodes, bits, addr, flags) */
int64_t mem_get_mempolicy(struct linux_task *task, const uint64_t args[6])
{
    uint64_t addr = args[4] & 2 /* MPOL_F_ADDR */ ? sys_memory(task, args[3], 1) : args[3];

    return sys_host(task, __NR_get_mempolicy, sys_span(task, args[0], sizeof(int)),
                    node_set(task, args[1], args[2]), args[2], addr, args[4]);
}

int64_t mem_set_mempolicy(struct linux_task *task, const uint64_t args[6])
{
    return sys_host(task, __NR_set_mempolicy, args[0], node_set(task, args[1], args[2]), args[2]);
}

/* migrate_pages(pid, bits, from, to) */
int64_t mem_migrate_pages(struct linux_task *task, const uint64_t args[6])
{
    return sys_host(task, __NR_migrate_pages, args[0], args[1], node_set(task, args[2], args[1]),
                    node_set(task, args[3], args[1]));
}

/* ---- memory of another process --------------------------------------------------------------- */

/* Between the caller and itself, which is how programs try an address. In another process it is not
 * known where its guest's memory lies. */
static int64_t process_vm(struct linux_task *task, long number, const uint64_t args[6])
{
    uint64_t n = args[2], m = args[4];

    if ((pid_t)args[0] != getpid())
        return -ENOSYS;
    if (n > SYS_VEC_MAX || m > SYS_VEC_MAX || args[5] != 0)
        return -EINVAL;
    struct iovec *vec = base_alloc((n + m + 1) * sizeof(*vec));
    int64_t result = sys_read_iovec(task, args[1], n, vec);
    if (result == 0)
        result = sys_read_iovec(task, args[3], m, vec + n);
    if (result == 0)
        result = sys_host(task, number, args[0], vec, n, vec + n, m, 0);
    free(vec);
    return result;
}

int64_t mem_process_vm_readv(struct linux_task *task, const uint64_t args[6])
{
    return process_vm(task, __NR_process_vm_readv, args);
}

int64_t mem_process_vm_writev(struct linux_task *task, const uint64_t args[6])
{
    return process_vm(task, __NR_process_vm_writev, args);
}

/* ---- System V shared memory ------------------------------------------------------------------ */

/* The space makes room, then the segment takes its place (SHM_REMAP). */
int64_t mem_shmat(struct linux_task *task, const uint64_t args[6])
{
    struct space *space = task->process->space;
    int flags = (int)args[2];
    uint64_t at = args[1];
    struct shmid_ds info;
    char name[32];

    int64_t err = sys_host(task, __NR_shmctl, args[0], IPC_STAT, &info);
    if (err < 0)
        return err;
    if (!is_page_aligned(at)) {
        if (!(flags & SHM_RND))
            return -EINVAL;
        at = ALIGN_DOWN(at, SPACE_PAGE_SIZE);
    }
    if (at == 0 && flags & SHM_REMAP)
        return -EINVAL;

    int prot =
        PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
    int map_flags = MAP_SHARED | MAP_ANONYMOUS;
    if (at != 0)
        map_flags |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    if (limits_check(task->process, at, info.shm_segsz, prot, map_flags, flags & SHM_REMAP))
        return -ENOMEM;
    snprintf(name, sizeof(name), "/SYSV%08x", (unsigned)info.shm_perm.__key);
    uint64_t size = ALIGN_UP(MAX(info.shm_segsz, 1), SPACE_PAGE_SIZE);
    int64_t where = space_map(space, GVA(at), size, prot, map_flags, -1, 0, name);
    if (where < 0)
        return where == -EEXIST ? -EINVAL : where;
    err = sys_host(task, __NR_shmat, args[0], space->base + (uint64_t)where, flags | SHM_REMAP);
    if (err < 0) {
        space_unmap(space, GVA(where), size);
        return err;
    }
    return where;
}

/* The size of the segment attached at addr, or -EINVAL. */
static int64_t find_segment(struct space *space, uint64_t addr)
{
    int64_t size = -EINVAL;

    space_lock(space);
    const struct mapping *m = space_find(space, GVA(addr));
    if (m && m->start == addr && m->name && strncmp(m->name, "/SYSV", 5) == 0)
        size = (int64_t)(m->end - m->start);
    space_unlock(space);
    return size;
}

int64_t mem_shmdt(struct linux_task *task, const uint64_t args[6])
{
    struct space *space = task->process->space;
    int64_t size = find_segment(space, args[0]);

    if (size < 0)
        return size;
    int64_t err = sys_host(task, __NR_shmdt, space->base + args[0]);
    return err < 0 ? err : space_unmap(space, GVA(args[0]), (uint64_t)size);
}
