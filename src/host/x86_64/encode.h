/* Private to host/x86_64 and its tests: the rows of x86.def as C tables, and what passes from the
 * encoder to the code buffer. */
#ifndef ISOMORPH_HOST_ENCODE_H
#define ISOMORPH_HOST_ENCODE_H

#include "host/x86_64/host.h"

/* ---- rows ------------------------------------------------------------------------------------ */

/* What an actual operand is, a bit for each thing that it can pass for. */
enum x86_class {
    C_R8 = 1 << 0,
    C_R16 = 1 << 1,
    C_R32 = 1 << 2,
    C_R64 = 1 << 3,
    C_AL = 1 << 4,
    C_ACC = 1 << 5, /* ax, eax, rax */
    C_CL = 1 << 6,
    C_X0 = 1 << 7, /* xmm0 to xmm7 */
    C_X8 = 1 << 8, /* xmm8 to xmm15 */
    C_XH = 1 << 9, /* xmm16 to xmm31 */
    C_Y0 = 1 << 10,
    C_Y8 = 1 << 11,
    C_YH = 1 << 12,
    C_Z = 1 << 13,
    C_K = 1 << 14,
    C_M0 = 1 << 15, /* memory without a size */
    C_M8 = 1 << 16,
    C_M16 = 1 << 17,
    C_M32 = 1 << 18,
    C_M64 = 1 << 19,
    C_M128 = 1 << 20,
    C_M256 = 1 << 21,
    C_M512 = 1 << 22,
    C_I8 = 1 << 23, /* fits sign-extended */
    C_U8 = 1 << 24,
    C_I16 = 1 << 25,
    C_I32 = 1 << 26,
    C_I64 = 1 << 27,
    C_ONE = 1 << 28,
    C_J8 = 1 << 29,
    C_J32 = 1 << 30,

    C_RV = C_R16 | C_R32 | C_R64,
    C_RY = C_R32 | C_R64,
    C_MV = C_M16 | C_M32 | C_M64,
    C_MY = C_M32 | C_M64,
    C_MX = C_M128 | C_M256 | C_M512,
    C_XMM = C_X0 | C_X8 | C_XH,
    C_VEC = C_XMM | C_Y0 | C_Y8 | C_YH | C_Z,
    C_EVEX_ONLY = C_XH | C_YH | C_Z,
};

enum x86_role {
    ROLE_NONE,
    ROLE_RM,
    ROLE_REG,
    ROLE_VVVV,
    ROLE_OPCODE,
    ROLE_IMPLIED,
    ROLE_IMM,
    ROLE_REL,
};

/* A row of operands.def. */
struct x86_notation {
    uint32_t classes;
    uint8_t role;
    uint8_t same;
    uint8_t bytes;
};

enum {
#define OPERAND(name, ...) OPERAND_##name,
#include "operands.def"
#undef OPERAND
    OPERAND_COUNT
};

extern const struct x86_notation x86_notations[OPERAND_COUNT];

enum x86_encoding { ENC_LEG, ENC_VEX, ENC_EVEX };
enum x86_prefix { PREFIX_NP, PREFIX_P66, PREFIX_PF3, PREFIX_PF2 }; /* as VEX.pp */
enum x86_map { MAP_M0, MAP_MF, MAP_M38, MAP_M3A };                 /* as VEX.mmmmm */
enum { W_0, W_1, W_V };
enum { EXT_R = 8 }; /* below: a digit; from 0xc0 on: a whole ModRM byte */

enum x86_extra { FORM_LOCK = 1, FORM_MASK = 2, FORM_ER = 4, FORM_SAE = 8 };

/* A row of x86.def. */
struct x86_form {
    uint8_t operands[X86_MAX_OPERANDS];
    uint8_t encoding;
    uint8_t prefix;
    uint8_t map;
    uint8_t opcode;
    uint8_t ext;
    uint8_t w;
    uint8_t feature;
    uint8_t extra;
};

struct x86_mnemonic {
    const char *name;
    const struct x86_form *forms;
    uint16_t n_forms;
    uint16_t flags_read, flags_written;
};

extern const struct x86_mnemonic x86_mnemonics[X86_INSN_COUNT];

/* Of a shape: is there a ModRM byte? */
enum x86_modrm {
    MODRM_NONE,
    MODRM_OPERAND, /* for the operand `base`; else that is in the opcode's low bits */
    MODRM_FIXED,   /* the whole byte is the form's */
};

enum { NO_OPERAND = X86_MAX_OPERANDS }; /* of X86_OPERANDS, the one that is always NONE */

/* ---- one instruction ------------------------------------------------------------------------- */

enum x86_reference { REF_NONE, REF_LABEL, REF_HOST };

/* An instruction as bytes, with the one field that depends on where it stands. */
struct x86_bytes {
    uint8_t *data; /* X86_ROOM bytes, of which n count */
    uint8_t n;
    uint8_t ref;      /* enum x86_reference */
    uint8_t ref_at;   /* of the field in data */
    uint8_t ref_size; /* 1, 4: relative to the end of the instruction; 8: an address */
    uint16_t id;
    int64_t value; /* as in the operand */
};

/* The classes of operand o, were it to stand at c->pos. first: operand 1, whose size decides what
 * an immediate means. */
uint32_t x86_operand_classes(const struct host_code *c, const struct x86_operand *o,
                             const struct x86_operand *first);
/* Of an operand that is neither a general register nor plain memory, what comes between its kind
 * and size and its classes: which registers have classes of their own, how wide a number is (which
 * has no size), whether a label is near. */
unsigned x86_operand_range(const struct host_code *c, const struct x86_operand *o,
                           const struct x86_operand *first);
/* Do the operands fit the form on a processor with these features? classes: of each operand. *size:
 * the operand size, 0 if no operand decides it. */
bool x86_form_fits(const struct x86_form *f, const struct x86_operand *ops, const uint32_t *classes,
                   uint64_t features, unsigned *size);
/* The shape of ops, which fit the form. */
void x86_shape_make(struct x86_shape *s, const struct x86_form *form, const struct x86_operand *ops,
                    unsigned size, bool lock);
/* Encodes ops, for which the shape was made, to out->data. */
void x86_encode(const struct x86_shape *s, const struct x86_operand *ops, struct x86_bytes *out);

/* Where the next instruction may be written: in its place if there is room enough. */
static inline uint8_t *host_code_room(struct host_code *c)
{
    bool fits = !c->overflow && c->size - c->pos >= X86_ROOM;
    return LIKELY(fits) ? c->write + c->pos : c->spare;
}

/* host_code_insn for all that is not simple: bytes that stand elsewhere, a reference. */
void host_code_special_insn(struct host_code *c, const struct x86_bytes *b);

/* Appends the bytes, which may stand in host_code_room; settles or records what the reference
 * needs. */
static inline void host_code_insn(struct host_code *c, const struct x86_bytes *b)
{
    if (UNLIKELY(b->data == c->spare) || b->ref != REF_NONE)
        host_code_special_insn(c, b);
    else
        c->written = c->pos += b->n;
}

/* Offset of a bound label, or -1. */
int64_t host_label_place(const struct host_code *c, uint32_t id);

#endif
