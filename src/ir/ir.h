/* ir: the µops of isa/uops.def. Builder, printer, parser, verifier, evaluator, and the
 * floating-point functions that the evaluator and the interpreter share. Knows no guest and no
 * host. */
#ifndef ISOMORPH_IR_H
#define ISOMORPH_IR_H

#include "code/code.h"
#include "ir/fp.h"
#include "uops.gen.h" /* from isa/uops.def: enum uop, enum ir_type, uop_infos[], uop_*() */

/* A value: the index of the µop that makes it. Of 16 bits, so that µops, and what the translator
 * makes of them, are small. */
typedef uint16_t ir_val;
#define IR_NONE ((ir_val)~0u)

/* µops of a block. The translator may make two nodes of one. */
enum { IR_UOPS_MAX = 0x7f00 };

/* Access of a memory µop. */
enum ir_mem { IR_S8, IR_U8, IR_S16, IR_U16, IR_S32, IR_U32, IR_S64, IR_U64 };

/* A vector value has up to this many bytes; all of a mask's elements fit 64 bits then. */
enum { IR_VECTOR_BYTES = 64 };

/* One µop. What its row does not have is 0, or IR_NONE. */
struct ir_uop {
    uint8_t op;       /* enum uop */
    uint8_t type;     /* enum ir_type of the result; IR_VOID if none */
    uint8_t arg_type; /* of the first value operand: what the arguments' type variables stand for */
    uint8_t mem;      /* enum ir_mem of a memory µop */
    uint16_t reg;     /* get, put: row of the guest's register table */
    uint8_t rm;       /* rounding mode: 0..4, or 7 for the thread's */
    uint8_t order;    /* atomics: bit 0 release, bit 1 acquire */
    ir_val arg[3];
    uint64_t imm; /* of a constant: its bits, those above the type's width 0 */
};

/* A straight line of µops. In SSA form by construction: an operand is a µop further up. */
struct ir_block {
    VEC(struct ir_uop) uops;
    const struct guest_reg *regs; /* names for the printer and parser; may be NULL */
    unsigned n_regs;
};

void ir_block_init(struct ir_block *b, const struct guest_reg *regs, unsigned n_regs);
void ir_block_reset(struct ir_block *b); /* empties it, keeps the memory */
void ir_block_free(struct ir_block *b);

/* What a type of a row of uops.def is in µop u. */
static inline enum ir_type ir_row_type(const struct ir_uop *u, unsigned row_type)
{
    if (row_type < UOP_VAR0)
        return (enum ir_type)row_type;
    return uop_infos[u->op].result == row_type ? u->type : u->arg_type;
}

/* ---- builder --------------------------------------------------------------------------------- */

/* These append a µop and return its value (IR_NONE if it has none). Pure µops of constants become
 * constants. Operands must be of the types that uops.def says: anything else is a defect of the
 * caller's (CHECK). */
ir_val ir_const(struct ir_block *b, enum ir_type type, uint64_t value);
/* A µop with up to three value operands. type is the result's type (for a suffix) or IR_VOID to
 * infer it. */
ir_val ir_op(struct ir_block *b, enum uop op, enum ir_type type, ir_val a, ir_val c, ir_val d);
ir_val ir_op_rm(struct ir_block *b, enum uop op, enum ir_type type, ir_val a, ir_val c, ir_val d,
                unsigned rm);
/* fence, counter, insn, flushi, jump */
ir_val ir_op_imm(struct ir_block *b, enum uop op, uint64_t imm);
ir_val ir_get(struct ir_block *b, enum ir_type type, unsigned reg);
void ir_put(struct ir_block *b, unsigned reg, ir_val v);
ir_val ir_load(struct ir_block *b, enum ir_mem mem, ir_val addr);
void ir_store(struct ir_block *b, enum ir_mem mem, ir_val addr, ir_val v);
ir_val ir_atomic(struct ir_block *b, enum uop op, enum ir_mem mem, ir_val addr, ir_val v,
                 unsigned order);
/* Ends the block with pc = v: a jump if v is constant, branch and jump if v is a select of two
 * constants, else jumpr. v and the constants it was made of are used up. */
