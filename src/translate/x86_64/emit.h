/* translate/x86_64, private: from nodes to host code. One walk over the emitted nodes chooses
 * registers and instructions.
 *
 *   rbp            FRAME_BIAS bytes into the thread's guest state
 *   rsp            the thread's return stack; no more than return addresses may be pushed, and
 *                  nothing may be read below it: code that needs a stack goes through
 * CODE_CALL_SLOW pinned         see pins.def rax rcx rdx    integer values of the block; xmm0 xmm1
 * xmm15 those of floating point
 *
 * Registers are numbered 0 to 15 (general) and 16 to 47 (vector; the upper half only with
 * AVX-512).
 */
#ifndef ISOMORPH_TRANSLATE_EMIT_H
#define ISOMORPH_TRANSLATE_EMIT_H

#include "translate/block.h"

enum { REG_COUNT = HOST_REGS, REG_VECTOR = HOST_GPRS, NO_REG = 0xff };

enum { LENT_MAX = 4 };

/* t->spill: values first, then what passes to CODE_CALL_SLOW and back. */
enum {
    SPILL_VALUES = 12,
    SPILL_ARGS = 12,   /* three operands; the first takes the result */
    SPILL_PACKED = 15, /* op, type, arg_type, rm: a byte each */
    SPILL_LENT = 16    /* guest registers whose pins are lent (lend.c) */
};

/* owner[] of registers that hold no value. */
#define OWNER_NONE    IR_NONE
#define OWNER_SCRATCH (IR_NONE - 1) /* in use by the node at hand */

/* Where a value is. Constants need no place. */
struct place {
    uint64_t regs;      /* set of the registers whose owner it is */
    uint16_t home;      /* row + 1 of an unpinned guest register whose slot holds it, or 0 */
    uint8_t reg;        /* the one of them to read it from, or NO_REG */
    uint8_t spill : 7;  /* slot + 1, or 0 */
    uint8_t fenced : 1; /* it has been compared with SPACE_TOP */
};
_Static_assert(SPILL_LENT + LENT_MAX == SPILL_SLOTS, "each slot has its use");
_Static_assert(SPILL_VALUES < 1 << 7, "a slot + 1 stands in seven bits");

struct emitter;

/* Code away from the straight line, emitted after it. */
struct cold {
    void (*emit)(struct emitter *e, const struct cold *c);
    struct host_label at, back;
    const struct node *node;
    uint64_t pc;
    uint32_t n_insns; /* to be counted */
    bool calls;       /* it leaves instead of a call: the return site is at `back` */
    uint8_t dst;      /* register of the result */
    struct x86_operand args[3];
    size_t first_nan, n_nans; /* in nan_places */
};

/* A result that may be a NaN other than the canonical one (nans.c). */
struct unchecked {
    ir_val v;
    uint32_t operands; /* set of earlier unchecked ones */
    ir_val factors[2]; /* of an fma; they are held until it is checked. Else IR_NONE */
    bool held;         /* v too: it is an fma's, or proves one */
};

/* One of the places of a floating-point value; or where the factors of an fma are. */
struct nan_place {
    ir_val v;
    struct x86_operand where, factor;
    bool is_product;
};

enum { NANS_MAX = 32 };

/* A pinned guest register. */
struct pinned {
    uint16_t row; /* of the register table */
    uint8_t reg;
    int32_t offset; /* of its slot */
};

struct emitter {
    struct work *w;
    struct host_code *c;
    const struct host_cpu *cpu;
    bool offset_space, avx, upper_vectors;
    int bailout; /* enum translate_bailout */

    /* the state map */
    struct pinned pins[REG_COUNT];
    unsigned n_pins;
    uint64_t temps;               /* set of registers for values */
    VEC(uint8_t) pin_of;          /* of each row: its register or NO_REG */
    unsigned fpr_rows, fpr_end;   /* rows of floating-point registers */
    struct pinned lent[LENT_MAX]; /* of this fragment: pins that are registers for values */
    unsigned n_lent;
    VEC(uint8_t) ends; /* lend.c: of each node, how many values end there */

