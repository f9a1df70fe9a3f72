/* code: plain data that all floors above share. Addresses, traps, the guest description, the thread
 * record. */
#ifndef ISOMORPH_CODE_H
#define ISOMORPH_CODE_H

#include <stdatomic.h>

#include "base/base.h"

/* A guest virtual address and a host code address: different types, so that the compiler keeps them
 * apart. */
typedef struct {
    uint64_t v;
} gva;

typedef struct {
    uint64_t v;
} hpc;

#define GVA(x) ((gva){(uint64_t)(x)})

/* ---- traps ----------------------------------------------------------------------------------- */

enum trap_kind {
    TRAP_NONE,
    TRAP_SYSCALL,    /* environment call; pc is the call's */
    TRAP_BREAKPOINT, /* breakpoint instruction; pc is its own */
    TRAP_ILLEGAL,    /* insn holds the encoding */
    TRAP_FETCH,      /* addr holds the address that could not be fetched */
    TRAP_LOAD,
    TRAP_STORE,
    TRAP_MISALIGNED, /* atomic access that is not naturally aligned; addr */
};

/* Why an access failed, as Linux distinguishes it (siginfo si_code of SIGSEGV and SIGBUS). */
enum fault_reason {
    FAULT_NONE,
    FAULT_MAPERR, /* SEGV_MAPERR: nothing there */
    FAULT_ACCERR, /* SEGV_ACCERR: protection */
    FAULT_BUS,    /* BUS_ADRERR: beyond the end of the mapped file */
    FAULT_ALIGN,  /* BUS_ADRALN */
};

/* A guest fault. All instructions before pc have taken effect, none from pc on. */
struct trap {
    enum trap_kind kind;
    enum fault_reason reason;
    gva addr;
    uint32_t insn;
};

/* ---- floating-point environment -------------------------------------------------------------- */

/* The guest's rounding mode and sticky flags. While guest code runs (between fp_enter and fp_leave,
 * ir/fp.h) the flags are in the host's MXCSR and `flags` is stale; rm is always exact. */
struct fp_env {
    uint32_t rm;         /* 0..7 as in RISC-V's frm; 5..7 are invalid but can be held */
    uint32_t flags;      /* NX 1, UF 2, OF 4, DZ 8, NV 16 */
    uint32_t host_rm;    /* the mode that MXCSR holds, 0..3; mostly rm */
    uint32_t host_mxcsr; /* the runtime's own, put back by fp_leave */
    bool host_fma;       /* the processor has FMA3; cleared by tests to take the other path */
};

/* ---- guest description ----------------------------------------------------------------------- */

enum reg_kind { REG_PC, REG_GPR, REG_FPR, REG_CSR, REG_VEC };

/* One guest register, from isa/<guest>/regs.def. */
struct guest_reg {
    const char *name;  /* "x10" */
    const char *alias; /* "a0" or NULL */
    enum reg_kind kind;
    uint16_t bits;
    uint16_t offset; /* in the thread's guest state, bytes */
    bool zero;       /* reads as 0, writes are dropped */
};

struct ir_block;
struct host_reloc;
struct space;
struct store_log;
struct thread;

/* Instructions of one block in the form that the guest's interpreter executes. */
struct decoded_block {
    gva pc;                    /* first instruction */
    _Atomic int32_t runs_left; /* see decoded_block_count_run */
    uint32_t context;          /* 0 today */
    uint16_t n_insns;
    uint16_t guest_bytes;
    uint16_t n_bytes; /* of code[] */
    /* block_ref_index of what is behind it, and of what its last instruction may jump to. Wrong
     * ones cost time only. */
    uint16_t fall, taken;
    _Alignas(4) unsigned char code[]; /* guest's own records */
};

/* Of a block in memory, without what pads the struct. */
static inline size_t decoded_block_size(const struct decoded_block *block)
{
    return offsetof(struct decoded_block, code) + block->n_bytes;
}

/* interpret() calls this as it goes on to a block by itself: true if it is to come back instead,
 * with EXIT_HOT. Threads that run one block at the same time may lose a count. */
static inline bool decoded_block_count_run(struct decoded_block *block)
{
    int32_t left = __atomic_load_n((int32_t *)&block->runs_left, __ATOMIC_RELAXED) - 1;

    __atomic_store_n((int32_t *)&block->runs_left, left, __ATOMIC_RELAXED);
    return left < 0;
}

static inline int32_t decoded_block_runs(const struct decoded_block *block)
{
    return __atomic_load_n((const int32_t *)&block->runs_left, __ATOMIC_RELAXED);
}

