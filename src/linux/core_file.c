/* linux/core_file.c: the contents of a RISC-V core file: an ELF header, a segment of notes and one
 * for each mapping, as the kernel writes them (fs/binfmt_elf.c, include/linux/elfcore.h, and
 * arch/riscv/include/uapi/asm/elf.h for the registers).
 *
 * Which mappings have contents is said by /proc/self/coredump_filter (core(5)): private pages that
 * somebody has written to are found by the host's pagemap and smaps, for the guest's memory is the
 * host's. Pages that were never there are holes of the file.
 *
 * The other threads wait, or are in a system call: their registers are those before it, where the
 * kernel's would have the call's number and pc. Not written: NT_RISCV_VECTOR, times used. */
#include "linux/core.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "linux/abi.h"
#include "linux/paths.h"
#include "linux/signals.h"

/* ---- layouts --------------------------------------------------------------------------------- */

struct core_timeval {
    int64_t sec, usec;
};

/* struct elf_prstatus */
struct core_prstatus {
    int32_t signo, code, err;
    int16_t cursig;
    uint64_t sigpend, sighold;
    int32_t pid, ppid, pgrp, sid;
    struct core_timeval utime, stime, cutime, cstime;
    uint64_t pc, x[31]; /* x1 to x31 */
    int32_t fpvalid;
};
_Static_assert(offsetof(struct core_prstatus, pc) == 112, "riscv64 elf_prstatus");
_Static_assert(sizeof(struct core_prstatus) == 376, "riscv64 elf_prstatus");

/* struct elf_prpsinfo */
struct core_prpsinfo {
    char state, sname, zomb, nice;
    uint64_t flag;
    uint32_t uid, gid;
    int32_t pid, ppid, pgrp, sid;
    char fname[16], psargs[80];
};
_Static_assert(sizeof(struct core_prpsinfo) == 136, "riscv64 elf_prpsinfo");

/* struct __riscv_d_ext_state */
struct core_fpregs {
    uint64_t f[32];
    uint32_t fcsr;
};
_Static_assert(sizeof(struct core_fpregs) == 264, "riscv64 floating-point state");

/* ---- notes ----------------------------------------------------------------------------------- */

static void add_padding(struct strbuf *out)
{
    static const char zeros[4];

    strbuf_append(out, zeros, -out->len & 3);
}

static void add_note(struct strbuf *out, uint32_t type, const void *desc, size_t size)
{
    static const char name[] = "CORE";
    const Elf64_Nhdr header = {sizeof(name), (Elf64_Word)size, type};

    strbuf_append(out, (const char *)&header, sizeof(header));
    strbuf_append(out, name, sizeof(name));
    add_padding(out);
    strbuf_append(out, desc, size);
    add_padding(out);
}

static void add_registers(struct strbuf *out, struct linux_task *task, const siginfo_t *info)
{
    const struct rv64_state *s = abi_state(task->t);
    struct core_prstatus status = {
        .signo = info->si_signo,
        .code = info->si_code,
        .err = info->si_errno,
        .cursig = (int16_t)info->si_signo,
        .sigpend = task->sync_pending,
        .sighold = task->mask,
        .pid = task->tid,
        .ppid = getppid(),
        .pgrp = getpgrp(),
        .sid = getsid(0),
        .pc = thread_pc(task->t).v,
        .fpvalid = 1,
    };

    memcpy(status.x, &s->x[1], sizeof(status.x));
    add_note(out, NT_PRSTATUS, &status, sizeof(status));
}

static void add_fp_registers(struct strbuf *out, struct linux_task *task)
{
    const struct rv64_state *s = abi_state(task->t);
    struct core_fpregs fp = {.fcsr = s->fcsr};

    memcpy(fp.f, s->f, sizeof(fp.f));
    add_note(out, NT_FPREGSET, &fp, sizeof(fp));
}

