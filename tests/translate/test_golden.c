/* Golden host code: guest instructions and the exact host code that they become, in text files.
 *
 *     test_golden FILE...     compares each case of the files with what the translator makes now
 *     test_golden --passes FILE...   leaves each pass out in turn: some case must become other code
 *     test_golden --print     reads cases from standard input and prints them with their host code
 *     test_golden --fence ... the same with addresses compared
 *
 * A case is `=== NAME`, lines that start with an instruction word in hexadecimal, `---`, and host
 * code up to a blank line. The code is for a fixed processor, whatever this one is: AVX2, FMA, BMI,
 * no AVX-512 unless the case's name says so. Exit stubs are left out, jumps go to offsets from the
 * first byte. `make golden` renews the files from the assembly in golden/. */
#include "machine.h"

#include <string.h>
#include <sys/mman.h>

enum { PAGE = 0x10000, TARGETS = 0x900000, BASE = 0x100000 };

struct golden {
    char name[64];
    uint32_t words[BLOCK_MAX_INSNS];
    unsigned n;
};

/* ---- a case
 * ---------------------------------------------------------------------------------------------------------
 */

/* The code lies at the end of a page with nothing behind it, so that the block ends there. */
static gva place_guest(struct space *space, const struct golden *g)
{
    uint8_t bytes[4 * BLOCK_MAX_INSNS];
    size_t n = 0;
    for (unsigned i = 0; i < g->n; i++) {
        size_t len = rv64_insn_len((uint16_t)g->words[i]);
        memcpy(bytes + n, &g->words[i], len);
        n += len;
    }
    gva pc = GVA(PAGE + SPACE_PAGE_SIZE - n);
    CHECK(space_write(space, pc, bytes, n) == 0, "the guest's page");
    return pc;
}

static uint64_t resolve(void *arg, unsigned id)
{
    return TARGETS + 16 * id;
}

/* What makes the host code. */
struct maker {
    struct translate_config config;
    struct translator *tr, *avx512;
    struct space *space;
};

static void begin(struct maker *maker)
{
    struct translate_config config = maker->config;
    maker->avx512 = translator_create(&config);
    host_cpu_remove(&config.cpu, HOST_AVX512F);
    maker->tr = translator_create(&config);
}

static void end(struct maker *maker)
{
    translator_destroy(maker->tr);
    translator_destroy(maker->avx512);
}

static void print_code(struct translator *tr, const struct fragment_image *image,
                       struct strbuf *out)
{
    struct translate_names names = {.tr = tr};
    struct strbuf line = {0};
    uint32_t end = image->n_exits ? image->exits[0].stub : image->n_code;
    uint8_t code[1 << 16];
    for (unsigned id = 0; id < CODE_TARGETS; id++)
        names.targets[id] = resolve(NULL, id);
    memcpy(code, image->code, image->n_code);
    int error = host_relocate(code, HPC(BASE), image->relocs, image->n_relocs, resolve, NULL);
    CHECK(error == 0, "relocation: %d", error);
    for (uint32_t at = 0; at < end;) {
        line.len = 0;
        uint32_t from = at;
        at += (uint32_t)host_disassemble_one(&line, code + at, image->n_code - at, HPC(BASE + at),
                                             translate_name, &names);
        /* address, bytes, text: the first two go */
        strbuf_printf(out, "    %4x  %s", from, line.data + 16 + 3 * MAX(at - from, 10u) + 1);
    }
    for (uint32_t k = 0; k < image->n_exits; k++)
        strbuf_printf(out, "    exit at %x to pc%+lld, stub at %x\n", image->exits[k].jump,
                      (long long)(image->exits[k].pc.v - image->pc.v), image->exits[k].stub);
    strbuf_free(&line);
}

/* The µops of a block, and of those behind it as far as one falls through to the next (as
 * src/vm/superblock.c has it). Returns how many instructions there are. */
