/* Registers of a block, chosen as its code is emitted.
 *
 * A value may be in several places at once: in registers, in a spill slot, in the slot of a guest
 * register; a place knows the set of its registers, and the one to read it from. A pinned register
 * always holds its guest register, as of the last put, except that a value may be made there a
 * little early, when nothing in between can show the old one (hint). A value that was read from a
 * register that is now written is moved away if somebody still wants it.
 *
 * What uses count down to 0 frees its register at once; scratch registers are free at the node's
 * end. */
#include "translate/x86_64/emit.h"

static struct place *place_of(struct emitter *e, ir_val v)
{
    return &e->places.data[v];
}

static bool is_value(ir_val v)
{
    return v != OWNER_NONE && v != OWNER_SCRATCH;
}

static bool is_temp(const struct emitter *e, unsigned reg)
{
    return e->temps >> reg & 1;
}

static bool is_live(struct emitter *e, ir_val v)
{
    return is_value(v) && node_at(e, v)->uses > 0;
}

static void lock(struct emitter *e, unsigned reg)
{
    e->locked |= reg_bit(reg);
}

/* The only way to change owner[], so that the sets in the places agree with it. */
static void set_owner(struct emitter *e, unsigned reg, ir_val v)
{
    ir_val old = e->owner[reg];
    if (is_value(old))
        place_of(e, old)->regs &= ~reg_bit(reg);
    if (is_value(v))
        place_of(e, v)->regs |= reg_bit(reg);
    e->owner[reg] = v;
}

/* What a get gives is at home from the start: nothing was put there before. */
static void begin_get(struct emitter *e, ir_val i)
{
    unsigned row = node_at(e, i)->reg, pin = e->pin_of.data[row];
    if (pin == NO_REG) {
        place_of(e, i)->home = (uint16_t)(row + 1);
        e->slot_value.data[row] = i;
    } else {
        place_of(e, i)->reg = (uint8_t)pin;
        set_owner(e, pin, i);
    }
}

static void begin_places(struct emitter *e)
{
    size_t n = e->w->nodes.len;
    const struct node *nodes = e->w->nodes.data;
    vec_reserve(&e->places, n);
    e->places.len = n;
    struct place *places = e->places.data;
    for (size_t i = 0; i < n; i++) {
        places[i] = (struct place){.reg = NO_REG};
        if (nodes[i].op == UOP_get && nodes[i].state == NODE_EMIT)
            begin_get(e, (ir_val)i);
    }
}

/* ---- chance, for tests ----------------------------------------------------------------------- */

/* xorshift (G. Marsaglia, Xorshift RNGs, 2003); the state never becomes 0. */
unsigned regs_random(struct emitter *e, unsigned n)
{
    e->random ^= e->random << 13;
    e->random ^= e->random >> 7;
    e->random ^= e->random << 17;
    return (unsigned)(e->random >> 32) % n;
}

/* Is this good choice to be missed? */
static bool is_missed(struct emitter *e)
{
    return e->random && regs_random(e, 3) == 0;
}

/* A block has the same registers whatever was translated before. */
static void begin_chance(struct emitter *e)
{
    if (e->random_seed)
        e->random = (e->random_seed ^ e->w->pc.v * UINT64_C(0x9e3779b97f4a7c15)) | 1;
}

void regs_begin(struct emitter *e)
{
    begin_chance(e);
    for (unsigned r = 0; r < REG_COUNT; r++)
        e->owner[r] = OWNER_NONE;
    for (unsigned s = 0; s < SPILL_VALUES; s++)
        e->spilled[s] = IR_NONE;
    e->locked = e->scratch = 0;
    e->most_spilled = 0;
    e->freed = NO_REG;
    vec_fill(&e->slot_value, e->w->guest->n_regs, 0xff); /* IR_NONE */
    begin_places(e);
}

/* ---- moves ----------------------------------------------------------------------------------- */

void regs_move(struct emitter *e, unsigned to, unsigned from)
{
    bool vector = is_vector_reg(to);
    if (to == from)
        return;
    CHECK(vector == is_vector_reg(from), "a move between register files");
    x86_emit(e->c, !vector ? X86_mov : e->avx ? X86_vmovaps : X86_movaps, reg64(to), reg64(from));
}

void regs_load(struct emitter *e, unsigned to, struct x86_operand mem)
{
    x86_emit(e->c, !is_vector_reg(to) ? X86_mov : e->avx ? X86_vmovsd : X86_movsd, reg64(to), mem);
}