    /* registers */
    ir_val owner[REG_COUNT];
    uint64_t locked;
    uint64_t scratch; /* set of registers taken for the node at hand; some may have a value since */
    uint8_t
        freed; /* the first register that the operands of the node at hand gave back, or NO_REG */
    VEC(struct place) places; /* of each node */
    VEC(ir_val) slot_value;   /* of each row: the value that its slot holds, if known */
    ir_val spilled[SPILL_VALUES];
    uint64_t random_seed; /* 0: the best is chosen */
    uint64_t random;      /* state of random choices */

    /* where we are */
    uint32_t node;
    uint64_t insn_pc;
    uint32_t insns_done; /* of the block before insn_pc */

    /* NaNs */
    struct unchecked unchecked[NANS_MAX];
    unsigned n_unchecked;
    bool holds;                       /* the result at hand is to be held */
    uint32_t pending;                 /* those of them that are not checked yet */
    VEC(struct nan_place) nan_places; /* for the cold side */
    uint32_t told_floats;             /* set of floating-point registers with a recipe */
    bool unboxed;                     /* some single of the block is not boxed */

    VEC(struct cold) cold;
    VEC(struct fragment_exit) exits;
    VEC(struct host_label) stubs; /* of each exit */
    struct reverse_writer reverse;
    uint32_t late_left; /* late instructions that the table has not */
    struct translate_lines lines;
    bool wants_lines;
    size_t most_spilled; /* values at a time, of this block */
    uint32_t flags_at;   /* offset of the instruction that set the flags last */
    uint32_t counted;    /* instructions of the block whose counting was emitted */
    bool calls, returns; /* hints for the next exit: it calls, it returns */
    uint64_t return_pc;  /* where a call is expected back */
};

/* ---- places of guest state ------------------------------------------------------------------- */

_Static_assert(offsetof(struct thread, guest) - offsetof(struct thread, poll) + FRAME_BIAS == 0x80,
               "the poll word is the first that a short displacement reaches");

/* Displacement from rbp of what stands at an offset in struct thread. */
static inline int32_t frame_of_thread(size_t offset)
{
    return (int32_t)(offset - offsetof(struct thread, guest)) - FRAME_BIAS;
}

#define THREAD_FIELD(size, field)                                                                  \
    x86_mem((size), X86_RBP, frame_of_thread(offsetof(struct thread, field)))

/* What stands at an offset in the guest's state. */
static inline struct x86_operand guest_field(unsigned size, uint32_t offset)
{
    return x86_mem(size, X86_RBP, (int32_t)offset - FRAME_BIAS);
}

static inline struct x86_operand spill_slot(unsigned n)
{
    return x86_mem(8, X86_RBP, frame_of_thread(offsetof(struct thread, spill) + 8 * n));
}

static inline struct x86_operand guest_slot(const struct emitter *e, unsigned row, unsigned size)
{
    return guest_field(size, e->w->guest->regs[row].offset);
}

/* A field of the jump table's entry; index is twice the entry's. */
static inline struct x86_operand jump_field(unsigned index, size_t field)
{
    return x86_mem_index(8, X86_RBP, index, 3,
                         frame_of_thread(offsetof(struct thread, jumps) + field));
}

static inline struct node *node_at(struct emitter *e, ir_val v)
{
    return &e->w->nodes.data[v];
}

static inline uint64_t reg_bit(unsigned reg)
{
    return UINT64_C(1) << reg;
}

static inline bool is_vector_reg(unsigned reg)
{
    return reg >= REG_VECTOR;
}

static inline bool is_float_value(const struct node *n)
{
    return n->type == IR_F32 || n->type == IR_F64;
}

/* One that VEX cannot name. */
static inline bool is_upper_vector(unsigned reg)
{
    return reg >= REG_VECTOR + 16;
}

/* A general register of a size, a vector register. */
static inline struct x86_operand gpr(unsigned size, unsigned reg)
{
    return x86_gpr(size, reg);
}

static inline struct x86_operand vec(unsigned reg)
{
    return x86_xmm(reg - REG_VECTOR);
}

/* 64 bits: a register of either kind as an operand. */
static inline struct x86_operand reg64(unsigned reg)
{
    return is_vector_reg(reg) ? vec(reg) : x86_r64(reg);
}

/* ---- registers (regs.c) ---------------------------------------------------------------------- */

