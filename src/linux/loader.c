/* linux/loader.c: puts a program, its interpreter and the vdso into an empty space.
 *
 * Everything is read and checked before the first page is mapped, so that what can be known to fail
 * leaves nothing half done; after that only the host's memory can run out, and then the space is
 * thrown away with the process.
 *
 * Places: fixed programs where they say; position-independent ones at two thirds of the address
 * space, as riscv64 Linux does without randomisation; the interpreter and the vdso from the top of
 * the mmap area downward. p_align is honoured wherever the place is ours to choose. */
#include "linux/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/paths.h"

/* ELF_ET_DYN_BASE of riscv: two thirds of what a program can use. */
#define DYN_BASE ALIGN_DOWN(SPACE_TOP / 3 * 2, SPACE_PAGE_SIZE)

/* A file on its way into memory. */
struct module {
    int fd;
    const char *path;
    uint64_t size;
    struct elf_plan plan;
    char interp[PATH_MAX]; /* "" without one */
    uint64_t bias;
};

/* ---- reading -------------------------------------------------------------------------------- */

static int read_exactly(const struct module *m, void *to, size_t len, uint64_t offset,
                        struct load_error *error)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(m->fd, (char *)to + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return load_fail(error, errno, "cannot be read: %s", strerror(errno));
        if (n == 0)
            return load_fail(error, ENOEXEC, "the file became shorter while it was read");
        done += (size_t)n;
    }
    return 0;
}

static int check_file(struct module *m, struct load_error *error)
{
    struct stat st;

    if (fstat(m->fd, &st) < 0)
        return load_fail(error, errno, "%s", strerror(errno));
    if (S_ISDIR(st.st_mode))
        return load_fail(error, EACCES, "a directory, not a program");
    if (!S_ISREG(st.st_mode))
        return load_fail(error, EACCES, "not a regular file");
    m->size = (uint64_t)st.st_size;
    return 0;
}

/* Fills m->plan and m->interp. Free the plan in either case. */
static int read_module(struct module *m, struct load_error *error)
{
    unsigned char head[ELF_HEADER_SIZE];
    struct elf_header header;

    if (check_file(m, error))
        return -1;
    size_t len = MIN(m->size, sizeof(head));
    if (read_exactly(m, head, len, 0, error) || elf_read_header(head, len, m->size, &header, error))
        return -1;
    size_t size = (size_t)header.phnum * ELF_PHDR_SIZE;
    void *phdrs = base_alloc(size);
    int bad = read_exactly(m, phdrs, size, header.phoff, error) ||
              elf_read_segments(&header, phdrs, m->size, &m->plan, error);
    free(phdrs);
    if (bad || m->plan.interp_size == 0)
        return bad ? -1 : 0;
    if (read_exactly(m, m->interp, m->plan.interp_size, m->plan.interp_offset, error))
        return -1;
    return elf_check_interp(m->interp, m->plan.interp_size, error);
}

/* ---- mapping -------------------------------------------------------------------------------- */

static int map_failed(int64_t err, uint64_t start, uint64_t end, struct load_error *error)
{
    if (err == -EPERM)
        return load_fail(error, EPERM,
                         "wants memory at %#lx, where the host allows none "
                         "(vm.mmap_min_addr)",
                         start);
    if (err == -ENOMEM)
        return load_fail(
            error, ENOMEM,
            "no memory at %#lx-%#lx: short of memory (see ulimit -v), or the host uses "
            "these addresses (try --memory=offset)",
            start, end);
    return load_fail(error, (int)-err, "cannot be mapped at %#lx-%#lx: %s", start, end,
                     strerror((int)-err));
}

static int map_pages(struct space *space, uint64_t start, uint64_t end, int prot, int fd,
                     uint64_t offset, const char *name, struct load_error *error)
{
    int flags = MAP_PRIVATE | MAP_FIXED | (fd < 0 ? MAP_ANONYMOUS : 0);
    int64_t got = space_map(space, GVA(start), end - start, prot, flags, fd, offset, name);

    return got < 0 ? map_failed(got, start, end, error) : 0;
}

/* The file's pages, with what lies behind the segment's bytes in the last one zeroed, then pages of
 * zeros. */
