/* x86-64 instructions: registers, operands, and emission by mnemonic. Included through host.h.
 *
 *     x86_emit(c, X86_add, x86_r64(X86_RAX), x86_mem(8, X86_RBX, 16));     add rax, [rbx+16]
 *     x86_emit(c, x86_jcc(X86_E), x86_label(done));                        je done
 *     x86_emit(c, X86_vaddsd, x86_xmm(0), x86_xmm(1), x86_xmm(17));        EVEX because of xmm17
 *
 * Operands carry their sizes; the encoder takes the first form (row of x86.def) of the mnemonic
 * that the operands fit and the processor has. Rows are ordered so that this is the shortest one.
 * No fitting form is our own bug: CHECK.
 */
#ifndef ISOMORPH_HOST_X86_H
#define ISOMORPH_HOST_X86_H

#include "code/code.h"

struct host_code;

/* ---- registers ------------------------------------------------------------------------------- */

enum x86_reg {
    X86_RAX,
    X86_RCX,
    X86_RDX,
    X86_RBX,
    X86_RSP,
    X86_RBP,
    X86_RSI,
    X86_RDI,
    X86_R8,
    X86_R9,
    X86_R10,
    X86_R11,
    X86_R12,
    X86_R13,
    X86_R14,
    X86_R15,
    X86_NO_REG = 0xff, /* no base, no index */
};

enum x86_segment { X86_NO_SEGMENT, X86_FS, X86_GS };

/* Embedded rounding of EVEX forms on registers. All of them suppress exceptions: no flag of MXCSR
 * is set. X86_SAE only suppresses. */
enum x86_round {
    X86_NO_ROUND,
    X86_ROUND_NEAREST,
    X86_ROUND_DOWN,
    X86_ROUND_UP,
    X86_ROUND_ZERO,
    X86_SAE
};

/* ---- conditions: the number is the one in the opcode ----------------------------------------- */

enum x86_cond {
    X86_O,
    X86_NO,
    X86_B,
    X86_NB,
    X86_Z,
    X86_NZ,
    X86_BE,
    X86_NBE,
    X86_S,
    X86_NS,
    X86_P,
    X86_NP,
    X86_L,
    X86_NL,
    X86_LE,
    X86_NLE,
    /* other names of the same */
    X86_C = X86_B,
    X86_NC = X86_NB,
    X86_AE = X86_NB,
    X86_E = X86_Z,
    X86_NE = X86_NZ,
    X86_A = X86_NBE,
    X86_GE = X86_NL,
    X86_G = X86_NLE,
};

static inline enum x86_cond x86_cond_not(enum x86_cond cond)
{
    return (enum x86_cond)(cond ^ 1);
}

/* ---- mnemonics ------------------------------------------------------------------------------- */

/* X86_add, X86_mov, ...: those of x86.def. */
enum x86_insn {
#define INSN(name, reads, writes, ...) X86_##name,
#include "x86.def"
#undef INSN
    X86_INSN_COUNT,
    X86_LOCK = 0x8000, /* or'ed to a mnemonic: with the lock prefix; operand 1 must be memory */
};

static inline enum x86_insn x86_jcc(enum x86_cond cond)
{
    return (enum x86_insn)(X86_jo + cond);
}

static inline enum x86_insn x86_setcc(enum x86_cond cond)
{
    return (enum x86_insn)(X86_seto + cond);
}

static inline enum x86_insn x86_cmovcc(enum x86_cond cond)
{
    return (enum x86_insn)(X86_cmovo + cond);
}

/* Flags, at their places in RFLAGS. */
enum x86_flag {
    X86_CF = 0x001,
    X86_PF = 0x004,
    X86_AF = 0x010,
    X86_ZF = 0x040,
    X86_SF = 0x080,
    X86_OF = 0x800,
};

const char *x86_insn_name(enum x86_insn insn);
/* Flags that the mnemonic needs, and those that it may change or leave undefined: bits of enum
 * x86_flag. A shift by CL may leave them all as they were. */
unsigned x86_flags_read(enum x86_insn insn);
unsigned x86_flags_written(enum x86_insn insn);

/* ---- operands -------------------------------------------------------------------------------- */

/* A place in the code of one fragment, known or still to come. From host_label_new. */
struct host_label {
    uint32_t id;
};