void regs_begin(struct emitter *e);
/* One of n, at random. */
unsigned regs_random(struct emitter *e, unsigned n);
/* A register that holds v until the node at hand is done. */
unsigned regs_get(struct emitter *e, ir_val v);
/* A register that holds an integer constant. */
unsigned regs_get_imm(struct emitter *e, uint64_t value);
/* Does a register hold a constant so near to value that a displacement does the rest? */
bool regs_near_constant(struct emitter *e, uint64_t value, unsigned *reg, int32_t *distance);
/* A register, or the memory that v is in. */
struct x86_operand regs_get_rm(struct emitter *e, ir_val v, unsigned size);
/* v without a register for values: a pinned one, or memory. A constant goes to the slot of the
 * first helper operand. */
struct x86_operand regs_get_aside(struct emitter *e, ir_val v, unsigned size);
/* Is the floating-point value v anywhere where somebody may still look? */
bool regs_is_somewhere(struct emitter *e, ir_val v);
/* All those places to nan_places, registers first. */
void regs_list_places(struct emitter *e, ir_val v);
/* A place of v, which is a constant or somewhere. */
struct x86_operand regs_where(struct emitter *e, ir_val v);
/* One user more: v is not given up before it is released once more. */
void regs_hold(struct emitter *e, ir_val v);
/* Values that are in registers for values or were spilled from them, and are no guest register's,
 * but held by `held`. */
unsigned regs_count_held(struct emitter *e, bool (*held)(struct emitter *e, ir_val v));
/* The value that guest register `row` is at home with, if it was read or put in the block. */
ir_val regs_at_home(const struct emitter *e, unsigned row);
/* How many registers for values are not locked. */
unsigned regs_available(const struct emitter *e, bool vector);
/* What the node has fetched so far was used up. */
void regs_unlock(struct emitter *e);
bool regs_in_register(struct emitter *e, ir_val v);
/* The node at hand has read v for the last time: its register may become the result's. */
void regs_release(struct emitter *e, ir_val v);
/* The same for an operand that may be fused: for what its code reads. */
void regs_release_arg(struct emitter *e, ir_val v);
/* Releases all operands of the node at hand. */
void regs_release_operands(struct emitter *e);
/* The register where the node's result goes. After regs_release_operands it may be an operand's. */
unsigned regs_def(struct emitter *e, ir_val i);
/* Can the result be made where its first operand a is, in the slot of the guest register that it
 * goes to? If so it is there from now on, and a is released. */
bool regs_def_in_slot(struct emitter *e, ir_val i, ir_val a);
/* The result stands in a register that was taken: it stays there, or is moved to where it is
 * wanted. */
unsigned regs_def_at(struct emitter *e, ir_val i, unsigned reg);
/* The result of a later node stands in a register that was taken: it stays there. */
void regs_def_early(struct emitter *e, ir_val i, unsigned reg);
/* A register that the node may use and that holds no operand. */
unsigned regs_scratch(struct emitter *e, bool vector);
/* The same for a certain one of rax, rcx, rdx: what it holds is moved away. */
void regs_take(struct emitter *e, unsigned reg);
void regs_put(struct emitter *e, unsigned row, ir_val v);
/* After the node: nothing is locked, scratch registers are free. */
void regs_end_node(struct emitter *e, ir_val i);
void regs_move(struct emitter *e, unsigned to, unsigned from);
void regs_load(struct emitter *e, unsigned to, struct x86_operand mem);
void regs_store(struct emitter *e, struct x86_operand mem, unsigned from);

/* lend.c. At the entry, behind regs_begin: chooses what to lend, and keeps what was there. */
void lend_begin(struct emitter *e);
/* On the way out: lent registers have their guest registers again. Flags stay, and what is said of
 * values too. */
void lend_return(struct emitter *e);
/* The same in a straight line, for an exit that still reads values: they are no longer there. */
void regs_return_lent(struct emitter *e);

/* ---- nodes ----------------------------------------------------------------------------------- */

/* Notes that the next instruction sets flags for a branch. */
static inline void emit_flags_here(struct emitter *e)
{
    e->flags_at = e->c->pos;
}