void regs_store(struct emitter *e, struct x86_operand mem, unsigned from)
{
    x86_emit(e->c,
             !is_vector_reg(from) ? X86_mov
             : e->avx             ? X86_vmovsd
                                  : X86_movsd,
             mem, reg64(from));
}

/* ---- giving up and finding places ------------------------------------------------------------ */

/* The register no longer holds its value; another one that does becomes its place. */
static void forget_register(struct emitter *e, unsigned reg)
{
    ir_val v = e->owner[reg];
    set_owner(e, reg, OWNER_NONE);
    if (!is_value(v))
        return;
    struct place *p = place_of(e, v);
    if (p->reg == reg)
        p->reg = p->regs ? (uint8_t)(63 - __builtin_clzll(p->regs)) : NO_REG;
}

static bool is_elsewhere(struct emitter *e, ir_val v, unsigned reg)
{
    const struct place *p = place_of(e, v);
    return p->home || p->spill || (p->regs & ~reg_bit(reg));
}

static void spill_value(struct emitter *e, ir_val v, unsigned reg)
{
    unsigned s = 0;
    while (s < SPILL_VALUES && e->spilled[s] != IR_NONE)
        s++;
    if (s == SPILL_VALUES) {
        e->bailout = BAILOUT_SPILL;
        return;
    }
    e->spilled[s] = v;
    e->most_spilled = MAX(e->most_spilled, s + 1);
    place_of(e, v)->spill = (uint8_t)(s + 1);
    regs_store(e, spill_slot(s), reg);
}

/* Of the two register files: a set of registers. */
static uint64_t register_file(bool vector)
{
    return vector ? ~UINT64_C(0xffff) : UINT64_C(0xffff);
}

static uint64_t unlocked_temps(const struct emitter *e, bool vector)
{
    return e->temps & ~e->locked & register_file(vector);
}

/* Any that is not locked, though another one may be free. */
static unsigned find_any_temp(struct emitter *e, bool vector)
{
    uint64_t left = unlocked_temps(e, vector);
    if (left == 0)
        return NO_REG;
    for (unsigned skip = regs_random(e, (unsigned)__builtin_popcountll(left)); skip > 0; skip--)
        left &= left - 1;
    return (unsigned)__builtin_ctzll(left);
}

static unsigned find_temp(struct emitter *e, bool vector)
{
    unsigned best = NO_REG;
    uint32_t farthest = 0;
    if (is_missed(e))
        return find_any_temp(e, vector);
    for (uint64_t left = unlocked_temps(e, vector); left; left &= left - 1) {
        unsigned r = (unsigned)__builtin_ctzll(left);
        if (!is_value(e->owner[r]))
            return r;
        uint32_t last = is_live(e, e->owner[r]) ? node_at(e, e->owner[r])->last : UINT32_MAX;
        if (best == NO_REG || last > farthest) {
            best = r;
            farthest = last;
        }
    }
    return best;
}

/* A free register for a value; another value is sent to memory if need be. */
static unsigned take_temp(struct emitter *e, bool vector)
{
    unsigned reg = find_temp(e, vector);
    if (reg == NO_REG) {
        e->bailout = BAILOUT_SPILL;
        return vector ? REG_VECTOR : X86_RAX;
    }
    ir_val v = e->owner[reg];
    if (is_live(e, v) && !is_elsewhere(e, v, reg))
        spill_value(e, v, reg);
    forget_register(e, reg);
    return reg;
}

static void give(struct emitter *e, unsigned reg, ir_val v)
{
    set_owner(e, reg, v);
    if (is_value(v))
        place_of(e, v)->reg = (uint8_t)reg;
    else
        e->scratch |= reg_bit(reg);
    lock(e, reg);
}

unsigned regs_scratch(struct emitter *e, bool vector)
{
    unsigned reg = take_temp(e, vector);
    give(e, reg, OWNER_SCRATCH);
    return reg;
}

/* Is what the register holds wanted again, and nowhere else? */
static bool must_be_saved(struct emitter *e, unsigned reg)
{
    return is_live(e, e->owner[reg]) && !is_elsewhere(e, e->owner[reg], reg);
}

/* Moves a value out of a register that is about to be written. */
static void displace(struct emitter *e, unsigned reg)
{
    ir_val v = e->owner[reg];
    if (must_be_saved(e, reg)) {
        uint64_t locked = e->locked;
        lock(e, reg);
        unsigned to = take_temp(e, is_vector_reg(reg));
        if (e->bailout)
            return;
        regs_move(e, to, reg);
        forget_register(e, reg);
        set_owner(e, to, v);
        place_of(e, v)->reg = (uint8_t)to;
        e->locked = locked;
    }
    forget_register(e, reg);
}

