/* Chunks: up to 16 random instructions with random registers to start from.
 *
 * An operand is random bits, but for what would make the chunk leave its bounds: loads, stores and
 * atomics go through registers that hold an address in the chunk's scratch memory and that nothing
 * else in the chunk writes; branches and jumps go forward, to an instruction of the chunk or its
 * end. What traps (an atomic that is not aligned, an invalid rounding mode, an ebreak, a reserved
 * operand) ends the chunk. System calls and the counters are left out: what they give differs from
 * run to run. */
#include "diff.h"
#include <stdlib.h>
#include <string.h>

enum { N_ADDRESS = 3, MAX_TRIES = 200 };

/* A register that holds scratch + offset. */
struct address {
    unsigned reg; /* 0: no longer */
    int offset;
};

struct slot {
    uint32_t word;
    unsigned len;
    enum insn_class class;
    unsigned target; /* branches and jumps: index of the instruction to go to */
};

struct maker {
    struct rng r;
    struct batch *b;
    struct chunk *chunk;
    uint8_t *ctx;
    uint64_t ctx_addr;
    uint32_t kept;                     /* x registers that may not be written */
    struct address address[N_ADDRESS]; /* 0 is one of x8..x15, 1 is sp */
    unsigned pair_size;                /* of lr and sc: 2 or 3 */
    bool extends;      /* has sign extensions, no 32-bit rotations; else the reverse */
    unsigned jump_reg; /* for one indirect jump; 0: none (left) */
    struct slot slot[CHUNK_MAX_INSNS];
};

static void put64(uint8_t *p, uint64_t v)
{
    memcpy(p, &v, 8);
}

static uint32_t set_field(uint32_t word, unsigned low, unsigned bits, uint32_t v)
{
    uint32_t mask = ((1u << bits) - 1) << low;

    return (word & ~mask) | (v << low & mask);
}

uint32_t encode_jal(unsigned rd, int32_t distance)
{
    uint32_t d = (uint32_t)distance;

    return 0x6f | rd << 7 | (d & 0xff000) | (d >> 11 & 1) << 20 | (d >> 1 & 0x3ff) << 21 |
           (d >> 20 & 1) << 31;
}

static uint32_t branch_bits(int32_t distance)
{
    uint32_t d = (uint32_t)distance;

    return (d >> 11 & 1) << 7 | (d >> 1 & 15) << 8 | (d >> 5 & 63) << 25 | (d >> 12 & 1) << 31;
}

static uint32_t c_jump_bits(int32_t distance)
{
    uint32_t d = (uint32_t)distance;

    return (d >> 5 & 1) << 2 | (d >> 1 & 7) << 3 | (d >> 7 & 1) << 6 | (d >> 6 & 1) << 7 |
           (d >> 10 & 1) << 8 | (d >> 8 & 3) << 9 | (d >> 4 & 1) << 11 | (d >> 11 & 1) << 12;
}

static uint32_t c_branch_bits(int32_t distance)
{
    uint32_t d = (uint32_t)distance;

    return (d >> 5 & 1) << 2 | (d >> 1 & 3) << 3 | (d >> 6 & 3) << 5 | (d >> 3 & 3) << 10 |
           (d >> 8 & 1) << 12;
}

uint16_t encode_c_j(int32_t distance)
{
    return (uint16_t)(0xa001 | c_jump_bits(distance));
}

/* The x register that the word writes; 0 if none. */
static unsigned written_x(uint32_t word, unsigned len)
{
    unsigned rd = word >> 7 & 31;

    if (len == 4) {
        switch (word & 0x7f) {
        case 0x07: /* loads and stores, branches, fused multiply-adds, fences: none, or an f
                      register */
        case 0x0f:
        case 0x23:
        case 0x27:
        case 0x43:
        case 0x47:
        case 0x4b:
        case 0x4f:
        case 0x63:
            return 0;
        case 0x53: /* OP-FP: comparisons, conversions to integers, moves and classes write x */
            return word >> 27 == 0x14 || word >> 27 == 0x18 || word >> 27 == 0x1c ? rd : 0;
        default:
            return rd;
        }
    }
    switch ((word & 3) << 3 | (word >> 13 & 7)) {
    case 000:
    case 002:
    case 003:
        return (word >> 2 & 7) + 8;
    case 014:
        return (word >> 7 & 7) + 8;
    case 010:
    case 011:
    case 012:
    case 013:
    case 020:
    case 022:
    case 023:
        return rd;
    case 024: /* c.jalr writes ra, c.jr and c.ebreak nothing, c.mv and c.add rd */
        return (word >> 2 & 31) != 0 ? rd : (word & 0x1000) != 0 ? 1 : 0;
    default:
        return 0;
    }
}

