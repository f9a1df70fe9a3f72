/* rv64blocks: random code, run by engine `interp` and by engine `block`, leaves the same state.
 *
 *   rv64blocks ENCODINGS [BLOCKS [SEED [SETTING]]]     defaults: 1000 blocks of each setting, a
 * seed chosen at random and printed, all settings
 *
 * The other tests of this folder compare single instructions and short straight runs with another
 * implementation, by way of a guest program. Here both engines are in this process, which is faster
 * by orders of magnitude, so what depends on how instructions stand together is tested: values kept
 * in registers over a block, links, traps in the middle. Each case is 1 to 64 units, or 200 of
 * straight code:
 *
 *   an instruction of any group with random operands; loads, stores and atomics mostly in a window
 * of memory that can be written, now and then over its edges, on pages that cannot be written or
 * are not there, or anywhere; a branch or jump to another unit: forward, or backward after a
 * counter that ends the loop; an indirect jump, with its address made before it; ecall, ebreak, and
 * words that are no instruction.
 *
 * A third of the cases are mostly floating point, in few registers, so that values are passed on,
 * overwritten and taken for ones of the other width.
 *
 * After a trap the case goes on behind the instruction. Compared are the traps with their
 * addresses and all registers and fcsr at each; and at the end the same, pc, the number of
 * instructions, the reservation, and memory.
 *
 * Not covered: counters, code that changes, several threads; accesses beyond the guest's addresses
 * that would reach something of this process (README.md, limits). The interpreter is no authority:
 * it is compared with others elsewhere. */
#include "diff.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "guest/rv64/rv64.h"
#include "translate/translate.h"
#include "vm/block_engine.h"

enum {
    CODE = 0x100000,
    TEXT_BYTES = 0x1000,
    WINDOW = 0x200000, /* two pages that can be written, one that can only be read, then a hole */
    WINDOW_BYTES = 0x3000,
    MAX_UNITS = 64,
    MAX_STRAIGHT = 200, /* units, of straight code */
    UNIT_WORDS = 4,
    MAX_TRAPS = 40,
    /* Registers that nothing else writes. */
    LINK_REG = 30, /* holds where an indirect jump goes */
    LOOP_REG = 31, /* turns that are left */
    MIDDLE_REG = 8,
    LOW_REG = 9,
    STACK_REG = 2,
    GROUP_F = 3, /* of main's */
    GROUP_D = 4,
};

/* ---- a case ---------------------------------------------------------------------------------- */

/* A few halfwords that stand together: only to the first of them others jump. */
struct unit {
    uint16_t half[2 * UNIT_WORDS];
    unsigned n;      /* halfwords */
    unsigned at;     /* bytes from CODE */
    unsigned jump;   /* halfword where a jump stands that needs its distance; n if none */
    unsigned target; /* unit that it goes to, MAX_UNITS: the end */
};

struct test_case {
    struct rng r;
    const struct encodings *groups;
    unsigned n_groups, n;
    unsigned n_fprs, first_fpr;         /* those used if it is a case of floating point; else 0 */
    struct unit unit[MAX_STRAIGHT + 1]; /* the last one is an ebreak */
    struct rv64_state start;
    uint64_t reserve_addr;
    uint8_t memory[WINDOW_BYTES];
    uint8_t code[TEXT_BYTES];
    unsigned code_bytes;
};

static uint32_t field(uint32_t word, unsigned low, unsigned bits, uint32_t v)
{
    uint32_t mask = ((1u << bits) - 1) << low;

    return (word & ~mask) | (v << low & mask);
}

static void put_word(struct unit *u, uint32_t word, unsigned len)
{
    u->half[u->n++] = (uint16_t)word;
    if (len == 4)
        u->half[u->n++] = (uint16_t)(word >> 16);
}

static bool is_kept(unsigned reg)
{
    return reg == LINK_REG || reg == LOOP_REG || reg == MIDDLE_REG || reg == LOW_REG ||
           reg == STACK_REG;
}