static unsigned lift_case(const struct maker *maker, const struct golden *g, gva pc,
                          struct ir_block *lifted, uint32_t *guest_bytes)
{
    bool go_on = !(maker->config.passes_off & translate_pass_bit("superblocks"));
    union {
        struct decoded_block block;
        unsigned char room[sizeof(struct decoded_block) + BLOCK_MAX_BYTES];
    } fresh;
    struct trap trap;
    unsigned n_insns = 0;
    *guest_bytes = 0;
    do {
        CHECK(guest_rv64.decode_block(maker->space, GVA(pc.v + *guest_bytes), BLOCK_MAX_INSNS,
                                      &fresh.block, &trap) == 0,
              "%s cannot be decoded", g->name);
        if (n_insns > 0)
            ir_drop_last(lifted);
        guest_rv64.lift_block(&fresh.block, lifted);
        n_insns += fresh.block.n_insns;
        *guest_bytes += fresh.block.guest_bytes;
    } while (go_on && n_insns < g->n && ir_falls_through_to(lifted, pc.v + *guest_bytes));
    return n_insns;
}

static void print_case(const struct maker *maker, const struct golden *g, struct strbuf *out)
{
    struct ir_block lifted;
    struct fragment_image image;
    uint32_t guest_bytes;
    struct translator *tr = strstr(g->name, "avx512") ? maker->avx512 : maker->tr;
    gva pc = place_guest(maker->space, g);
    ir_block_init(&lifted, rv64_regs, RV64_REG_COUNT);
    unsigned n_insns = lift_case(maker, g, pc, &lifted, &guest_bytes);
    strbuf_printf(out, "=== %s\n", g->name);
    for (unsigned i = 0, at = 0; i < n_insns; i++) {
        unsigned len = rv64_insn_len((uint16_t)g->words[i]);
        strbuf_printf(out, "%0*x  ", 2 * (int)len, g->words[i]);
        rv64_disasm(g->words[i], pc.v + at, out);
        strbuf_printf(out, "\n");
        at += len;
    }
    int bailout = translate_block(tr, &lifted, pc, guest_bytes, n_insns, &image);
    strbuf_printf(out, "---\n");
    if (bailout)
        strbuf_printf(out, "    bailout %d\n", -bailout);
    else
        print_code(tr, &image, out);
    strbuf_printf(out, "\n");
    ir_block_free(&lifted);
}

/* ---- files
 * ----------------------------------------------------------------------------------------------------------
 */

/* Reads the next case's name and words, and the whole of its text. False at the end. */
static bool read_case(FILE *in, struct golden *g, struct strbuf *text)
{
    char line[512];
    bool code = false;
    *g = (struct golden){.n = 0};
    text->len = 0;
    while (fgets(line, sizeof(line), in)) {
        if (!g->name[0] && strncmp(line, "=== ", 4) != 0)
            continue;
        strbuf_printf(text, "%s", line);
        if (line[0] == '\n')
            return true;
        if (strncmp(line, "=== ", 4) == 0)
            snprintf(g->name, sizeof(g->name), "%.*s", (int)strcspn(line + 4, "\n"), line + 4);
        else if (strcmp(line, "---\n") == 0)
            code = true;
        else if (!code && g->n < BLOCK_MAX_INSNS)
            g->words[g->n++] = (uint32_t)strtoul(line, NULL, 16);
    }
    return false;
}

/* Calls `saw` with each case of the file, and with its code if that is not what stands there, or
 * NULL. */
static void compare_file(const struct maker *maker, const char *path,
                         void (*saw)(void *arg, const char *name, const char *now), void *arg)
{
    struct golden g;
    struct strbuf want = {0}, got = {0};
    FILE *in = fopen(path, "r");
    CHECK(in, "%s cannot be read", path);
    while (read_case(in, &g, &want)) {
        got.len = 0;
        print_case(maker, &g, &got);
        bool same = want.len == got.len && memcmp(want.data, got.data, got.len) == 0;
        saw(arg, g.name, same ? NULL : got.data);
    }
    fclose(in);
    strbuf_free(&want);
    strbuf_free(&got);
}