/* ---- registers and memory to start from
 * ------------------------------------------------------------------------------------ */

static uint64_t scratch_addr(const struct maker *m)
{
    return m->ctx_addr + CTX_SCRATCH;
}

/* A register that is not in use yet, nor ra (which the runtime needs to enter the chunk). */
static unsigned choose_free_x(struct maker *m, unsigned first, unsigned count)
{
    unsigned reg;

    do {
        reg = first + rng_below(&m->r, count);
    } while (reg < 2 || (m->kept >> reg & 1) != 0);
    return reg;
}

static void set_address(struct maker *m, unsigned i, unsigned reg, int offset)
{
    m->address[i] = (struct address){reg, offset};
    m->kept |= 1u << reg;
    put64(m->ctx + CTX_X + 8 * reg, scratch_addr(m) + (uint64_t)(int64_t)offset);
}

static void fill_context(struct maker *m)
{
    for (unsigned i = 1; i < 32; i++) {
        put64(m->ctx + CTX_X + 8 * i, rng_x_value(&m->r));
    }
    for (unsigned i = 0; i < 32; i++) {
        put64(m->ctx + CTX_F + 8 * i, rng_f_value(&m->r));
    }
    for (unsigned i = 0; i < SCRATCH_BYTES; i += 8) {
        put64(m->ctx + CTX_SCRATCH + i,
              rng_chance(&m->r, 60) ? rng_x_value(&m->r) : rng_f_value(&m->r));
    }
    unsigned frm = rng_chance(&m->r, 98) ? rng_below(&m->r, 5) : rng_below(&m->r, 8);
    put64(m->ctx + CTX_FCSR, frm << 5 | (rng_chance(&m->r, 30) ? rng_below(&m->r, 32) : 0));

    m->pair_size = 2 + rng_below(&m->r, 2);
    m->extends = rng_chance(&m->r, 50);
    m->kept = 1u << m->b->base;
    /* Compressed loads reach up from here by 248 bytes, those from sp by 504; of 16-bit immediates
     * all are in reach. */
    set_address(m, 0, choose_free_x(m, 8, 8), 8 * (int)rng_below(&m->r, 40));
    if (rng_chance(&m->r, 50)) {
        set_address(m, 1, 2, 8 * (int)rng_below(&m->r, 8));
    } else {
        m->address[1].reg = 0;
    }
    /* A large offset, so that the immediate is large too; or one that is not always aligned, for
     * atomics to trap. */
    int far = rng_chance(&m->r, 70)
                  ? 8 * ((int)rng_below(&m->r, 475) - 225)
                  : 4 * (int)rng_below(&m->r, 100) + (rng_chance(&m->r, 95) ? 0 : 1);
    set_address(m, 2, choose_free_x(m, 2, 30), far);
    m->jump_reg = choose_free_x(m, 2, 30);
    m->kept |= 1u << m->jump_reg;
}

/* ---- one instruction
 * ----------------------------------------------------------------------------------------------------------
 */

static bool is_free(const struct encoding *e, unsigned low, unsigned bits)
{
    return (e->mask >> low & ((1u << bits) - 1)) == 0;
}

/* Register fields equal to one another, immediates at their ends, valid rounding modes: more often
 * than by chance. */