void regs_take(struct emitter *e, unsigned reg)
{
    CHECK(!(e->locked >> reg & 1), "register %u is taken twice", reg);
    displace(e, reg);
    give(e, reg, OWNER_SCRATCH);
}

void regs_return_lent(struct emitter *e)
{
    for (unsigned k = 0; k < e->n_lent; k++)
        e->temps &= ~reg_bit(e->lent[k].reg);
    for (unsigned k = 0; k < e->n_lent; k++)
        displace(e, e->lent[k].reg);
    lend_return(e);
}

/* ---- operands -------------------------------------------------------------------------------- */

static void load_vector_constant(struct emitter *e, unsigned reg, uint64_t bits)
{
    if (bits == 0 && e->avx)
        x86_emit(e->c, X86_vxorps, vec(reg), vec(reg), vec(reg));
    else
        regs_load(e, reg, host_constant_u64(e->c, bits));
}

/* Bits of a constant node in a register. */
static uint64_t constant_bits(const struct node *n)
{
    return n->type == IR_F32 ? n->imm | 0xffffffff00000000u : n->imm;
}

/* A register that a constant went to and that still holds it: the nearest to `bits`, or the same
 * for a vector. */
static unsigned find_constant(struct emitter *e, bool vector, uint64_t bits)
{
    unsigned best = NO_REG;
    uint64_t least = INT32_MAX;
    for (unsigned r = vector ? REG_VECTOR : 0; r < (vector ? REG_COUNT : REG_VECTOR); r++) {
        if (!is_value(e->owner[r]) || !node_is_const(e->w, e->owner[r]))
            continue;
        uint64_t has = constant_bits(node_at(e, e->owner[r]));
        uint64_t distance = has > bits ? has - bits : bits - has;
        if (distance < (vector ? 1 : least)) {
            best = r;
            least = distance;
        }
    }
    return best;
}

static bool is_long(uint64_t bits)
{
    return bits >> 32 != 0 && (int64_t)bits != (int32_t)bits;
}

/* reg = constant v: from the constants pool, another register or as an immediate. Flags stay. */
static void load_constant(struct emitter *e, unsigned reg, ir_val v)
{
    uint64_t bits = constant_bits(node_at(e, v));
    bool vector = is_vector_reg(reg);
    unsigned near = vector || is_long(bits) ? find_constant(e, vector, bits) : NO_REG;
    if (vector && near == NO_REG)
        load_vector_constant(e, reg, bits);
    else if (near == NO_REG)
        x86_mov_imm(e->c, reg, bits);
    else if (constant_bits(node_at(e, e->owner[near])) == bits)
        regs_move(e, reg, near);
    else
        x86_emit(e->c, X86_lea, x86_r64(reg),
                 x86_mem(0, near, (int32_t)(bits - constant_bits(node_at(e, e->owner[near])))));
}

unsigned regs_get_imm(struct emitter *e, uint64_t value)
{
    unsigned reg = find_constant(e, false, value);
    if (reg != NO_REG && constant_bits(node_at(e, e->owner[reg])) == value) {
        lock(e, reg);
        return reg;
    }
    reg = regs_scratch(e, false);
    x86_mov_imm(e->c, reg, value);
    return reg;
}

bool regs_near_constant(struct emitter *e, uint64_t value, unsigned *reg, int32_t *distance)
{
    *reg = find_constant(e, false, value);
    if (*reg == NO_REG)
        return false;
    *distance = (int32_t)(value - constant_bits(node_at(e, e->owner[*reg])));
    lock(e, *reg);
    return true;
}

static struct x86_operand memory_of(struct emitter *e, ir_val v, unsigned size)
{
    const struct place *p = place_of(e, v);
    struct x86_operand mem = p->home ? guest_slot(e, p->home - 1u, 8) : spill_slot(p->spill - 1u);
    CHECK(p->home || p->spill || e->bailout, "value v%u is nowhere", v);
    mem.size = (uint8_t)size;
    return mem;
}

