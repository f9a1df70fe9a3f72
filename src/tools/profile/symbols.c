/* tools/profile/symbols.c: the functions of the guest's ELF files, at the addresses where they are
 * mapped.
 *
 * At the end of the run the space says which files are mapped with the right to execute, and where.
 * Of each, .symtab and .dynsym are read: functions and code labels. Names are as they stand in the
 * file (`c++filt` makes C++ of them). Where those are missing (stripped programs), the unwinding
 * table's list of functions at least says where each begins; it is called by that address in the
 * file. What neither covers, and code that came from no file, gets a symbol for the whole.
 *
 * Everything in a file is checked against its size: it may be damaged, or no ELF file at all.
 *
 * Does not handle: files that are unmapped before the end (dlclose), separate debug files. */
#include "tools/profile/symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static VEC(struct profile_symbol) symbols;
static struct profile_symbol nowhere = {0, ~(uint64_t)0, "(unknown)", "", true};

/* ---- one file -------------------------------------------------------------------------------- */

struct elf_image {
    const unsigned char *bytes;
    size_t size;
    const Elf64_Ehdr *header;
};

/* n items of a size at an offset; NULL if they leave the file. */
static const void *part(const struct elf_image *f, uint64_t offset, uint64_t n, size_t size)
{
    if (offset > f->size || n > (f->size - offset) / size || offset % 8 != 0)
        return NULL;
    return f->bytes + offset;
}

static bool open_image(const char *path, const struct mapping *m, struct elf_image *f)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
              (m->ino == 0 || m->ino == st.st_ino) && st.st_size >= (off_t)sizeof(Elf64_Ehdr);

    f->bytes = ok ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    if (fd >= 0)
        close(fd);
    if (f->bytes == MAP_FAILED)
        return false;
    f->size = (size_t)st.st_size;
    f->header = (const Elf64_Ehdr *)f->bytes;
    if (memcmp(f->header->e_ident, ELFMAG, SELFMAG) == 0 &&
        f->header->e_ident[EI_CLASS] == ELFCLASS64 && f->header->e_ident[EI_DATA] == ELFDATA2LSB)
        return true;
    munmap((void *)f->bytes, f->size);
    return false;
}

/* How far the file's addresses are moved, by the segment that the mapping shows. */
static bool find_bias(const struct elf_image *f, const struct mapping *m, uint64_t *bias)
{
    const Elf64_Phdr *phdrs = part(f, f->header->e_phoff, f->header->e_phnum, sizeof(Elf64_Phdr));

    for (unsigned i = 0; phdrs && i < f->header->e_phnum; i++) {
        uint64_t offset = ALIGN_DOWN(phdrs[i].p_offset, SPACE_PAGE_SIZE);
        if (phdrs[i].p_type != PT_LOAD || m->file_offset < offset ||
            m->file_offset >= phdrs[i].p_offset + phdrs[i].p_filesz)
            continue;
        uint64_t vaddr = ALIGN_DOWN(phdrs[i].p_vaddr, SPACE_PAGE_SIZE);
        *bias = m->start - (m->file_offset - offset) - vaddr;
        if (phdrs[i].p_flags & PF_X)
            return true;
    }
    return false;
}

static bool is_code_symbol(const Elf64_Sym *s, const char *name)
{
    unsigned type = ELF64_ST_TYPE(s->st_info);

    if (s->st_shndx == SHN_UNDEF || s->st_shndx >= SHN_LORESERVE || !*name)
        return false;
    /* Labels of the assembler and mapping symbols are no functions. */
    return type == STT_FUNC || type == STT_GNU_IFUNC ||
           (type == STT_NOTYPE && name[0] != '$' && name[0] != '.');
}

static void add_symbol(uint64_t start, uint64_t end, const char *name, const char *file, bool rest)
{
    vec_push(&symbols,
             ((struct profile_symbol){
                 .start = start, .end = end, .name = name, .file = file, .is_rest = rest}));
}

