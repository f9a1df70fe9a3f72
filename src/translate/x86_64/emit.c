/* From nodes to host code: the walk over a block, the cold side, and calls of helpers. */
#include "translate/x86_64/emit.h"

#include <string.h>

/* ---- the state map --------------------------------------------------------------------------- */

static const char *const gpr_names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                        "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

static unsigned host_register(const char *name)
{
    if (strncmp(name, "xmm", 3) == 0)
        return REG_VECTOR + (unsigned)atoi(name + 3);
    for (unsigned r = 0; r < ARRAY_LEN(gpr_names); r++)
        if (strcmp(gpr_names[r], name) == 0)
            return r;
    CHECK(false, "pins.def: no register is called %s", name);
    return 0;
}

void translate_register_name(unsigned reg, char *out, size_t size)
{
    if (is_vector_reg(reg))
        snprintf(out, size, "xmm%u", reg - REG_VECTOR);
    else
        snprintf(out, size, "%s", gpr_names[reg]);
}

static void add_pin(struct emitter *e, const struct guest *guest, const char *name,
                    const char *host)
{
    if (is_upper_vector(host_register(host)) && !e->upper_vectors)
        return;
    for (unsigned row = 0; row < guest->n_regs; row++) {
        const struct guest_reg *r = &guest->regs[row];
        if (!r->alias || strcmp(r->alias, name) != 0 || r->bits != 64 || r->zero)
            continue;
        unsigned reg = host_register(host);
        CHECK(is_vector_reg(reg) == (r->kind == REG_FPR), "pins.def: %s in %s", name, host);
        e->pins[e->n_pins++] = (struct pinned){(uint16_t)row, (uint8_t)reg, r->offset};
        e->pin_of.data[row] = (uint8_t)reg;
    }
}

/* Random pins: each host register holds some guest register of its kind, no two the same. */
static void shuffle_pins(struct emitter *e)
{
    const struct guest *guest = e->w->guest;
    e->random = e->random_seed | 1;
    for (unsigned k = 0; k < e->n_pins; k++)
        e->pin_of.data[e->pins[k].row] = NO_REG;
    for (unsigned k = 0; k < e->n_pins; k++) {
        const struct guest_reg *r;
        unsigned row;
        enum reg_kind kind = is_vector_reg(e->pins[k].reg) ? REG_FPR : REG_GPR;
        do {
            row = regs_random(e, guest->n_regs);
            r = &guest->regs[row];
        } while (r->kind != kind || r->bits != 64 || r->zero || e->pin_of.data[row] != NO_REG);
        e->pins[k] = (struct pinned){(uint16_t)row, e->pins[k].reg, r->offset};
        e->pin_of.data[row] = e->pins[k].reg;
    }
}

void emitter_init(struct emitter *e, struct work *w, struct host_code *c,
                  const struct translate_config *config)
{
    static const struct pin pins[] = {
#define PIN(guest, host) {guest, host},
#include "translate/pins.def"
#undef PIN
    };
    *e = (struct emitter){.w = w,
                          .c = c,
                          .cpu = &config->cpu,
                          .offset_space = config->space_base != 0,
                          .wants_lines = config->lines,
                          .avx = host_cpu_has(&config->cpu, HOST_AVX),
                          .upper_vectors = host_cpu_has(&config->cpu, HOST_AVX512DQ) &&
                                           host_cpu_has(&config->cpu, HOST_AVX512VL) &&
                                           config->cpu.upper_vectors != 0 &&
                                           !(config->passes_off >> PASS_UPPER & 1),
                          .random_seed = config->random_registers};
    for (unsigned row = 0; row < config->guest->n_regs; row++) {
        vec_push(&e->pin_of, NO_REG);
        if (config->guest->regs[row].kind != REG_FPR)
            continue;
        e->fpr_rows = e->fpr_end ? e->fpr_rows : row;
        e->fpr_end = row + 1;
    }
    for (unsigned k = 0; k < ARRAY_LEN(pins); k++)
        add_pin(e, config->guest, pins[k].guest, pins[k].host);
    if (e->random_seed)
        shuffle_pins(e);
    for (unsigned row = 0; row < config->guest->n_regs; row++)
        vec_push(&w->in_register, e->pin_of.data[row] != NO_REG);
    e->temps = reg_bit(X86_RAX) | reg_bit(X86_RCX) | reg_bit(X86_RDX) | reg_bit(REG_VECTOR) |
               reg_bit(REG_VECTOR + 1) | reg_bit(REG_VECTOR + 15);
    for (unsigned k = 0; k < e->n_pins; k++)
        CHECK(!(e->temps >> e->pins[k].reg & 1), "pins.def: a pin in a register for values");
}