static void add_process(struct strbuf *out, struct linux_process *process)
{
    const struct process_layout *l = &process->layout;
    struct core_prpsinfo info = {
        .sname = 'R',
        .uid = getuid(),
        .gid = getgid(),
        .pid = getpid(),
        .ppid = getppid(),
        .pgrp = getpgrp(),
        .sid = getsid(0),
    };
    int fd = open("/proc/thread-self/comm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, info.fname, sizeof(info.fname) - 1) : 0;
    if (n > 0)
        info.fname[n - (info.fname[n - 1] == '\n')] = '\0';
    if (fd >= 0)
        close(fd);
    size_t len = MIN(l->arg_end - l->arg_start, sizeof(info.psargs) - 1);
    len = space_peek(process->space, GVA(l->arg_start), info.psargs, len);
    for (size_t i = 0; i < len; i++) {
        if (info.psargs[i] == '\0')
            info.psargs[i] = ' ';
    }
    add_note(out, NT_PRPSINFO, &info, sizeof(info));
}

/* Count, page size, then start, end and offset in pages of each mapped file, then the names. */
static void add_files(struct strbuf *out, struct linux_process *process)
{
    struct strbuf desc = {0}, names = {0};
    uint64_t head[2] = {0, SPACE_PAGE_SIZE};
    const struct mapping *m;

    strbuf_append(&desc, (const char *)head, sizeof(head));
    for (uint64_t at = 0; (m = space_find(process->space, GVA(at))) != NULL; at = m->end) {
        if (!m->name || m->name[0] != '/')
            continue;
        uint64_t row[3] = {m->start, m->end, m->file_offset / SPACE_PAGE_SIZE};
        const char *name = path_guest_name(process->prefix, m->name);
        strbuf_append(&desc, (const char *)row, sizeof(row));
        strbuf_append(&names, name, strlen(name) + 1);
        head[0]++;
    }
    memcpy(desc.data, head, sizeof(head));
    strbuf_append(&desc, names.data, names.len);
    if (head[0] > 0)
        add_note(out, NT_FILE, desc.data, desc.len);
    strbuf_free(&desc);
    strbuf_free(&names);
}

/* The thread that has the signal comes first: debuggers take it for the current one. */
static void make_notes(struct linux_task *task, const siginfo_t *info, struct strbuf *out)
{
    struct linux_process *process = task->process;

    add_registers(out, task, info);
    add_process(out, process);
    add_note(out, NT_SIGINFO, info, sizeof(*info));
    add_note(out, NT_AUXV, process->auxv, process->auxv_size);
    add_files(out, process);
    add_fp_registers(out, task);
    for (size_t i = 0; i < process->tasks.len; i++) {
        struct linux_task *other = process->tasks.data[i];
        if (other == task)
            continue;
        add_registers(out, other, info);
        add_fp_registers(out, other);
    }
}

/* ---- what is in the mappings ----------------------------------------------------------------- */

/* Bits of coredump_filter. */
enum { ANON_PRIVATE = 1, ANON_SHARED = 2, FILE_PRIVATE = 4, FILE_SHARED = 8, ELF_HEADERS = 16 };

static unsigned read_filter(void)
{
    FILE *f = fopen("/proc/thread-self/coredump_filter", "re");
    unsigned filter = ANON_PRIVATE | ANON_SHARED | ELF_HEADERS;

    if (f && fscanf(f, "%x", &filter) != 1)
        filter = ANON_PRIVATE | ANON_SHARED | ELF_HEADERS;
    if (f)
        fclose(f);
    return filter;
}

/* Has any page of [start, end) been written to by the process itself? Sums up what smaps says of
 * the host's mappings. */
static bool has_own_pages(const struct space *space, uint64_t start, uint64_t end)
{
    FILE *f = fopen("/proc/thread-self/smaps", "re");
    unsigned long from, to, kb;
    bool inside = false, found = false;
    char line[512];
    gva first;

    while (f && !found && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = space_guest_addr(space, from, &first) && first.v < end &&
                     first.v + (to - from) > start;
        else if (inside && sscanf(line, "Anonymous: %lu kB", &kb) == 1)
            found = kb > 0;
    }
    if (f)
        fclose(f);
    return found;
}

static bool starts_elf(const struct space *space, uint64_t at)
{
    char magic[SELFMAG];

    return space_peek(space, GVA(at), magic, SELFMAG) == SELFMAG &&
           memcmp(magic, ELFMAG, SELFMAG) == 0;
}

/* How many bytes of the mapping are in the file: vma_dump_size(). */
static uint64_t dump_size(const struct space *space, const struct mapping *m, unsigned filter)
{
    uint64_t all = m->end - m->start;
    bool file = m->ino != 0 && !(m->flags & MAP_ANONYMOUS);

    if (m->name && strcmp(m->name, "[vdso]") == 0)
        return all;
    if (m->flags & MAP_SHARED)
        return filter & (file ? FILE_SHARED : ANON_SHARED) ? all : 0;
    if (!file)
        return filter & ANON_PRIVATE ? all : 0;
    if (filter & FILE_PRIVATE || (filter & ANON_PRIVATE && has_own_pages(space, m->start, m->end)))
        return all;
    bool header = filter & ELF_HEADERS && m->file_offset == 0 && m->prot & PROT_READ;
    return header && starts_elf(space, m->start) ? SPACE_PAGE_SIZE : 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

enum { MAP_BATCH = 512 };

struct core_out {
    int fd, pagemap;
    uint64_t at, limit;
    uint64_t entries[MAP_BATCH]; /* of the pagemap, from page number first on */
    uint64_t first;
    bool have_entries;
};

/* What the limit or the disk does not take is lost: debuggers read a file that is cut off. */
static void put(struct core_out *out, const void *bytes, size_t len)
{
    size_t room = out->at < out->limit ? MIN(len, out->limit - out->at) : 0, done = 0;

    while (done < room) {
        ssize_t n =
            pwrite(out->fd, (const char *)bytes + done, room - done, (off_t)(out->at + done));
        if (n <= 0) {
            out->limit = out->at + done;
            break;
        }
        done += (size_t)n;
    }
    out->at += len;
}

/* Is there a page, in memory or swapped out? (admin-guide/mm/pagemap.rst) */
static bool page_is_there(struct core_out *out, const struct space *space, uint64_t addr)
{
    uint64_t page = (space->base + addr) / SPACE_PAGE_SIZE;

    if (!out->have_entries || page - out->first >= MAP_BATCH) {
        out->first = page;
        memset(out->entries, -1, sizeof(out->entries)); /* what cannot be read is there */
        ssize_t n = pread(out->pagemap, out->entries, sizeof(out->entries),
                          (off_t)(page * sizeof(uint64_t)));
        out->have_entries = n > 0;
    }
    return out->entries[page - out->first] >> 62 != 0;
}

static void put_memory(struct core_out *out, const struct space *space, uint64_t start,
                       uint64_t size, bool private)
{
    char page[SPACE_PAGE_SIZE];

    for (uint64_t at = start; at < start + size && out->at < out->limit; at += sizeof(page)) {
        if ((private && !page_is_there(out, space, at)) ||
            space_peek(space, GVA(at), page, sizeof(page)) < sizeof(page))
            out->at += sizeof(page);
        else
            put(out, page, sizeof(page));
    }
}

static uint32_t segment_flags(int prot)
{
    return (prot & PROT_READ ? PF_R : 0) | (prot & PROT_WRITE ? PF_W : 0) |
           (prot & PROT_EXEC ? PF_X : 0);
}

static void put_header(struct core_out *out, size_t n_segments)
{
    Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = EM_RISCV,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(header),
        .e_flags = 0x5, /* RVC, double-float ABI */
        .e_ehsize = sizeof(header),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = (Elf64_Half)MIN(n_segments, (size_t)PN_XNUM - 1),
    };

    put(out, &header, sizeof(header));
}

typedef VEC(Elf64_Phdr) segment_list;

/* Program headers: of the notes, then of the mappings. Contents begin at a page. */
static void make_segments(struct space *space, size_t n_notes, segment_list *list)
{
    unsigned filter = read_filter();
    const struct mapping *m;
    size_t n = 1;

    for (uint64_t at = 0; (m = space_find(space, GVA(at))) != NULL; at = m->end)
        n++;
    uint64_t offset = sizeof(Elf64_Ehdr) + n * sizeof(Elf64_Phdr);
    Elf64_Phdr notes = {.p_type = PT_NOTE, .p_offset = offset, .p_filesz = n_notes, .p_align = 4};
    vec_push(list, notes);
    offset = ALIGN_UP(offset + n_notes, SPACE_PAGE_SIZE);
    for (uint64_t at = 0; (m = space_find(space, GVA(at))) != NULL; at = m->end) {
        Elf64_Phdr load = {
            .p_type = PT_LOAD,
            .p_flags = segment_flags(m->prot),
            .p_offset = offset,
            .p_vaddr = m->start,
            .p_filesz = dump_size(space, m, filter),
            .p_memsz = m->end - m->start,
            .p_align = SPACE_PAGE_SIZE,
        };
        vec_push(list, load);
        offset += load.p_filesz;
    }
}

void core_write_file(struct linux_task *task, const siginfo_t *info, int fd, uint64_t limit)
{
    struct space *space = task->process->space;
    struct core_out out = {.fd = fd, .limit = limit};
    struct strbuf notes = {0};
    segment_list segments = {0};

    out.pagemap = open("/proc/thread-self/pagemap", O_RDONLY | O_CLOEXEC);
    make_notes(task, info, &notes);
    make_segments(space, notes.len, &segments);
    put_header(&out, segments.len);
    put(&out, segments.data, segments.len * sizeof(segments.data[0]));
    put(&out, notes.data, notes.len);
    for (size_t i = 1; i < segments.len; i++) {
        const Elf64_Phdr *load = &segments.data[i];
        const struct mapping *m = space_find(space, GVA(load->p_vaddr));
        out.at = load->p_offset;
        put_memory(&out, space, load->p_vaddr, load->p_filesz, m && !(m->flags & MAP_SHARED));
    }
    /* A hole at the end is part of the file. */
    if (ftruncate(fd, (off_t)MIN(out.at, out.limit)) < 0 && log_on(LOG_UNIMP))
        log_print("isomorph: the core file is not complete: %s\n", strerror(errno));
    if (out.pagemap >= 0)
        close(out.pagemap);
    vec_free(&segments);
    strbuf_free(&notes);
}
