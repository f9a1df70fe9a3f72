/* The initial stack. Its shape is read by one function, which reads this test's own stack too: what
 * the kernel made for it is the oracle for the order of things. Values come from the system (ids)
 * or the riscv64 ABI. */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "linux/linux.h"

static struct space *space;
static struct load_error error;
static const struct loaded_image image = {
    .entry = {0x1111110},
    .exe_entry = {0x2222220},
    .phdr = {0x3333340},
    .phnum = 9,
    .phentsize = 56,
    .interp_base = {0x4444000},
    .vdso = {0x5555000},
};

static int make_space(void **state)
{
    const char *why = "";
    space = space_create(SPACE_AUTO, 0, &why);
    if (!space)
        fail_msg("%s", why);
    return 0;
}

static int drop_space(void **state)
{
    space_destroy(space);
    return 0;
}

/* ---- reading a stack ------------------------------------------------------------------------ */

static uint64_t word_at(const struct space *s, uint64_t addr)
{
    uint64_t v = 0;
    if (s && !space_load_u64(s, addr, &v))
        fail_msg("cannot read %#lx", addr);
    return s ? v : *(uint64_t *)addr;
}

static const char *string_at(struct space *s, uint64_t addr)
{
    static char text[200000];
    if (!s)
        return (const char *)addr;
    if (space_read_string(s, GVA(addr), text, sizeof(text)) < 0)
        fail_msg("no string at %#lx", addr);
    return text;
}

struct shape {
    uint64_t argc, argv[64], envc, envp[256], aux[64], auxc; /* aux by type */
    uint64_t aux_order[64];
    uint64_t block_end; /* behind AT_NULL */
};

static void read_shape(struct space *s, uint64_t sp, struct shape *out)
{
    uint64_t at = sp, type;
    memset(out, 0, sizeof(*out));
    out->argc = word_at(s, at);
    for (uint64_t i = 0; i < out->argc; i++)
        out->argv[i] = word_at(s, at += 8);
    assert_int_equal(word_at(s, at += 8), 0);
    while ((type = word_at(s, at += 8)) != 0) {
        assert_true(out->envc < ARRAY_LEN(out->envp));
        out->envp[out->envc++] = type;
    }
    do {
        type = word_at(s, at += 8);
        if (type < ARRAY_LEN(out->aux)) {
            out->aux[type] = word_at(s, at + 8);
            out->aux_order[out->auxc++] = type;
        }
        at += 8;
    } while (type != AT_NULL);
    out->block_end = at + 8;
}

