/* host/x86_64: the machine that we run on. Encoder (x86.h), code buffer, labels, relocation
 * records, patching, processor features, memory for code, disassembly. It knows no µop, no guest
 * and no cache.
 *
 * Code has two addresses: where its bytes are written, and where they are executed (hpc). They are
 * the same unless the memory is split into a writable and an executable view (--wx=split).
 * Everything position-dependent is computed from the latter.
 */
#ifndef ISOMORPH_HOST_H
#define ISOMORPH_HOST_H

#include "base/base.h"
#include "code/code.h"
#include "host/x86_64/x86.h"

#define HPC(x) ((hpc){(uint64_t)(x)})

/* ---- the processor --------------------------------------------------------------------------- */

enum host_feature {
#define FEATURE(id, ...) HOST_##id,
#include "cpu.def"
#undef FEATURE
    HOST_FEATURE_COUNT
};

/* What the processor offers and the system lets us use. */
struct host_cpu {
    uint64_t features;      /* bit per enum host_feature; HOST_BASE always set */
    uint32_t upper_vectors; /* where signal frames have zmm16 to zmm31, from the start of the area
                               that XSAVE writes; 0 if nowhere */
};

/* Asks cpuid, xgetbv and AT_HWCAP2. */
void host_cpu_detect(struct host_cpu *cpu);
/* Takes a feature away, with those that need it: for tests and for looking at code for lesser
 * machines. */
void host_cpu_remove(struct host_cpu *cpu, enum host_feature feature);
const char *host_feature_name(enum host_feature feature);

static inline bool host_cpu_has(const struct host_cpu *cpu, enum host_feature feature)
{
    return cpu->features >> feature & 1;
}

/* ---- the code buffer ------------------------------------------------------------------------- */

/* Where a host address stands in code. Everything that must change when the code moves, or the
 * runtime moves between two runs, is in one of these records; nothing else is. */
enum host_reloc_kind {
    HOST_RELOC_ABS64, /* 8 bytes: the address */
    HOST_RELOC_REL32, /* 4 bytes: address - (place of the field + 4 + after) */
};

struct host_reloc {
    uint32_t offset; /* of the field, from the start of the code */
    uint8_t kind;
    uint8_t after; /* bytes of the instruction behind the field */
    uint16_t id;   /* the caller's name for exactly this address */
};

/* How operands of certain kinds, sizes and classes are encoded: all that does not depend on which
 * registers and numbers they are. */
struct x86_shape {
    const struct x86_form *form;
    uint8_t base, reg, vvvv, imm; /* which operand goes there, or NO_OPERAND */
    uint8_t modrm : 2;            /* enum x86_modrm */
    uint8_t digit : 3;            /* in ModRM.reg, if no operand is */
    uint8_t w : 1;
    uint8_t length : 2;     /* vector length: 0 128, 1 256, 2 512 */
    uint8_t byte_regs : 4;  /* set of operands that are registers of one byte */
    uint8_t disp_shift : 4; /* a displacement of one byte counts in units of 1 << disp_shift */
    uint8_t imm_bytes : 4;
    uint8_t encoding : 4; /* the form's, which then need not be read for most instructions */
    /* legacy forms */
    uint8_t n_prefixes : 4, n_opcode : 4;
    uint8_t prefixes[3]; /* before REX, but for a segment's */
    uint8_t opcode[3];   /* with the escapes of its map */
};

/* What x86_emit has found before. Two stand in a cache line. */
struct host_found_shape {
    uint64_t key; /* of insn and operands (encode.c) */
    struct x86_shape shape;
} __attribute__((aligned(32)));

enum { HOST_FOUND_SHAPES = 256 };

/* Bytes where an instruction is written, of which X86_MAX_INSN may count. */
enum { X86_ROOM = 32 };

/* Code being made. Set up once with host_code_init and used again for each fragment: in the steady
 * state nothing is allocated. One thread. */