static int map_segment(struct space *space, const struct elf_segment *s, uint64_t bias, int fd,
                       const char *name, struct load_error *error)
{
    static const char zeros[SPACE_PAGE_SIZE];
    uint64_t start = ALIGN_DOWN(s->vaddr + bias, SPACE_PAGE_SIZE);
    uint64_t data_end = s->vaddr + bias + s->filesz;
    uint64_t file_end = s->filesz ? ALIGN_UP(data_end, SPACE_PAGE_SIZE) : start;
    uint64_t end = ALIGN_UP(s->vaddr + bias + s->memsz, SPACE_PAGE_SIZE);
    bool zero_rest = s->memsz > s->filesz && file_end > data_end;

    if (file_end > start) {
        int prot = zero_rest ? s->prot | PROT_WRITE : s->prot;
        if (map_pages(space, start, file_end, prot, fd, ALIGN_DOWN(s->offset, SPACE_PAGE_SIZE),
                      name, error))
            return -1;
        if (zero_rest && space_write(space, GVA(data_end), zeros, file_end - data_end))
            return load_fail(error, ENOEXEC, "the file became shorter while it was loaded");
        if (prot != s->prot && space_protect(space, GVA(start), file_end - start, s->prot))
            return load_fail(error, ENOMEM, "cannot protect the pages at %#lx", start);
    }
    return end > file_end ? map_pages(space, file_end, end, s->prot, -1, 0, NULL, error) : 0;
}

int linux_map_plan(struct space *space, const struct elf_plan *plan, uint64_t bias, int fd,
                   const char *name, struct load_error *error)
{
    const struct mapping *there = space_find(space, GVA(plan->low + bias));

    if (there && there->start < plan->high + bias)
        return load_fail(error, ENOMEM, "the addresses %#lx-%#lx are in use", plan->low + bias,
                         plan->high + bias);
    for (size_t i = 0; i < plan->segments.len; i++)
        if (map_segment(space, &plan->segments.data[i], bias, fd, name, error))
            return -1;
    return 0;
}

static bool is_free(const struct space *space, uint64_t start, uint64_t len)
{
    const struct mapping *m = space_find(space, GVA(start));
    return start + len <= space->mmap_top && (!m || m->start >= start + len);
}

/* Chooses m->bias: a multiple of the alignment, so that every address keeps its own. */
static int place_module(const struct space *space, struct module *m, uint64_t wanted,
                        struct load_error *error)
{
    const struct elf_plan *p = &m->plan;
    uint64_t low = ALIGN_DOWN(p->low, p->align), len = p->high - low;
    uint64_t start = ALIGN_DOWN(wanted, p->align);

    m->bias = 0;
    if (!p->header.dyn)
        return 0;
    if (wanted == 0 || !is_free(space, start, len))
        start = space_find_free(space, len, p->align, 0);
    if (start == 0)
        return load_fail(error, ENOMEM, "no room for %#lx bytes aligned to %#lx", len, p->align);
    m->bias = start - low;
    return 0;
}

/* ---- the interpreter ------------------------------------------------------------------------ */

/* Opens the interpreter: under the prefix first, then as the host sees it. */
static int open_interp(const char *name, const struct path_prefix *prefix, struct load_error *error)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s", name);
    int err = path_resolve_prefix(prefix, path, false);
    if (err)
        return load_fail(error, -err, "cannot find its interpreter %s: %s", name, strerror(-err));
    int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe of that name must not hang us */
    if (fd >= 0 && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
        return fd;
    err = errno;
    if (fd >= 0)
        close(fd);
    errno = err;
    if (errno != ENOENT && errno != ENOTDIR)
        return load_fail(error, errno, "cannot open its interpreter %s: %s", path, strerror(errno));
    if (prefix->fd >= 0)
        load_fail(error, ENOENT,
                  "cannot find its interpreter: neither %s%s nor %s exists; -L names the "
                  "folder of the guest's system",
                  prefix->name, name, name);
    else
        load_fail(error, ENOENT,
                  "cannot find its interpreter %s; give the folder of the guest's system with -L",
                  name);
    error->err = err;
    return -1;
}