unsigned regs_get(struct emitter *e, ir_val v)
{
    const struct node *n = node_at(e, v);
    bool vector = is_float_value(n);
    if (n->op == UOP_const) {
        unsigned reg = find_constant(e, vector, constant_bits(n));
        if (reg == NO_REG || constant_bits(node_at(e, e->owner[reg])) != constant_bits(n)) {
            reg = take_temp(e, vector);
            load_constant(e, reg, v);
            give(e, reg, v);
        }
        lock(e, reg);
        return reg;
    }
    if (place_of(e, v)->reg == NO_REG) {
        unsigned reg = take_temp(e, vector);
        if (e->bailout)
            return reg;
        regs_load(e, reg, memory_of(e, v, 8));
        give(e, reg, v);
    }
    lock(e, place_of(e, v)->reg);
    return place_of(e, v)->reg;
}

bool regs_in_register(struct emitter *e, ir_val v)
{
    return place_of(e, v)->reg != NO_REG;
}

struct x86_operand regs_get_rm(struct emitter *e, ir_val v, unsigned size)
{
    struct node *n = node_at(e, v);
    if (n->op == UOP_const && is_float_value(n)) {
        unsigned reg = find_constant(e, true, constant_bits(n));
        if (reg != NO_REG && !is_temp(e, reg)) {
            lock(e, reg);
            return vec(reg);
        }
        struct x86_operand mem = host_constant_u64(e->c, constant_bits(n));
        mem.size = (uint8_t)size;
        return mem;
    }
    if (n->op != UOP_const && !regs_in_register(e, v) && n->uses == 1)
        return memory_of(e, v, size);
    unsigned reg = regs_get(e, v);
    return is_vector_reg(reg) ? vec(reg) : gpr(size, reg);
}

/* The vector registers that show v to somebody. */
static uint64_t showing_registers(struct emitter *e, ir_val v)
{
    return place_of(e, v)->regs & register_file(true) & (is_live(e, v) ? ~UINT64_C(0) : ~e->temps);
}

bool regs_is_somewhere(struct emitter *e, ir_val v)
{
    if (showing_registers(e, v))
        return true;
    for (unsigned row = e->fpr_rows; row < e->fpr_end; row++)
        if (e->slot_value.data[row] == v)
            return true;
    return place_of(e, v)->spill;
}

void regs_list_places(struct emitter *e, ir_val v)
{
    for (uint64_t left = showing_registers(e, v); left; left &= left - 1)
        vec_push(&e->nan_places, ((struct nan_place){v, vec((unsigned)__builtin_ctzll(left))}));
    for (unsigned row = e->fpr_rows; row < e->fpr_end; row++)
        if (e->slot_value.data[row] == v)
            vec_push(&e->nan_places, ((struct nan_place){v, guest_slot(e, row, 8)}));
    if (place_of(e, v)->spill)
        vec_push(&e->nan_places, ((struct nan_place){v, spill_slot(place_of(e, v)->spill - 1u)}));
}

struct x86_operand regs_where(struct emitter *e, ir_val v)
{
    const struct node *n = node_at(e, v);
    if (n->op == UOP_const)
        return host_constant_u64(e->c, constant_bits(n));
    return regs_in_register(e, v) ? vec(place_of(e, v)->reg) : memory_of(e, v, 8);
}

void regs_hold(struct emitter *e, ir_val v)
{
    struct node *n = node_at(e, v);
    if (n->op == UOP_const)
        return;
    n->uses++;
    n->last = UINT16_MAX;
}

unsigned regs_count_held(struct emitter *e, bool (*held)(struct emitter *e, ir_val v))
{
    unsigned count = 0;
    for (uint64_t left = e->temps & register_file(true); left; left &= left - 1) {
        ir_val v = e->owner[__builtin_ctzll(left)];
        count +=
            is_live(e, v) && !place_of(e, v)->home && is_temp(e, place_of(e, v)->reg) && held(e, v);
    }
    for (unsigned s = 0; s < e->most_spilled; s++)
        count += e->spilled[s] != IR_NONE && !regs_in_register(e, e->spilled[s]) &&
                 held(e, e->spilled[s]);
    return count;
}

ir_val regs_at_home(const struct emitter *e, unsigned row)
{
    unsigned pin = e->pin_of.data[row];
    return pin == NO_REG ? e->slot_value.data[row] : e->owner[pin];
}

unsigned regs_available(const struct emitter *e, bool vector)
{
    return (unsigned)__builtin_popcountll(unlocked_temps(e, vector));
}