void emitter_free(struct emitter *e)
{
    vec_free(&e->pin_of);
    vec_free(&e->places);
    vec_free(&e->slot_value);
    vec_free(&e->ends);
    vec_free(&e->nan_places);
    vec_free(&e->cold);
    vec_free(&e->exits);
    vec_free(&e->stubs);
    reverse_free(&e->reverse);
    vec_free(&e->lines.v);
}

/* ---- helpers --------------------------------------------------------------------------------- */

void emit_trampoline(struct emitter *e, enum x86_insn insn, enum code_target target)
{
    /* Where it is, the cache knows: the address here is only one within reach. */
    x86_call_host(e->c, insn, e->c->exec.v, target);
}

static void emit_pass(struct emitter *e, unsigned k, struct x86_operand from)
{
    struct x86_operand to = spill_slot(SPILL_ARGS + k);
    switch (from.kind) {
    case X86_OPERAND_VECTOR:
        regs_store(e, to, from.reg + REG_VECTOR);
        break;
    case X86_OPERAND_GPR:
        x86_emit(e->c, X86_mov, to, x86_r64(from.reg));
        break;
    case X86_OPERAND_IMM:
        x86_emit(e->c, X86_mov, to, from);
        break;
    default: /* memory to memory, without a register */
        from.size = 8;
        x86_emit(e->c, X86_push, from);
        x86_emit(e->c, X86_pop, to);
    }
}

/* Calls on the operands that were passed. */
static void emit_slow_rest(struct emitter *e, const struct node *n, unsigned dst)
{
    struct x86_operand packed = spill_slot(SPILL_PACKED), upper = spill_slot(SPILL_ARGS);
    packed.size = upper.size = 4;
    upper.value += 4;
    x86_emit(e->c, X86_mov, packed,
             x86_imm((int32_t)(n->op | n->type << 8 | n->arg_type << 16 | (uint32_t)n->rm << 24)));
    emit_trampoline(e, X86_call, CODE_CALL_SLOW);
    if (n->type == IR_VOID || dst == NO_REG)
        return;
    if (n->type == IR_F32)
        x86_emit(e->c, X86_mov, upper, x86_imm(-1)); /* boxed */
    regs_load(e, dst, spill_slot(SPILL_ARGS));
}

void emit_slow_call(struct emitter *e, const struct node *n, const struct x86_operand args[3],
                    unsigned dst)
{
    for (unsigned k = 0; k < uop_infos[n->op].n_args; k++)
        emit_pass(e, k, args[k]);
    emit_slow_rest(e, n, dst);
}

/* Operand k in the helper's slot. */
static void pass_operand(struct emitter *e, const struct node *n, unsigned k)
{
    uint64_t locked = e->locked;
    const struct node *of = n->arg[k] == IR_NONE ? NULL : node_at(e, n->arg[k]);
    uint64_t imm = of ? of->imm : n->imm;
    if (of && of->op != UOP_const) {
        emit_pass(e, k, reg64(regs_get(e, n->arg[k])));
        e->locked = locked;
    } else if ((int64_t)imm == (int32_t)imm) {
        emit_pass(e, k, x86_imm((int64_t)imm));
    } else {
        unsigned reg = regs_scratch(e, false);
        x86_mov_imm(e->c, reg, imm);
        emit_pass(e, k, x86_r64(reg));
    }
}

void emit_slow(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    for (unsigned k = 0; k < uop_infos[n->op].n_args; k++)
        pass_operand(e, n, k);
    regs_release_operands(e);
    emit_slow_rest(e, n, n->type == IR_VOID ? 0 : regs_def(e, i));
}

/* ---- the cold side --------------------------------------------------------------------------- */

struct cold *emit_cold(struct emitter *e, void (*emit)(struct emitter *, const struct cold *),
                       const struct node *n)
{
    struct cold c = {
        .emit = emit, .node = n, .at = host_label_new(e->c), .back = host_label_new(e->c)};
    vec_push(&e->cold, c);
    return &e->cold.data[e->cold.len - 1];
}

void cold_slow(struct emitter *e, const struct cold *c)
{
    host_label_bind(e->c, c->at);
    emit_slow_call(e, c->node, c->args, c->dst);
    x86_emit(e->c, X86_jmp, x86_label(c->back));
}