/* The base of an access, and the distance to what it should hit. */
static uint32_t choose_address(struct rng *r, uint32_t word, enum insn_class class)
{
    static const unsigned bases[] = {MIDDLE_REG, LOW_REG, STACK_REG, MIDDLE_REG};

    if (rng_chance(r, 2))
        return word;
    word = field(word, 15, 5, bases[rng_below(r, 4)]);
    if (class == CLASS_ATOMIC)
        return word;
    uint32_t imm = rng_chance(r, 90) ? rng_below(r, 400) - 200 : (uint32_t)rng_next(r);
    if (rng_chance(r, 70))
        imm &= ~7u;
    return class == CLASS_STORE ? field(field(word, 7, 5, imm), 25, 7, imm >> 5)
                                : field(word, 20, 12, imm);
}

/* Rounding modes that are valid, CSRs that are there, operands that are equal: more than by chance.
 */
static uint32_t choose_operands(struct rng *r, const struct encoding *e, uint32_t word,
                                enum insn_class class)
{
    uint32_t free = ~e->mask;
    unsigned opcode = word & 0x7f;

    if (e->len == 2) /* compressed ones have x8 and x9, and sp, as bases often enough */
        return word;
    if (rng_chance(r, 25) && (free >> 15 & 31) == 31)
        word = field(word, 15, 5, word >> 7 & 31);
    if ((opcode == 0x53 || (opcode & 0x73) == 0x43) && (free >> 12 & 7) == 7)
        word = field(word, 12, 3, rng_chance(r, 50) ? 7 : rng_below(r, rng_chance(r, 97) ? 5 : 8));
    if (class == CLASS_CSR && rng_chance(r, 95))
        word = field(word, 20, 12, 1 + rng_below(r, 3));
    if (class == CLASS_CSR && (word >> 20 & 0xfff) == 2 && rng_chance(r, 80))
        word = field(word, 20, 12, 1); /* modes that are invalid would leave little else */
    if (class == CLASS_LOAD || class == CLASS_STORE || class == CLASS_ATOMIC)
        word = choose_address(r, word, class);
    return word;
}

/* Does it write a register that is to be kept? Compressed ones: if in doubt. Those of addresses may
 * be written now and then, the others would make loops that do not end. */
static bool spoils(struct rng *r, uint32_t word, unsigned len, enum insn_class class)
{
    unsigned rd = word >> 7 & 31, opcode = word & 0x7f;
    bool writes = len == 2 ? class != CLASS_STORE
                           : opcode != 0x23 && opcode != 0x27 && opcode != 0x63 && opcode != 0x07;

    if (!writes)
        return false;
    if (rd == LOOP_REG || rd == LINK_REG)
        return true;
    bool kept =
        is_kept(rd) || (len == 2 && (is_kept((word >> 7 & 7) + 8) || is_kept((word >> 2 & 7) + 8)));
    return kept && !rng_chance(r, 1);
}

static bool is_counter(uint32_t word, unsigned len, enum insn_class class)
{
    return len == 4 && class == CLASS_CSR && (word >> 20 & 0xfe0) == 0xc00;
}

/* Of a floating-point instruction: the operands that are floating-point registers, as a set of the
 * bits where their numbers begin. */
static uint32_t float_operands(uint32_t word)
{
    enum { RD = 1 << 7, RS1 = 1 << 15, RS2 = 1 << 20, RS3 = 1 << 27 };

    switch (word & 0x7f) {
    case 0x07:
        return RD;
    case 0x27:
        return RS2;
    case 0x43:
    case 0x47:
    case 0x4b:
    case 0x4f:
        return RD | RS1 | RS2 | RS3;
    case 0x53:
        switch (word >> 27) {
        case 0x14: /* comparisons */
            return RS1 | RS2;
        case 0x18: /* to integers, and fclass */
        case 0x1c:
            return RS1;
        case 0x1a: /* from integers */
        case 0x1e:
            return RD;
        case 0x08: /* from one width to the other, square roots: rs2 is part of the opcode */
        case 0x0b:
            return RD | RS1;
        default:
            return RD | RS1 | RS2;
        }
    default:
        return 0;
    }
}

/* In the registers of the case, and mostly with the dynamic rounding mode: fragments are left to
 * look at others. */