enum x86_operand_kind {
    X86_OPERAND_NONE,
    X86_OPERAND_GPR,
    X86_OPERAND_VECTOR,
    X86_OPERAND_MASK,
    X86_OPERAND_MEM,       /* [segment: base + index << scale + value] */
    X86_OPERAND_MEM_LABEL, /* [label]: value is the label's id, in the upper half a distance */
    X86_OPERAND_MEM_HOST,  /* [value], rip-relative to memory outside of the fragment */
    X86_OPERAND_IMM,
    X86_OPERAND_LABEL, /* where a jump goes; value is the label's id */
    X86_OPERAND_LABEL_NEAR,
    X86_OPERAND_LABEL_FAR,
    X86_OPERAND_HOST, /* address value outside of the fragment, as a jump's goal or an immediate */
};

/* One operand; 16 bytes, passed by value. Made by the functions below. */
struct x86_operand {
    uint8_t kind;
    uint8_t
        size; /* bytes of the register or of the access; 0 for memory that is not accessed (lea) */
    uint8_t reg; /* the register, or the base */
    uint8_t index;
    uint8_t scale : 4, segment : 4;
    uint8_t mask : 3, zero : 1, round : 4; /* EVEX: {k1}..{k7}, {z}, enum x86_round */
    uint16_t id;                           /* what a host address is, see struct host_reloc */
    int64_t value;
};

_Static_assert(sizeof(struct x86_operand) == 16, "operands are passed by value");

static inline struct x86_operand x86_gpr(unsigned size, unsigned reg)
{
    return (struct x86_operand){
        .kind = X86_OPERAND_GPR, .size = (uint8_t)size, .reg = (uint8_t)reg};
}

/* r8: al, cl, dl, bl, spl, bpl, sil, dil, r8b...; ah to bh cannot be named. */
static inline struct x86_operand x86_r8(unsigned reg)
{
    return x86_gpr(1, reg);
}

static inline struct x86_operand x86_r16(unsigned reg)
{
    return x86_gpr(2, reg);
}

static inline struct x86_operand x86_r32(unsigned reg)
{
    return x86_gpr(4, reg);
}

static inline struct x86_operand x86_r64(unsigned reg)
{
    return x86_gpr(8, reg);
}

/* size: 16, 32 or 64 bytes; reg 0 to 31. */
static inline struct x86_operand x86_vector(unsigned size, unsigned reg)
{
    return (struct x86_operand){
        .kind = X86_OPERAND_VECTOR, .size = (uint8_t)size, .reg = (uint8_t)reg};
}

static inline struct x86_operand x86_xmm(unsigned reg)
{
    return x86_vector(16, reg);
}

static inline struct x86_operand x86_ymm(unsigned reg)
{
    return x86_vector(32, reg);
}

static inline struct x86_operand x86_zmm(unsigned reg)
{
    return x86_vector(64, reg);
}

static inline struct x86_operand x86_k(unsigned reg)
{
    return (struct x86_operand){.kind = X86_OPERAND_MASK, .size = 8, .reg = (uint8_t)reg};
}

/* The value is taken modulo the size of a general operand 1: 0xffffffff and -1 are the same for
 * eax. */
static inline struct x86_operand x86_imm(int64_t value)
{
    return (struct x86_operand){.kind = X86_OPERAND_IMM, .value = value};
}

/* [base + index * (1 << scale) + disp], size bytes. base and index may be X86_NO_REG; index is not
 * RSP. */
static inline struct x86_operand x86_mem_index(unsigned size, unsigned base, unsigned index,
                                               unsigned scale, int32_t disp)
{
    return (struct x86_operand){.kind = X86_OPERAND_MEM,
                                .size = (uint8_t)size,
                                .reg = (uint8_t)base,
                                .index = (uint8_t)index,
                                .scale = scale & 3,
                                .value = disp};
}

static inline struct x86_operand x86_mem(unsigned size, unsigned base, int32_t disp)
{
    return x86_mem_index(size, base, X86_NO_REG, 0, disp);
}

/* The same memory operand, relative to FS or GS. */
static inline struct x86_operand x86_segment(enum x86_segment segment, struct x86_operand mem)
{
    mem.segment = segment & 15;
    return mem;
}

