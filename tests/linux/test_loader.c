/* The loader on programs made in memory: what is mapped, and one clear error for each way to be
 * wrong, with nothing mapped. tests/linux/test_loader_files.py does the same for what the linker
 * makes. */
#include "loader_test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct space *space;
static struct load_error error;
static struct loaded_image image;

static int make_space(void **state)
{
    const char *why = "";
    space = space_create(SPACE_AUTO, 0, &why);
    if (!space)
        fail_msg("%s", why);
    memset(&error, 0, sizeof(error));
    return 0;
}

static int drop_space(void **state)
{
    space_destroy(space);
    return 0;
}

static const struct path_prefix no_prefix = {.fd = -1};

static int load_with(const void *bytes, size_t len, const char *prefix)
{
    int fd = small_elf_open(bytes, len);
    struct path_prefix in = {prefix ? open(prefix, O_PATH | O_DIRECTORY) : -1, prefix};
    int result = linux_load(space, fd, "/bin/small", &in, &image, &error);
    if (prefix)
        close(in.fd);
    close(fd);
    return result;
}

static int load(const struct small_elf *e)
{
    return load_with(e, sizeof(*e), NULL);
}

static void must_load(const struct small_elf *e)
{
    if (load(e))
        fail_msg("%s", error.text);
}

/* It failed, says why and whose, and has left nothing behind. */
static void expect_error(int result, const char *text, int err, int status)
{
    assert_int_equal(result, -1);
    if (!strstr(error.text, text) || strncmp(error.text, "/bin/small: ", 12) != 0)
        fail_msg("'%s' does not say '%s'", error.text, text);
    assert_null(strchr(error.text, '\n'));
    assert_int_equal(error.err, err);
    assert_int_equal(error.status, status);
    assert_null(space_find(space, GVA(0)));
}

static uint64_t peek(uint64_t addr)
{
    uint64_t v = 0;
    if (!space_load_u64(space, addr, &v))
        fail_msg("cannot read %#lx", addr);
    return v;
}

static int prot_at(uint64_t addr)
{
    const struct mapping *m = space_find(space, GVA(addr));
    return m && m->start <= addr ? m->prot : -1;
}

/* ---- what is mapped ------------------------------------------------------------------------- */

static void check_image(uint64_t bias)
{
    enum { R = PROT_READ, W = PROT_WRITE, X = PROT_EXEC };
    assert_int_equal(image.exe_entry.v, bias + CODE_ADDR + offsetof(struct small_elf, code));
    assert_int_equal(image.phdr.v, bias + CODE_ADDR + sizeof(Elf64_Ehdr));
    assert_int_equal(image.phnum, 4);
    assert_int_equal(image.phentsize, 56);
    assert_int_equal(image.brk.v, bias + DATA_ADDR + 0x2800);
    assert_int_equal(space_brk(space, 0), bias + DATA_ADDR + 0x3000);
    assert_int_equal(prot_at(bias + CODE_ADDR), R | X);
    assert_int_equal(prot_at(bias + CODE_ADDR + 0x1000), -1);
    assert_int_equal(prot_at(bias + DATA_ADDR - 1), -1);
    for (uint64_t page = 0; page < 3; page++)
        assert_int_equal(prot_at(bias + DATA_ADDR + page * 0x1000), R | W);
    assert_int_equal(prot_at(bias + DATA_ADDR + 0x3000), -1);
    assert_int_equal(peek(bias + DATA_ADDR + 8), 0xdadadadadadadada);
    /* Zero from the end of the file's part on: the section headers behind it in the file do not
     * show. */
    for (uint64_t at = DATA_SIZE; at < 0x3000; at += 8)
        assert_int_equal(peek(bias + DATA_ADDR + at), 0);
    assert_string_equal(space_find(space, GVA(bias + CODE_ADDR))->name, "/memfd:small (deleted)");
    assert_int_equal(prot_at(image.vdso.v), R | X);
    assert_string_equal(space_find(space, image.vdso)->name, "[vdso]");
    assert_int_equal((uint32_t)peek(image.vdso.v), 0x464c457f);
    assert_int_equal(peek(image.vdso_sigreturn.v), 0x0000007308b00893); /* li a7, 139; ecall */
}

static void a_fixed_program_lies_where_it_says(void **state)
{
    struct small_elf e;
    small_elf_make(&e, ET_EXEC);
    must_load(&e);
    check_image(0);
    assert_int_equal(image.entry.v, image.exe_entry.v);
    assert_int_equal(image.interp_base.v, 0);
    assert_false(image.exec_stack);
}