static uint32_t with_few_fprs(struct test_case *c, uint32_t word, uint32_t free)
{
    if ((free >> 12 & 7) == 7 && float_operands(word) & 1 << 15 && rng_chance(&c->r, 80))
        word = field(word, 12, 3, 7);
    for (uint32_t left = float_operands(word); left; left &= left - 1) {
        unsigned low = (unsigned)__builtin_ctz(left);
        word = field(word, low, 5, (c->first_fpr + (word >> low & 31) % c->n_fprs) & 31);
    }
    return word;
}

/* Where the next instruction is taken from. */
static const struct encodings *choose_group(struct test_case *c, bool *access)
{
    *access = false;
    if (c->n_fprs == 0 || rng_chance(&c->r, 10))
        return &c->groups[rng_below(&c->r, c->n_groups)];
    *access = rng_chance(&c->r, 40);
    return &c->groups[rng_chance(&c->r, 75) ? GROUP_F : GROUP_D];
}

/* One instruction that does not jump. */
static void make_plain(struct test_case *c, struct unit *u)
{
    bool access;
    const struct encodings *group = choose_group(c, &access);

    for (;;) {
        const struct encoding *e = &group->row[rng_below(&c->r, group->n)];
        uint32_t bits = e->len == 2 ? 0xffff : 0xffffffff;
        uint32_t word = e->match | ((uint32_t)rng_next(&c->r) & ~e->mask & bits);
        enum insn_class class = insn_class_of(word, e->len);
        if (access && class != CLASS_LOAD && class != CLASS_STORE)
            continue;
        word = choose_operands(&c->r, e, word, class);
        if (c->n_fprs > 0)
            word = with_few_fprs(c, word, ~e->mask);
        if (class == CLASS_BRANCH || class == CLASS_JUMP || class == CLASS_JUMP_REG ||
            class == CLASS_CALL || is_counter(word, e->len, class))
            continue;
        if (spoils(&c->r, word, e->len, class))
            continue;
        put_word(u, word, e->len);
        return;
    }
}

/* addi LOOP, LOOP, -1; blt LOOP, x0, the end. The end is filled in by place_jumps. */
static void make_loop_guard(struct unit *u)
{
    put_word(u, 0xfff00013 | LOOP_REG << 15 | LOOP_REG << 7, 4);
    put_word(u, 0x00004063 | LOOP_REG << 15, 4);
}

enum { GUARD_BRANCH = 2 /* halfword of it */ };

static void choose_target(struct test_case *c, struct unit *u, unsigned i)
{
    bool back = rng_chance(&c->r, 35);

    u->target = back ? i - rng_below(&c->r, MIN(i, 12u) + 1) : i + 1 + rng_below(&c->r, 6);
    if (u->target > c->n)
        u->target = c->n;
    if (back)
        make_loop_guard(u);
    u->jump = u->n;
}

static void make_branch(struct test_case *c, struct unit *u, unsigned i)
{
    static const uint32_t kinds[] = {0, 1, 4, 5, 6, 7};

    choose_target(c, u, i);
    put_word(u,
             0x63 | kinds[rng_below(&c->r, 6)] << 12 | rng_below(&c->r, 32) << 15 |
                 rng_below(&c->r, 32) << 20,
             4);
}

static unsigned random_link(struct test_case *c)
{
    unsigned reg = rng_chance(&c->r, 50) ? rng_below(&c->r, 2) : rng_below(&c->r, 32);

    return is_kept(reg) ? 1 : reg;
}

static void make_jump(struct test_case *c, struct unit *u, unsigned i)
{
    choose_target(c, u, i);
    put_word(u, 0x6f | random_link(c) << 7, 4);
}

/* auipc LINK, 0; jalr rd, distance(LINK) */
static void make_indirect(struct test_case *c, struct unit *u, unsigned i)
{
    choose_target(c, u, i);
    put_word(u, 0x17 | LINK_REG << 7, 4);
    put_word(u, 0x67 | LINK_REG << 15 | random_link(c) << 7, 4);
}

static void make_odd(struct test_case *c, struct unit *u)
{
    static const uint32_t odd[] = {0x00000073, 0x00100073, 0xffffffff, 0x0000, 0x9002};
    uint32_t word = odd[rng_below(&c->r, 5)];

    put_word(u, word, rv64_insn_len((uint16_t)word));
}