static inline void decoded_block_set_runs(struct decoded_block *block, int32_t runs)
{
    __atomic_store_n((int32_t *)&block->runs_left, runs, __ATOMIC_RELAXED);
}

/* Why the interpreter returned to the run loop. The guest's pc is exact in every case. */
enum exit_kind {
    EXIT_LOOKUP, /* next block is not in the thread's block table */
    EXIT_POLL,   /* poll word set */
    EXIT_TRAP,   /* thread->trap says what */
    EXIT_FLUSH,  /* fence.i: decoded code must be forgotten */
    EXIT_HOT,    /* the next block's runs_left is used up */
};

enum {
    BLOCK_MAX_INSNS = 128,
    BLOCK_MAX_BYTES = BLOCK_MAX_INSNS * 32, /* of decoded_block.code */
};

/* What a guest architecture supplies: tables and the entry points of its generated code. */
struct guest {
    const char *name; /* "riscv64" */
    uint16_t elf_machine;
    uint8_t elf_class;
    uint16_t insn_align; /* bytes */
    const struct guest_reg *regs;
    unsigned n_regs;
    size_t state_size; /* bytes of thread->guest */
    size_t pc_offset;  /* of the pc in it */

    /* Decodes the block at pc into out (room for BLOCK_MAX_BYTES of code). Stops after a control
     * transfer, max_insns (1 to BLOCK_MAX_INSNS), or before an instruction that cannot be fetched.
     * Returns 0, or -EFAULT with *trap filled when not even the first instruction can be fetched.
     * An illegal instruction is decoded and traps when executed. */
    int (*decode_block)(struct space *space, gva pc, unsigned max_insns, struct decoded_block *out,
                        struct trap *trap);
    /* Runs from block until an exit. Takes and leaves exact state in t->guest. */
    enum exit_kind (*interpret)(struct thread *t, struct decoded_block *block);
    /* The same for this one block, with loads, stores and atomics through t->log: guest memory
     * stays as it is. Does not look at the poll word. */
    enum exit_kind (*interpret_logged)(struct thread *t, struct decoded_block *block);
    /* Lifts a decoded block to µops appended to b (ir/). */
    void (*lift_block)(const struct decoded_block *block, struct ir_block *b);
    /* Runs a lifted block through ir_eval, with this guest's memory, atomics and counters: what
     * interpret does for one block. Takes and leaves exact state in t->guest, counts the
     * instructions executed, fills t->trap in whole. */
    enum exit_kind (*evaluate)(struct thread *t, const struct ir_block *b);
    /* Prints the block's instructions: address, bytes, assembly; a line each. */
    void (*print_block)(const struct decoded_block *block, struct space *space, struct strbuf *out);
};

/* ---- fragments ------------------------------------------------------------------------------- */

/* A way out of a fragment to a guest pc that is known. Its jump goes to the stub until the cache
 * links it to the fragment of that pc. The stub calls the trampoline CODE_EXIT_LINK, which
 * takes the address from the stack. */
struct fragment_exit {
    uint32_t jump; /* offset of the jump's displacement (host_emit_patchable) */
    uint32_t stub; /* offset of the stub */
    gva pc;        /* where it leads */
    uint32_t context;
};

/* Host addresses that fragments refer to, by relocation record (struct host_reloc's id). The first
 * ones are trampolines that the translator emits once, the rest functions of the runtime. */
enum code_target {
    CODE_ENTER, /* C function: uint64_t (struct thread *, uint64_t host pc): run translated code */
    CODE_EXIT_LINK,    /* leave through an unlinked exit: called by its stub */
    CODE_EXIT_LOOKUP,  /* leave: the next pc, in rax, is not in the thread's jump table */
    CODE_EXIT_POLL,    /* leave: the poll word is set; rax: next pc */
    CODE_EXIT_TRAP,    /* leave: t->trap and the pc in the guest state are filled in */
    CODE_EXIT_FLUSH,   /* leave: fence.i; rax: next pc */
    CODE_EXIT_INTERP,  /* leave: a lower engine must run the block that starts at rax */
    CODE_EXIT_FAULT,   /* where the host's fault handler resumes; guest state, pc and t->trap are
                          complete */
    CODE_CALL_SLOW,    /* calls a helper with the guest's registers saved around it */
    CODE_RETURN_EMPTY, /* the last entry of a return stack: looks up the pc in rax */
    CODE_TRAMPOLINES,
    CODE_HELPER_UOP = CODE_TRAMPOLINES, /* evaluates one µop that has no host code */
    CODE_HELPER_FP_ENTER,               /* gives MXCSR to the guest; used by CODE_ENTER */
    CODE_HELPER_FP_LEAVE,               /* and back; used by the exits */
    CODE_TARGETS
};