static uint32_t bias_operands(struct maker *m, const struct encoding *e, uint32_t word)
{
    static const unsigned fields[] = {7, 15, 20};
    static const uint32_t edges[] = {0, 1, 0xfff, 0x7ff, 0x800, 2, 31, 32, 63, 64};
    unsigned opcode = word & 0x7f;

    if (e->len == 2) {
        return word;
    }
    if (rng_chance(&m->r, 20)) {
        unsigned from = fields[rng_below(&m->r, 3)], to = fields[rng_below(&m->r, 3)];
        if (is_free(e, from, 5) && is_free(e, to, 5)) {
            word = set_field(word, to, 5, word >> from & 31);
        }
    }
    if ((opcode == 0x13 || opcode == 0x1b) && is_free(e, 20, 12) && rng_chance(&m->r, 40)) {
        word = set_field(word, 20, 12, edges[rng_below(&m->r, sizeof(edges) / sizeof(edges[0]))]);
    }
    if ((opcode == 0x53 || (opcode & 0x73) == 0x43) && is_free(e, 12, 3)) {
        unsigned rm = rng_chance(&m->r, 40)   ? 7
                      : rng_chance(&m->r, 99) ? rng_below(&m->r, 5)
                                              : rng_below(&m->r, 8);
        word = set_field(word, 12, 3, rm);
    }
    return word;
}

/* Now and then an access writes the register that it is addressed by: then it is the last one
 * through it. */
static uint32_t maybe_release(struct maker *m, uint32_t word, unsigned index)
{
    if (rng_chance(&m->r, 10)) {
        word = set_field(word, 7, 5, m->address[index].reg);
        m->kept &= ~(1u << m->address[index].reg);
        m->address[index].reg = 0;
    }
    return word;
}

static bool choose_address_16(struct maker *m, uint32_t *word)
{
    if ((*word & 3) == 2) { /* from sp */
        return m->address[1].reg != 0;
    }
    if (m->address[0].reg == 0) {
        return false;
    }
    *word = set_field(*word, 7, 3, m->address[0].reg - 8);
    return true;
}

/* Sets base register and immediate of a load, store or atomic; false if no register is left. */
static bool choose_address(struct maker *m, struct slot *s)
{
    if (s->len == 2) {
        return choose_address_16(m, &s->word);
    }
    unsigned index = rng_below(&m->r, N_ADDRESS);
    if (m->address[index].reg == 0) {
        return false;
    }
    int offset = m->address[index].offset;
    s->word = set_field(s->word, 15, 5, m->address[index].reg);
    if (s->class == CLASS_ATOMIC) {
        unsigned size = s->word >> 12 & 7;
        bool pairs = (s->word >> 28 & 15) == 1; /* lr, sc */
        if (offset < 0 || offset > SCRATCH_BYTES - 8 || (pairs && size != m->pair_size) ||
            (s->word >> 27 == 3 && (offset & ((1 << size) - 1)) != 0)) {
            return false; /* known.md says what is wrong with those pairs */
        }
    } else {
        int place = (int)rng_below(&m->r, SCRATCH_BYTES - 8 + 1), size = 1 << (s->word >> 12 & 3);
        place &= rng_chance(&m->r, 70) ? -size : -1;
        int imm = place - offset;
        if (imm < -2048 || imm > 2047) {
            return false;
        }
        if (s->class == CLASS_STORE) {
            s->word = set_field(s->word, 7, 5, (uint32_t)imm & 31);
            s->word = set_field(s->word, 25, 7, (uint32_t)imm >> 5);
            return true;
        }
        s->word = set_field(s->word, 20, 12, (uint32_t)imm);
    }
    if ((s->word & 0x7f) != 0x07) {
        s->word = maybe_release(m, s->word, index);
    }
    return true;
}

static bool choose_csr(struct maker *m, struct slot *s)
{
    unsigned csr = s->word >> 20;

    if (rng_chance(&m->r, 95)) {
        csr = 1 + rng_below(&m->r, 3);
    }
    s->word = set_field(s->word, 20, 12, csr);
    return csr < 0xc00 || csr > 0xc1f; /* cycle, time, instret: differ from run to run */
}