void emit_cold_branch(struct emitter *e, enum x86_cond cond, struct cold *c)
{
    x86_emit(e->c, x86_jcc(cond), x86_label(c->at));
    host_label_bind(e->c, c->back);
}

/* ---- the walk -------------------------------------------------------------------------------- */

static void emit_counter(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    if (n->imm == 1) {
        emit_leave_for_interp(e);
    } else if (n->imm == 2) {
        regs_load(e, regs_def(e, i), THREAD_FIELD(8, counters[COUNTER_GUEST_INSNS]));
    } else {
        regs_take(e, X86_RAX);
        regs_take(e, X86_RDX);
        x86_emit0(e->c, X86_rdtsc);
        x86_emit(e->c, X86_shl, x86_r64(X86_RDX), x86_imm(32));
        x86_emit(e->c, X86_or, x86_r64(X86_RAX), x86_r64(X86_RDX));
        regs_def_at(e, i, X86_RAX);
    }
}

static void add_line(struct emitter *e, uint32_t guest)
{
    if (e->wants_lines)
        vec_push(&e->lines.v, ((struct translate_line){e->c->pos, guest}));
}

static void emit_insn(struct emitter *e, const struct node *n, bool *first)
{
    e->insn_pc = n->imm;
    e->insns_done += !*first;
    *first = false;
    add_line(e, (uint32_t)(n->imm - e->w->pc.v));
}

static bool is_float_node(const struct node *n)
{
    return (n->op >= UOP_bits && n->op <= UOP_fnarrow) || n->op == UOP_checkrm;
}

static void emit_node(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    switch (uop_infos[n->op].class) {
    case UOP_CLASS_load:
    case UOP_CLASS_store:
    case UOP_CLASS_fence:
        emit_memory(e, i);
        return;
    case UOP_CLASS_atomic:
        emit_atomic(e, i);
        return;
    case UOP_CLASS_exit:
        emit_exit(e, i);
        return;
    default:
        break;
    }
    switch ((enum uop)n->op) {
    case UOP_get: /* is at home */
        return;
    case UOP_put:
        regs_put(e, n->reg, n->arg[0]);
        return;
    case UOP_call:
        e->calls = pass_on(e->w, PASS_RETURNS);
        e->return_pc = n->imm;
        return;
    case UOP_return:
        e->returns = pass_on(e->w, PASS_RETURNS);
        return;
    case UOP_pause:
        x86_emit0(e->c, X86_pause);
        return;
    case UOP_counter:
        emit_counter(e, i);
        return;
    case UOP_getrm:
    case UOP_setrm:
    case UOP_getflags:
    case UOP_setflags:
        emit_fcsr(e, i);
        return;
    case UOP_mul:
        if (n->pair == IR_NONE)
            emit_integer(e, i);
        else
            emit_multiply(e, i);
        return;
    case UOP_mulhs:
    case UOP_mulhu:
    case UOP_mulhsu:
        emit_multiply(e, i);
        return;
    case UOP_divs:
    case UOP_divu:
    case UOP_rems:
    case UOP_remu:
        emit_divide(e, i);
        return;
    default:
        if (is_float_node(n))
            emit_float(e, i);
        else
            emit_integer(e, i);
    }
}

int emit_block(struct emitter *e)
{
    bool first = true;
    e->bailout = 0;
    e->cold.len = e->exits.len = e->stubs.len = 0;
    e->insns_done = e->counted = 0;
    e->insn_pc = e->w->pc.v;
    e->calls = e->returns = false;
    e->lines.v.len = 0;
    e->late_left = (uint32_t)e->w->late.len;
    reverse_begin(&e->reverse);
    regs_begin(e);
    lend_begin(e);
    nans_begin(e);
    for (size_t i = 0; i < e->w->nodes.len && !e->bailout; i++) {
        const struct node *n = node_at(e, (ir_val)i);
        if (n->op == UOP_insn)
            emit_insn(e, n, &first);
        else if (n->state == NODE_EMIT) {
            e->node = (uint32_t)i;
            if (e->n_unchecked > 0 || e->told_floats != 0 || e->unboxed || is_float_node(n))
                nans_before(e, n);
            emit_node(e, (ir_val)i);
            regs_end_node(e, (ir_val)i);
        }
    }
    add_line(e, e->w->guest_bytes);
    for (size_t k = 0; k < e->cold.len && !e->bailout; k++)
        e->cold.data[k].emit(e, &e->cold.data[k]);
    emit_stubs(e);
    return -e->bailout;
}