struct host_code {
    uint8_t *write; /* where byte 0 is written */
    hpc exec;       /* where byte 0 will be executed */
    uint32_t size;  /* room */
    uint32_t pos;   /* bytes emitted; past size it goes on counting, so that the need is known */
    bool overflow;  /* sticky: an instruction did not fit; it and all that followed was dropped */
    bool out_of_reach; /* sticky: a host address was too far for a 32-bit displacement */
    uint64_t features; /* forms that need others are not chosen */
    uint32_t written;  /* bytes that are really there: pos until the overflow */
    VEC(struct host_label_place) labels;
    VEC(struct host_fixup) fixups;
    VEC(struct host_reloc)
    relocs; /* by rising offset; for the caller to read */
    VEC(struct host_constant) constants;
    uint8_t spare[X86_ROOM]; /* for an instruction that may not fit */
    struct host_found_shape found[HOST_FOUND_SHAPES];
    uint64_t found_for; /* features */
};

void host_code_init(struct host_code *c, const struct host_cpu *cpu);
/* Starts a fragment at write (executed at exec), of at most size bytes, below 2 GiB. */
void host_code_begin(struct host_code *c, void *write, hpc exec, size_t size);
/* Places the constants pool behind the code and settles what refers to it; every label used must be
 * bound by now. c->pos is then the fragment's size (or the size it would have needed). Returns 0,
 * -ENOSPC after an overflow, -ERANGE if a host address was out of reach. */
int host_code_finish(struct host_code *c);
void host_code_free(struct host_code *c);

/* The address of the next byte, and of any offset. */
static inline hpc host_code_here(const struct host_code *c)
{
    return HPC(c->exec.v + c->pos);
}

/* Any bytes (an instruction already encoded, data). All of them fit or none is written. */
void host_code_bytes(struct host_code *c, const void *bytes, size_t n);
/* nops until the address of execution is a multiple of n, a power of two up to 64. */
void host_code_align(struct host_code *c, unsigned n);
/* Can a rel32 at any place of the fragment reach this address? */
bool host_code_reaches(const struct host_code *c, uint64_t address);

/* Labels: any number of uses before and after the one binding. */
struct host_label host_label_new(struct host_code *c);
void host_label_bind(struct host_code *c, struct host_label label);
bool host_label_bound(const struct host_code *c, struct host_label label);
/* Of a bound label, from the start of the code. */
uint32_t host_label_offset(const struct host_code *c, struct host_label label);

/* A constant of 4, 8, 16, 32 or 64 bytes in the pool, aligned to its size; equal ones are stored
 * once. Returns the memory operand (address: x86_emit(c, X86_lea, reg, operand) works too). */
struct x86_operand host_constant(struct host_code *c, const void *bytes, unsigned size);
struct x86_operand host_constant_u64(struct host_code *c, uint64_t value);
/* An 8-byte constant that holds a host address, with its relocation record. */
struct x86_operand host_constant_address(struct host_code *c, uint64_t address, unsigned id);

/* Sets the fields of code that was copied to another place, or loaded in another run: resolve says
 * where each id is now. write and exec are of byte 0. Returns 0, or -ERANGE when an address is out
 * of the reach of its field (the code is then half changed and must not be used). */
int host_relocate(void *write, hpc exec, const struct host_reloc *relocs, size_t n,
                  uint64_t (*resolve)(void *arg, unsigned id), void *arg);

/* ---- patching -------------------------------------------------------------------------------- */

enum { HOST_PATCH_BYTES = 4 };

/* A jmp, jcc or call with a 32-bit displacement that can be changed while others execute it: nops
 * in front keep the displacement inside one 8-byte word. `to` is a far label or a host address.
 * Returns the offset of the displacement, which names the jump in the functions below. */
uint32_t host_emit_patchable(struct host_code *c, enum x86_insn insn, struct x86_operand to);
/* The nops alone, for when more stands between them and the jump: call it before a compare of
 * `before` bytes, so that compare and jcc stay together and fuse. host_emit_patchable then adds
 * none. */