static void an_independent_program_lies_at_two_thirds(void **state)
{
    struct small_elf e;
    small_elf_make(&e, ET_DYN);
    must_load(&e);
    uint64_t bias = image.exe_entry.v - e.header.e_entry;
    check_image(bias);
    /* As on a riscv64 machine with Sv39 and without randomisation. */
    assert_int_equal(bias + CODE_ADDR, 0x2aaaaaa000);
}

static void alignment_is_honoured(void **state)
{
    static const uint64_t aligns[] = {0, 1, 0x1000, 0x10000, 0x200000, 0x40000000};
    for (size_t i = 0; i < ARRAY_LEN(aligns); i++) {
        struct small_elf e;
        small_elf_make(&e, ET_DYN);
        e.phdr[1].p_align = aligns[i];
        must_load(&e);
        uint64_t bias = image.exe_entry.v - e.header.e_entry;
        assert_int_equal(bias & (aligns[i] ? aligns[i] - 1 : 0) & ~(uint64_t)0xfff, 0);
        check_image(bias);
        drop_space(NULL);
        make_space(NULL);
    }
}

static void segments_without_bytes_in_the_file(void **state)
{
    struct small_elf e;
    small_elf_make(&e, ET_EXEC);
    e.phdr[1].p_filesz = 0;
    e.phdr[1].p_offset = 0x123; /* of no consequence */
    e.phdr[1].p_vaddr = DATA_ADDR + 0x10;
    must_load(&e);
    for (uint64_t at = 0; at < 0x3000; at += 8)
        assert_int_equal(peek(DATA_ADDR + at), 0);
    assert_int_equal(prot_at(DATA_ADDR + 0x3000), -1);
    drop_space(NULL);
    make_space(NULL);
    e.phdr[1].p_memsz = 0; /* nothing at all */
    must_load(&e);
    assert_int_equal(prot_at(DATA_ADDR), -1);
    assert_int_equal(image.brk.v, CODE_ADDR + 0x1000);
}

static void zeros_in_a_read_only_segment(void **state)
{
    struct small_elf e;
    small_elf_make(&e, ET_EXEC);
    e.phdr[1].p_flags = PF_R;
    must_load(&e);
    assert_int_equal(prot_at(DATA_ADDR), PROT_READ);
    assert_int_equal(peek(DATA_ADDR), 0xdadadadadadadada);
    assert_int_equal(peek(DATA_ADDR + DATA_SIZE), 0);
    assert_int_equal(peek(DATA_ADDR + 0x1000), 0);
}

static void neighbours_may_share_a_page_of_the_file(void **state)
{
    struct small_elf e;
    small_elf_make(&e, ET_EXEC);
    e.phdr[0].p_filesz = e.phdr[0].p_memsz = 0x800;
    e.phdr[1].p_offset = 0x800;
    e.phdr[1].p_vaddr = CODE_ADDR + 0x800;
    e.phdr[1].p_filesz = e.phdr[1].p_memsz = 0x800;
    must_load(&e);
    assert_int_equal(peek(CODE_ADDR) & 0xffffffff, 0x464c457f);
    assert_int_equal(prot_at(CODE_ADDR), PROT_READ | PROT_WRITE);
}

static void the_stack_is_executable_only_if_asked_for(void **state)
{
    struct small_elf e;
    small_elf_make(&e, ET_EXEC);
    e.phdr[2].p_flags = PF_R | PF_W | PF_X;
    must_load(&e);
    assert_true(image.exec_stack);
    drop_space(NULL);
    make_space(NULL);
    e.phdr[2].p_type = PT_NULL; /* riscv's default */
    must_load(&e);
    assert_false(image.exec_stack);
}

static void headers_that_are_not_loaded_have_no_address(void **state)
{
    struct small_elf e;
    small_elf_make(&e, ET_EXEC);
    e.phdr[0].p_type = PT_NULL;
    e.phdr[1].p_flags |= PF_X;
    e.header.e_entry = DATA_ADDR;
    must_load(&e);
    assert_int_equal(image.phdr.v, 0);
}

/* ---- what is refused ------------------------------------------------------------------------ */

#define FIELD(f) offsetof(struct small_elf, f), sizeof(((struct small_elf *)0)->f)
#define E(f)     FIELD(header.f)
#define P(i, f)  FIELD(phdr[i].f)
#define IDENT(i) offsetof(struct small_elf, header.e_ident) + (i), 1
#define TOO_HIGH (SPACE_TOP - 0x1000)