/* Fragments are executed at a multiple of this; no constant in one asks for more. */
enum { FRAGMENT_ALIGN = 16 };

/* A translated block before it is placed: what a translator makes and the code cache takes. All
 * pointers are the translator's and valid until its next call. Offsets count from the first byte of
 * code. */
struct fragment_image {
    gva pc;
    uint32_t context;
    uint32_t guest_bytes, n_insns;
    const uint8_t *code;
    uint32_t n_code;
    const struct fragment_exit *exits;
    uint32_t n_exits;
    const struct host_reloc *relocs;
    uint32_t n_relocs;
    const uint8_t *reverse; /* reverse translation table, see reverse_* */
    uint32_t n_reverse;
};

/* ---- reverse translation tables (reverse.c) -------------------------------------------------- */

enum { HOST_GPRS = 16, HOST_REGS = 48, SPILL_SLOTS = 20, REVERSE_REGS = 128 };

/* What a host context says: registers 0 to 15 general, 16 to 47 the low 64 bits of the vector
 * registers, of which a processor may have the first 16 alone. */
struct host_regs {
    uint64_t r[HOST_REGS];
    uint32_t mxcsr;
};

enum recipe_kind {
    RECIPE_HOME,  /* where it is at the borders of fragments: the state map of the translator */
    RECIPE_HOST,  /* host register `where` */
    RECIPE_SLOT,  /* thread->spill[where] */
    RECIPE_CONST, /* nowhere: it is `plus` */
    RECIPE_NAN32, /* at home; but a NaN there, boxed or */
    RECIPE_NAN64, /* of 64 bits, stands for the canonical one (RISC-V) */
    RECIPE_BOX,   /* the lower half of what is at home, boxed */
    RECIPE_KINDS
};

/* How the value of a guest register is rebuilt. `plus` is added to what is found in a host register
 * or a slot. */
struct recipe {
    uint8_t kind;
    uint8_t where;
    int64_t plus;
};

/* The table has points: host instructions that may trap, with the guest pc that is due and a recipe
 * for each guest register. Recipes are told where they change, so that points of code which keeps
 * all registers at home take about two bytes.
 *
 * Several guest instructions that became one host instruction, and code that was moved ahead of its
 * turn, have a point marked `again`: the state is that before the first instruction of which an
 * effect is missing, pc is that instruction's, and an engine that runs from there one by one comes
 * to the trap, if there is one.
 *
 * Guest instructions whose results nobody wants but at points have no host code: they are `late`.
 * The table has what they do, in a form that is the translator's, and at which points it is to be
 * done, in their order, on the state that homes and recipes give. */
enum { REVERSE_LATE = BLOCK_MAX_INSNS, REVERSE_LATE_BYTES = 64 };

/* A guest instruction that is to be done at this point. */
struct late_insn {
    uint32_t until;       /* and at those behind, up to this guest offset */
    uint32_t at, n_bytes; /* what it does, in the table */
};

struct reverse_writer {
    VEC(uint8_t) bytes;
    uint32_t host, guest;                /* of the point before */
    uint64_t changed[REVERSE_REGS / 64]; /* set of registers whose recipe was set since */
    bool any;                            /* some recipe may be other than HOME */
    VEC(uint8_t) late;                   /* of the next point, as the table will have it */
    unsigned n_late;
    struct recipe now[REVERSE_REGS], told[REVERSE_REGS];
};
/* The writer starts zeroed, and keeps its memory from table to table. */
void reverse_begin(struct reverse_writer *w);
/* From the next point on, guest register reg (a row of the register table) is found like this. */
void reverse_set(struct reverse_writer *w, unsigned reg, struct recipe recipe);
/* At the points from the next one on, up to that of guest offset `until`, an instruction is still
 * to be done: after those that were told before. */
void reverse_late(struct reverse_writer *w, uint32_t until, const uint8_t *bytes, uint32_t n);
/* host: offset of the instruction that may trap, above that of the point before; guest: offset of
 * the guest instruction from the fragment's pc. */
void reverse_add(struct reverse_writer *w, uint32_t host, uint32_t guest);
void reverse_add_again(struct reverse_writer *w, uint32_t host, uint32_t guest);
void reverse_free(struct reverse_writer *w);