void host_pad_patchable(struct host_code *c, enum x86_insn insn, unsigned before);

/* The same for two displacements, `first` and `second` bytes from here, when no nops may stand
 * between the jumps. Less than 8 bytes, for any distance. */
void host_pad_patchable_pair(struct host_code *c, unsigned first, unsigned second);

struct host_memory;

/* Redirects the jump whose displacement is executed at `field`. Threads that run it meanwhile go to
 * the old goal or to the new one. Both must be valid until they are known to have passed. Callers
 * order their patches (one writer per jump at a time). */
void host_patch_jump(const struct host_memory *m, hpc field, hpc goal);
/* Where it goes. */
hpc host_patch_goal(const struct host_memory *m, hpc field);

/* ---- memory for code ------------------------------------------------------------------------- */

enum {
    HOST_MEMORY_MAX = 1 << 30
}; /* every place in it reaches every other, and the runtime beside it */

/* The code arena: `size` bytes executed at exec and written at write. */
struct host_memory {
    uint8_t *write;
    hpc exec;
    size_t size;
    bool split;          /* two views; else write and exec are one private mapping */
    bool reaches;        /* every byte reaches the address `beside` of host_memory_map by a rel32 */
    void *fork_views[2]; /* between fork_begin and fork_end: what the child will have; else NULL */
};

/* Maps an arena of size bytes (rounded up to pages; at most HOST_MEMORY_MAX) near the address
 * `beside` (any function of the runtime), so that its helpers are in reach of call rel32; if there
 * is no room there, anywhere, with m->reaches false. Returns 0 or -errno, with *why a sentence that
 * says what to do. */
int host_memory_map(struct host_memory *m, size_t size, bool split, const void *beside,
                    const char **why);
void host_memory_unmap(struct host_memory *m);

/* Around the fork() of a process that will go on using the arena. A private mapping needs nothing;
 * of a split one the child must have its own file. begin, in the parent before fork, with no other
 * thread writing to the arena until fork has returned: makes the child's copy of the first `keep`
 * bytes (the rest is zero for the child; 0: the child starts with an empty arena). Returns 0 or
 * -errno, and then the guest's fork must fail. end, in both after fork (or after a failed one,
 * child false): the child, alone and with no code on its way, gets the copy at the same two
 * addresses. Returns 0, or -errno in the child, which then must not run code. vfork needs neither.
 */
int host_memory_fork_begin(struct host_memory *m, size_t keep);
int host_memory_fork_end(struct host_memory *m, bool child);

static inline uint8_t *host_write_address(const struct host_memory *m, hpc pc)
{
    CHECK(pc.v - m->exec.v < m->size, "%#lx is not in the code arena", (unsigned long)pc.v);
    return m->write + (pc.v - m->exec.v);
}

static inline bool host_memory_contains(const struct host_memory *m, hpc pc)
{
    return pc.v - m->exec.v < m->size;
}

/* ---- calling and showing code ---------------------------------------------------------------- */

/* Emitted code as a C function of the System V ABI. Through the trampolines of translate/ only, or
 * in tests. */
typedef uint64_t host_function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

static inline host_function *host_code_function(hpc pc)
{
    return (host_function *)(uintptr_t)pc.v;
}

/* Names an address (a helper, a fragment, a field) in a listing; NULL if it knows none. The text is
 * used before the next call. */
typedef const char *host_namer(void *arg, uint64_t address);

/* False in a build without Zydis: instructions are shown as bytes. */
extern const bool host_has_disassembler;

/* A line per instruction: address, bytes, Intel syntax, and the name of what it refers to. Bytes
 * that are no instruction, or all of them in a build without Zydis, are shown as bytes. */
void host_disassemble(struct strbuf *out, const void *bytes, size_t n, hpc exec, host_namer *name,
                      void *arg);
/* One instruction; returns its length, at least 1 and at most n (n > 0). */
size_t host_disassemble_one(struct strbuf *out, const void *bytes, size_t n, hpc exec,
                            host_namer *name, void *arg);

#endif
