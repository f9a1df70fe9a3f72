/* Memory for code: one private mapping that may be written and executed, or a memory file mapped
 * twice.
 *
 * It is placed beside the runtime's text where calls with a 32-bit displacement reach. The places
 * tried are below the text first: the heap (brk) grows above it.
 */
#include "host/x86_64/host.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    REACH = INT32_MAX - (64 << 20), /* leaves room for the runtime's own size around `beside` */
    STEP = 16 << 20,                /* between places tried */
    HEAP_ROOM = 512 << 20,          /* above the text, kept free for brk if possible */
    LOWEST = 1 << 20,               /* no place below: vm.mmap_min_addr, and NULL must fault */
};

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

struct view {
    int prot, flags, fd;
};

/* ---- places ---------------------------------------------------------------------------------- */

static void *map_exactly(uint64_t at, size_t size, const struct view *v)
{
    void *p = mmap((void *)at, size, v->prot, v->flags | MAP_FIXED_NOREPLACE, v->fd, 0);
    if (p == MAP_FAILED || p == (void *)at)
        return p;
    munmap(p, size); /* a kernel before 4.17 takes the address as a hint */
    errno = EEXIST;
    return MAP_FAILED;
}

/* The first free place beside the text, or MAP_FAILED. */
static void *map_beside(uint64_t text, size_t size, const struct view *v)
{
    uint64_t low = text > REACH + (uint64_t)LOWEST ? text - REACH : LOWEST;
    uint64_t high = text + REACH - size;
    void *p = MAP_FAILED;

    for (uint64_t at = ALIGN_DOWN(text - size, STEP); at >= low && at < text; at -= STEP) {
        p = map_exactly(at, size, v);
        if (p != MAP_FAILED || errno != EEXIST)
            return p;
    }
    for (uint64_t at = ALIGN_DOWN(high, STEP); at > text + HEAP_ROOM; at -= STEP) {
        p = map_exactly(at, size, v);
        if (p != MAP_FAILED || errno != EEXIST)
            return p;
    }
    return p;
}

static void *map_somewhere(struct host_memory *m, uint64_t text, size_t size, const struct view *v)
{
    void *p = map_beside(text, size, v);
    m->reaches = p != MAP_FAILED;
    if (p == MAP_FAILED && errno == EEXIST)
        p = mmap(NULL, size, v->prot, v->flags, v->fd, 0);
    return p;
}

/* ---- the memory file of a split arena -------------------------------------------------------- */

/* MFD_EXEC: systems with vm.memfd_noexec want it said. */
static int memory_file(const void *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_EXEC);
    return fd < 0 && errno == EINVAL ? memfd_create(name, MFD_CLOEXEC) : fd;
}

/* A memory file of this size, or -errno. */
static int file_make(size_t size)
{
    int fd = base_make_fd(memory_file, "isomorph-code");
    if (fd >= 0 && ftruncate(fd, (off_t)size) != 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

static int file_write(int fd, const uint8_t *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = pwrite(fd, bytes + done, n - done, (off_t)done);
        if (got < 0 && errno != EINTR)
            return -errno;
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

/* ---- map and unmap --------------------------------------------------------------------------- */

static int map_private(struct host_memory *m, uint64_t text)
{
    struct view v = {PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1};
    void *p = map_somewhere(m, text, m->size, &v);
    if (p == MAP_FAILED)
        return -errno;
    m->write = p;
    m->exec = HPC((uintptr_t)p);
    return 0;
}

static int map_views(struct host_memory *m, uint64_t text, int fd)
{
    struct view run = {PROT_READ | PROT_EXEC, MAP_SHARED, fd};
    void *exec = map_somewhere(m, text, m->size, &run);
    if (exec == MAP_FAILED)
        return -errno;
    void *write = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (write == MAP_FAILED) {
        int error = errno;
        munmap(exec, m->size);
        return -error;
    }
    m->write = write;
    m->exec = HPC((uintptr_t)exec);
    return 0;
}

static int map_split(struct host_memory *m, uint64_t text)
{
    int fd = file_make(m->size);
    if (fd < 0)
        return fd;
    int error = map_views(m, text, fd);
    close(fd);
    return error;
}

static const char *failure(int error, bool split)
{
    switch (error) {
    case -EACCES:
    case -EPERM:
        return split ? "this system forbids executable memory files; use --engine=interp"
                     : "this system forbids memory that is both writable and executable; use "
                       "--wx=split";
    case -ENOMEM:
        return "not enough memory or address space for the code cache; make it smaller or raise "
               "the limit (ulimit -v)";
    case -EMFILE:
    case -ENFILE:
        return "no file descriptor is left for the code cache; raise the limit (ulimit -n)";
    case -ENOSYS:
        return "this kernel has no memory files; use --wx=rwx";
    default:
        return "memory for the code cache cannot be mapped";
    }
}

int host_memory_map(struct host_memory *m, size_t size, bool split, const void *beside,
                    const char **why)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    *m = (struct host_memory){.split = split};
    *why = "the code cache's size must be more than 0";
    if (size == 0)
        return -EINVAL;
    *why = "a code cache of more than 1G is beyond the range of a jump";
    if (size > HOST_MEMORY_MAX)
        return -EINVAL;
    m->size = ALIGN_UP(size, page);
    uint64_t text = (uintptr_t)beside;
    int error = split ? map_split(m, text) : map_private(m, text);
    *why = error ? failure(error, split) : NULL;
    if (error)
        m->size = 0;
    return error;
}

void host_memory_unmap(struct host_memory *m)
{
    if (m->size == 0)
        return;
    munmap(m->write, m->size);
    if (m->split)
        munmap((void *)m->exec.v, m->size);
    *m = (struct host_memory){0};
}

/* ---- fork ------------------------------------------------------------------------------------ */

/* Of the child's views, where they are mapped; NULL is none. */
static void unmap_fork_views(struct host_memory *m)
{
    for (int i = 0; i < 2; i++) {
        if (m->fork_views[i])
            munmap(m->fork_views[i], m->size);
        m->fork_views[i] = NULL;
    }
}

/* Mapped here and moved there: a descriptor may be shared by the two (CLONE_FILES), and closed by
 * one for both. */
static int map_fork_views(struct host_memory *m, int fd)
{
    static const int rights[2] = {PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC};

    for (int i = 0; i < 2; i++) {
        void *view = mmap(NULL, m->size, rights[i], MAP_SHARED, fd, 0);
        if (view == MAP_FAILED) {
            int error = -errno;
            unmap_fork_views(m);
            return error;
        }
        m->fork_views[i] = view;
    }
    return 0;
}

int host_memory_fork_begin(struct host_memory *m, size_t keep)
{
    CHECK(!m->fork_views[0] && keep <= m->size, "fork_begin twice, or for %zu bytes", keep);
    if (!m->split)
        return 0;
    int fd = file_make(m->size);
    if (fd < 0)
        return fd;
    int error = file_write(fd, m->write, keep);
    if (!error)
        error = map_fork_views(m, fd);
    close(fd);
    return error;
}

int host_memory_fork_end(struct host_memory *m, bool child)
{
    void *const places[2] = {m->write, (void *)m->exec.v};

    for (int i = 0; i < 2 && child && m->split; i++) {
        if (mremap(m->fork_views[i], m->size, m->size, MREMAP_MAYMOVE | MREMAP_FIXED, places[i]) ==
            MAP_FAILED)
            return -errno;
        m->fork_views[i] = NULL;
    }
    unmap_fork_views(m);
    return 0;
}