/* What holds for every initial stack. */
static void check_shape(struct space *s, uint64_t sp, const struct shape *k)
{
    uint64_t before = k->aux[AT_RANDOM];
    assert_int_equal(sp % 16, 0);
    assert_true(before >= k->block_end);
    before += 16;
    /* Strings lie close together: argv from the first to the last, envp, the program's name. */
    for (uint64_t i = 0; i < k->argc + k->envc; i++) {
        uint64_t at = i < k->argc ? k->argv[i] : k->envp[i - k->argc];
        assert_true(i == 0 ? at >= before : at == before);
        before = at + strlen(string_at(s, at)) + 1;
    }
    assert_int_equal(k->aux[AT_EXECFN], before);
    before += strlen(string_at(s, before)) + 1;
    assert_int_equal(before % 4096, 4096 - 8); /* 8 bytes of zero up to the stack's end */
    assert_int_equal(word_at(s, before), 0);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static char *const some_args[] = {"prog", "", "a b", "last", NULL};
static char *const some_vars[] = {
    "A=1", "EMPTY=", "LONG=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", NULL};
static char *const none[] = {NULL};

static uint64_t setup(const struct options *options, char *const args[], char *const vars[],
                      struct shape *out)
{
    gva sp = linux_setup_stack(space, &image, options, "/path/of/prog", args, vars, &error);
    if (sp.v == 0)
        fail_msg("%s", error.text);
    read_shape(space, sp.v, out);
    check_shape(space, sp.v, out);
    return sp.v;
}

static uint64_t own_sp;

static void the_kernels_own_stack_has_this_shape(void **state)
{
    static struct shape k;
    read_shape(NULL, own_sp, &k);
    check_shape(NULL, own_sp, &k);
    assert_int_equal(k.aux[AT_PAGESZ], 4096);
    assert_int_equal(k.aux[AT_CLKTCK], 100);
}

static void arguments_and_variables_arrive(void **state)
{
    static struct shape k;
    setup(&(struct options){0}, some_args, some_vars, &k);
    assert_int_equal(k.argc, 4);
    assert_int_equal(k.envc, 3);
    for (int i = 0; i < 4; i++)
        assert_string_equal(string_at(space, k.argv[i]), some_args[i]);
    for (int i = 0; i < 3; i++)
        assert_string_equal(string_at(space, k.envp[i]), some_vars[i]);
    assert_string_equal(string_at(space, k.aux[AT_EXECFN]), "/path/of/prog");
}

/* Every count changes what alignment has to mend. */
static void every_count_keeps_the_alignment(void **state)
{
    static struct shape k;
    char *args[40] = {NULL};
    for (int i = 1; i < 39; i++) {
        for (int n = 0; n < i; n++)
            args[n] = (char *)&"123456"[i % 7];
        args[i] = NULL;
        setup(&(struct options){0}, args, i % 2 ? some_vars : none, &k);
        assert_int_equal(k.argc, i);
        drop_space(NULL);
        make_space(NULL);
    }
}

static void the_auxiliary_vector(void **state)
{
    static struct shape k;
    static const uint64_t order[] = {AT_SYSINFO_EHDR, 51 /* MINSIGSTKSZ */,
                                     AT_HWCAP,        AT_PAGESZ,
                                     AT_CLKTCK,       AT_PHDR,
                                     AT_PHENT,        AT_PHNUM,
                                     AT_BASE,         AT_FLAGS,
                                     AT_ENTRY,        AT_UID,
                                     AT_EUID,         AT_GID,
                                     AT_EGID,         AT_SECURE,
                                     AT_RANDOM,       AT_EXECFN,
                                     AT_NULL};
    setup(&(struct options){0}, some_args, some_vars, &k);
    assert_int_equal(k.auxc, ARRAY_LEN(order));
    assert_memory_equal(k.aux_order, order, sizeof(order));
    assert_int_equal(k.aux[AT_SYSINFO_EHDR], image.vdso.v);
    assert_int_equal(k.aux[51], 128 + 960);
    assert_int_equal(k.aux[AT_HWCAP],
                     1 << 8 | 1 << 12 | 1 << 0 | 1 << 5 | 1 << 3 | 1 << 2); /* I M A F D C */
    assert_int_equal(k.aux[AT_PAGESZ], 4096);
    assert_int_equal(k.aux[AT_CLKTCK], 100);
    assert_int_equal(k.aux[AT_PHDR], image.phdr.v);
    assert_int_equal(k.aux[AT_PHENT], 56);
    assert_int_equal(k.aux[AT_PHNUM], 9);
    assert_int_equal(k.aux[AT_BASE], image.interp_base.v);
    assert_int_equal(k.aux[AT_FLAGS], 0);
    assert_int_equal(k.aux[AT_ENTRY], image.exe_entry.v);
    assert_int_equal(k.aux[AT_UID], getuid());
    assert_int_equal(k.aux[AT_EUID], geteuid());
    assert_int_equal(k.aux[AT_GID], getgid());
    assert_int_equal(k.aux[AT_EGID], getegid());
    assert_int_equal(k.aux[AT_SECURE], getauxval(AT_SECURE));
}

static void random_bytes(uint64_t seed, uint64_t bytes[2])
{
    static struct shape k;
    setup(&(struct options){.seed = seed}, some_args, some_vars, &k);
    assert_int_equal(space_read(space, GVA(k.aux[AT_RANDOM]), bytes, 16), 0);
    drop_space(NULL);
    make_space(NULL);
}

static void a_seed_repeats_the_random_bytes(void **state)
{
    uint64_t a[2], b[2], c[2], d[2], e[2];
    random_bytes(7, a);
    random_bytes(7, b);
    random_bytes(8, c);
    random_bytes(0, d);
    random_bytes(0, e);
    assert_memory_equal(a, b, 16);
    assert_memory_not_equal(a, c, 16);
    assert_memory_not_equal(d, e, 16);
    assert_true(a[0] != a[1]);
}

static const struct mapping *stack_of(uint64_t sp)
{
    const struct mapping *m = space_find(space, GVA(sp));
    assert_non_null(m);
    assert_true(m->start <= sp);
    assert_string_equal(m->name, "[stack]");
    return m;
}

static void the_stack_has_the_size_that_was_asked_for(void **state)
{
    static struct shape k;
    static const uint64_t sizes[] = {128 << 10, 1 << 20, (1 << 20) + 1, 100ull << 20, 1ull << 30};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        uint64_t sp = setup(&(struct options){.stack_size = sizes[i]}, some_args, some_vars, &k), v;
        const struct mapping *m = stack_of(sp);
        assert_int_equal(m->end - m->start, ALIGN_UP(sizes[i], 4096));
        assert_int_equal(m->prot, PROT_READ | PROT_WRITE);
        assert_true(space_store_u64(space, m->start, 1));
        assert_true(space_load_u64(space, m->start, &v));
        /* Nothing is placed right below it. */
        int64_t below =
            space_map(space, GVA(0), 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, NULL);
        assert_true((uint64_t)below + 4096 + (1 << 20) <= stack_of(sp)->start);
        drop_space(NULL);
        make_space(NULL);
    }
}