/* Walks the table: start with a zeroed cursor; false at its end, or where it is not well-formed. */
struct reverse_cursor {
    uint32_t pos, host, guest;
    bool again;
    uint8_t n_changes; /* recipes that this point changed */
    uint8_t n_late;    /* instructions to be done, in this order */
    struct late_insn late[REVERSE_LATE];
    struct recipe recipes[REVERSE_REGS];
};
bool reverse_next(const uint8_t *table, uint32_t n, struct reverse_cursor *c);
/* Brings a zeroed cursor to the point at exactly this host offset; false if there is none: then
 * host and guest are those of the last point before it, or 0, and the rest, recipes above all, is
 * that of the first one behind it, or else of the last. Async-signal-safe. */
bool reverse_find(const uint8_t *table, uint32_t n, uint32_t host, struct reverse_cursor *c);
/* The value that a recipe gives. home: what is there where the register is at the borders of
 * fragments. */
uint64_t recipe_value(struct recipe recipe, uint64_t home, const struct host_regs *regs,
                      const uint64_t spill[SPILL_SLOTS]);
/* What the recipes of a point give goes to the guest state, which has what is at home. */
void recipes_read(const struct recipe recipes[REVERSE_REGS], const struct guest *desc,
                  const struct host_regs *regs, const uint64_t spill[SPILL_SLOTS],
                  unsigned char *guest);

/* ---- thread record --------------------------------------------------------------------------- */

/* The interpreter's own look-up: thread->blocks[], direct-mapped by pc, written only by the owning
 * thread, or when it is not in guest code. An entry says where a decoded block stands in the memory
 * that all kept ones are in, in units of BLOCK_REF_UNIT. Whose block that is is told by the block,
 * which is read anyway. At 0 stands one with a pc that no guest has; so 0 is an empty entry.
 *
 * Large programs come back to the run loop for each block that a smaller table does not hold
 * (--stats: lookups, interpreted_blocks), small ones pay a page fault or two for each page of a
 * larger one. */
typedef uint32_t block_ref;
enum { BLOCK_REF_COUNT = 65536, BLOCK_REF_UNIT = 8 };
#define BLOCK_NO_PC GVA(~(uint64_t)0)

static inline unsigned block_ref_index(uint64_t pc)
{
    return (unsigned)(pc >> 1) & (BLOCK_REF_COUNT - 1);
}

static inline struct decoded_block *block_ref_get(unsigned char *base, block_ref ref)
{
    return (struct decoded_block *)(base + (uint64_t)ref * BLOCK_REF_UNIT);
}

static inline block_ref block_ref_make(const unsigned char *base, const struct decoded_block *block)
{
    return (block_ref)((uint64_t)((const unsigned char *)block - base) / BLOCK_REF_UNIT);
}

/* The translated code's look-up of indirect jumps: direct-mapped by pc, written only by the owning
 * thread's run loop. */
struct jump_entry {
    uint64_t pc; /* if empty, one that is looked for elsewhere */
    uint64_t host;
};

/* Large programs miss a smaller table often (bench/run with --stats shows jump_misses). Empty
 * entries are zero, so that what is not used of it takes no memory. */
enum { JUMP_TABLE_COUNT = 65536, JUMPS_OF_A_PAGE = 256 };

static inline unsigned jump_table_index(uint64_t pc)
{
    return (unsigned)(pc >> 1) & (JUMP_TABLE_COUNT - 1);
}

/* Fragments look up a pc before its lowest bit is cleared, so every value may be asked for. 0 is
 * looked for in the first entry alone. */
static inline struct jump_entry jump_entry_empty(unsigned index)
{
    return (struct jump_entry){.pc = index == 0 ? 2 : 0};
}

/* Where a thread is, as far as those must know who would drop what it may use (vm/quiesce.c). */
enum thread_place { PLACE_RUNTIME, PLACE_CODE, PLACE_KERNEL, PLACE_WAIT };

/* What a thread's host code is for, should it fail, and for profiles. */
enum thread_doing {
    DOING_START,
    DOING_GUEST,      /* in the run loop or an engine, but for the next two; holds no lock */
    DOING_TRANSLATED, /* in translated code or a helper of it; holds no lock */
    DOING_INTERPRET,  /* in the interpreter; holds no lock */
    DOING_TRANSLATE,
    DOING_SYSCALL,
    DOING_TRAP,
    DOING_POLL,
    DOING_FENCE,
    THREAD_DOINGS
};

