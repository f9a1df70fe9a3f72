/* linux/stack.c: the initial stack of a riscv64 Linux program, as fs/exec.c and fs/binfmt_elf.c
 * build it.
 *
 * From the top of the stack downward: 8 bytes of zero; the program's name (AT_EXECFN); the
 * environment's strings and then the arguments', so that addresses ascend from argv[0] to the last
 * variable; 16 random bytes; and, aligned to 16, the block that sp points to: argc, argv, NULL,
 * envp, NULL, auxv.
 *
 * The stack has its full size from the start, mapped without reserving memory; a guard gap lies
 * below it. */
#include "linux/loader.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

/* What has no name in an older <elf.h>. */
#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

enum {
    STACK_SIZE_MIN = 128 * 1024,
    STACK_SIZE_UNLIMITED = 128 * 1024 * 1024, /* what the layout keeps free (space.c) */
    ARG_SIZE_MIN = 128 * 1024,      /* what every program may pass: the kernel's ARG_MAX */
    ARG_SIZE_MAX = 6 * 1024 * 1024, /* and never more than this: 3/4 of its default stack */
    ARG_STRING_MAX = 128 * 1024,    /* one string: MAX_ARG_STRLEN */
    RT_SIGFRAME_SIZE = 1088,        /* siginfo 128, ucontext 960 */
    CLOCK_TICKS = 100,              /* USER_HZ */
};

/* Bits of AT_HWCAP: one per letter. */
#define HWCAP(letter) ((uint64_t)1 << ((letter) - 'A'))
#define HWCAP_RV64GC  (HWCAP('I') | HWCAP('M') | HWCAP('A') | HWCAP('F') | HWCAP('D') | HWCAP('C'))

/* The stack under construction. Writes go downward from sp. */
struct builder {
    struct space *space;
    uint64_t sp;
    bool bad; /* a write failed: the stack is too small */
};

static uint64_t push_bytes(struct builder *b, const void *bytes, size_t len)
{
    b->sp -= len;
    b->bad |= space_write(b->space, GVA(b->sp), bytes, len) != 0;
    return b->sp;
}

/* ---- sizes ---------------------------------------------------------------------------------- */

static uint64_t stack_size(const struct options *options)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};
    uint64_t size = options->stack_size;

    if (size == 0) {
        getrlimit(RLIMIT_STACK, &limit);
        size = limit.rlim_cur == RLIM_INFINITY ? STACK_SIZE_UNLIMITED
                                               : MIN(limit.rlim_cur, SPACE_TOP / 4);
    }
    return ALIGN_UP(MAX(size, (uint64_t)STACK_SIZE_MIN), SPACE_PAGE_SIZE);
}

struct strings {
    unsigned count;
    uint64_t size; /* with their NULs */
};

static struct strings measure(char *const list[], bool *too_long)
{
    struct strings s = {0};

    for (; list[s.count]; s.count++) {
        size_t len = strlen(list[s.count]) + 1;
        *too_long |= len > ARG_STRING_MAX;
        s.size += len;
    }
    return s;
}

/* The kernel's limit counts strings and pointers; a quarter of the stack, within bounds. */
static int check_sizes(struct strings argv, struct strings envp, uint64_t stack, bool too_long,
                       struct load_error *error)
{
    uint64_t limit = MIN(MAX(stack / 4, (uint64_t)ARG_SIZE_MIN), (uint64_t)ARG_SIZE_MAX);
    uint64_t size = argv.size + envp.size + (argv.count + envp.count) * sizeof(uint64_t);

    limit = MIN(limit, stack / 2);
    if (too_long)
        return load_fail(error, E2BIG, "an argument or a variable is longer than %d bytes",
                         ARG_STRING_MAX);
    if (size > limit)
        return load_fail(error, E2BIG,
                         "arguments and environment take %lu bytes, more than the %lu that a stack "
                         "of %lu bytes allows (-s sets its size)",
                         size, limit, stack);
    return 0;
}

/* ---- mapping -------------------------------------------------------------------------------- */

/* Returns the stack's end (its highest address), or 0 with *error. */
static uint64_t map_stack(struct space *space, uint64_t size, bool executable,
                          struct load_error *error)
{
    enum { FLAGS = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK | MAP_GROWSDOWN };
    int prot = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0);
    uint64_t top = SPACE_TOP - SPACE_PAGE_SIZE;
    uint64_t start = top > size ? space_find_free(space, size, SPACE_PAGE_SIZE, top) : 0;
    int64_t got = -ENOMEM;

    /* At the top if it fits into the gap that is kept for it, else wherever there is room. */
    if (start != 0)
        got = space_map(space, GVA(start), size, prot,
                        FLAGS | SPACE_MAP_GROWN | MAP_FIXED_NOREPLACE, -1, 0, "[stack]");
    if (got < 0) {
        load_fail(error, (int)-got, "no memory for a stack of %lu bytes (-s sets its size): %s",
                  size, strerror((int)-got));
        return 0;
    }
    return start + size;
}

