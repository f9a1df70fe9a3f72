#include "rows_gen.h"

#include <string.h>

/* ---- operands -------------------------------------------------------------------------------- */

static int32_t random_disp(struct rng *r)
{
    switch (rng_below(r, 5)) {
    case 0:
        return 0;
    case 1:
        return (int8_t)rng_next(r);
    case 2:
        return (int32_t)rng_below(r, 300) - 150;
    case 3: /* what EVEX scales, and just not */
        return ((int32_t)rng_below(r, 300) - 150) * (1 << rng_below(r, 7));
    default:
        return (int32_t)rng_next(r);
    }
}

static struct x86_operand random_memory(struct trial *t, unsigned size, struct rng *r)
{
    unsigned base = rng_below(r, 4) ? rng_below(r, 16) : X86_NO_REG;
    unsigned index = rng_below(r, 2) ? rng_below(r, 16) : X86_NO_REG;
    struct x86_operand mem;

    switch (rng_below(r, 8)) {
    case 0:
        return x86_mem_label(size, rng_below(r, 2) ? t->before : t->after,
                             (int32_t)rng_below(r, 64));
    case 1:
        return x86_mem_host(size, TEST_EXEC.v + (uint64_t)(int64_t)((int32_t)rng_next(r) / 2), 7);
    }
    mem = x86_mem_index(size, base, index == X86_RSP ? X86_NO_REG : index, rng_below(r, 4),
                        random_disp(r));
    return rng_below(r, 6) ? mem : x86_segment(rng_below(r, 2) ? X86_FS : X86_GS, mem);
}

static struct x86_operand random_immediate(uint32_t class, struct rng *r)
{
    uint64_t v = rng_next(r);
    switch (class) {
    case C_I8:
        return x86_imm((int8_t)v);
    case C_U8:
        return x86_imm((uint8_t)v);
    case C_I16:
        return x86_imm((int16_t)v);
    case C_I32:
        return x86_imm((int32_t)v);
    case C_ONE:
        return x86_imm(1);
    default:
        return rng_below(r, 2) ? x86_imm((int64_t)v) : x86_host(v, 9);
    }
}

static struct x86_operand random_goal(struct trial *t, uint32_t class, struct rng *r)
{
    if (class == C_J8)
        return rng_below(r, 2) ? x86_label(t->before) : x86_label_near(t->after);
    switch (rng_below(r, 3)) {
    case 0:
        return x86_host(TEST_EXEC.v + (uint64_t)(int64_t)((int32_t)rng_next(r) / 2), 8);
    case 1:
        return x86_label(t->after);
    default:
        return x86_label_far(t->before);
    }
}

static struct x86_operand random_operand(struct trial *t, uint32_t class, struct rng *r)
{
    unsigned low = rng_below(r, 16), any = rng_below(r, 32);

    switch (class) {
    case C_R8:
    case C_R16:
    case C_R32:
    case C_R64:
        return x86_gpr((unsigned)class / C_R8, low);
    case C_AL:
        return x86_r8(X86_RAX);
    case C_ACC:
        return x86_gpr(2u << rng_below(r, 3), X86_RAX);
    case C_CL:
        return x86_r8(X86_RCX);
    case C_X0:
    case C_X8:
        return x86_xmm((low & 7) + (class == C_X8 ? 8 : 0));
    case C_XH:
        return x86_xmm(16 + low);
    case C_Y0:
    case C_Y8:
        return x86_ymm((low & 7) + (class == C_Y8 ? 8 : 0));
    case C_YH:
        return x86_ymm(16 + low);
    case C_Z:
        return x86_zmm(any);
    case C_K:
        return x86_k(any & 7);
    case C_M0:
        return random_memory(t, 0, r);
    case C_J8:
    case C_J32:
        return random_goal(t, class, r);
    }
    if (class >= C_M8 && class <= C_M512)
        return random_memory(t, (unsigned)class / C_M8, r);
    return random_immediate(class, r);
}

/* One of the set bits. */
static uint32_t random_class(uint32_t classes, struct rng *r)
{
    unsigned skip = rng_below(r, (unsigned)__builtin_popcount(classes));
    while (skip-- > 0)
        classes &= classes - 1;
    return classes & -classes;
}

