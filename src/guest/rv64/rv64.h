/* guest/rv64: RISC-V 64-bit, RV64GC and what isa/rv64/ lists. Everything here is generated from
 * isa/rv64 by isagen but for the glue between the generated code and memory, atomics and counters.
 */
#ifndef ISOMORPH_RV64_H
#define ISOMORPH_RV64_H

#include "code/code.h"
#include "ir/ir.h"
#include "space/space.h"
#include "rv64_regs.gen.h"   /* struct rv64_state, RV64_SINK, RV64_REG_x0.., rv64_regs[] */
#include "rv64_decode.gen.h" /* enum rv64_op, enum rv64_stanza, rv64_identify() */

extern const struct guest guest_rv64;

/* One decoded instruction: what the interpreter executes and the lifting reads. isagen puts a
 * stanza's operands into these slots; the member that holds one is the same for all engines. */
struct rv64_insn {
    uint8_t op;   /* enum rv64_op: the stanza whose `do` is executed (of an expansion: the expanded
                     one) */
    uint8_t half; /* of the block: the halfword that it starts at. Filled by decode_block, not by
                     rv64_decode */
    uint8_t len;  /* bytes: 2 or 4 */
    uint8_t rd;   /* register that is written; RV64_SINK for x0 */
    uint8_t rs1;  /* registers that are read; or fence sets, or a second immediate */
    uint8_t rs2;
    uint8_t rs3;
    uint8_t rm;  /* rounding mode or order bits */
    int32_t imm; /* immediate or CSR number */
};

/* Number of bytes of the instruction that starts with these 16 bits: 2 or 4 (manual I, "Base
 * Instruction-Length Encoding"; longer formats are reserved and taken as 4). */
static inline unsigned rv64_insn_len(uint16_t low)
{
    return (low & 3) == 3 ? 4 : 2;
}

/* The instructions of a block: n_insns records, and RV64_OP_end after them unless the last one ends
 * the block. */
static inline const struct rv64_insn *rv64_insns(const struct decoded_block *block)
{
    return (const struct rv64_insn *)block->code;
}

static inline uint64_t rv64_insn_pc(const struct decoded_block *block, unsigned n)
{
    return block->pc.v + 2u * rv64_insns(block)[n].half;
}

/* Decodes one instruction word (a 16-bit one in the low half). Unknown and reserved encodings give
 * RV64_OP_illegal. */
void rv64_decode(uint32_t word, struct rv64_insn *out);
/* Assembly as objdump -M no-aliases prints it. pc resolves relative operands. */
void rv64_disasm(uint32_t word, uint64_t pc, struct strbuf *out);

/* Entries of struct guest. */
enum exit_kind rv64_interpret(struct thread *t, struct decoded_block *block);
enum exit_kind rv64_interpret_logged(struct thread *t, struct decoded_block *block);
void rv64_lift_block(const struct decoded_block *block, struct ir_block *b);

#endif
