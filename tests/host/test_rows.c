/* Every row of x86.def with random operands, decoded by Zydis: mnemonic, operands, length, lock,
 * masks, rounding and flags must be what was asked for. Each instruction is encoded by its very
 * row, and by its mnemonic, which may choose a shorter row that means the same.
 *
 *     test_rows [SEED]
 */
#include "rows_gen.h"

#include <setjmp.h>
#include <string.h>
#include <Zydis/Zydis.h>
#include <cmocka.h>

enum { ROUNDS = 400, ALL_FLAGS = X86_CF | X86_PF | X86_AF | X86_ZF | X86_SF | X86_OF };

static uint64_t seed = 1;

/* What Zydis sees. */
struct decoded {
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand all[ZYDIS_MAX_OPERAND_COUNT];
    const ZydisDecodedOperand *ops[ZYDIS_MAX_OPERAND_COUNT]; /* the visible ones but for the mask */
    unsigned n_ops;
};

/* ---- messages -------------------------------------------------------------------------------- */

static _Noreturn void fail_trial(const struct trial *t, enum x86_insn insn, const char *what)
{
    struct strbuf text = {0};
    const uint8_t *code = t->bytes + t->at;

    host_disassemble_one(&text, code, t->length, HPC(TEST_EXEC.v + t->at), NULL, NULL);
    strbuf_printf(&text, "#   form %ld of %s:", (long)(t->form - x86_mnemonics[insn].forms),
                  x86_insn_name(insn));
    for (unsigned i = 0; i < X86_MAX_OPERANDS && t->ops[i].kind; i++) {
        const struct x86_operand *o = &t->ops[i];
        strbuf_printf(&text,
                      " {kind %u size %u reg %u index %u scale %u mask %u round %u value %#lx}",
                      o->kind, o->size, o->reg, o->index, o->scale, o->mask, o->round,
                      (unsigned long)o->value);
    }
    print_message("# %s\n#   %s\n", text.data, what);
    strbuf_free(&text);
    fail_msg("test_rows %lu", (unsigned long)seed);
    abort();
}

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_trial(t, insn, #condition);                                                       \
    } while (0)

/* ---- operands -------------------------------------------------------------------------------- */

static ZydisRegister expected_register(const struct x86_operand *o)
{
    if (o->kind == X86_OPERAND_MASK)
        return (ZydisRegister)(ZYDIS_REGISTER_K0 + o->reg);
    switch (o->size) {
    case 1:
        return (ZydisRegister)(o->reg < 4 ? ZYDIS_REGISTER_AL + o->reg
                                          : ZYDIS_REGISTER_SPL + o->reg - 4);
    case 2:
        return (ZydisRegister)(ZYDIS_REGISTER_AX + o->reg);
    case 4:
        return (ZydisRegister)(ZYDIS_REGISTER_EAX + o->reg);
    case 8:
        return (ZydisRegister)(ZYDIS_REGISTER_RAX + o->reg);
    case 16:
        return (ZydisRegister)(ZYDIS_REGISTER_XMM0 + o->reg);
    case 32:
        return (ZydisRegister)(ZYDIS_REGISTER_YMM0 + o->reg);
    default:
        return (ZydisRegister)(ZYDIS_REGISTER_ZMM0 + o->reg);
    }
}

static ZydisRegister address_register(unsigned reg)
{
    return reg == X86_NO_REG ? ZYDIS_REGISTER_NONE : (ZydisRegister)(ZYDIS_REGISTER_RAX + reg);
}

static uint64_t absolute(const struct trial *t, const struct decoded *d,
                         const ZydisDecodedOperand *z)
{
    uint64_t address = 0;
    ZydisCalcAbsoluteAddress(&d->insn, z, TEST_EXEC.v + t->at, &address);
    return address;
}

static void check_memory(const struct trial *t, enum x86_insn insn, const struct decoded *d,
                         const struct x86_operand *o, const ZydisDecodedOperand *z)
{
    unsigned base = o->reg, index = o->index;
    bool fs = z->mem.segment == ZYDIS_REGISTER_FS, gs = z->mem.segment == ZYDIS_REGISTER_GS;

    EXPECT(z->type == ZYDIS_OPERAND_TYPE_MEMORY);
    EXPECT(z->size == o->size * 8u || t->form->operands[1] == OPERAND_M);
    EXPECT(fs == (o->segment == X86_FS) && gs == (o->segment == X86_GS));
    if (o->kind != X86_OPERAND_MEM) {
        EXPECT(z->mem.base == ZYDIS_REGISTER_RIP);
        EXPECT(absolute(t, d, z) == trial_address(t, o));
        return;
    }
    if (base == X86_NO_REG && o->scale == 0) {
        base = index;
        index = X86_NO_REG;
    }
    EXPECT(z->mem.base == address_register(base));
    EXPECT(z->mem.index == address_register(index));
    EXPECT(index == X86_NO_REG || z->mem.scale == 1u << o->scale);
    EXPECT(z->mem.disp.value == o->value);
}