static const struct spoiled {
    size_t offset, size; /* of the field */
    uint64_t value;
    const char *says;
} spoiled[] = {
    {IDENT(0), 0, "not an ELF file"},
    {IDENT(3), 'f', "not an ELF file"},
    {IDENT(EI_CLASS), ELFCLASS32, "32-bit"},
    {IDENT(EI_CLASS), 0, "class 0"},
    {IDENT(EI_CLASS), 3, "class 3"},
    {IDENT(EI_DATA), ELFDATA2MSB, "big-endian"},
    {IDENT(EI_DATA), 0, "byte order"},
    {IDENT(EI_VERSION), 2, "version"},
    {E(e_version), 0, "version"},
    {E(e_machine), EM_X86_64, "x86-64"},
    {E(e_machine), EM_AARCH64, "AArch64"},
    {E(e_machine), 0x1234, "machine 4660"},
    {E(e_type), ET_REL, "object file"},
    {E(e_type), ET_CORE, "core dump"},
    {E(e_type), ET_NONE, "type 0"},
    {E(e_type), 0xff00, "type 65280"},
    {E(e_flags), 8 | 5, "RV64E"},
    {E(e_flags), 6, "quad"},
    {E(e_phentsize), 32, "program headers of 32 bytes"},
    {E(e_phentsize), 0, "program headers of 0 bytes"},
    {E(e_phnum), 0, "no program headers"},
    {E(e_phnum), 0xffff, "65535 program headers"},
    {E(e_phnum), 1000, "truncated"},
    {E(e_phoff), 0x10000, "truncated"},
    {E(e_phoff), ~0ull, "truncated"},
    {E(e_phoff), ~0ull - 100, "truncated"},
    {E(e_entry), 0, "entry point"},
    {E(e_entry), CODE_ADDR - 1, "entry point"},
    {E(e_entry), CODE_ADDR + 0x1000, "entry point"},
    {E(e_entry), DATA_ADDR, "entry point 0x23000 is in no executable segment"},
    {E(e_entry), ~0ull, "entry point"},
    {P(0, p_type), PT_NULL, "entry point"},
    {P(0, p_flags), PF_R, "entry point"},
    {P(0, p_filesz), 0x1001, "4097 bytes in the file, 4096 in memory"},
    {P(1, p_memsz), 8, "16 bytes in the file, 8 in memory"},
    {P(1, p_offset), 0x9000, "truncated"},
    {P(1, p_offset), ~0ull & ~0xfffull, "truncated"},
    {P(1, p_filesz), ~0ull, "truncated"},
    {P(1, p_filesz), 0x1000, "truncated"},
    {P(1, p_memsz), ~0ull, "does not fit"},
    {P(1, p_memsz), SPACE_TOP, "does not fit"},
    {P(1, p_memsz), ~0ull - DATA_ADDR, "does not fit"},
    {P(1, p_vaddr), ~0ull & ~0xfffull, "does not fit"},
    {P(1, p_vaddr), TOO_HIGH - 0x1000, "does not fit"},
    {P(1, p_vaddr), DATA_ADDR + 8, "differ within a page"},
    {P(1, p_offset), DATA_OFFSET - 8, "differ within a page"},
    {P(1, p_vaddr), CODE_ADDR, "overlap"},
    {P(1, p_vaddr), CODE_ADDR - 0x1000, "overlap"},
    {P(1, p_align), 3, "power of two"},
    {P(1, p_align), 0x1001, "power of two"},
    {P(1, p_align), 1ull << 63, "too large"},
    {P(1, p_align), SPACE_TOP, "too large"},
    {P(3, p_type), PT_INTERP, "name of its interpreter has 0 bytes"},
};

static void spoiled_fields_are_named(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(spoiled); i++) {
        const struct spoiled *s = &spoiled[i];
        struct small_elf e;
        small_elf_make(&e, ET_EXEC);
        memcpy((char *)&e + s->offset, &s->value, s->size);
        expect_error(load(&e), s->says, ENOEXEC, EXIT_CANNOT_RUN);
    }
}

static void section_headers_do_not_matter(void **state)
{
    struct small_elf e;
    small_elf_make(&e, ET_EXEC);
    e.header.e_shoff = ~0ull;
    e.header.e_shnum = 3;
    must_load(&e);
}

