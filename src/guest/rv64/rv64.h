/* guest/rv64: RISC-V 64-bit, RV64GC and what isa/rv64/ lists. Everything here is generated from isa/rv64 by isagen but
 * for the glue between the generated code and memory, atomics and counters. */
#ifndef ISOMORPH_RV64_H
#define ISOMORPH_RV64_H

#include "code/code.h"
#include "ir/ir.h"
#include "space/space.h"
#include "rv64_regs.gen.h" /* struct rv64_state { pc; x[32]; f[32]; fcsr; ...}, RV64_REG_X0.., rv64_regs[] */

extern const struct guest guest_rv64;

/* One decoded instruction: what the interpreter executes and lift reads. */
struct rv64_insn {
    uint16_t op;   /* enum rv64_op: the stanza whose `do` is executed (of an expansion: the expanded one) */
    uint16_t off;  /* from the block's pc, bytes */
    uint8_t rd;    /* register operands by role, after bias; rd 0 is 32, a sink */
    uint8_t rs1, rs2, rs3;
    int32_t imm;   /* immediate, csr number or fence sets */
    uint8_t rm;    /* rounding mode or order bits */
    uint8_t len;   /* bytes: 2 or 4 */
    uint16_t stanza; /* enum rv64_stanza as encoded: for the disassembler */
};

/* Decodes one instruction word (a 16-bit one in the low half). Unknown and reserved encodings give op RV64_OP_illegal. */
void rv64_decode(uint32_t word, struct rv64_insn *out);
/* Number of bytes of the instruction that starts with these 16 bits (2 or 4). */
unsigned rv64_insn_len(uint16_t low);
/* Assembly as objdump -M no-aliases prints it. pc resolves relative operands. */
void rv64_disasm(uint32_t word, uint64_t pc, struct strbuf *out);

#endif