static void decorate(struct trial *t, struct rng *r)
{
    struct x86_operand *o = &t->ops[0];
    if (t->form->extra & FORM_MASK && rng_below(r, 2))
        *o = x86_masked(*o, 1 + rng_below(r, 7), o->kind == X86_OPERAND_VECTOR && rng_below(r, 2));
    if (t->form->extra & (FORM_ER | FORM_SAE) && rng_below(r, 2))
        *o = x86_rounded(*o, t->form->extra & FORM_ER ? (enum x86_round)(1 + rng_below(r, 4))
                                                      : X86_SAE);
}

static bool is_memory(const struct x86_operand *o)
{
    return o->kind >= X86_OPERAND_MEM && o->kind <= X86_OPERAND_MEM_HOST;
}

/* ---- trials ---------------------------------------------------------------------------------- */

void trial_init(struct trial *t)
{
    struct host_cpu everything = {.features = ~0ull};
    host_code_init(&t->code, &everything);
}

void trial_free(struct trial *t)
{
    host_code_free(&t->code);
}

static bool try_operands(struct trial *t, struct rng *r)
{
    memset(t->ops, 0, sizeof(t->ops));
    memset(t->classes, 0, sizeof(t->classes));
    for (unsigned i = 0; i < X86_MAX_OPERANDS && t->form->operands[i] != OPERAND__; i++) {
        uint32_t allowed = x86_notations[t->form->operands[i]].classes;
        t->ops[i] = random_operand(t, random_class(allowed, r), r);
        if (t->form->operands[i] == OPERAND_M)
            t->ops[i].segment = X86_NO_SEGMENT; /* lea: an address has none */
    }
    decorate(t, r);
    for (unsigned i = 0; i < X86_MAX_OPERANDS; i++)
        t->classes[i] = t->ops[i].kind ? x86_operand_classes(&t->code, &t->ops[i], &t->ops[0]) : 0;
    t->lock = t->form->extra & FORM_LOCK && is_memory(&t->ops[0]) && rng_below(r, 2);
    return x86_form_fits(t->form, t->ops, t->classes, t->code.features, &t->size);
}

bool trial_prepare(struct trial *t, const struct x86_form *form, struct rng *r)
{
    uint8_t filler[128] = {0};

    memset(t->bytes, 0xcc, sizeof(t->bytes));
    host_code_begin(&t->code, t->bytes, TEST_EXEC, sizeof(t->bytes));
    t->form = form;
    t->before = host_label_new(&t->code);
    t->after = host_label_new(&t->code);
    host_code_bytes(&t->code, filler, rng_below(r, 128));
    host_label_bind(&t->code, t->before);
    host_code_bytes(&t->code, filler, rng_below(r, 128));
    for (unsigned attempt = 0; attempt < 1000; attempt++) {
        if (try_operands(t, r))
            return true;
    }
    return false;
}

static void finish(struct trial *t, struct rng *r)
{
    uint8_t filler[128] = {0};

    t->length = t->code.pos - t->at;
    host_code_bytes(&t->code, filler, rng_below(r, 128));
    host_label_bind(&t->code, t->after);
    CHECK(host_code_finish(&t->code) == 0, "the trial's code does not fit");
}

void trial_emit_form(struct trial *t, struct rng *r)
{
    struct x86_bytes bytes = {.data = host_code_room(&t->code)};
    struct x86_shape shape;
    t->at = t->code.pos;
    x86_shape_make(&shape, t->form, t->ops, t->size, t->lock);
    x86_encode(&shape, t->ops, &bytes);
    host_code_insn(&t->code, &bytes);
    finish(t, r);
}

void trial_emit_insn(struct trial *t, enum x86_insn insn, struct rng *r)
{
    t->at = t->code.pos;
    x86_emit_operands(&t->code, t->lock ? (enum x86_insn)(insn | X86_LOCK) : insn, t->ops);
    finish(t, r);
}

uint64_t trial_address(const struct trial *t, const struct x86_operand *o)
{
    struct host_label label = {(uint32_t)o->value};
    if (o->kind == X86_OPERAND_HOST || o->kind == X86_OPERAND_MEM_HOST)
        return (uint64_t)o->value;
    return TEST_EXEC.v + host_label_offset(&t->code, label) + (uint64_t)(o->value >> 32);
}
