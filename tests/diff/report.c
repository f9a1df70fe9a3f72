/* Comparison of two results, and the report of the first difference: narrowed to one chunk and to
 * one instruction. */
#include "diff.h"
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t get64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, 8);
    return v;
}

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, 4);
    return v;
}

/* All output is TAP diagnostics. */
static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fputs("# ", stdout);
    vprintf(fmt, args);
    fputc('\n', stdout);
    va_end(args);
}

/* Disassembles code at an address by way of objdump; the oracle for what an encoding is called. */
static void say_assembly(const struct test *t, const uint8_t *code, unsigned n, uint64_t address)
{
    char path[] = "/tmp/rv64diff.XXXXXX", command[500], line[300];
    int fd = mkstemp(path);

    if (fd < 0 || write(fd, code, n) != (ssize_t)n) {
        return;
    }
    close(fd);
    snprintf(command, sizeof(command),
             "%s -D -b binary -m riscv:rv64 -M no-aliases --adjust-vma=%#llx %s 2>&1", t->objdump,
             (unsigned long long)address, path);
    FILE *f = popen(command, "r");
    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        if (strchr(line, '\t') != NULL) {
            line[strcspn(line, "\n")] = '\0';
            say("  %s", line);
        }
    }
    if (f != NULL) {
        pclose(f);
    }
    unlink(path);
}

/* Name of the context's 64 bits at this offset. */
static const char *slot_name(unsigned offset)
{
    static char name[32];

    if (offset < CTX_F) {
        snprintf(name, sizeof(name), "x%u", offset / 8);
    } else if (offset < CTX_FCSR) {
        snprintf(name, sizeof(name), "f%u", (offset - CTX_F) / 8);
    } else if (offset >= CTX_SCRATCH) {
        snprintf(name, sizeof(name), "scratch+%u", offset - CTX_SCRATCH);
    } else {
        return offset == CTX_FCSR     ? "fcsr"
               : offset == CTX_SIGNAL ? "si_code, signal"
               : offset == CTX_FAULT  ? "si_addr"
               : offset == CTX_PC     ? "pc of signal"
                                      : "?";
    }
    return name;
}

static void say_differences(const uint8_t *before, const uint8_t *expected, const uint8_t *got)
{
    say("  %-16s %-18s %-18s %-18s", "", "before", "reference", "tested");
    for (unsigned i = 0; i < CTX_SIZE; i += 8) {
        if (get64(expected + i) != get64(got + i)) {
            say("  %-16s %016llx   %016llx   %016llx", slot_name(i),
                (unsigned long long)get64(before + i), (unsigned long long)get64(expected + i),
                (unsigned long long)get64(got + i));
        }
    }
}

/* Where both may be right (known.md): Linux gives the instruction's address with SIGBUS for an
 * access that is not aligned, the reference that of the access. */
static void forget_bus_addresses(const struct batch *b, struct outcome *out)
{
    for (unsigned k = 0; out->ctx != NULL && b->kind == KIND_CHUNKS && k < b->count; k++) {
        uint8_t *ctx = out->ctx + (size_t)k * CTX_SIZE;
        if (get32(ctx + CTX_SIGNAL) == SIGBUS) {
            memset(ctx + CTX_FAULT, 0, 8);
        }
    }
}

static void run_both(const struct test *t, const struct batch *b, struct outcome *expected,
                     struct outcome *got)
{
    run_batch(&t->reference, b, expected);
    run_batch(&t->tested, b, got);
    forget_bus_addresses(b, expected);
    forget_bus_addresses(b, got);
}

/* ---- narrowing
 * --------------------------------------------------------------------------------------------------------------
 */

/* A copy of the batch that starts with chunk k and ends after it, and of the chunk executes only n
 * instructions. */
static struct batch cut_batch(const struct batch *b, unsigned k, unsigned n)
{
    struct batch cut = *b;
    const struct chunk *c = &b->chunks[k];
    unsigned end = c->pos[c->n];