struct x86_operand regs_get_aside(struct emitter *e, ir_val v, unsigned size)
{
    const struct node *n = node_at(e, v);
    struct place *p = place_of(e, v);
    if (n->op == UOP_const) { /* an integer: others are in the constants pool */
        struct x86_operand mem = spill_slot(SPILL_ARGS);
        for (unsigned half = 0; half < 2; half++) {
            mem.size = 4;
            x86_emit(e->c, X86_mov, mem, x86_imm((int32_t)(n->imm >> 32 * half)));
            mem.value += 4;
        }
        mem.value -= 8;
        mem.size = (uint8_t)size;
        return mem;
    }
    if (p->reg != NO_REG && !is_temp(e, p->reg))
        return is_vector_reg(p->reg) ? vec(regs_get(e, v)) : gpr(size, regs_get(e, v));
    if (p->reg != NO_REG && !p->home && !p->spill)
        spill_value(e, v, p->reg);
    if (p->reg != NO_REG && !(e->locked >> p->reg & 1))
        forget_register(e, p->reg);
    return e->bailout ? spill_slot(0) : memory_of(e, v, size);
}

void regs_unlock(struct emitter *e)
{
    e->locked = 0;
    for (; e->scratch; e->scratch &= e->scratch - 1) {
        unsigned r = (unsigned)__builtin_ctzll(e->scratch);
        if (e->owner[r] == OWNER_SCRATCH)
            set_owner(e, r, OWNER_NONE);
    }
}

/* Was read, and is wanted again: of several places, all but one may go. */
static void unlock_copies(struct emitter *e, ir_val v)
{
    const struct place *p = place_of(e, v);
    if (p->home || p->spill || (p->regs & (p->regs - 1)))
        e->locked &= ~p->regs;
}

void regs_release(struct emitter *e, ir_val v)
{
    struct node *n = node_at(e, v);
    struct place *p = place_of(e, v);
    if (n->op == UOP_const)
        return;
    CHECK(n->uses > 0, "v%u is used more often than it was counted", v);
    if (--n->uses > 0) {
        unlock_copies(e, v);
        return;
    }
    uint64_t left = p->regs & e->temps;
    e->locked &= ~left;
    if (p->home && e->n_unchecked > 0) /* to be looked at for a NaN, so if nobody else */
        return;                        /* wants the register */
    for (; left; left &= left - 1) {
        unsigned r = (unsigned)__builtin_ctzll(left);
        set_owner(e, r, OWNER_NONE);
        if (p->reg == r)
            p->reg = NO_REG;
        if (e->freed == NO_REG)
            e->freed = (uint8_t)r;
    }
}

static void release_visit(void *arg, ir_val v)
{
    regs_release(arg, v);
}

void regs_release_arg(struct emitter *e, ir_val v)
{
    if (node_at(e, v)->state == NODE_FUSED)
        node_each_operand(e->w, node_at(e, v), release_visit, e);
    else
        regs_release(e, v);
}

void regs_release_operands(struct emitter *e)
{
    node_each_operand(e->w, node_at(e, e->node), release_visit, e);
}

/* ---- results --------------------------------------------------------------------------------- */

/* Of a value in a register that is locked: does the node at hand still want it? Uses of constants
 * are not counted. */
static bool is_wanted(struct emitter *e, ir_val v)
{
    return is_live(e, v) || (is_value(v) && node_is_const(e->w, v));
}

/* Can the node be made in the register that it will be put into? */
static bool hint_holds(struct emitter *e, ir_val i, unsigned *reg)
{
    const struct node *n = node_at(e, i);
    if (!n->hint || e->w->next_leave.data[i + 1] < n->hint_at || is_missed(e))
        return false;
    *reg = e->pin_of.data[n->hint - 1];
    return *reg != NO_REG && !must_be_saved(e, *reg) &&
           !(e->locked >> *reg & 1 && is_wanted(e, e->owner[*reg])) &&
           is_vector_reg(*reg) == is_float_value(n);
}

unsigned regs_def(struct emitter *e, ir_val i)
{
    bool vector = is_float_value(node_at(e, i));
    unsigned reg;
    if (hint_holds(e, i, &reg))
        forget_register(e, reg);
    else if (e->freed != NO_REG && is_vector_reg(e->freed) == vector &&
             e->owner[e->freed] == OWNER_NONE && !is_missed(e))
        reg = e->freed;
    else
        reg = take_temp(e, vector);
    give(e, reg, i);
    return reg;
}

unsigned regs_def_at(struct emitter *e, ir_val i, unsigned at)
{
    unsigned reg;
    CHECK(e->owner[at] == OWNER_SCRATCH, "register %u was not taken", at);
    if (hint_holds(e, i, &reg)) {
        forget_register(e, reg);
        regs_move(e, reg, at);
    } else {
        reg = at;
    }
    give(e, reg, i);
    return reg;
}