static void segments_with_different_pages_do_not_share_one(void **state)
{
    struct small_elf e;
    small_elf_make(&e, ET_EXEC);
    e.phdr[0].p_filesz = e.phdr[0].p_memsz = 0x800;
    e.phdr[1].p_offset = DATA_OFFSET - 0x400; /* ends within the file */
    e.phdr[1].p_vaddr = CODE_ADDR + 0xc00 + 0x1000;
    must_load(&e);
    drop_space(NULL);
    make_space(NULL);
    e.phdr[0].p_filesz = e.phdr[0].p_memsz = 0x1000;
    e.phdr[0].p_memsz = 0x1c00; /* zeros up to the other's first byte, in its page */
    expect_error(load(&e), "share a page", ENOEXEC, EXIT_CANNOT_RUN);
    e.phdr[0].p_memsz = 0x1c01;
    expect_error(load(&e), "overlap", ENOEXEC, EXIT_CANNOT_RUN);
}

static void fixed_addresses_that_are_not_to_be_had(void **state)
{
    struct small_elf e;
    small_elf_make(&e, ET_EXEC);
    e.phdr[0].p_vaddr = 0x1000;
    e.phdr[1].p_vaddr = 0x4000;
    e.header.e_entry = 0x1000;
    expect_error(load(&e), "wants memory at 0x1000", EPERM, EXIT_CANNOT_RUN);
    /* Taken by the host, in an identity mapping. */
    small_elf_make(&e, ET_EXEC);
    void *host = (void *)(space->base + DATA_ADDR);
    assert_ptr_equal(
        mmap(host, 0x1000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
        host);
    assert_int_equal(load(&e), -1);
    assert_non_null(strstr(error.text, "--memory=offset"));
    munmap(host, 0x1000);
}

static void huge_programs_are_refused(void **state)
{
    struct small_elf e;
    small_elf_make(&e, ET_DYN);
    e.phdr[1].p_memsz = SPACE_TOP - 0x100000; /* no room below the stack */
    expect_error(load(&e), "no room", ENOMEM, EXIT_CANNOT_RUN);
}

static void a_file_cut_short_anywhere_is_refused(void **state)
{
    struct small_elf e;
    small_elf_make(&e, ET_EXEC);
    must_load(&e);
    drop_space(NULL);
    make_space(NULL);
    for (size_t len = 0; len < DATA_OFFSET + DATA_SIZE; len++) {
        int result = load_with(&e, len, NULL);
        const char *says = len == 0 ? "empty" : "truncated";
        expect_error(result, says, ENOEXEC, EXIT_CANNOT_RUN);
    }
}

static void other_kinds_of_files_are_named(void **state)
{
    int pipes[2], dir = open("/", O_RDONLY | O_DIRECTORY);
    assert_int_equal(pipe(pipes), 0);
    expect_error(linux_load(space, dir, "/bin/small", &no_prefix, &image, &error), "a directory",
                 EACCES, EXIT_CANNOT_RUN);
    expect_error(linux_load(space, pipes[0], "/bin/small", &no_prefix, &image, &error),
                 "not a regular file", EACCES, EXIT_CANNOT_RUN);
    expect_error(load_with("", 0, NULL), "empty", ENOEXEC, EXIT_CANNOT_RUN);
    expect_error(load_with("#!/bin/sh\n", 10, NULL), "script", ENOEXEC, EXIT_CANNOT_RUN);
    expect_error(load_with("hello, world\n", 13, NULL), "not an ELF file", ENOEXEC,
                 EXIT_CANNOT_RUN);
    int writable = small_elf_open("x", 1), fd;
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", writable);
    fd = open(path, O_WRONLY);
    expect_error(linux_load(space, fd, "/bin/small", &no_prefix, &image, &error), "cannot be read",
                 EBADF, EXIT_CANNOT_RUN);
    close(fd);
    close(writable);
    close(dir);
    close(pipes[0]);
    close(pipes[1]);
}

static void a_shared_library_is_no_program(void **state)
{
    struct small_elf e;
    small_elf_make(&e, ET_DYN);
    e.header.e_entry = 0;
    expect_error(load(&e), "shared library", ENOEXEC, EXIT_CANNOT_RUN);
}

/* ---- the interpreter ------------------------------------------------------------------------ */

static char prefix[] = "/tmp/loader-test-XXXXXX";

static int make_prefix(void **state)
{
    strcpy(prefix + strlen(prefix) - 6, "XXXXXX");
    assert_non_null(mkdtemp(prefix));
    return make_space(state);
}

static int drop_prefix(void **state)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/ld.so", prefix);
    unlink(path);
    rmdir(prefix);
    return drop_space(state);
}

static void write_interp(const void *bytes, size_t len)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/ld.so", prefix);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0755);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
}

static void make_dynamic(struct small_elf *e)
{
    small_elf_make(e, ET_DYN);
    small_elf_set_interp(e, "/ld.so");
}

