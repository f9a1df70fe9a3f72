/* linux/elf.c: checks an ELF file for riscv64 Linux and plans its mappings.
 *
 * The rules are those of the gABI, the RISC-V ELF psABI and fs/binfmt_elf.c. Where the kernel would
 * start a program that cannot work (entry point outside of the code, a file cut short behind what
 * is loaded, segments that overlap) this says so instead. Ignored as there: PT_GNU_PROPERTY,
 * PT_RISCV_ATTRIBUTES, PT_TLS, PT_GNU_RELRO, the sections' contents. */
#include "linux/elf.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The psABI's e_flags. */
enum { FLAG_FLOAT_ABI = 6, FLAG_FLOAT_QUAD = 6, FLAG_RVE = 8 };

static const uint64_t highest_end = SPACE_TOP - SPACE_PAGE_SIZE;

int load_fail(struct load_error *error, int err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(error->text, sizeof(error->text), fmt, ap);
    va_end(ap);
    error->err = err;
    error->status = err == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
    return -1;
}

#define BAD(error, ...) load_fail(error, ENOEXEC, __VA_ARGS__)

/* Does [offset, offset + size) lie in the file? */
static bool in_file(uint64_t offset, uint64_t size, uint64_t file_size)
{
    return offset <= file_size && size <= file_size - offset;
}

/* ---- the file's header ---------------------------------------------------------------------- */

static int check_magic(const unsigned char *bytes, size_t len, struct load_error *error)
{
    if (len == 0)
        return BAD(error, "the file is empty");
    if (len >= 2 && bytes[0] == '#' && bytes[1] == '!')
        return BAD(error, "a script, not an ELF file: run its interpreter");
    if (memcmp(bytes, ELFMAG, MIN(len, SELFMAG)) != 0)
        return BAD(error, "not an ELF file");
    if (len < ELF_HEADER_SIZE)
        return BAD(error, "the ELF file is truncated: %zu bytes, its header alone has %d", len,
                   ELF_HEADER_SIZE);
    return 0;
}