static void the_hosts_limit_is_the_default_size(void **state)
{
    static struct shape k;
    struct rlimit old, limit;
    getrlimit(RLIMIT_STACK, &old);
    limit = old;
    limit.rlim_cur = 3 << 20;
    assert_int_equal(setrlimit(RLIMIT_STACK, &limit), 0);
    const struct mapping *m = stack_of(setup(&(struct options){0}, some_args, some_vars, &k));
    setrlimit(RLIMIT_STACK, &old);
    assert_int_equal(m->end - m->start, 3 << 20);
    assert_int_equal(m->end, SPACE_TOP - 4096);
}

static void a_limit_above_the_usual_is_kept(void **state)
{
    static struct shape k;
    struct rlimit old, limit;
    getrlimit(RLIMIT_STACK, &old);
    limit = old;
    limit.rlim_cur = 1 << 30;
    if (setrlimit(RLIMIT_STACK, &limit) != 0)
        skip();
    const struct mapping *m = stack_of(setup(&(struct options){0}, some_args, some_vars, &k));
    setrlimit(RLIMIT_STACK, &old);
    assert_int_equal(m->end - m->start, 1 << 30);
}

static void an_executable_stack_is_one(void **state)
{
    struct loaded_image wants = image;
    wants.exec_stack = true;
    gva sp =
        linux_setup_stack(space, &wants, &(struct options){0}, "p", some_args, some_vars, &error);
    assert_int_equal(stack_of(sp.v)->prot, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static void expect_too_big(const struct options *options, char *const args[], const char *says)
{
    gva sp = linux_setup_stack(space, &image, options, "p", args, none, &error);
    assert_int_equal(sp.v, 0);
    assert_int_equal(error.err, E2BIG);
    assert_int_equal(error.status, EXIT_CANNOT_RUN);
    if (!strstr(error.text, says))
        fail_msg("%s", error.text);
    assert_null(space_find(space, GVA(0)));
}

/* A quarter of the stack, pointers included; at least 128 KiB; 128 KiB for one string (execve(2)).
 */
static void too_many_arguments_are_refused(void **state)
{
    static char *args[70000];
    static char text[128 * 1024 + 1];
    const struct options one_mib = {.stack_size = 1 << 20};
    static char *big[2] = {text, NULL};

    memset(text, 'x', sizeof(text) - 1);
    expect_too_big(&one_mib, big, "longer than");
    text[sizeof(text) - 2] = '\0'; /* just fits: 128 KiB with its NUL */
    gva sp = linux_setup_stack(space, &image, &one_mib, "p", big, none, &error);
    assert_true(sp.v != 0);
    drop_space(NULL);
    make_space(NULL);
    unsigned fits = (256 << 10) / (8 + 8); /* 8 bytes each, and their pointers */
    for (unsigned i = 0; i <= fits; i++)
        args[i] = "1234567";
    expect_too_big(&one_mib, args, "262160 bytes, more than the 262144");
    args[fits] = NULL;
    sp = linux_setup_stack(space, &image, &one_mib, "p", args, none, &error);
    assert_true(sp.v != 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_space, drop_space)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(the_kernels_own_stack_has_this_shape), TEST(arguments_and_variables_arrive),
        TEST(every_count_keeps_the_alignment),      TEST(the_auxiliary_vector),
        TEST(a_seed_repeats_the_random_bytes),      TEST(the_stack_has_the_size_that_was_asked_for),
        TEST(the_hosts_limit_is_the_default_size),  TEST(a_limit_above_the_usual_is_kept),
        TEST(an_executable_stack_is_one),           TEST(too_many_arguments_are_refused),
    };
    own_sp = (uint64_t)argv - 8; /* argc stands below argv[0] */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