static void print_all(const struct maker *maker)
{
    struct golden g;
    struct strbuf text = {0}, out = {0};
    while (read_case(stdin, &g, &text))
        print_case(maker, &g, &out);
    fwrite(out.data, 1, out.len, stdout);
    strbuf_free(&text);
    strbuf_free(&out);
}

/* ---- what is done with them
 * -----------------------------------------------------------------------------------------
 */

struct tally {
    unsigned count, differ;
    char first[64]; /* that differs */
};

static void count_case(void *arg, const char *name, const char *now)
{
    struct tally *tally = arg;
    tally->count++;
    if (now && tally->differ++ == 0)
        snprintf(tally->first, sizeof(tally->first), "%s", name);
}

static void report_case(void *arg, const char *name, const char *now)
{
    struct tally *tally = arg;
    count_case(tally, name, now);
    printf("%sok %u - %s\n", now ? "not " : "", tally->count, name);
    if (now)
        fprintf(stderr, "%s is now\n%s", name, now);
}

/* Passes that change when a block is translated, and not what it becomes, have tests of their own.
 */
static bool changes_code(const char *pass)
{
    return strcmp(pass, "neighbours") != 0;
}

/* A TAP case for each pass: without it some golden code is other code. */
static unsigned compare_passes(struct maker *maker, char **files, int n_files)
{
    const char *pass, *help;
    unsigned n = 0, failed = 0;
    for (; translate_list_passes(n, &pass, &help); n++) {
        struct tally tally = {0};
        if (!changes_code(pass)) {
            printf("ok %u - %s # SKIP vm/promote\n", n + 1, pass);
            continue;
        }
        maker->config.passes_off = translate_pass_bit(pass);
        begin(maker);
        for (int i = 0; i < n_files; i++)
            compare_file(maker, files[i], count_case, &tally);
        end(maker);
        printf("%sok %u - %s: %u of %u cases differ without it, first %s\n",
               tally.differ ? "" : "not ", n + 1, pass, tally.differ, tally.count, tally.first);
        failed += tally.differ == 0;
    }
    printf("1..%u\n", n);
    return failed;
}

static unsigned compare_files(struct maker *maker, char **files, int n_files)
{
    struct tally tally = {0};
    begin(maker);
    for (int i = 0; i < n_files; i++)
        compare_file(maker, files[i], report_case, &tally);
    end(maker);
    printf("1..%u\n", tally.count);
    return tally.differ;
}

static bool take_word(int *argc, char ***argv, const char *word)
{
    if (*argc < 2 || strcmp((*argv)[1], word) != 0)
        return false;
    --*argc, ++*argv;
    return true;
}

int main(int argc, char **argv)
{
    const char *why;
    unsigned failed = 0;
    struct maker maker = {.config = {.guest = &guest_rv64}};
    maker.config.fence = take_word(&argc, &argv, "--fence");
    maker.config.cpu = (struct host_cpu){.features = ~UINT64_C(0), .upper_vectors = 1};
    maker.space = space_create(SPACE_OFFSET, 0, &why);
    CHECK(maker.space, "%s", why);
    int64_t page =
        space_map(maker.space, GVA(PAGE), SPACE_PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, NULL);
    CHECK(page == PAGE, "the guest's page: %ld", (long)page);
    if (take_word(&argc, &argv, "--print")) {
        begin(&maker);
        print_all(&maker);
        end(&maker);
    } else if (take_word(&argc, &argv, "--passes")) {
        failed = compare_passes(&maker, argv + 1, argc - 1);
    } else {
        failed = compare_files(&maker, argv + 1, argc - 1);
    }
    space_destroy(maker.space);
    return failed > 0;
}