void emit_integer(struct emitter *e, ir_val i); /* integer.c */
void emit_multiply(struct emitter *e, ir_val i);
void emit_divide(struct emitter *e, ir_val i);
/* bits.c: what pass `bits` has joined; false if it has not. */
bool emit_bit_idiom(struct emitter *e, ir_val i);
void emit_float(struct emitter *e, ir_val i);    /* float.c */
void emit_classify(struct emitter *e, ir_val i); /* classify.c: fclass */
void emit_fcsr(struct emitter *e, ir_val i);     /* fcsr.c: rounding mode and flags */
/* nans.c */
void nans_begin(struct emitter *e);
/* Before any code of node n: checks what is unchecked if n may show it. */
void nans_before(struct emitter *e, const struct node *n);
/* The result of node i may be a NaN of any kind. */
void nans_note(struct emitter *e, ir_val i);
/* The same for an fma: its factors are wanted if it is one. */
void nans_note_fma(struct emitter *e, ir_val i, ir_val a, ir_val b);
/* A value without the signs that are fused into the instruction. */
ir_val emit_strip_sign(struct emitter *e, ir_val v, bool *negative);
void emit_memory(struct emitter *e, ir_val i); /* memory.c */
void emit_atomic(struct emitter *e, ir_val i); /* atomic.c */
void emit_exit(struct emitter *e, ir_val i);   /* exit.c */
/* Leaves for a lower engine, which is to go on at the instruction at hand. */
void emit_leave_for_interp(struct emitter *e);
/* The same from the cold side: returns the label to jump to. */
struct host_label emit_cold_interp(struct emitter *e);
void emit_stubs(struct emitter *e);
/* Looks register pc up in the jump table; then `index` leads to the entry (jump_field). To one of
 * the labels if the poll word is set or the table does not have it. */
void emit_lookup(struct emitter *e, unsigned pc, unsigned index, struct host_label poll,
                 struct host_label miss);

/* Evaluates condition v: flags are set; returns the code that holds if it is true. */
enum x86_cond emit_condition(struct emitter *e, ir_val v);
/* The comparison of a flt or fle node; a NaN makes the condition false. */
enum x86_cond emit_float_flags(struct emitter *e, const struct node *n);
/* Operand v for an instruction of `size` bytes: an immediate if it is a constant that fits, else a
 * register or memory. */
struct x86_operand emit_operand(struct emitter *e, ir_val v, unsigned size);
/* reg = operand, of size 4 (zero-extended) or 8. */
void emit_set(struct emitter *e, unsigned reg, unsigned size, struct x86_operand from);
/* Guest memory operand of an access node's address; its parts are locked. */
struct x86_operand emit_address(struct emitter *e, ir_val addr, unsigned size);
/* Compares address v with SPACE_TOP, if the guest is fenced. */
void emit_address_check(struct emitter *e, ir_val v);
struct x86_operand guest_memory(const struct emitter *e, struct x86_operand mem);
/* The next instruction may fault on guest memory. */
void emit_reverse_point(struct emitter *e);

/* The node through CODE_HELPER_UOP. */
void emit_slow(struct emitter *e, ir_val i);
/* The call alone, on operands where they are (general or vector registers, memory, or immediates
 * that fit 32 bits). dst may be NO_REG. */
void emit_slow_call(struct emitter *e, const struct node *n, const struct x86_operand args[3],
                    unsigned dst);
/* New code for the cold side, with its labels. The pointer is valid until the next one. */
struct cold *emit_cold(struct emitter *e, void (*emit)(struct emitter *, const struct cold *),
                       const struct node *n);
void cold_slow(struct emitter *e, const struct cold *c);
/* To the cold code on a condition, and back here. */
void emit_cold_branch(struct emitter *e, enum x86_cond cond, struct cold *c);

enum { CALL_BYTES = 5 };
/* A jump or call (of CALL_BYTES) to a trampoline. */
void emit_trampoline(struct emitter *e, enum x86_insn insn, enum code_target target);

/* ---- the whole ------------------------------------------------------------------------------- */

void emitter_init(struct emitter *e, struct work *w, struct host_code *c,
                  const struct translate_config *config);
void emitter_free(struct emitter *e);
/* Emits the nodes. Returns 0 or a negative enum translate_bailout. */
int emit_block(struct emitter *e);
/* Where the guest state has fcsr, or UINT32_MAX. */
uint32_t emit_fcsr_offset(const struct guest *guest);
/* The trampolines; offsets as in translate_trampolines. */
void emit_trampolines(struct emitter *e, uint32_t offsets[CODE_TRAMPOLINES]);

#endif