static void make_unit(struct test_case *c, unsigned i, bool straight)
{
    struct unit *u = &c->unit[i];
    unsigned kind = rng_below(&c->r, c->n_fprs > 0 ? 86 : 100);

    *u = (struct unit){.jump = 2 * UNIT_WORDS};
    if (straight || kind < 84)
        make_plain(c, u);
    else if (kind < 92)
        make_branch(c, u, i);
    else if (kind < 95)
        make_jump(c, u, i);
    else if (kind < 98)
        make_indirect(c, u, i);
    else
        make_odd(c, u);
}

/* ---- distances ------------------------------------------------------------------------------- */

static uint32_t word_at(const struct unit *u, unsigned half)
{
    return u->half[half] | (uint32_t)u->half[half + 1] << 16;
}

static void set_word(struct unit *u, unsigned half, uint32_t word)
{
    u->half[half] = (uint16_t)word;
    u->half[half + 1] = (uint16_t)(word >> 16);
}

static uint32_t with_branch(uint32_t word, int32_t distance)
{
    uint32_t d = (uint32_t)distance;

    return word | (d >> 11 & 1) << 7 | (d >> 1 & 15) << 8 | (d >> 5 & 63) << 25 |
           (d >> 12 & 1) << 31;
}

static uint32_t with_jump(uint32_t word, int32_t distance)
{
    uint32_t d = (uint32_t)distance;

    return word | (d & 0xff000) | (d >> 11 & 1) << 20 | (d >> 1 & 0x3ff) << 21 |
           (d >> 20 & 1) << 31;
}

static void place_jump(struct test_case *c, struct unit *u)
{
    int32_t place = (int32_t)(u->at + 2 * u->jump), end = (int32_t)c->unit[c->n].at;
    int32_t distance = (int32_t)c->unit[u->target].at - place;
    uint32_t word = word_at(u, u->jump);

    if (u->jump > GUARD_BRANCH)
        set_word(u, GUARD_BRANCH,
                 with_branch(word_at(u, GUARD_BRANCH), end - (int32_t)u->at - 2 * GUARD_BRANCH));
    if ((word & 0x7f) == 0x63)
        set_word(u, u->jump, with_branch(word, distance));
    else if ((word & 0x7f) == 0x6f)
        set_word(u, u->jump, with_jump(word, distance));
    else
        set_word(u, u->jump + 2, word_at(u, u->jump + 2) | (uint32_t)distance << 20);
}

static void lay_out(struct test_case *c)
{
    unsigned at = 0;

    for (unsigned i = 0; i <= c->n; i++) {
        c->unit[i].at = at;
        at += 2 * c->unit[i].n;
    }
    c->code_bytes = at;
    memset(c->code, 0, sizeof(c->code)); /* what follows can be read too */
    for (unsigned i = 0; i <= c->n; i++) {
        struct unit *u = &c->unit[i];
        if (u->jump < u->n)
            place_jump(c, u);
        memcpy(c->code + u->at, u->half, 2 * u->n);
    }
}

static uint64_t random_base(struct rng *r)
{
    switch (rng_below(r, 20)) {
    case 0:
        return WINDOW + 0x2000 - rng_below(r, 64);
    case 1:
        return WINDOW + 0x2000 + 8 * rng_below(r, 512);
    case 2:
        return WINDOW + WINDOW_BYTES - rng_below(r, 64);
    case 3:
        return rng_x_value(r);
    default:
        return WINDOW + 0x1000 + (uint64_t)8 * rng_below(r, 400) - 1600;
    }
}