/* In how many bits the immediate counts. */
static unsigned immediate_bits(const struct trial *t, unsigned i)
{
    switch (t->form->operands[i]) {
    case OPERAND_Ib:
    case OPERAND_One:
        return 8;
    case OPERAND_Iw:
        return 16;
    default:
        return t->ops[0].kind == X86_OPERAND_IMM ? 64 : t->ops[0].size * 8u;
    }
}

static void check_operand(const struct trial *t, enum x86_insn insn, const struct decoded *d,
                          unsigned i)
{
    const struct x86_operand *o = &t->ops[i];
    const ZydisDecodedOperand *z = d->ops[i];
    unsigned spare;

    switch (o->kind) {
    case X86_OPERAND_GPR:
    case X86_OPERAND_VECTOR:
    case X86_OPERAND_MASK:
        EXPECT(z->type == ZYDIS_OPERAND_TYPE_REGISTER && z->reg.value == expected_register(o));
        break;
    case X86_OPERAND_MEM:
    case X86_OPERAND_MEM_LABEL:
    case X86_OPERAND_MEM_HOST:
        check_memory(t, insn, d, o, z);
        break;
    case X86_OPERAND_IMM:
        spare = 64 - immediate_bits(t, i);
        EXPECT(z->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && !z->imm.is_relative);
        EXPECT((z->imm.value.u << spare) == ((uint64_t)o->value << spare));
        break;
    case X86_OPERAND_HOST:
        if (!z->imm.is_relative) {
            EXPECT(z->imm.value.u == (uint64_t)o->value);
            break;
        }
        /* fall through */
    default:
        EXPECT(z->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && z->imm.is_relative);
        EXPECT(absolute(t, d, z) == trial_address(t, o));
    }
}

/* ---- the rest of an instruction
 * ------------------------------------------------------------------ */

static void check_decorations(const struct trial *t, enum x86_insn insn, const struct decoded *d)
{
    static const ZydisRoundingMode modes[] = {
        ZYDIS_ROUNDING_MODE_INVALID, ZYDIS_ROUNDING_MODE_RN, ZYDIS_ROUNDING_MODE_RD,
        ZYDIS_ROUNDING_MODE_RU,      ZYDIS_ROUNDING_MODE_RZ, ZYDIS_ROUNDING_MODE_INVALID};
    const struct x86_operand *o = &t->ops[0];

    EXPECT(((d->insn.attributes & ZYDIS_ATTRIB_HAS_LOCK) != 0) == t->lock);
    if (d->insn.encoding != ZYDIS_INSTRUCTION_ENCODING_EVEX) {
        EXPECT(!o->mask && !o->round);
        return;
    }
    EXPECT(!o->mask || d->insn.avx.mask.reg == (ZydisRegister)(ZYDIS_REGISTER_K0 + o->mask));
    EXPECT(o->mask || d->insn.avx.mask.mode == ZYDIS_MASK_MODE_DISABLED ||
           d->insn.avx.mask.mode == ZYDIS_MASK_MODE_INVALID);
    EXPECT((d->insn.avx.mask.mode == ZYDIS_MASK_MODE_ZEROING) == o->zero ||
           o->kind == X86_OPERAND_MASK);
    EXPECT(d->insn.avx.rounding.mode == modes[o->round]);
    EXPECT((bool)d->insn.avx.has_sae == (o->round != X86_NO_ROUND));
    EXPECT(!d->insn.avx.broadcast.mode || d->insn.avx.broadcast.is_static);
}

static void check_flags(const struct trial *t, enum x86_insn insn, const struct decoded *d)
{
    const ZydisAccessedFlags *z = d->insn.cpu_flags;
    unsigned read = z ? z->tested & ALL_FLAGS : 0;
    unsigned written = z ? (z->modified | z->set_0 | z->set_1 | z->undefined) & ALL_FLAGS : 0;

    EXPECT(x86_flags_read(insn) == read);
    EXPECT(x86_flags_written(insn) == written);
}