static void read_table(const struct elf_image *f, const Elf64_Shdr *table,
                       const Elf64_Shdr *strings, uint64_t bias, const struct mapping *m,
                       const char *file)
{
    const Elf64_Sym *s =
        part(f, table->sh_offset, table->sh_size / sizeof(Elf64_Sym), sizeof(Elf64_Sym));

    if (!s || strings->sh_offset > f->size || strings->sh_size > f->size - strings->sh_offset ||
        strings->sh_size == 0)
        return;
    const char *names = (const char *)f->bytes + strings->sh_offset;
    if (names[strings->sh_size - 1] != '\0')
        return;
    for (size_t i = 0; i < table->sh_size / sizeof(Elf64_Sym); i++) {
        if (s[i].st_name >= strings->sh_size || !is_code_symbol(&s[i], names + s[i].st_name))
            continue;
        uint64_t start = s[i].st_value + bias;
        if (start >= m->start && start < m->end)
            add_symbol(start, MIN(start + s[i].st_size, m->end), base_strdup(names + s[i].st_name),
                       file, false);
    }
}

/* The length of the function at `at`, from its record in .eh_frame at `record` (both addresses of
 * the file), if that has the form that the table of read_functions goes with: length, CIE, distance
 * of the function, its length, 4 bytes each. 0 if not. */
static uint64_t function_length(const struct elf_image *f, const Elf64_Phdr *eh, uint64_t at,
                                uint64_t record)
{
    uint64_t offset = record - eh->p_vaddr + eh->p_offset;
    uint32_t words[4];

    if (offset > f->size || f->size - offset < sizeof(words))
        return 0;
    memcpy(words, f->bytes + offset, sizeof(words));
    return record + 8 + (uint64_t)(int64_t)(int32_t)words[2] == at ? words[3] : 0;
}

/* .eh_frame_hdr (Linux Standard Base, "Exception Frames") in the one form that linkers make: 4
 * bytes of version and encodings, the address of .eh_frame, the count, and pairs of 32-bit
 * distances from here: of the function, and of its record. */
static void read_functions(const struct elf_image *f, const Elf64_Phdr *eh, uint64_t bias,
                           const struct mapping *m, const char *file)
{
    static const unsigned char form[] = {1, 0x1b, 0x03, 0x3b};
    enum { TABLE = 12, PAIR = 8 };
    const unsigned char *bytes = f->bytes + eh->p_offset;
    int32_t pair[2];
    uint32_t n;

    if (eh->p_offset > f->size || eh->p_filesz > f->size - eh->p_offset || eh->p_filesz < TABLE ||
        memcmp(bytes, form, sizeof(form)) != 0)
        return;
    memcpy(&n, bytes + 8, sizeof(n));
    for (uint32_t i = 0; i < n && TABLE + (uint64_t)(i + 1) * PAIR <= eh->p_filesz; i++) {
        memcpy(pair, bytes + TABLE + i * PAIR, sizeof(pair));
        uint64_t at = eh->p_vaddr + (uint64_t)(int64_t)pair[0], start = at + bias;
        uint64_t length = function_length(f, eh, at, eh->p_vaddr + (uint64_t)(int64_t)pair[1]);
        if (start >= m->start && start < m->end)
            add_symbol(start, MIN(start + length, m->end),
                       base_printf("%s:%#lx", file, (unsigned long)at), file, false);
    }
}

static void read_unwind_tables(const struct elf_image *f, uint64_t bias, const struct mapping *m,
                               const char *file)
{
    const Elf64_Phdr *phdrs = part(f, f->header->e_phoff, f->header->e_phnum, sizeof(Elf64_Phdr));

    for (unsigned i = 0; phdrs && i < f->header->e_phnum; i++) {
        if (phdrs[i].p_type == PT_GNU_EH_FRAME)
            read_functions(f, &phdrs[i], bias, m, file);
    }
}