static bool choose_jump_reg(struct maker *m, struct slot *s)
{
    if (m->jump_reg == 0) {
        return false;
    }
    s->word = set_field(s->word, s->len == 2 ? 7 : 15, 5, m->jump_reg);
    if (s->len == 4 && rng_chance(&m->r, 20)) {
        s->word = set_field(s->word, 7, 5, m->jump_reg); /* jalr of the register that it links */
        m->kept &= ~(1u << m->jump_reg);
    }
    return true;
}

/* known.md says what is wrong with a sign extension after a 32-bit rotation. */
static bool is_left_out(const struct maker *m, const struct encoding *e)
{
    static const char *const rotations[] = {"rolw", "rorw", "roriw", NULL}, *const extensions[] = {
                                                                                "sext.b", "sext.h",
                                                                                NULL};

    for (const char *const *name = m->extends ? rotations : extensions; *name != NULL; name++) {
        if (strcmp(e->name, *name) == 0) {
            return true;
        }
    }
    return false;
}

/* A random instruction of the row at place i; false if this one cannot be. */
static bool make_insn(struct maker *m, const struct encoding *e, unsigned i)
{
    struct slot *s = &m->slot[i];
    bool good = true;

    if (is_left_out(m, e)) {
        return false;
    }
    s->len = e->len;
    s->word =
        e->match | ((uint32_t)rng_next(&m->r) & ~e->mask & (e->len == 2 ? 0xffff : 0xffffffff));
    s->word = bias_operands(m, e, s->word);
    s->class = insn_class_of(s->word, s->len);
    s->target = i + 1 + rng_below(&m->r, 4);
    s->target = s->target < m->chunk->n ? s->target : m->chunk->n;

    struct address before[N_ADDRESS];
    memcpy(before, m->address, sizeof(before));
    uint32_t kept = m->kept;
    switch (s->class) {
    case CLASS_LOAD:
    case CLASS_STORE:
    case CLASS_ATOMIC:
        good = choose_address(m, s);
        break;
    case CLASS_JUMP_REG:
        good = choose_jump_reg(m, s);
        break;
    case CLASS_CSR:
        good = choose_csr(m, s);
        break;
    case CLASS_BREAK:
        good = rng_chance(&m->r, 10);
        break;
    case CLASS_CALL:
        return false;
    default:
        break;
    }
    if (!good || (m->kept >> written_x(s->word, s->len) & 1) != 0) {
        memcpy(m->address, before, sizeof(before));
        m->kept = kept;
        return false;
    }
    return true;
}

/* ---- a chunk, a batch
 * ------------------------------------------------------------------------------------------------------------
 */

/* Fills in where branches and jumps go, now that every place is known. */
static void resolve_targets(struct maker *m)
{
    struct chunk *c = m->chunk;

    for (unsigned i = 0; i < c->n; i++) {
        struct slot *s = &m->slot[i];
        int32_t distance = (int32_t)(c->pos[s->target] - c->pos[i]);
        switch (s->class) {
        case CLASS_BRANCH:
            s->word = s->len == 4 ? (s->word & 0x01fff07f) | branch_bits(distance)
                                  : (s->word & 0xe383) | c_branch_bits(distance);
            break;
        case CLASS_JUMP:
            s->word = s->len == 4 ? encode_jal(s->word >> 7 & 31, distance) : encode_c_j(distance);
            break;
        case CLASS_JUMP_REG: {
            uint64_t to = CODE_ADDR + c->pos[s->target];
            int32_t imm = s->len == 4 ? (int32_t)s->word >> 20 : 0;
            unsigned reg = s->word >> (s->len == 4 ? 15 : 7) & 31;
            /* The lowest bit of the sum is dropped. */
            put64(m->ctx + CTX_X + 8 * reg, to + rng_below(&m->r, 2) - (uint64_t)(int64_t)imm);
            break;
        }
        default:
            break;
        }
    }
}

static unsigned put_code(struct batch *b, unsigned at, uint32_t word, unsigned len)
{
    memcpy(b->code + at, &word, len);
    return at + len;
}

