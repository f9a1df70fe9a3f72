/* The encoder against the GNU assembler: random instructions of every row, written in assembly by
 * Zydis, assembled, and compared byte by byte. Where the assembler takes another form that Zydis
 * reads the same, ours must be no longer.
 *
 *     test_assembler AS OBJCOPY [SEED]
 */
#include "rows_gen.h"

#include <errno.h>
#include <setjmp.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <Zydis/Zydis.h>
#include <cmocka.h>

enum { PER_FORM = 20, SLOT = 16 };

static const char *assembler, *objcopy;
static uint64_t seed = 1;

/* One instruction of the sample. */
struct sample {
    uint8_t bytes[X86_MAX_INSN + 1];
    uint32_t length;
    char text[96];
};

struct samples {
    struct sample *data;
    size_t len, cap;
};

/* Assembly for the instruction at SLOT-aligned places; without what depends on the place. */
static void text_of(struct sample *s)
{
    ZydisFormatter formatter;
    ZydisDecoder decoder;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_SIZE, ZYAN_TRUE);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_SEGMENT, ZYAN_TRUE);
    assert_true(ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, s->bytes, s->length, &insn, ops)));
    ZydisFormatterFormatInstruction(&formatter, &insn, ops, insn.operand_count_visible, s->text,
                                    sizeof(s->text), ZYDIS_RUNTIME_ADDRESS_NONE, NULL);
}

static bool depends_on_place(const struct trial *t)
{
    for (unsigned i = 0; i < X86_MAX_OPERANDS; i++) {
        switch (t->ops[i].kind) {
        case X86_OPERAND_MEM_LABEL:
        case X86_OPERAND_MEM_HOST:
        case X86_OPERAND_LABEL:
        case X86_OPERAND_LABEL_NEAR:
        case X86_OPERAND_LABEL_FAR:
            return true;
        case X86_OPERAND_HOST:
            if (t->form->operands[i] != OPERAND_Iq)
                return true;
        }
    }
    return false;
}

static void collect_samples(struct samples *all)
{
    struct rng r = {seed};
    struct trial t;

    trial_init(&t);
    for (unsigned i = 0; i < X86_INSN_COUNT; i++) {
        for (unsigned k = 0; k < x86_mnemonics[i].n_forms * PER_FORM; k++) {
            struct sample s = {0};
            assert_true(trial_prepare(&t, &x86_mnemonics[i].forms[k / PER_FORM], &r));
            /* There is no row for the one byte that exchanges rax with a register. */
            if (depends_on_place(&t) || (i == X86_xchg && t.ops[0].kind == X86_OPERAND_GPR))
                continue;
            trial_emit_insn(&t, (enum x86_insn)i, &r);
            s.length = t.length;
            memcpy(s.bytes, t.bytes + t.at, t.length);
            text_of(&s);
            vec_push(all, s);
        }
    }
    trial_free(&t);
}

/* ---- the assembler --------------------------------------------------------------------------- */

static void run(const char *program, const char *const *args)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execv(program, (char *const *)args);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0)
        fail_msg("%s failed with status %#x", program, (unsigned)status);
}

static uint8_t *read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    uint8_t *bytes = base_alloc(*n);
    assert_int_equal(fread(bytes, 1, *n, f), *n);
    fclose(f);
    return bytes;
}

/* Slots of SLOT bytes, in the order of the samples. */
static uint8_t *assemble(const struct samples *all, const char *folder)
{
    char *source = base_printf("%s/a.s", folder), *object = base_printf("%s/a.o", folder);
    char *binary = base_printf("%s/a.bin", folder);
    FILE *f = fopen(source, "w");
    size_t n;

    assert_non_null(f);
    fprintf(f, ".intel_syntax noprefix\n.text\n");
    for (size_t i = 0; i < all->len; i++)
        fprintf(f, ".balign %d, 0xcc\n%s\n", SLOT, all->data[i].text);
    fprintf(f, ".balign %d, 0xcc\n", SLOT);
    fclose(f);
    run(assembler, (const char *[]){assembler, "--64", "-W", "-o", object, source, NULL});
    run(objcopy, (const char *[]){objcopy, "-O", "binary", "-j", ".text", object, binary, NULL});
    uint8_t *slots = read_file(binary, &n);
    assert_int_equal(n, all->len * SLOT);
    unlink(source);
    unlink(object);
    unlink(binary);
    free(source);
    free(object);
    free(binary);
    return slots;
}

/* Same bytes, or the same text in no more bytes. */
static bool check_sample(const struct sample *s, const uint8_t *slot, unsigned *same)
{
    struct sample other = {.length = SLOT};
    ZydisDisassembledInstruction d;

    if (memcmp(s->bytes, slot, s->length) == 0 && (s->length == SLOT || slot[s->length] == 0xcc)) {
        ++*same;
        return true;
    }
    memcpy(other.bytes, slot, SLOT);
    text_of(&other);
    bool read = ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, 0, slot, SLOT, &d));
    if (read && strcmp(other.text, s->text) == 0 && s->length <= d.info.length)
        return true;
    print_message("# %s: ours", s->text);
    for (unsigned i = 0; i < s->length; i++)
        print_message(" %02x", s->bytes[i]);
    print_message(", the assembler's");
    for (unsigned i = 0; read && i < d.info.length; i++)
        print_message(" %02x", slot[i]);
    print_message(" (%s)\n", other.text);
    return false;
}

static void the_assembler_agrees(void **state)
{
    char folder[] = "/tmp/isomorph-as-XXXXXX";
    struct samples all = {0};
    unsigned same = 0, wrong = 0;

    assert_non_null(mkdtemp(folder));
    collect_samples(&all);
    uint8_t *slots = assemble(&all, folder);
    rmdir(folder);
    for (size_t i = 0; i < all.len; i++)
        wrong += !check_sample(&all.data[i], slots + i * SLOT, &same);
    print_message("# %zu instructions, %u with the assembler's very bytes\n", all.len, same);
    assert_int_equal(wrong, 0);
    assert_true(same > all.len * 99 / 100);
    free(slots);
    vec_free(&all);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_assembler_agrees)};
    if (argc < 3)
        base_fail(EXIT_USAGE, "usage: test_assembler AS OBJCOPY [SEED]");
    assembler = argv[1];
    objcopy = argv[2];
    if (argc > 3)
        seed = strtoull(argv[3], NULL, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