void regs_def_early(struct emitter *e, ir_val i, unsigned reg)
{
    CHECK(e->owner[reg] == OWNER_SCRATCH, "register %u was not taken", reg);
    give(e, reg, i);
}

void regs_end_node(struct emitter *e, ir_val i)
{
    regs_unlock(e);
    e->freed = NO_REG;
    for (unsigned s = 0; s < e->most_spilled; s++) {
        if (e->spilled[s] == IR_NONE || node_at(e, e->spilled[s])->uses > 0)
            continue;
        place_of(e, e->spilled[s])->spill = 0;
        e->spilled[s] = IR_NONE;
    }
    if (node_at(e, i)->uses > 0)
        return;
    for (uint64_t left = place_of(e, i)->regs & e->temps; left; left &= left - 1)
        forget_register(e, (unsigned)__builtin_ctzll(left));
}

bool regs_def_in_slot(struct emitter *e, ir_val i, ir_val a)
{
    const struct node *n = node_at(e, i);
    unsigned row = n->hint - 1u;
    if (!n->hint || n->uses != 1 || e->w->next_leave.data[i + 1] < n->hint_at ||
        e->pin_of.data[row] != NO_REG || place_of(e, a)->home != n->hint ||
        regs_in_register(e, a) || node_at(e, a)->uses != 1)
        return false;
    regs_release(e, a);
    place_of(e, a)->home = 0;
    place_of(e, i)->home = n->hint;
    e->slot_value.data[row] = i;
    return true;
}

/* ---- puts ------------------------------------------------------------------------------------ */

static void put_pinned(struct emitter *e, unsigned pin, ir_val v)
{
    const struct node *n = node_at(e, v);
    struct place *p = place_of(e, v);
    if (e->owner[pin] == v)
        return;
    displace(e, pin);
    if (n->op == UOP_const && constant_bits(n) == 0 && !is_vector_reg(pin)) {
        x86_zero(e->c, pin);
    } else if (n->op == UOP_const) {
        load_constant(e, pin, v);
    } else if (p->reg != NO_REG) {
        regs_move(e, pin, p->reg);
    } else if (!e->bailout) {
        regs_load(e, pin, memory_of(e, v, 8));
    }
    set_owner(e, pin, v);
    if (n->op == UOP_const)
        return;
    if (p->reg != NO_REG && is_temp(e, p->reg))
        set_owner(e, p->reg, OWNER_NONE);
    if (p->reg == NO_REG || is_temp(e, p->reg))
        p->reg = (uint8_t)pin;
}

/* Row + 1 of a register whose slot holds v, or 0. */
static uint16_t find_slot(const struct emitter *e, ir_val v)
{
    for (size_t row = 0; row < e->slot_value.len; row++)
        if (e->slot_value.data[row] == v)
            return (uint16_t)(row + 1);
    return 0;
}

/* The slot of an unpinned register is about to be written: its old value needs another place if it
 * is wanted again. */
static void displace_slot(struct emitter *e, unsigned row)
{
    ir_val old = e->slot_value.data[row];
    if (old == IR_NONE || place_of(e, old)->home != row + 1)
        return;
    e->slot_value.data[row] = IR_NONE;
    bool live = is_live(e, old);
    uint16_t other = live || e->n_unchecked > 0 ? find_slot(e, old) : 0;
    if (!other && live && !regs_in_register(e, old) && !place_of(e, old)->spill)
        regs_get(e, old);
    place_of(e, old)->home = other;
}

static void put_slot(struct emitter *e, unsigned row, ir_val v)
{
    const struct node *n = node_at(e, v);
    if (e->slot_value.data[row] == v && n->op != UOP_const)
        return;
    displace_slot(e, row);
    if (n->op == UOP_const && (int64_t)constant_bits(n) == (int32_t)constant_bits(n))
        x86_emit(e->c, X86_mov, guest_slot(e, row, 8), x86_imm((int64_t)constant_bits(n)));
    else
        regs_store(e, guest_slot(e, row, 8), regs_get(e, v));
    e->slot_value.data[row] = n->op == UOP_const ? IR_NONE : v;
    if (n->op != UOP_const)
        place_of(e, v)->home = (uint16_t)(row + 1);
}

void regs_put(struct emitter *e, unsigned row, ir_val v)
{
    if (e->pin_of.data[row] != NO_REG)
        put_pinned(e, e->pin_of.data[row], v);
    else
        put_slot(e, row, v);
    regs_release(e, v);
}