void ir_exit_to(struct ir_block *b, ir_val v);
/* Does the block end with a branch, and a jump to pc where it is not taken? Without that jump,
 * which ir_drop_last takes away, it can go on with what stands at pc. */
bool ir_falls_through_to(const struct ir_block *b, uint64_t pc);
void ir_drop_last(struct ir_block *b);
/* Keeps the block's first n instructions, of more, and ends it with a jump to the next one, whose
 * pc it returns. */
uint64_t ir_keep_first(struct ir_block *b, unsigned n);
/* Appends *u as it is, neither folded nor checked. */
ir_val ir_append(struct ir_block *b, const struct ir_uop *u);

/* ---- printer, parser, verifier --------------------------------------------------------------- */

/* One µop a line: `v3 = add.i64 v1, v2`; parser.c has the syntax. What it prints,
 * ir_parse reads back to the same block. */
void ir_print(const struct ir_block *b, struct strbuf *out);
/* Appends the µops of text to the empty block. It checks the syntax alone; ir_verify does the
 * rest. Returns 0, or -EINVAL with *line (from 1) and a message. */
int ir_parse(struct ir_block *b, const char *text, unsigned *line, char *message, size_t size);
/* NULL if the block is well-formed, else a message (valid until the thread's next call):
 *  - an operand is a value further up, of the type that uops.def says;
 *  - immediates are in range, and 0 where the row has none; constants fit their type;
 *  - get and put name rows of the register table of the right kind, and never the pc;
 *  - an `insn` stands above whatever may trap; a `checkrm` above whatever uses rounding mode 7,
 *    with no setrm between;
 *  - the last µop is an exit, and the only one but for branches, after each of which comes the next
 *    instruction, or a jump as the last µop. */
const char *ir_verify(const struct ir_block *b);

/* ---- evaluator ------------------------------------------------------------------------------- */

/* What the evaluator needs from the floors above: guest memory and counters. load, store and
 * atomic return false after a fault, with t->trap filled in; then nothing has changed. */
struct ir_eval_ops {
    /* Reads at addr, extended to 64 bits as mem says. Any alignment. */
    bool (*load)(struct thread *t, enum ir_mem mem, uint64_t addr, uint64_t *value);
    /* Writes the low bits (IR_U8, IR_U16, IR_U32, IR_U64). Any alignment. */
    bool (*store)(struct thread *t, enum ir_mem mem, uint64_t addr, uint64_t value);
    /* op is UOP_lr, UOP_sc or UOP_amo...; mem is IR_U32 or IR_U64; a 32-bit result is
     * sign-extended. Traps if addr is not naturally aligned. order as in struct ir_uop. */
    bool (*atomic)(struct thread *t, enum uop op, enum ir_mem mem, uint64_t addr, uint64_t operand,
                   unsigned order, uint64_t *result);
    /* 0 cycles, 1 time, 2 instructions retired. */
    uint64_t (*counter)(struct thread *t, unsigned which);
};

/* Executes the block (which must be well-formed, with register rows of t->desc) on t's guest state,
 * guest memory and floating-point environment (between fp_enter and fp_leave; the caller sees to
 * that). Returns EXIT_LOOKUP, EXIT_TRAP or EXIT_FLUSH with the guest's pc exact: at a trap that of
 * the latest `insn` µop. trap.insn is left 0: whoever needs the encoding reads it at the pc. Does
 * not poll. *n_insns: how many instructions were executed, without the one that trapped. */
enum exit_kind ir_eval(const struct ir_block *b, struct thread *t, const struct ir_eval_ops *ops,
                       uint64_t *n_insns);

/* ---- instructions that are done later (replay.c) ----------------------------------------------
 */

enum { IR_PACKED_MAX = REVERSE_LATE_BYTES };

/* The instruction whose first µop is `first`, as bytes: returns how many, or 0 if it does anything
 * but put one integer register, as its last µop, to what pure µops make of others; or is too long.
 */
size_t ir_pack(const struct ir_block *b, ir_val first, uint8_t out[IR_PACKED_MAX]);
/* The row of the register that packed bytes put. */
unsigned ir_packed_row(const uint8_t *packed, size_t n);
/* Does what it does on a guest state. Async-signal-safe. */
void ir_replay(const uint8_t *packed, size_t n, const struct guest *desc, unsigned char *state);

#endif