static const char *machine_name(unsigned machine)
{
    static const struct {
        unsigned machine;
        const char *name;
    } names[] = {
        {EM_386, "i386"},        {EM_X86_64, "x86-64"},   {EM_ARM, "ARM"},
        {EM_AARCH64, "AArch64"}, {EM_PPC64, "ppc64"},     {EM_S390, "s390x"},
        {EM_MIPS, "MIPS"},       {EM_SPARCV9, "sparc64"}, {258, "LoongArch"},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (names[i].machine == machine)
            return names[i].name;
    return "another machine";
}

static int check_machine(const Elf64_Ehdr *h, struct load_error *error)
{
    if (h->e_ident[EI_DATA] == ELFDATA2MSB)
        return BAD(error, "a big-endian program; isomorph runs riscv64, which is little-endian");
    if (h->e_ident[EI_DATA] != ELFDATA2LSB)
        return BAD(error, "a corrupt ELF file: unknown byte order %u", h->e_ident[EI_DATA]);
    /* The place of e_machine is the same in both classes, so a foreign program is named as such. */
    if (h->e_machine != EM_RISCV)
        return BAD(error, "a program for %s (ELF machine %u); isomorph runs riscv64",
                   machine_name(h->e_machine), h->e_machine);
    if (h->e_ident[EI_CLASS] == ELFCLASS32)
        return BAD(error, "a 32-bit RISC-V program; isomorph runs 64-bit ones (riscv64)");
    if (h->e_ident[EI_CLASS] != ELFCLASS64)
        return BAD(error, "a corrupt ELF file: unknown class %u", h->e_ident[EI_CLASS]);
    if (h->e_ident[EI_VERSION] != EV_CURRENT || h->e_version != EV_CURRENT)
        return BAD(error, "a corrupt ELF file: unknown ELF version");
    if (h->e_flags & FLAG_RVE)
        return BAD(error, "a program for RV64E (16 registers), which isomorph does not run");
    if ((h->e_flags & FLAG_FLOAT_ABI) == FLAG_FLOAT_QUAD)
        return BAD(
            error,
            "a program for the quad-precision ABI (Q extension), which isomorph does not run");
    return 0;
}

static int check_type(const Elf64_Ehdr *h, struct load_error *error)
{
    switch (h->e_type) {
    case ET_EXEC:
    case ET_DYN:
        return 0;
    case ET_REL:
        return BAD(error, "an object file, not a program: link it first");
    case ET_CORE:
        return BAD(error, "a core dump, not a program");
    default:
        return BAD(error, "a corrupt ELF file: unknown type %u", h->e_type);
    }
}

static int check_tables(const Elf64_Ehdr *h, uint64_t file_size, struct load_error *error)
{
    if (h->e_phnum == 0)
        return BAD(error, "the ELF file has no program headers: nothing to load");
    if (h->e_phentsize != ELF_PHDR_SIZE)
        return BAD(error, "a corrupt ELF file: program headers of %u bytes, not %d", h->e_phentsize,
                   ELF_PHDR_SIZE);
    if (h->e_phnum > ELF_MAX_PHDRS)
        return BAD(error, "a corrupt ELF file: %u program headers, more than %d", h->e_phnum,
                   ELF_MAX_PHDRS);
    if (!in_file(h->e_phoff, (uint64_t)h->e_phnum * ELF_PHDR_SIZE, file_size))
        return BAD(
            error,
            "the ELF file is truncated: it has %lu bytes, and its %u program headers begin at "
            "%lu",
            file_size, h->e_phnum, h->e_phoff);
    /* Where the sections are does not matter: neither does Linux look. */
    return 0;
}

int elf_read_header(const void *bytes, size_t len, uint64_t file_size, struct elf_header *out,
                    struct load_error *error)
{
    Elf64_Ehdr h;

    if (check_magic(bytes, len, error))
        return -1;
    memcpy(&h, bytes, sizeof(h));
    if (check_machine(&h, error) || check_type(&h, error) || check_tables(&h, file_size, error))
        return -1;
    *out = (struct elf_header){
        .dyn = h.e_type == ET_DYN,
        .entry = h.e_entry,
        .phoff = h.e_phoff,
        .phnum = h.e_phnum,
    };
    return 0;
}

/* ---- segments ------------------------------------------------------------------------------- */

static uint64_t page_down(uint64_t addr)
{
    return ALIGN_DOWN(addr, SPACE_PAGE_SIZE);
}

static uint64_t page_up(uint64_t addr)
{
    return ALIGN_UP(addr, SPACE_PAGE_SIZE);
}

static int check_load(const Elf64_Phdr *p, unsigned i, uint64_t file_size, struct load_error *error)
{
    if (!in_file(p->p_offset, p->p_filesz, file_size))
        return BAD(error,
                   "the ELF file is truncated: it has %lu bytes, and segment %u takes %lu from %lu",
                   file_size, i, p->p_filesz, p->p_offset);
    if (p->p_filesz > p->p_memsz)
        return BAD(error, "a corrupt ELF file: segment %u has %lu bytes in the file, %lu in memory",
                   i, p->p_filesz, p->p_memsz);
    if (p->p_memsz > highest_end || p->p_vaddr > highest_end - p->p_memsz)
        return BAD(error,
                   "segment %u (%#lx bytes at %#lx) does not fit into the address space of %lu GiB",
                   i, p->p_memsz, p->p_vaddr, SPACE_TOP >> 30);
    if (p->p_align & (p->p_align - 1))
        return BAD(error,
                   "a corrupt ELF file: the alignment of segment %u, %#lx, is no power of two", i,
                   p->p_align);
    if (p->p_align > SPACE_TOP / 4)
        return BAD(error, "the alignment of segment %u, %#lx, is too large", i, p->p_align);
    if (p->p_filesz > 0 && (p->p_vaddr - p->p_offset) % SPACE_PAGE_SIZE != 0)
        return BAD(
            error,
            "segment %u cannot be mapped: its address %#lx and its offset %#lx differ within a "
            "page of 4096 bytes",
            i, p->p_vaddr, p->p_offset);
    return 0;
}

/* Segments may share a page (the end of one, the start of the next) if it is the same page of the
 * file for both; a page of zeros at a segment's end cannot be shared. */
static int check_pair(const struct elf_segment *a, const struct elf_segment *b,
                      struct load_error *error)
{
    const struct elf_segment *low = a->vaddr <= b->vaddr ? a : b, *high = low == a ? b : a;

    if (page_up(low->vaddr + low->memsz) <= page_down(high->vaddr))
        return 0;
    if (low->vaddr + low->memsz > high->vaddr || low->vaddr == high->vaddr)
        return BAD(error, "a corrupt ELF file: the segments at %#lx and %#lx overlap", low->vaddr,
                   high->vaddr);
    if (low->memsz == low->filesz && high->filesz > 0 &&
        low->vaddr - low->offset == high->vaddr - high->offset)
        return 0;
    return BAD(error, "the segments at %#lx and %#lx share a page with different contents",
               low->vaddr, high->vaddr);
}

static int add_load(struct elf_plan *plan, const Elf64_Phdr *p, unsigned i, uint64_t file_size,
                    struct load_error *error)
{
    struct elf_segment seg = {
        .vaddr = p->p_vaddr,
        .memsz = p->p_memsz,
        .offset = p->p_offset,
        .filesz = p->p_filesz,
        .prot = (p->p_flags & PF_R ? PROT_READ : 0) | (p->p_flags & PF_W ? PROT_WRITE : 0) |
                (p->p_flags & PF_X ? PROT_EXEC : 0),
    };

    if (check_load(p, i, file_size, error))
        return -1;
    plan->align = MAX(plan->align, p->p_align);
    if (seg.memsz == 0)
        return 0;
    for (size_t k = 0; k < plan->segments.len; k++)
        if (check_pair(&plan->segments.data[k], &seg, error))
            return -1;
    plan->low = MIN(plan->low, page_down(seg.vaddr));
    plan->high = MAX(plan->high, page_up(seg.vaddr + seg.memsz));
    plan->end = MAX(plan->end, seg.vaddr + seg.memsz);
    vec_push(&plan->segments, seg);
    return 0;
}

static int add_interp(struct elf_plan *plan, const Elf64_Phdr *p, uint64_t file_size,
                      struct load_error *error)
{
    if (plan->interp_size > 0)
        return 0; /* the first one counts, as in the kernel */
    if (p->p_filesz < 2 || p->p_filesz > PATH_MAX)
        return BAD(error, "a corrupt ELF file: the name of its interpreter has %lu bytes",
                   p->p_filesz);
    if (!in_file(p->p_offset, p->p_filesz, file_size))
        return BAD(error,
                   "the ELF file is truncated: it has %lu bytes, and the name of its interpreter "
                   "takes %lu from %lu",
                   file_size, p->p_filesz, p->p_offset);
    plan->interp_offset = p->p_offset;
    plan->interp_size = p->p_filesz;
    return 0;
}

/* Where the program headers are in memory: in the segment that holds them in the file. PT_PHDR says
 * the same in files that are whole, and the kernel does not ask it. */
static uint64_t find_phdr(const struct elf_plan *plan)
{
    uint64_t offset = plan->header.phoff, size = (uint64_t)plan->header.phnum * ELF_PHDR_SIZE;

    for (size_t i = 0; i < plan->segments.len; i++) {
        const struct elf_segment *s = &plan->segments.data[i];
        if (offset >= s->offset && offset - s->offset <= s->filesz &&
            size <= s->filesz - (offset - s->offset))
            return s->vaddr + (offset - s->offset);
    }
    return 0;
}

static int check_entry(const struct elf_plan *plan, struct load_error *error)
{
    uint64_t entry = plan->header.entry;

    for (size_t i = 0; i < plan->segments.len; i++) {
        const struct elf_segment *s = &plan->segments.data[i];
        if (s->prot & PROT_EXEC && entry >= s->vaddr && entry - s->vaddr < s->memsz)
            return 0;
    }
    if (plan->header.dyn && entry == 0)
        return BAD(error, "a shared library, not a program: it has no entry point");
    return BAD(error, "a corrupt ELF file: its entry point %#lx is in no executable segment",
               entry);
}

int elf_read_segments(const struct elf_header *header, const void *phdrs, uint64_t file_size,
                      struct elf_plan *out, struct load_error *error)
{
    *out = (struct elf_plan){.header = *header, .low = UINT64_MAX, .align = SPACE_PAGE_SIZE};
    for (unsigned i = 0; i < header->phnum; i++) {
        Elf64_Phdr p;
        int bad = 0;

        memcpy(&p, (const char *)phdrs + (size_t)i * ELF_PHDR_SIZE, sizeof(p));
        if (p.p_type == PT_LOAD)
            bad = add_load(out, &p, i, file_size, error);
        else if (p.p_type == PT_INTERP)
            bad = add_interp(out, &p, file_size, error);
        else if (p.p_type == PT_GNU_STACK)
            out->exec_stack = p.p_flags & PF_X; /* without one: not executable, on riscv */
        if (bad)
            return -1;
    }
    if (out->segments.len == 0)
        return BAD(error, "the ELF file has no PT_LOAD segment: nothing to load");
    out->phdr = find_phdr(out);
    return check_entry(out, error);
}

int elf_check_interp(const char *text, size_t size, struct load_error *error)
{
    if (text[size - 1] != '\0' || strlen(text) + 1 != size || text[0] == '\0')
        return BAD(error, "a corrupt ELF file: the name of its interpreter is not one string");
    return 0;
}

void elf_plan_free(struct elf_plan *plan)
{
    vec_free(&plan->segments);
}