/* Bits of a thread's poll word. */
enum {
    POLL_SIGNAL = 1, /* linux/: there is something to deliver */
    POLL_STOP = 2,   /* vm/: another thread wants this one out of guest code */
    POLL_STEP = 4,   /* vm/: this thread itself wants the interpreter back after one block */
    POLL_SAMPLE = 8, /* vm/: a sample of a profile is due */
    POLL_PARK = 16,  /* vm/: this thread is to stay in PLACE_KERNEL until it is let go */
};

/* The stack that translated code runs on, rsp: return addresses in host code, pushed by the calls
 * of fragments, so that the processor predicts returns (docs/code-cache.md, "Calls and returns").
 * Nothing else is kept there, and no C code runs on it. It grows down from base, where the address
 * of CODE_RETURN_EMPTY stands. Written only by the owning thread. What stands between sp and base
 * leads into fragments that are there: before one is dropped, its thread forgets all. */
struct return_stack {
    uint64_t sp; /* while translated code does not run */
    uint64_t base;
};

static inline void return_stack_forget(struct return_stack *s)
{
    s->sp = s->base;
}

/* Translated code keeps a register pointing that far behind the start of a thread's guest[]. A
 * displacement of one byte then reaches the poll word and the first 240 bytes of guest[]. */
enum { FRAME_BIAS = 0x78 };

/* One guest thread. What translated code uses most stands last before guest[]; a
 * page starts at its poll_page. guest[] holds guest->state_size bytes. Allocated by vm/. */
struct thread {
    /* The run loop's. First, so that displacements of the rest do not depend on their number. */
    _Atomic uint32_t place;  /* enum thread_place; other threads read it */
    _Atomic bool polls_shut; /* its poll page is, or may be: vm/poll.c */
    uint8_t doing;           /* enum thread_doing; signal handlers read it */
    bool unrepeatable;       /* what ran read a clock, and would give something else again */
    /* Translated code has found its poll page shut, or has faulted, and the run loop has not looked
     * yet: */
    bool polled, faulted;
    gva fault_block;               /* where the guest code of that fragment starts */
    uint32_t turns;                /* since the last signal of --force-signals */
    uint32_t samples_due;          /* samples taken while the interpreter ran: POLL_SAMPLE */
    struct store_log *log;         /* of interpret_logged, while it runs; else NULL */
    struct vm_debug_thread *debug; /* vm/debug.c's, under a debugger; else NULL */
    unsigned char *block_base;     /* what blocks[] counts from: vm/ */
    uint64_t counters[COUNTER_COUNT];
    _Alignas(4096) unsigned char poll_page[4096]; /* read by loops of translated code, and never
                                                   * written: vm/poll.c */
    _Alignas(64) block_ref blocks[BLOCK_REF_COUNT];
    struct jump_entry jumps[JUMP_TABLE_COUNT];
    uint64_t jump_pages[JUMP_TABLE_COUNT / JUMPS_OF_A_PAGE /
                        64]; /* those of jumps[] that were written */
    struct return_stack returns;
    const struct guest *desc;
    struct space *space;
    const struct options *options;
    void *vm;          /* vm/'s own */
    void *task;        /* linux/'s own */
    struct trap fault; /* of the last access that was fixed up; the host's handler writes it */
    struct trap trap;  /* of the last EXIT_TRAP */
    struct fp_env fp;
    uint64_t exit_stub;          /* after CODE_EXIT_LINK: host address of the stub */
    uint64_t host_sp;            /* the run loop's stack while translated code runs */
    uint64_t spill[SPILL_SLOTS]; /* values of a fragment that no register holds */
    uint64_t reserve_addr;       /* LR/SC: ~0 if there is no reservation */
    uint64_t reserve_value;
    uint64_t space_top;    /* guest addresses lie below */
    _Atomic uint32_t poll; /* not 0: leave guest code at the next poll. Next to the guest's state:
                            * translated code reads it often */
    bool reads_instret;    /* the guest has read its counter of instructions: translated code is to
                            * count from now on */
    _Alignas(8) unsigned char guest[];
};

/* The block that t's table has for this pc; any other, or none, if block->pc differs. */
static inline struct decoded_block *thread_block_at(const struct thread *t, gva pc)
{
    return block_ref_get(t->block_base, t->blocks[block_ref_index(pc.v)]);
}

static inline void thread_put_block(struct thread *t, const struct decoded_block *block)
{
    t->blocks[block_ref_index(block->pc.v)] = block_ref_make(t->block_base, block);
}

static inline gva thread_pc(const struct thread *t)
{
    return *(const gva *)(t->guest + t->desc->pc_offset);
}

static inline void thread_set_pc(struct thread *t, gva pc)
{
    *(gva *)(t->guest + t->desc->pc_offset) = pc;
}

#endif