static void make_state(struct test_case *c)
{
    struct rv64_state *s = &c->start;

    memset(s, 0, sizeof(*s));
    for (unsigned i = 1; i < 32; i++)
        s->x[i] = rng_chance(&c->r, 15) ? random_base(&c->r) : rng_x_value(&c->r);
    for (unsigned i = 0; i < 32; i++)
        s->f[i] = rng_f_value(&c->r);
    s->x[MIDDLE_REG] = random_base(&c->r);
    s->x[LOW_REG] = random_base(&c->r);
    s->x[STACK_REG] = random_base(&c->r) & ~UINT64_C(7);
    if (c->n_fprs > 0) /* half of the accesses by it fault */
        s->x[LOW_REG] = WINDOW + WINDOW_BYTES - rng_below(&c->r, 2) * 8;
    for (unsigned i = 0; i < c->n_fprs && rng_chance(&c->r, 95); i++)
        s->f[(c->first_fpr + i) & 31] |= UINT64_C(0xffffffff00000000);
    s->x[LOOP_REG] = rng_below(&c->r, 20);
    s->fcsr = rng_below(&c->r, rng_chance(&c->r, 95) ? 5 : 8) << 5 |
              (rng_chance(&c->r, 30) ? rng_below(&c->r, 32) : 0);
    s->pc = CODE;
    c->reserve_addr = rng_chance(&c->r, 50) ? ~UINT64_C(0) : s->x[MIDDLE_REG] & ~UINT64_C(7);
    for (unsigned i = 0; i < WINDOW_BYTES; i += 8) {
        uint64_t v =
            i < 0xe00 || i > 0x1200 ? i * UINT64_C(0x9e3779b97f4a7c15) : rng_x_value(&c->r);
        memcpy(c->memory + i, &v, 8);
    }
}

static void make_case(struct test_case *c, uint64_t seed)
{
    c->r = rng_stream(seed, "blocks", 0, 0);
    bool straight = rng_chance(&c->r, 5);
    c->n_fprs = rng_chance(&c->r, 33) ? 1 + rng_below(&c->r, 5) : 0;
    c->first_fpr = rng_below(&c->r, 32);
    c->n = 1 + rng_below(&c->r, straight ? MAX_STRAIGHT : rng_chance(&c->r, 50) ? 12 : MAX_UNITS);
    for (unsigned i = 0; i < c->n; i++)
        make_unit(c, i, straight);
    c->unit[c->n] = (struct unit){.jump = 2 * UNIT_WORDS};
    put_word(&c->unit[c->n], 0x00100073, 4);
    lay_out(c);
    make_state(c);
}

/* ---- settings -------------------------------------------------------------------------------- */

struct setting {
    const char *name;
    enum space_kind kind;
    uint64_t cache_size, hot;
    const char *without;
    uint64_t random_registers;
};

enum { FIXED = 6, SETTINGS_MAX = 40 };

/* Then each pass of the translator left out. */
static struct setting settings[SETTINGS_MAX] = {
    {"plain", SPACE_AUTO, 1 << 20, 0},
    {"offset", SPACE_OFFSET, 1 << 20, 0},
    {"tiny", SPACE_OFFSET, 64 << 10, 0},
    {"tiers", SPACE_OFFSET, 1 << 20, 2}, /* loops get from one engine to the other midway */
    {"registers-1", SPACE_AUTO, 1 << 20, 0, .random_registers = 1},
    {"registers-2", SPACE_OFFSET, 1 << 20, 0, .random_registers = 2},
};

static unsigned list_settings(void)
{
    static char names[SETTINGS_MAX][32];
    const char *pass, *help;
    unsigned n = FIXED;

    for (unsigned k = 0; n < SETTINGS_MAX && translate_list_passes(k, &pass, &help); k++, n++) {
        snprintf(names[n], sizeof(names[n]), "without-%s", pass);
        settings[n] = (struct setting){names[n], SPACE_AUTO, 1 << 20, 0, .without = pass};
    }
    return n;
}

/* ---- machines -------------------------------------------------------------------------------- */

struct result {
    struct rv64_state state;
    uint64_t insns, reserve_addr;
    unsigned n_traps;
    struct {
        uint64_t pc, addr;
        uint32_t kind, reason;
        uint64_t state; /* a sum of all registers */
    } traps[MAX_TRAPS];
    uint8_t memory[WINDOW_BYTES];
};

struct machine {
    struct options options;
    struct space *space;
    struct vm *vm;
    struct thread *t;
    uint8_t *code, *window; /* host addresses */
    uint64_t end;           /* pc of the last ebreak */
    struct result result;
};

static struct machine *running;

static struct rv64_state *state_of(struct thread *t)
{
    return (struct rv64_state *)t->guest;
}

