/* translate, private: a block on its way through the passes.
 *
 * A µop of the block becomes a node, unless its value is that of an earlier one, or a constant that
 * nobody needs as a node. What a node means is what its µop means, but for this:
 *   - `low`, `flag`, `box` and `unbox` are nothing to the host: users are sent to their operand. A
 * value is the whole of a host register then. 32-bit integer results have zeros in the upper half,
 * truth values are 0 or 1, 32-bit floats are boxed; a user of a 32-bit operand looks at the lower
 * half alone.
 *   - the last operand of integer µops may be a constant in the node (has_imm).
 *   - from pass `dead` on, nodes that nobody needs are gone, and the others have moved up.
 *   - `unbox` is a check, that its operand is boxed; without an operand, that all registers of
 * boxed_rows are.
 */
#ifndef ISOMORPH_TRANSLATE_BLOCK_H
#define ISOMORPH_TRANSLATE_BLOCK_H

#include "translate/translate.h"

enum node_state {
    NODE_EMIT,   /* makes code where it stands */
    NODE_FUSED,  /* part of the code of each of its users */
    NODE_PAIRED, /* made by the code of an earlier node, whose `pair` it is */
    NODE_DEAD,
};

/* What is known of the 64 bits of a value. */
enum {
    FACT_SX32 = 1,  /* the sign extension of its lower half */
    FACT_ZX32 = 2,  /* upper half 0 */
    FACT_BOXED = 4, /* of an f64: upper half all ones, from the first `unbox` on */
};

/* There are many, and each pass walks over them: no field is wider than it must be. The first are
 * those of struct ir_uop in its order, so that they are copied at a stroke. */
struct node {
    uint8_t op, type, arg_type, mem;
    uint16_t reg; /* get, put: row of the register table */
    uint8_t rm, order;
    ir_val arg[3]; /* those that there are come first; then IR_NONE */
    ir_val pair;   /* of a division or product: the node of its other result; of LR and SC: the
                      other one (reserve.c); or IR_NONE */
    uint64_t imm;
    uint8_t state; /* enum node_state */
    uint8_t facts;
    uint8_t width;  /* of integers: all 64 bits are a number below 2^width */
    uint8_t read;   /* how many of its lower bits count for anybody (narrow.c); of an f32: 32 if
                       it need not be boxed, else 64 or unknown (boxes.c) */
    bool has_imm;   /* imm takes the place of the last operand */
    bool may_leave; /* may trap or leave the fragment here: guest registers must be at home, as of
                       this instruction's start */
    bool slow;      /* through CODE_HELPER_UOP */
    bool scaled;    /* add: the second operand is a fused shift, for the host's scaled index */
    bool again; /* a load: if it faults, the interpreter goes on from there, or from `back` bytes
                   of guest code before it. A put: its register is put again, and until then only
                   the faults of loads and stores show it (late.c) */
    uint8_t back;
    bool check_rne;     /* before it: MXCSR must be in mode nearest even */
    bool chained;       /* the hint came from a user: it holds if that is the only one */
    uint16_t hint;      /* row + 1 of the register that the value goes to next, or 0 */
    uint16_t hint_at;   /* where the put stands */
    uint16_t cond_uses; /* of a truth value: users that take it as a condition */
    uint16_t uses;      /* users that are emitted; counts down during emission */
    uint16_t last;      /* the last of them */
    ir_val number;      /* of its µop: what listings call its value */
};

_Static_assert(sizeof(struct node) == 48, "no holes");

/* An instruction that is to be done at the points between it and guest offset `until`, instead of
 * where it stands. */
struct late_insn_done {
    uint32_t pc, until; /* from the block's pc */
    uint32_t n_bytes;
    uint8_t bytes[IR_PACKED_MAX]; /* ir_pack */
};

/* The walk of pass `late`, backward. Points are those of the reverse table, numbered from the end
 * of a stretch that is left by them alone. */
enum { LATE_POINTS = 256 };
#define NO_POINT   UINT32_MAX
#define POINT_HERE UINT32_MAX

struct late_reg {
    uint32_t again;  /* the register is put again: how many points follow; or NO_POINT */
    uint32_t stored; /* the same of the first put that is emitted, or 0 */
    uint32_t needed; /* late instructions read the register; the last point where one of them is to
                        be done, or NO_POINT */
};

struct late_walk {
    bool on;
    uint64_t insn; /* pc of the instruction that was met last */
    uint32_t n_points;
    uint32_t points[LATE_POINTS]; /* their guest offsets; POINT_HERE in the instruction at hand */
    struct late_reg regs[REVERSE_REGS];
    uint64_t fresh[REVERSE_REGS / 64]; /* set of those that are as a stretch begins */
};

/* A block between the passes. Kept by the translator, so that in the steady state nothing is
 * allocated. */