/* Memory inside the fragment (constants), rip-relative. */
static inline struct x86_operand x86_mem_label(unsigned size, struct host_label label, int32_t disp)
{
    return (struct x86_operand){.kind = X86_OPERAND_MEM_LABEL,
                                .size = (uint8_t)size,
                                .value = (int64_t)((uint64_t)(uint32_t)disp << 32 | label.id)};
}

/* Memory of the runtime at a fixed address within reach of a rip-relative displacement; id names it
 * in the relocation record. */
static inline struct x86_operand x86_mem_host(unsigned size, uint64_t address, unsigned id)
{
    return (struct x86_operand){.kind = X86_OPERAND_MEM_HOST,
                                .size = (uint8_t)size,
                                .id = (uint16_t)id,
                                .value = (int64_t)address};
}

/* A jump's goal in the same fragment: 8-bit if the label is bound and near enough, else 32-bit. */
static inline struct x86_operand x86_label(struct host_label label)
{
    return (struct x86_operand){.kind = X86_OPERAND_LABEL, .value = label.id};
}

/* A label that the caller knows to be bound within 127 bytes: 8-bit. Being wrong is caught by
 * CHECK. */
static inline struct x86_operand x86_label_near(struct host_label label)
{
    return (struct x86_operand){.kind = X86_OPERAND_LABEL_NEAR, .value = label.id};
}

/* Always 32-bit, so that it can be patched. */
static inline struct x86_operand x86_label_far(struct host_label label)
{
    return (struct x86_operand){.kind = X86_OPERAND_LABEL_FAR, .value = label.id};
}

/* An address outside of the fragment: goal of a jump or call (rel32), or immediate of `mov r64`
 * (always the 10-byte form). id names it in the relocation record. */
static inline struct x86_operand x86_host(uint64_t address, unsigned id)
{
    return (struct x86_operand){
        .kind = X86_OPERAND_HOST, .id = (uint16_t)id, .value = (int64_t)address};
}

/* EVEX decorations of operand 1: merge-masked by k1..k7, zero-masked, rounded. */
static inline struct x86_operand x86_masked(struct x86_operand o, unsigned k, bool zero)
{
    o.mask = k & 7;
    o.zero = zero;
    return o;
}

static inline struct x86_operand x86_rounded(struct x86_operand o, enum x86_round round)
{
    o.round = round & 15;
    return o;
}

/* ---- emission -------------------------------------------------------------------------------- */

/* Operands are passed as X86_OPERANDS of them, destination first. The unused ones are of kind NONE,
 * and so is always the last. */
enum { X86_MAX_OPERANDS = 4, X86_OPERANDS = X86_MAX_OPERANDS + 1, X86_MAX_INSN = 15 };

#define x86_emit(c, insn, ...)                                                                     \
    x86_emit_operands((c), (insn), (const struct x86_operand[X86_OPERANDS]){__VA_ARGS__})
/* Appends one instruction. When it does not fit the buffer nothing is
 * written and c->overflow set. */
void x86_emit_operands(struct host_code *c, enum x86_insn insn, const struct x86_operand *ops);
/* For an instruction without operands. */
void x86_emit0(struct host_code *c, enum x86_insn insn);

/* reg = value, in 5 (below 2^32), 7 or 10 bytes; flags stay. Not for addresses of the host: those
 * are x86_emit(c, X86_mov, x86_r64(reg), x86_host(...)). */
void x86_mov_imm(struct host_code *c, enum x86_reg reg, uint64_t value);
/* reg = 0 by xor: 2 or 3 bytes, clobbers the flags. */
void x86_zero(struct host_code *c, enum x86_reg reg);
/* n bytes of nothing, in the fewest instructions of at most 9 bytes (SDM vol. 2B, NOP). */
void x86_nop(struct host_code *c, size_t n);
/* call, jmp or jcc rel32, which every way out of a fragment has, without a look for the form. `to`
 * is a far label or a host address. */
void x86_jump(struct host_code *c, enum x86_insn insn, struct x86_operand to);
/* Calls or jumps to a runtime helper: rel32 if in reach, else through an address in the constants
 * pool. Either way the address is in the relocation records. insn is X86_call or X86_jmp. */
void x86_call_host(struct host_code *c, enum x86_insn insn, uint64_t address, unsigned id);

#endif