static uint64_t sum_registers(const struct rv64_state *s)
{
    uint64_t sum = s->fcsr;

    for (unsigned i = 0; i < 32; i++) {
        sum = (sum ^ s->x[i]) * UINT64_C(0x100000001b3);
        sum = (sum ^ s->f[i] ^ sum >> 29) * UINT64_C(0x100000001b3);
    }
    return sum;
}

static enum vm_next note_trap(struct thread *t, const struct trap *trap)
{
    struct result *o = &running->result;
    uint64_t pc = state_of(t)->pc;

    o->traps[o->n_traps].pc = pc;
    o->traps[o->n_traps].addr = trap->addr.v;
    o->traps[o->n_traps].kind = trap->kind;
    o->traps[o->n_traps].reason = trap->reason;
    o->traps[o->n_traps].state = sum_registers(state_of(t));
    if (++o->n_traps == MAX_TRAPS || pc == running->end || trap->kind == TRAP_FETCH)
        return VM_STOP;
    uint16_t low;
    memcpy(&low, running->code + (pc - CODE), sizeof(low));
    state_of(t)->pc += rv64_insn_len(low);
    return VM_CONTINUE;
}

static enum vm_next hook_syscall(struct thread *t)
{
    return note_trap(t, &t->trap);
}

static enum vm_next hook_poll(struct thread *t)
{
    atomic_store(&t->poll, 0);
    return VM_CONTINUE;
}

static const struct vm_hooks hooks = {hook_syscall, note_trap, hook_poll};

static void on_fault(int sig, siginfo_t *info, void *context)
{
    struct thread *t = running->t;

    if (!vm_handle_fault(t, sig, info, context) &&
        !space_handle_fault(running->space, sig, info, context, &t->fault))
        abort();
}

static void map(struct machine *m, uint64_t at, uint64_t len, int prot)
{
    int64_t got = space_map(m->space, GVA(at), len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                            -1, 0, NULL);

    CHECK(got == (int64_t)at, "no memory at %#lx", (unsigned long)at);
}

static void machine_start(struct machine *m, const char *engine, const struct setting *s)
{
    const char *why = NULL;

    memset(m, 0, sizeof(*m));
    m->options.engine = engine;
    m->options.cache_size = s->cache_size;
    m->options.cache_policy = "flush";
    m->options.wx = "rwx";
    m->options.hot = s->hot;
    m->options.random_registers = s->random_registers;
    if (s->without)
        vec_push(&m->options.without, s->without);
    m->options.stats = "text"; /* instructions are counted */
    m->space = space_create(s->kind, 0, &why);
    CHECK(m->space, "no space: %s", why);
    map(m, CODE, TEXT_BYTES, PROT_READ | PROT_EXEC);
    map(m, WINDOW, WINDOW_BYTES, PROT_READ | PROT_WRITE);
    m->code = space_host_range(m->space, GVA(CODE), TEXT_BYTES, NULL);
    m->window = space_host_range(m->space, GVA(WINDOW), WINDOW_BYTES, NULL);
    m->vm = vm_create(&guest_rv64, m->space, &m->options, &hooks);
    m->t = vm_thread_create(m->vm);
    if (m->vm->block) /* else it would soon find that to translate does not pay */
        m->vm->block->tier.fixed = true;
}

static void machine_stop(struct machine *m)
{
    vm_thread_destroy(m->t);
    vm_destroy(m->vm);
    space_destroy(m->space);
    vec_free(&m->options.without);
}

/* What can only be read is the same in all cases. */
static void fill_read_only(struct machine *m, const struct test_case *c)
{
    memcpy(m->window + 0x2000, c->memory + 0x2000, 0x1000);
    CHECK(space_protect(m->space, GVA(WINDOW + 0x2000), 0x1000, PROT_READ) == 0,
          "the window cannot be protected");
}

/* The guest must not write it: what it runs then, without a fence.i, is for each engine to say. */
static void load_code(struct machine *m, const struct test_case *c)
{
    int error = space_protect(m->space, GVA(CODE), TEXT_BYTES, PROT_READ | PROT_WRITE) ||
                space_write(m->space, GVA(CODE), c->code, TEXT_BYTES) ||
                space_protect(m->space, GVA(CODE), TEXT_BYTES, PROT_READ | PROT_EXEC);

    CHECK(!error, "the code cannot be written");
}