static void read_symbols(const struct elf_image *f, const struct mapping *m, const char *file)
{
    const Elf64_Shdr *sections =
        part(f, f->header->e_shoff, f->header->e_shnum, sizeof(Elf64_Shdr));
    uint64_t bias;

    if (!find_bias(f, m, &bias))
        return;
    read_unwind_tables(f, bias, m, file);
    for (unsigned i = 0; sections && i < f->header->e_shnum; i++) {
        const Elf64_Shdr *s = &sections[i];
        if ((s->sh_type == SHT_SYMTAB || s->sh_type == SHT_DYNSYM) &&
            s->sh_link < f->header->e_shnum)
            read_table(f, s, &sections[s->sh_link], bias, m, file);
    }
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void read_mapping(const struct mapping *m, const char *prefix)
{
    const char *slash = m->name ? strrchr(m->name, '/') : NULL;
    const char *file = base_strdup(slash ? slash + 1 : m->name ? m->name : "[anonymous]");
    struct elf_image f;

    if (slash) {
        char *inside = base_printf("%s%s", prefix ? prefix : "", m->name);
        if (open_image(inside, m, &f) || open_image(m->name, m, &f)) {
            read_symbols(&f, m, file);
            munmap((void *)f.bytes, f.size);
        }
        free(inside);
    }
    add_symbol(m->start, m->end, base_printf("[%s]", file), file, true);
}

/* Lower is better: a plain name, one with an underscore, the address that stands for a name. */
static int rank_of(const char *name)
{
    return strchr(name, ':') ? 2 : name[0] == '_';
}

/* By address; the rest of a file before its functions, and of several names the best and shortest
 * first. */
static int compare_symbols(const void *a, const void *b)
{
    const struct profile_symbol *x = a, *y = b;

    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->is_rest != y->is_rest)
        return x->is_rest ? -1 : 1;
    if (rank_of(x->name) != rank_of(y->name))
        return rank_of(x->name) - rank_of(y->name);
    size_t n = strlen(x->name), m = strlen(y->name);
    return n != m ? (n < m ? -1 : 1) : strcmp(x->name, y->name);
}

/* One name for an address; symbols without a size reach to the next. */
static void tidy_symbols(void)
{
    size_t kept = 0;

    qsort(symbols.data, symbols.len, sizeof(symbols.data[0]), compare_symbols);
    for (size_t i = 0; i < symbols.len; i++) {
        struct profile_symbol *s = &symbols.data[i], *last = kept ? &symbols.data[kept - 1] : NULL;
        if (last && !last->is_rest && last->start == s->start) {
            last->end = MAX(last->end, s->end);
            continue;
        }
        symbols.data[kept++] = *s;
    }
    symbols.len = kept;
    for (size_t i = 0; i < kept; i++) {
        struct profile_symbol *s = &symbols.data[i];
        if (s->end == s->start)
            s->end = i + 1 < kept ? symbols.data[i + 1].start : s->start + SPACE_PAGE_SIZE;
    }
}

/* The table of mappings is copied: files are read without the lock. */
void symbols_load(struct space *space, const char *prefix)
{
    VEC(struct mapping) maps = {0};
    const struct mapping *m;

    space_lock(space);
    for (uint64_t at = 0; (m = space_find(space, GVA(at))) != NULL; at = m->end) {
        if (!(m->prot & PROT_EXEC))
            continue;
        vec_push(&maps, *m);
        maps.data[maps.len - 1].name = m->name ? base_strdup(m->name) : NULL;
    }
    space_unlock(space);
    for (size_t i = 0; i < maps.len; i++)
        read_mapping(&maps.data[i], prefix);
    vec_free(&maps);
    tidy_symbols();
}

struct profile_symbol *symbols_at(size_t i)
{
    return i < symbols.len ? &symbols.data[i] : NULL;
}

/* The last that begins at or below the address, or, past its end, the file that it lies in. */
struct profile_symbol *symbols_find(uint64_t address)
{
    size_t low = 0, high = symbols.len;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (symbols.data[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    while (low-- > 0) {
        struct profile_symbol *s = &symbols.data[low];
        if (address < s->end)
            return s;
        if (s->is_rest)
            break;
    }
    return &nowhere;
}