struct work {
    const struct guest *guest;
    const struct ir_block *ir;
    gva pc;
    uint32_t guest_bytes, n_insns;
    uint32_t passes_off;
    bool count; /* a branch counts what stands before it, even one that is never taken */
    bool fence; /* an address is a register and a displacement, so that one comparison is enough */
    bool float_code, fma, bmi1; /* the host has code for floating point, fused multiplications, and
                                   instructions on single bits */
    VEC(struct node) nodes;
    uint64_t ops[(UOP_COUNT + 63) / 64]; /* set of the nodes' ops: what is not there need not be
                                            looked for */
    VEC(ir_val) alias;        /* of each µop: the node that is its value; dead: its new place */
    VEC(ir_val) current;      /* fold: value of each guest register, IR_NONE: not yet read */
    VEC(uint8_t) overwritten; /* dead: of each guest register */
    VEC(uint16_t) next_leave; /* of each node: the first from it on that may leave */
    VEC(uint8_t) in_register; /* is each guest register in one of the host, at the borders? */
    struct late_walk late_walk;
    VEC(struct late_insn_done) late; /* the last one first */
    VEC(uint16_t) boxed_rows; /* registers that the block's check of boxes looks at, all at once */
};

/* Bits of translate_config.passes_off. The others cannot be left out. */
enum translate_pass {
#define PASS(id, name, help) PASS_##id,
#include "translate/passes.def"
#undef PASS
    PASS_COUNT
};

static inline bool pass_on(const struct work *w, enum translate_pass pass)
{
    return !(w->passes_off >> pass & 1);
}

/* Does the block have such a node, or had it one? */
static inline bool work_has(const struct work *w, unsigned op)
{
    return w->ops[op / 64] >> op % 64 & 1;
}

static inline void work_add_op(struct work *w, unsigned op)
{
    w->ops[op / 64] |= UINT64_C(1) << op % 64;
}

static inline struct node *node_of(struct work *w, ir_val v)
{
    return &w->nodes.data[v];
}

/* Of an f32 that arithmetic or a load gives: is it to be boxed? (boxes.c) */
static inline bool node_is_boxed(const struct node *n)
{
    return n->read != 32;
}

static inline bool node_is_const(const struct work *w, ir_val v)
{
    return w->nodes.data[v].op == UOP_const;
}

/* Is it an integer comparison? */
static inline bool node_is_compare(const struct node *n)
{
    return n->op >= UOP_eq && n->op <= UOP_geu;
}

/* Does its code belong to the moment: read or raise flags, touch memory or state, or leave? */
static inline bool node_is_ordered(const struct node *n)
{
    unsigned class = uop_infos[n->op].class;
    return class != UOP_CLASS_pure && n->op != UOP_get && n->op != UOP_put && n->op != UOP_insn &&
           n->op != UOP_const;
}

/* Has it no host code, and needs more than its operands? Then the block ends there and a lower
 * engine goes on. */
static inline bool node_ends_here(const struct node *n)
{
    return n->op == UOP_counter && n->imm == 1;
}

/* node_each_operand of a fused node: out of line. (fuse.c) */
void node_each_fused(const struct work *w, const struct node *n, void (*visit)(void *arg, ir_val v),
                     void *arg);

/* Calls visit for the values that the code of node n reads: its operands, or what fused ones read
 * in their turn. Inline, so that visit is too: it is done for each node, and few are fused. */
static inline void node_each_operand(const struct work *w, const struct node *n,
                                     void (*visit)(void *arg, ir_val v), void *arg)
{
    for (unsigned k = 0; k < 3 && n->arg[k] != IR_NONE; k++) {
        const struct node *of = &w->nodes.data[n->arg[k]];
        if (of->op == UOP_const)
            continue;
        if (of->state == NODE_FUSED)
            node_each_fused(w, of, visit, arg);
        else
            visit(arg, n->arg[k]);
    }
}

/* ---- passes, in their order ------------------------------------------------------------------ */

/* µops to nodes: registers forwarded, constants and identities folded, facts found, checks of
 * rounding modes and boxes placed once. Returns 0 or a negative enum translate_bailout. (fold.c) */
int pass_fold(struct work *w);
/* The check of the rounding mode, moved up. Needs may_leave. (mode.c) */
void pass_mode(struct work *w);
/* Loads of bytes, put together, as one load. (wide.c) */
void pass_wide(struct work *w);
/* LR and SC of the same address. Needs may_leave. (reserve.c) */
void pass_reserve(struct work *w);
/* Part of pass dead's walk. late_begin: before it. late_insn: at the mark of an instruction.
 * late_point: at a node that may leave. late_leave: at all else that ends a stretch. late_put: is
 * the put not wanted? overwritten: it is put again with no point between. Leaves
 * work.late. (late.c) */
void late_begin(struct work *w);
void late_leave(struct work *w);
void late_insn(struct work *w, uint64_t pc);
void late_point(struct work *w, const struct node *n);
bool late_put(struct work *w, struct node *put, bool overwritten);
/* Puts that are overwritten before anybody can see them, and what nobody uses, taken out. Needs
 * may_leave. (dead.c) */
void pass_dead(struct work *w);
/* Rotations that are written as two shifts. (rotate.c) */
void pass_rotate(struct work *w);
/* Extensions and masks that nobody needs. (narrow.c) */
void pass_narrow(struct work *w);
/* Singles that need not be boxed. Needs what late_put leaves. (boxes.c) */
void pass_boxes(struct work *w);
/* Which nodes are part of their users' instructions. (fuse.c) */
void pass_fuse(struct work *w);
/* Users are counted, and values told in which register they will be wanted. (hints.c) */
void pass_hints(struct work *w);

#endif