static void machine_run(struct machine *m, const struct test_case *c)
{
    struct result *o = &m->result;

    load_code(m, c);
    memcpy(m->window, c->memory, 0x2000);
    *state_of(m->t) = c->start;
    m->t->reserve_addr = c->reserve_addr;
    m->t->reserve_value = c->start.x[5];
    memset(&m->t->fault, 0, sizeof(m->t->fault));
    m->t->counters[COUNTER_GUEST_INSNS] = 0;
    m->end = CODE + c->unit[c->n].at;
    o->n_traps = 0;
    running = m;
    vm_run(m->t);
    o->state = *state_of(m->t);
    o->insns = m->t->counters[COUNTER_GUEST_INSNS];
    o->reserve_addr = m->t->reserve_addr;
    memcpy(o->memory, m->window, WINDOW_BYTES);
}

/* ---- comparison ------------------------------------------------------------------------------ */

static unsigned differ(const char *what, unsigned i, uint64_t want, uint64_t have)
{
    if (want != have)
        printf("# %s%u: interp %#" PRIx64 ", block %#" PRIx64 "\n", what, i, want, have);
    return want != have;
}

static unsigned print_differences(const struct result *a, const struct result *b)
{
    unsigned n = differ("pc ", 0, a->state.pc, b->state.pc) +
                 differ("fcsr ", 0, a->state.fcsr, b->state.fcsr) +
                 differ("instructions ", 0, a->insns, b->insns) +
                 differ("reservation ", 0, a->reserve_addr, b->reserve_addr) +
                 differ("traps ", 0, a->n_traps, b->n_traps);

    for (unsigned i = 0; i < 32; i++)
        n += differ("x", i, a->state.x[i], b->state.x[i]) +
             differ("f", i, a->state.f[i], b->state.f[i]);
    for (unsigned i = 0; i < MIN(a->n_traps, b->n_traps); i++)
        n += differ("pc of trap ", i, a->traps[i].pc, b->traps[i].pc) +
             differ("kind of trap ", i, a->traps[i].kind, b->traps[i].kind) +
             differ("reason of trap ", i, a->traps[i].reason, b->traps[i].reason) +
             differ("address of trap ", i, a->traps[i].addr, b->traps[i].addr) +
             differ("sum of registers at trap ", i, a->traps[i].state, b->traps[i].state);
    for (unsigned i = 0; i < WINDOW_BYTES; i++)
        n += differ("memory + ", i, a->memory[i], b->memory[i]);
    return n;
}

static bool is_same(const struct result *a, const struct result *b)
{
    return memcmp(a->state.x, b->state.x, sizeof(uint64_t) * 32) == 0 &&
           memcmp(a->state.f, b->state.f, sizeof(a->state.f)) == 0 && a->state.pc == b->state.pc &&
           a->state.fcsr == b->state.fcsr && a->insns == b->insns &&
           a->reserve_addr == b->reserve_addr && a->n_traps == b->n_traps &&
           memcmp(a->traps, b->traps, a->n_traps * sizeof(a->traps[0])) == 0 &&
           memcmp(a->memory, b->memory, WINDOW_BYTES) == 0;
}

static void print_case(const struct test_case *c)
{
    struct strbuf line = {0};

    for (unsigned at = 0, len; at < c->code_bytes; at += len) {
        uint32_t word = 0;
        uint16_t low;
        memcpy(&low, c->code + at, 2);
        len = rv64_insn_len(low);
        memcpy(&word, c->code + at, len);
        line.len = 0;
        rv64_disasm(word, CODE + at, &line);
        printf("# %#x: %08x  %s\n", CODE + at, word, line.data);
    }
    for (unsigned i = 0; i < 32; i++)
        printf("# x%u = %#" PRIx64 ", f%u = %#" PRIx64 "\n", i, c->start.x[i], i, c->start.f[i]);
    printf("# fcsr = %#x\n", (unsigned)c->start.fcsr);
    strbuf_free(&line);
}