/* One chunk at code offset `at`; returns the offset behind it. */
static unsigned make_chunk(struct maker *m, const struct encodings *group,
                           const struct encodings *rest, unsigned at)
{
    struct batch *b = m->b;
    struct chunk *c = m->chunk;
    static const unsigned save_entry[] = {
        [3] = ENTRY_SAVE_3, [4] = ENTRY_SAVE_4, [30] = ENTRY_SAVE_30, [31] = ENTRY_SAVE_31};

    fill_context(m);
    c->start = at;
    c->n = 1 + rng_below(&m->r, CHUNK_MAX_INSNS);
    c->n_group = 0;
    at = put_code(b, at, 0x00003083 | b->base << 15 | 8 << 20, 4); /* ld ra, 8(base) */
    for (unsigned i = 0; i < c->n; i++) {
        bool own = rng_chance(&m->r, 88), made = false;
        for (unsigned try = 0; try < MAX_TRIES && !made; try++) {
            const struct encodings *from = own || try > MAX_TRIES / 2 ? group : rest;
            made = make_insn(m, &from->row[rng_below(&m->r, from->n)], i);
            if (made && m->slot[i].class == CLASS_JUMP_REG) {
                m->jump_reg = 0;
            }
        }
        if (!made) { /* nothing of this group is possible any more */
            m->slot[i] =
                (struct slot){.word = 0x13, .len = 4, .class = CLASS_PLAIN, .target = i + 1};
        }
        c->n_group += own && made;
        c->pos[i] = at;
        at += m->slot[i].len;
    }
    c->pos[c->n] = at;
    resolve_targets(m);
    for (unsigned i = 0; i < c->n; i++) {
        put_code(b, c->pos[i], m->slot[i].word, m->slot[i].len);
    }
    put64(m->ctx + CTX_RESUME, CODE_ADDR + at);
    put64(m->ctx + CTX_X + 8 * b->base, m->ctx_addr);
    at = put_code(b, at, 0x00103423 | b->base << 15, 4); /* sd ra, 8(base) */
    return put_code(
        b, at, encode_jal(1, TEXT_ADDR + 4 * (int)save_entry[b->base] - (int)(CODE_ADDR + at)), 4);
}

void batch_make_chunks(struct batch *b, const struct encodings *all, const char *group,
                       uint64_t seed, unsigned number, unsigned max_insns)
{
    static const unsigned bases[] = {3, 4, 30, 31};
    struct encodings own, rest;
    unsigned at = 0, insns = 0;

    encodings_of_group(all, group, &own);
    encodings_of_group(all, "I", &rest);
    *b = (struct batch){.kind = KIND_CHUNKS, .base = bases[number % 4]};
    b->code = calloc(BATCH_MAX_CHUNKS + 1, CHUNK_MAX_INSNS * 4 + 16);
    b->ctx =
        calloc(BATCH_MAX_CHUNKS + 1, CTX_SIZE); /* the runtime loads one more context at the end */
    b->chunks = calloc(BATCH_MAX_CHUNKS, sizeof(*b->chunks));
    if (b->code == NULL || b->ctx == NULL || b->chunks == NULL) {
        abort();
    }
    while (b->count < BATCH_MAX_CHUNKS && insns < max_insns) {
        struct maker m = {
            .r = rng_stream(seed, group, number, b->count), .b = b, .chunk = &b->chunks[b->count]};
        m.ctx = b->ctx + (size_t)b->count * CTX_SIZE;
        m.ctx_addr = CTX_ADDR + (uint64_t)b->count * CTX_SIZE;
        at = make_chunk(&m, &own, &rest, at);
        insns += m.chunk->n_group;
        b->count++;
    }
    at = put_code(b, at, encode_jal(0, TEXT_ADDR + 4 * ENTRY_FINISH - (int)(CODE_ADDR + at)), 4);
    b->code_bytes = at;
    b->ctx_bytes = (b->count + 1) * CTX_SIZE;
    free(own.row);
    free(rest.row);
}

void batch_free(struct batch *b)
{
    free(b->code);
    free(b->ctx);
    free(b->chunks);
}