static void check_trial(const struct trial *t, enum x86_insn insn)
{
    ZydisDecoder decoder;
    struct decoded d = {0};

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    EXPECT(ZYAN_SUCCESS(
        ZydisDecoderDecodeFull(&decoder, t->bytes + t->at, TEST_CODE - t->at, &d.insn, d.all)));
    EXPECT(d.insn.length == t->length);
    EXPECT(strcmp(ZydisMnemonicGetString(d.insn.mnemonic), x86_insn_name(insn)) == 0);
    for (unsigned i = 0; i < d.insn.operand_count_visible; i++) {
        if (d.all[i].encoding != ZYDIS_OPERAND_ENCODING_MASK)
            d.ops[d.n_ops++] = &d.all[i];
    }
    unsigned n = 0;
    while (n < X86_MAX_OPERANDS && t->ops[n].kind)
        n++;
    EXPECT(d.n_ops == n);
    for (unsigned i = 0; i < n; i++)
        check_operand(t, insn, &d, i);
    check_decorations(t, insn, &d);
    check_flags(t, insn, &d);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void check_form(struct trial *t, enum x86_insn insn, const struct x86_form *form,
                       struct rng *r)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        if (!trial_prepare(t, form, r))
            fail_msg("no operands fit form %ld of %s", (long)(form - x86_mnemonics[insn].forms),
                     x86_insn_name(insn));
        uint32_t start = t->code.pos;
        trial_emit_form(t, r);
        check_trial(t, insn);
        uint32_t length = t->length;

        host_code_begin(&t->code, t->bytes, TEST_EXEC, sizeof(t->bytes));
        t->before = host_label_new(&t->code);
        t->after = host_label_new(&t->code);
        host_label_bind(&t->code, t->before);
        host_code_bytes(&t->code, (uint8_t[256]){0}, start & 63);
        trial_emit_insn(t, insn, r);
        check_trial(t, insn);
        /* A scaled displacement can make EVEX up to two bytes shorter than the VEX form that is
         * chosen. */
        EXPECT(t->length <= length + (form->encoding == ENC_EVEX ? 2 : 0));
    }
}

static void every_row_decodes_as_asked(void **state)
{
    struct rng r = {seed};
    struct trial t;
    unsigned forms = 0;

    trial_init(&t);
    for (unsigned i = 0; i < X86_INSN_COUNT; i++) {
        for (unsigned k = 0; k < x86_mnemonics[i].n_forms; k++, forms++)
            check_form(&t, (enum x86_insn)i, &x86_mnemonics[i].forms[k], &r);
    }
    trial_free(&t);
    print_message("# %u rows of %u mnemonics, %u operands each\n", forms, X86_INSN_COUNT, ROUNDS);
}

/* Without a feature no form that needs it is chosen, by what Zydis says of the instruction set. */
static void forms_keep_to_the_features(void **state)
{
    struct host_cpu cpu = {.features = ~0ull};
    struct host_code c;
    uint8_t bytes[32];
    ZydisDecoder decoder;
    ZydisDecodedInstruction d;

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    host_cpu_remove(&cpu, HOST_AVX512F);
    assert_false(host_cpu_has(&cpu, HOST_AVX512DQ));
    assert_true(host_cpu_has(&cpu, HOST_FMA));
    host_code_init(&c, &cpu);
    host_code_begin(&c, bytes, TEST_EXEC, sizeof(bytes));
    x86_emit(&c, X86_vaddsd, x86_xmm(1), x86_xmm(2), x86_xmm(3));
    assert_true(ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, NULL, bytes, c.pos, &d)));
    assert_int_equal(d.encoding, ZYDIS_INSTRUCTION_ENCODING_VEX);
    host_cpu_remove(&cpu, HOST_AVX);
    assert_false(host_cpu_has(&cpu, HOST_FMA) || host_cpu_has(&cpu, HOST_AVX2));
    host_code_free(&c);
}

static void nops_of_every_length(void **state)
{
    struct host_cpu cpu = {.features = ~0ull};
    struct host_code c;
    uint8_t bytes[64];
    ZydisDecoder decoder;
    ZydisDecodedInstruction d;

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    host_code_init(&c, &cpu);
    for (unsigned n = 0; n <= 64; n++) {
        unsigned count = 0, at = 0;
        host_code_begin(&c, bytes, TEST_EXEC, sizeof(bytes));
        x86_nop(&c, n);
        assert_int_equal(c.pos, n);
        for (; at < n; at += d.length, count++) {
            assert_true(ZYAN_SUCCESS(
                ZydisDecoderDecodeInstruction(&decoder, NULL, bytes + at, n - at, &d)));
            assert_int_equal(d.mnemonic, ZYDIS_MNEMONIC_NOP);
        }
        assert_int_equal(at, n);
        assert_int_equal(count, (n + 8) / 9);
    }
    host_code_free(&c);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_decodes_as_asked),
        cmocka_unit_test(forms_keep_to_the_features),
        cmocka_unit_test(nops_of_every_length),
    };
    if (argc > 1)
        seed = strtoull(argv[1], NULL, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
