/* Golden host code: guest instructions and the exact host code that they become, in text files.
 *
 *     test_golden FILE...     compares each case of the files with what the translator makes now
 *     test_golden --print     reads cases from standard input and prints them with their host code
 *     test_golden --fence ... the same with addresses compared
 *
 * A case is `=== NAME`, lines that start with an instruction word in hexadecimal, `---`, and host
 * code up to a blank line. The code is for a fixed processor, whatever this one is: AVX2, FMA, BMI,
 * no AVX-512. Exit stubs are left out, jumps go to offsets from the first byte. `make golden`
 * renews the files from the assembly in golden/. */
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

/* The µops of a block, and of those behind it as far as one falls through to the next. Returns how
 * many instructions there are. */
static unsigned lift_case(struct space *space, const struct golden *g, gva pc,
                          struct ir_block *lifted, uint32_t *guest_bytes)
{
    union {
        struct decoded_block block;
        unsigned char room[sizeof(struct decoded_block) + BLOCK_MAX_BYTES];
    } fresh;
    struct trap trap;
    unsigned n_insns = 0;
    *guest_bytes = 0;
    do {
        CHECK(guest_rv64.decode_block(space, GVA(pc.v + *guest_bytes), BLOCK_MAX_INSNS,
                                      &fresh.block, &trap) == 0,
              "%s cannot be decoded", g->name);
        if (n_insns > 0)
            ir_drop_last(lifted);
        guest_rv64.lift_block(&fresh.block, lifted);
        n_insns += fresh.block.n_insns;
        *guest_bytes += fresh.block.guest_bytes;
    } while (n_insns < g->n && ir_falls_through_to(lifted, pc.v + *guest_bytes));
    return n_insns;
}

static void print_case(struct translator *tr, struct space *space, const struct golden *g,
                       struct strbuf *out)
{
    struct ir_block lifted;
    struct fragment_image image;
    uint32_t guest_bytes;
    gva pc = place_guest(space, g);
    ir_block_init(&lifted, rv64_regs, RV64_REG_COUNT);
    unsigned n_insns = lift_case(space, g, pc, &lifted, &guest_bytes);
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

static unsigned compare_file(struct translator *tr, struct space *space, const char *path,
                             unsigned *count)
{
    struct golden g;
    struct strbuf want = {0}, got = {0};
    unsigned failed = 0;
    FILE *in = fopen(path, "r");
    CHECK(in, "%s cannot be read", path);
    while (read_case(in, &g, &want)) {
        got.len = 0;
        print_case(tr, space, &g, &got);
        bool same = want.len == got.len && memcmp(want.data, got.data, got.len) == 0;
        printf("%sok %u - %s\n", same ? "" : "not ", ++*count, g.name);
        if (!same) {
            fprintf(stderr, "%s: %s is now\n%s", path, g.name, got.data);
            failed++;
        }
    }
    fclose(in);
    strbuf_free(&want);
    strbuf_free(&got);
    return failed;
}

static void print_all(struct translator *tr, struct space *space)
{
    struct golden g;
    struct strbuf text = {0}, out = {0};
    while (read_case(stdin, &g, &text))
        print_case(tr, space, &g, &out);
    fwrite(out.data, 1, out.len, stdout);
    strbuf_free(&text);
    strbuf_free(&out);
}

int main(int argc, char **argv)
{
    static const enum host_feature without[] = {HOST_AVX512F};
    const char *why;
    struct translate_config config = {.guest = &guest_rv64};
    unsigned count = 0, failed = 0;
    if (argc > 1 && strcmp(argv[1], "--fence") == 0) {
        config.fence = true;
        argc--, argv++;
    }
    config.cpu.features = ~UINT64_C(0);
    for (unsigned k = 0; k < ARRAY_LEN(without); k++)
        host_cpu_remove(&config.cpu, without[k]);
    struct space *space = space_create(SPACE_OFFSET, 0, &why);
    CHECK(space, "%s", why);
    int64_t page = space_map(space, GVA(PAGE), SPACE_PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, NULL);
    CHECK(page == PAGE, "the guest's page: %ld", (long)page);
    struct translator *tr = translator_create(&config);
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        print_all(tr, space);
    } else {
        for (int i = 1; i < argc; i++)
            failed += compare_file(tr, space, argv[i], &count);
        printf("1..%u\n", count);
    }
    translator_destroy(tr);
    space_destroy(space);
    return failed > 0;
}