/* ---- contents ------------------------------------------------------------------------------- */

/* Pushes strings from the last to the first and notes their addresses. */
static void push_strings(struct builder *b, char *const list[], unsigned count, uint64_t *addrs)
{
    for (unsigned i = count; i-- > 0;)
        addrs[i] = push_bytes(b, list[i], strlen(list[i]) + 1);
}

static uint64_t push_random(struct builder *b, uint64_t seed)
{
    uint64_t bytes[2];

    if (seed == 0 && getrandom(bytes, sizeof(bytes), 0) == sizeof(bytes))
        return push_bytes(b, bytes, sizeof(bytes));
    for (int i = 0; i < 2; i++) { /* splitmix64 (Steele, Lea, Flood 2014) */
        uint64_t z = seed += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        bytes[i] = z ^ (z >> 31);
    }
    return push_bytes(b, bytes, sizeof(bytes));
}

/* What sp will point to, in order. */
struct words {
    uint64_t *data;
    size_t len;
};

static void add_word(struct words *w, uint64_t value)
{
    w->data[w->len++] = value;
}

static void add_words(struct words *w, const uint64_t *values, size_t count)
{
    memcpy(&w->data[w->len], values, count * sizeof(*values));
    w->len += count;
    add_word(w, 0);
}

enum { AUXV_MAX = 24 };

static void add_auxv(struct words *w, const struct loaded_image *image, uint64_t random,
                     uint64_t exec_name)
{
    const uint64_t auxv[][2] = {
        /* the kernel's order */
        {AT_SYSINFO_EHDR, image->vdso.v},
        {AT_MINSIGSTKSZ, RT_SIGFRAME_SIZE},
        {AT_HWCAP, HWCAP_RV64GC},
        {AT_PAGESZ, SPACE_PAGE_SIZE},
        {AT_CLKTCK, CLOCK_TICKS},
        {AT_PHDR, image->phdr.v},
        {AT_PHENT, image->phentsize},
        {AT_PHNUM, image->phnum},
        {AT_BASE, image->interp_base.v},
        {AT_FLAGS, 0},
        {AT_ENTRY, image->exe_entry.v},
        {AT_UID, getuid()},
        {AT_EUID, geteuid()},
        {AT_GID, getgid()},
        {AT_EGID, getegid()},
        {AT_SECURE, getauxval(AT_SECURE)},
        {AT_RANDOM, random},
        {AT_EXECFN, exec_name},
        {AT_NULL, 0},
    };
    _Static_assert(ARRAY_LEN(auxv) <= AUXV_MAX, "room for the auxiliary vector");

    memcpy(&w->data[w->len], auxv, sizeof(auxv));
    w->len += 2 * ARRAY_LEN(auxv);
}

/* Fills the stack that ends at `end`. Returns sp. */
static uint64_t build(struct builder *b, uint64_t end, const struct loaded_image *image,
                      const struct options *options, const char *exec_path, char *const argv[],
                      unsigned argc, char *const envp[], unsigned envc)
{
    uint64_t *arg_addrs = base_alloc((argc + envc) * sizeof(uint64_t));
    uint64_t *env_addrs = arg_addrs + argc;
    struct words w = {.data = base_alloc((argc + envc + 3 + 2 * AUXV_MAX) * sizeof(uint64_t))};

    b->sp = end - sizeof(uint64_t); /* stays zero */
    uint64_t exec_name = push_bytes(b, exec_path, strlen(exec_path) + 1);
    push_strings(b, envp, envc, env_addrs);
    push_strings(b, argv, argc, arg_addrs);
    b->sp = ALIGN_DOWN(b->sp, 16);
    uint64_t random = push_random(b, options->seed);

    add_word(&w, argc);
    add_words(&w, arg_addrs, argc);
    add_words(&w, env_addrs, envc);
    add_auxv(&w, image, random, exec_name);
    b->sp = ALIGN_DOWN(b->sp - w.len * sizeof(uint64_t), 16);
    b->bad |= space_write(b->space, GVA(b->sp), w.data, w.len * sizeof(uint64_t)) != 0;
    free(arg_addrs);
    free(w.data);
    return b->sp;
}

gva linux_setup_stack(struct space *space, const struct loaded_image *image,
                      const struct options *options, const char *exec_path, char *const argv[],
                      char *const envp[], struct load_error *error)
{
    bool too_long = strlen(exec_path) + 1 > ARG_STRING_MAX;
    struct strings args = measure(argv, &too_long), vars = measure(envp, &too_long);
    struct builder b = {.space = space};
    uint64_t size = stack_size(options);

    if (check_sizes(args, vars, size, too_long, error))
        return GVA(0);
    uint64_t end = map_stack(space, size, image->exec_stack, error);
    if (end == 0)
        return GVA(0);
    uint64_t sp = build(&b, end, image, options, exec_path, argv, args.count, envp, vars.count);
    if (b.bad) {
        load_fail(error, ENOMEM, "the host has no memory for the stack");
        return GVA(0);
    }
    return GVA(sp);
}