/* Has an access that would not fault in translated code, but reach what is this process's own? */
static bool is_wild(const struct result *o, const struct space *s)
{
    for (unsigned i = 0; i < o->n_traps; i++) {
        bool access = o->traps[i].kind == TRAP_LOAD || o->traps[i].kind == TRAP_STORE;
        if (access && o->traps[i].addr >= SPACE_TOP - 8 &&
            s->base + o->traps[i].addr < UINT64_C(1) << 47)
            return true;
    }
    return false;
}

struct totals {
    uint64_t insns, traps, complete, left_out;
};

static bool run_setting(const struct setting *s, const struct encodings *groups, unsigned n_groups,
                        uint64_t blocks, uint64_t seed, const char *self)
{
    static const struct setting reference = {"", SPACE_OFFSET, 1 << 20};
    static struct machine interp, block;
    static struct test_case c;
    struct totals total = {0};
    bool same = true;

    c.groups = groups;
    c.n_groups = n_groups;
    machine_start(&interp, "interp", &reference);
    machine_start(&block, "block", s);
    for (uint64_t i = 0; i < blocks && same; i++) {
        make_case(&c, seed + i);
        if (i == 0) {
            fill_read_only(&interp, &c);
            fill_read_only(&block, &c);
        }
        machine_run(&interp, &c);
        if (is_wild(&interp.result, block.space)) {
            total.left_out++;
            continue;
        }
        machine_run(&block, &c);
        same = is_same(&interp.result, &block.result);
        total.insns += interp.result.insns;
        total.traps += interp.result.n_traps;
        total.complete += interp.result.state.pc == interp.end;
        if (same)
            continue;
        print_case(&c);
        print_differences(&interp.result, &block.result);
        printf("# repeat with: %s 1 %" PRIu64 " %s\n", self, seed + i, s->name);
    }
    printf("# %s: %" PRIu64 " instructions, %" PRIu64 " traps; of %" PRIu64 " blocks %" PRIu64
           " came to their end, %" PRIu64 " were left out\n",
           s->name, total.insns, total.traps, blocks, total.complete, total.left_out);
    uint64_t fragments = block.t->counters[COUNTER_FRAGMENTS];
    printf("# %s: %" PRIu64 " fragments\n", s->name, fragments);
    machine_stop(&block);
    machine_stop(&interp);
    return same && (blocks < 100 || (total.complete > blocks / 2 && fragments > blocks / 4));
}

static void install_handlers(void)
{
    static char stack[64 << 10];
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    sigaltstack(&alternative, NULL);
    sigaction(SIGSEGV, &fault, NULL);
    sigaction(SIGBUS, &fault, NULL);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"I", "M", "A", "F", "D", "C", "B", "Zicond", "Zicsr"};
    struct encodings all, groups[ARRAY_LEN(names)];
    uint64_t blocks = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000, seed = 0;
    const char *only = argc > 4 ? argv[4] : NULL;
    unsigned n = 0, failed = 0;
    char self[256];

    if (argc < 2) {
        fputs("usage: rv64blocks ENCODINGS [BLOCKS [SEED [SETTING]]]\n", stderr);
        return 2;
    }
    encodings_read(&all, argv[1]);
    for (unsigned g = 0; g < ARRAY_LEN(names); g++)
        encodings_of_group(&all, names[g], &groups[g]);
    if (argc > 3)
        seed = strtoull(argv[3], NULL, 0);
    else if (getrandom(&seed, 4, 0) != 4) /* short, to be typed */
        return 2;
    snprintf(self, sizeof(self), "%s %s", argv[0], argv[1]);
    install_handlers();
    printf("# seed %" PRIu64 "\n", seed);
    unsigned n_settings = list_settings();
    for (unsigned i = 0; i < n_settings; i++) {
        if (only && strcmp(only, settings[i].name) != 0)
            continue;
        bool good = run_setting(&settings[i], groups, ARRAY_LEN(names), blocks, seed, self);
        printf("%sok %u - random blocks, %s\n", good ? "" : "not ", ++n, settings[i].name);
        fflush(stdout);
        failed += !good;
    }
    printf("1..%u\n", n);
    return failed > 0;
}