    cut.code = malloc(b->code_bytes);
    if (cut.code == NULL) {
        abort();
    }
    memcpy(cut.code, b->code, b->code_bytes);
    cut.entry = c->start;
    cut.first_ctx = k * CTX_SIZE;
    for (unsigned i = n; i < c->n; i++) { /* wherever a jump goes: to the end */
        uint32_t jump = encode_jal(0, (int32_t)(end - c->pos[i]));
        unsigned len = c->pos[i + 1] - c->pos[i];
        if (len == 2) {
            jump = encode_c_j((int32_t)(end - c->pos[i]));
        }
        memcpy(cut.code + c->pos[i], &jump, len);
    }
    uint32_t finish = encode_jal(0, TEXT_ADDR + 4 * ENTRY_FINISH - (int32_t)(CODE_ADDR + end + 8));
    memcpy(cut.code + end + 8, &finish, 4); /* instead of the next chunk */
    return cut;
}

/* Runs n instructions of chunk k both ways. Returns true if the results differ. Frees nothing it
 * gives. */
static bool differs(const struct test *t, const struct batch *b, unsigned k, unsigned n,
                    struct outcome *expected, struct outcome *got)
{
    struct batch cut = cut_batch(b, k, n);

    run_both(t, &cut, expected, got);
    free(cut.code);
    return expected->ctx == NULL || got->ctx == NULL ||
           memcmp(expected->ctx + k * CTX_SIZE, got->ctx + k * CTX_SIZE, CTX_SIZE) != 0;
}

static void say_operands(uint32_t word, const uint8_t *ctx)
{
    static const struct {
        const char *name;
        unsigned shift;
    } fields[] = {{"rd", 7}, {"rs1", 15}, {"rs2", 20}, {"rs3", 27}};

    for (unsigned i = 0; i < 4; i++) {
        unsigned reg = word >> fields[i].shift & 31;
        say("    %-3s x%-2u = %016llx   f%-2u = %016llx", fields[i].name, reg,
            (unsigned long long)get64(ctx + CTX_X + 8 * reg), reg,
            (unsigned long long)get64(ctx + CTX_F + 8 * reg));
    }
    say("    fcsr = %llx", (unsigned long long)get64(ctx + CTX_FCSR));
}

/* whole: the results of the whole batch, if both sides finished it. */
static void report_chunk(const struct test *t, const struct batch *b, unsigned k,
                         const struct outcome whole[2])
{
    const struct chunk *c = &b->chunks[k];
    struct outcome expected, got, before = {0};
    unsigned n;

    say("chunk %u, %u instructions:", k, c->n);
    say_assembly(t, b->code + c->pos[0], c->pos[c->n] - c->pos[0], CODE_ADDR + c->pos[0]);
    for (n = 1; n <= c->n && !differs(t, b, k, n, &expected, &got); n++) {
        free(before.ctx);
        before = expected;
        free(got.ctx);
    }
    if (n > c->n) {
        say("the chunk alone makes no difference: it depends on what ran before it");
        if (whole[0].ctx != NULL && whole[1].ctx != NULL) {
            size_t at = (size_t)k * CTX_SIZE;
            say_differences(b->ctx + at, whole[0].ctx + at, whole[1].ctx + at);
        }
        return;
    }
    unsigned at = c->pos[n - 1], len = c->pos[n] - at;
    say("first difference after instruction %u, %s:", n,
        encodings_name(t->encodings, get32(b->code + at) & (len == 2 ? 0xffff : 0xffffffff), len));
    say_assembly(t, b->code + at, len, CODE_ADDR + at);
    const uint8_t *state = (before.ctx != NULL ? before.ctx : b->ctx) + k * CTX_SIZE;
    if (len == 4) {
        say("  operands (as x and as f register):");
        say_operands(get32(b->code + at), state);
    }
    if (expected.ctx == NULL || got.ctx == NULL) {
        say("  reference: %s", expected.ctx != NULL ? "ran" : expected.failure);
        say("  tested: %s", got.ctx != NULL ? "ran" : got.failure);
        return;
    }
    say_differences(state, expected.ctx + k * CTX_SIZE, got.ctx + k * CTX_SIZE);
}