static int read_interp(struct module *interp, const struct module *program,
                       const struct path_prefix *prefix, struct load_error *error)
{
    struct load_error inner;

    interp->path = program->interp;
    interp->fd = open_interp(program->interp, prefix, error);
    if (interp->fd < 0)
        return -1;
    if (read_module(interp, &inner) == 0)
        return 0;
    /* The kernel's answer for an interpreter that it cannot use. */
    return load_fail(error, inner.err == ENOEXEC ? ELIBBAD : inner.err, "its interpreter %s: %s",
                     interp->path, inner.text);
}

/* ---- all together --------------------------------------------------------------------------- */

static int map_module(struct space *space, struct module *m, uint64_t wanted,
                      struct load_error *error)
{
    char name[PATH_MAX]; /* mappings show the file's own name, not the one that led to it */

    if (place_module(space, m, wanted, error))
        return -1;
    return linux_map_plan(space, &m->plan, m->bias, m->fd,
                          path_of_descriptor(m->fd, name) > 0 ? name : m->path, error);
}

/* fs/binfmt_elf.c: code is what is executable, data what lies highest. */
static void describe_layout(const struct elf_plan *p, uint64_t bias, struct loaded_image *out)
{
    uint64_t code_start = UINT64_MAX, code_end = 0, data_start = 0, data_end = 0;

    for (size_t i = 0; i < p->segments.len; i++) {
        const struct elf_segment *s = &p->segments.data[i];
        data_start = MAX(data_start, s->vaddr);
        data_end = MAX(data_end, s->vaddr + s->filesz);
        if (!(s->prot & PROT_EXEC))
            continue;
        code_start = MIN(code_start, s->vaddr);
        code_end = MAX(code_end, s->vaddr + s->filesz);
    }
    out->code_start = GVA(code_start + bias);
    out->code_end = GVA(code_end + bias);
    out->data_start = GVA(data_start + bias);
    out->data_end = GVA(data_end + bias);
}

static void describe(const struct module *program, const struct module *interp,
                     struct loaded_image *out)
{
    const struct elf_plan *p = &program->plan;
    const struct module *first = interp->fd >= 0 ? interp : program;

    out->exe_entry = GVA(p->header.entry + program->bias);
    out->entry = GVA(first->plan.header.entry + first->bias);
    out->phdr = GVA(p->phdr ? p->phdr + program->bias : 0);
    out->phnum = p->header.phnum;
    out->phentsize = ELF_PHDR_SIZE;
    out->interp_base = GVA(interp->fd >= 0 ? interp->bias : 0);
    out->brk = GVA(p->end + program->bias);
    describe_layout(p, program->bias, out);
    out->exec_stack = p->exec_stack;
}

static int load_modules(struct space *space, struct module *program, struct module *interp,
                        const struct path_prefix *prefix, struct loaded_image *out,
                        struct load_error *error)
{
    if (read_module(program, error))
        return -1;
    if (program->interp[0] && read_interp(interp, program, prefix, error))
        return -1;
    if (map_module(space, program, DYN_BASE, error))
        return -1;
    space_set_brk(space, GVA(program->plan.end + program->bias));
    if (interp->fd >= 0 && map_module(space, interp, 0, error))
        return -1;
    describe(program, interp, out);
    return linux_map_vdso(space, &out->vdso, &out->vdso_sigreturn, error);
}

int linux_load(struct space *space, int fd, const char *path, const struct path_prefix *prefix,
               struct loaded_image *out, struct load_error *error)
{
    struct module program = {.fd = fd, .path = path}, interp = {.fd = -1};
    struct load_error inner = {.text = ""};

    *out = (struct loaded_image){.phentsize = ELF_PHDR_SIZE};
    int bad = load_modules(space, &program, &interp, prefix, out, &inner);
    if (bad)
        load_fail(error, inner.err, "%s: %s", path, inner.text);
    if (interp.fd >= 0)
        close(interp.fd);
    elf_plan_free(&program.plan);
    elf_plan_free(&interp.plan);
    return bad ? -1 : 0;
}

int linux_check(int fd, const struct path_prefix *prefix)
{
    struct module program = {.fd = fd, .path = ""}, interp = {.fd = -1};
    struct load_error error = {.err = 0};

    if (read_module(&program, &error) == 0 && program.interp[0])
        read_interp(&interp, &program, prefix, &error);
    if (interp.fd >= 0)
        close(interp.fd);
    elf_plan_free(&program.plan);
    elf_plan_free(&interp.plan);
    return -error.err;
}