static void the_interpreter_is_found_under_the_prefix(void **state)
{
    struct small_elf program, interp;
    make_dynamic(&program);
    small_elf_make(&interp, ET_DYN);
    write_interp(&interp, sizeof(interp));
    if (load_with(&program, sizeof(program), prefix))
        fail_msg("%s", error.text);
    check_image(image.exe_entry.v - program.header.e_entry);
    assert_int_equal(image.entry.v, image.interp_base.v + interp.header.e_entry);
    assert_int_not_equal(image.entry.v, image.exe_entry.v);
    uint64_t last = image.interp_base.v + DATA_ADDR + 0x2fff;
    assert_int_equal(ALIGN_UP(last, 0x1000), space->mmap_top); /* the highest place there is */
    char path[128];
    snprintf(path, sizeof(path), "%s/ld.so", prefix);
    assert_string_equal(space_find(space, image.entry)->name, path);
}

static void a_missing_interpreter_is_named(void **state)
{
    struct small_elf e;
    make_dynamic(&e);
    expect_error(load(&e), "/ld.so", ENOENT, EXIT_NOT_FOUND);
    assert_non_null(strstr(error.text, "-L"));
    char both[300];
    snprintf(both, sizeof(both), "neither %s/ld.so nor /ld.so", prefix);
    expect_error(load_with(&e, sizeof(e), prefix), both, ENOENT, EXIT_NOT_FOUND);
    assert_non_null(strstr(error.text, "-L"));
}

static void a_bad_interpreter_is_named(void **state)
{
    struct small_elf program, interp;
    make_dynamic(&program);
    write_interp("hello", 5);
    expect_error(load_with(&program, sizeof(program), prefix),
                 "its interpreter /ld.so: not an ELF file", ELIBBAD, EXIT_CANNOT_RUN);
    small_elf_make(&interp, ET_DYN);
    interp.header.e_machine = EM_X86_64;
    write_interp(&interp, sizeof(interp));
    expect_error(load_with(&program, sizeof(program), prefix),
                 "its interpreter /ld.so: a program for x86-64", ELIBBAD, EXIT_CANNOT_RUN);
    small_elf_make(&interp, ET_DYN);
    write_interp(&interp, DATA_OFFSET + DATA_SIZE - 1);
    expect_error(load_with(&program, sizeof(program), prefix), "truncated", ELIBBAD,
                 EXIT_CANNOT_RUN);
}

static void bad_names_of_interpreters(void **state)
{
    struct small_elf e;
    make_dynamic(&e);
    e.phdr[3].p_filesz--; /* without its NUL */
    expect_error(load(&e), "not one string", ENOEXEC, EXIT_CANNOT_RUN);
    e.phdr[3].p_filesz += 2;
    expect_error(load(&e), "not one string", ENOEXEC, EXIT_CANNOT_RUN);
    make_dynamic(&e);
    e.interp[0] = '\0';
    expect_error(load(&e), "not one string", ENOEXEC, EXIT_CANNOT_RUN);
    e.phdr[3].p_filesz = 5000;
    expect_error(load(&e), "has 5000 bytes", ENOEXEC, EXIT_CANNOT_RUN);
    make_dynamic(&e);
    e.phdr[3].p_offset = sizeof(e);
    expect_error(load(&e), "truncated", ENOEXEC, EXIT_CANNOT_RUN);
}

#define TEST(f)        cmocka_unit_test_setup_teardown(f, make_space, drop_space)
#define TEST_PREFIX(f) cmocka_unit_test_setup_teardown(f, make_prefix, drop_prefix)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_fixed_program_lies_where_it_says),
        TEST(an_independent_program_lies_at_two_thirds),
        TEST(alignment_is_honoured),
        TEST(segments_without_bytes_in_the_file),
        TEST(zeros_in_a_read_only_segment),
        TEST(neighbours_may_share_a_page_of_the_file),
        TEST(the_stack_is_executable_only_if_asked_for),
        TEST(headers_that_are_not_loaded_have_no_address),
        TEST(spoiled_fields_are_named),
        TEST(section_headers_do_not_matter),
        TEST(segments_with_different_pages_do_not_share_one),
        TEST(fixed_addresses_that_are_not_to_be_had),
        TEST(huge_programs_are_refused),
        TEST(a_file_cut_short_anywhere_is_refused),
        TEST(other_kinds_of_files_are_named),
        TEST(a_shared_library_is_no_program),
        TEST_PREFIX(the_interpreter_is_found_under_the_prefix),
        TEST_PREFIX(a_missing_interpreter_is_named),
        TEST_PREFIX(a_bad_interpreter_is_named),
        TEST_PREFIX(bad_names_of_interpreters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