static void say_word(const char *who, const uint8_t *ctx)
{
    say("  %-10s signal %u, si_code %d, pc %llx, si_addr %llx, hash of registers %016llx", who,
        get32(ctx + WORD_CTX_SIGNAL), (int)get32(ctx + WORD_CTX_CODE),
        (unsigned long long)get64(ctx + WORD_CTX_PC),
        (unsigned long long)get64(ctx + WORD_CTX_FAULT),
        (unsigned long long)get64(ctx + WORD_CTX_HASH));
}

static void report_word(const struct test *t, const struct batch *b, unsigned k,
                        const uint8_t *expected, const uint8_t *got)
{
    unsigned at = k * WORD_CTX_SIZE;

    say("word %u:", k);
    say_assembly(t, b->ctx + at + WORD_CTX_WORD, get32(b->ctx + at + WORD_CTX_LEN), SLOT_ADDR);
    say_word("reference", expected + at);
    say_word("tested", got + at);
}

/* A whole batch failed on one side: finds the first chunk that fails alone. */
static void report_failure(const struct test *t, const struct batch *b,
                           const struct outcome whole[2])
{
    say("reference: %s", whole[0].ctx != NULL ? "ran" : whole[0].failure);
    say("tested: %s", whole[1].ctx != NULL ? "ran" : whole[1].failure);
    for (unsigned k = 0; b->kind == KIND_CHUNKS && k < b->count; k++) {
        struct outcome one, other;
        bool found = differs(t, b, k, b->chunks[k].n, &one, &other);
        free(one.ctx);
        free(other.ctx);
        if (found) {
            report_chunk(t, b, k, whole);
            return;
        }
    }
}

/* The reference executes a few vector instructions without the extension (known.md): these words
 * must be illegal, whatever it says. */
static bool is_vector_word(const uint8_t *ctx)
{
    uint32_t word = get32(ctx + WORD_CTX_WORD), funct3 = word >> 12 & 7;

    return (word & 0x7f) == 0x57 || ((word & 0x5f) == 0x07 && (funct3 == 0 || funct3 >= 5));
}

static bool agree(const struct batch *b, const uint8_t *expected, const uint8_t *got, size_t size)
{
    if (b->kind == KIND_WORDS && is_vector_word(expected)) {
        return get32(got + WORD_CTX_SIGNAL) == SIGILL && get64(got + WORD_CTX_PC) == SLOT_ADDR;
    }
    return memcmp(expected, got, size) == 0;
}

int compare_batch(const struct test *t, struct batch *b, unsigned number)
{
    struct outcome whole[2]; /* reference, tested */
    size_t size = b->kind == KIND_CHUNKS ? CTX_SIZE : WORD_CTX_SIZE;
    unsigned k = 0;

    run_both(t, b, &whole[0], &whole[1]);
    const uint8_t *expected = whole[0].ctx;
    uint8_t *got = whole[1].ctx;
    bool ran = expected != NULL && got != NULL;
    if (t->mutate && ran) {
        got[b->count / 2 * size + WORD_CTX_PC] ^= 1;
    }
    while (ran && k < b->count && agree(b, expected + k * size, got + k * size, size)) {
        k++;
    }
    bool differ = !ran || k < b->count;
    if (differ) {
        say("group %s, batch %u; repeat with %s --batch=%u", t->group, number, t->repeat, number);
    }
    if (!ran) {
        report_failure(t, b, whole);
    } else if (differ && b->kind == KIND_CHUNKS) {
        report_chunk(t, b, k, whole);
    } else if (differ) {
        report_word(t, b, k, expected, got);
    }
    free(whole[0].ctx);
    free(whole[1].ctx);
    return differ;
}
