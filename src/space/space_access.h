/* Single accesses to guest memory: inline assembly with fix-up entries. Included by space.h alone.
 *
 *   bool space_load_u8/u16/u32/u64(const struct space *, uint64_t addr, uintN_t *value)
 *   bool space_store_u8/u16/u32/u64(const struct space *, uint64_t addr, uintN_t value)
 *   bool space_amo_<op>_u32/u64(const struct space *, uint64_t addr, uintN_t operand, uintN_t *old)
 *        op: swap add and or xor mins maxs minu maxu; sequentially consistent; addr aligned
 * (caller's duty) bool space_cmpxchg_u32/u64(const struct space *, uint64_t addr, uintN_t expected,
 *                              uintN_t desired, bool *done)
 *
 * Each has a twin space_at_*(uint64_t base, ...) that takes s->base by value, for an engine that
 * keeps it in a local. Loads and stores may be misaligned and may cross pages.
 *
 * They return false if the access faulted, and then nothing was written to guest memory and the
 * result is undefined. There are two ways to fail:
 *  - It lies at or crosses SPACE_TOP (SPACE_LIMIT): memory is not touched, no signal is raised.
 *  - The host faults: its handler calls space_handle_fault(), which records the reason and the
 *    address in thread->fault and resumes in the accessor.
 * space_fault_trap() turns either into thread->trap:
 *
 *   if (UNLIKELY(!space_load_u32(s, addr, &value))) {
 *       space_fault_trap(t, TRAP_LOAD, addr);
 *       return EXIT_TRAP;
 *   }
 *
 * How it works. The carry flag is the result. The compare with the limit sets it if the address is
 * inside; `mov` leaves flags alone; the landing pad of a fault clears it. So the path without a
 * fault is: cmp, jae, mov, jnc. Plain loads and stores have no "memory" clobber: guest memory is
 * reached by these (volatile, hence ordered) statements and by the kernel only, never through
 * pointers that the compiler knows; without the clobber the caller's own values stay in registers.
 */
#ifndef ISOMORPH_SPACE_ACCESS_H
#define ISOMORPH_SPACE_ACCESS_H

/* Begins to load what is at addr into the host's cache. Any address will do: it cannot fault. */
static inline void space_prefetch(const struct space *s, gva addr)
{
    __builtin_prefetch((const void *)(s->base + addr.v));
}

/* An entry of the table: instruction `insn` lands at `pad`, both as distances from the entry's own
 * fields, so that the table needs no relocation and lies in read-only memory. */
#define SPACE_FIXUP(insn, pad)                                                                     \
    ".pushsection space_fixups, \"a\", @progbits\n"                                                \
    "    .balign 4\n"                                                                              \
    "    .long " insn " - ., " pad " - .\n"                                                        \
    ".popsection\n"

/* The landing pad of every accessor: clear carry, go on behind the access (label 2). */
#define SPACE_PAD                                                                                  \
    ".pushsection .text.space_pads, \"ax\", @progbits\n"                                           \
    "9:  clc\n"                                                                                    \
    "    jmp 2b\n"                                                                                 \
    ".popsection\n"

/* First address at which an access of the widest size would leave the space. One limit serves all
 * sizes (so that a compiler can keep it in a register): the last page below SPACE_TOP is never
 * mapped, hence an access that this refuses would fail anyhow, and for the same reason. */
#define SPACE_LIMIT (SPACE_TOP - 7)

/* Sets carry if the access stays inside, else leaves with carry clear. */
#define SPACE_GUARD                                                                                \
    "    cmpq %[limit], %[addr]\n"                                                                 \
    "    jae 2f\n"

#define SPACE_LOAD(bits, insn)                                                                     \
    static inline bool space_at_load_u##bits(uint64_t base, uint64_t addr, uint##bits##_t *value)  \
    {                                                                                              \
        uint64_t v;                                                                                \
        bool ok;                                                                                   \
        __asm__ volatile(SPACE_GUARD "1:  " insn "\n"                                              \
                                     "2:\n" SPACE_PAD SPACE_FIXUP("1b", "9b")                      \
                         : [v] "=r"(v), "=@ccc"(ok)                                                \
                         : [base] "r"(base), [addr] "r"(addr), [limit] "r"(SPACE_LIMIT));          \
        *value = (uint##bits##_t)v;                                                                \
        return ok;                                                                                 \
    }                                                                                              \
    static inline bool space_load_u##bits(const struct space *s, uint64_t addr,                    \
                                          uint##bits##_t *value)                                   \
    {                                                                                              \
        return space_at_load_u##bits(s->base, addr, value);                                        \
    }

SPACE_LOAD(8, "movzbl (%[base],%[addr]), %k[v]")
SPACE_LOAD(16, "movzwl (%[base],%[addr]), %k[v]")
SPACE_LOAD(32, "movl (%[base],%[addr]), %k[v]")
SPACE_LOAD(64, "movq (%[base],%[addr]), %q[v]")

#define SPACE_STORE(bits, insn)                                                                    \
    static inline bool space_at_store_u##bits(uint64_t base, uint64_t addr, uint##bits##_t value)  \
    {                                                                                              \
        bool ok;                                                                                   \
        __asm__ volatile(                                                                          \
            SPACE_GUARD "1:  " insn "\n"                                                           \
                        "2:\n" SPACE_PAD SPACE_FIXUP("1b", "9b")                                   \
            : "=@ccc"(ok)                                                                          \
            : [v] "r"(value), [base] "r"(base), [addr] "r"(addr), [limit] "r"(SPACE_LIMIT));       \
        return ok;                                                                                 \
    }                                                                                              \
    static inline bool space_store_u##bits(const struct space *s, uint64_t addr,                   \
                                           uint##bits##_t value)                                   \
    {                                                                                              \
        return space_at_store_u##bits(s->base, addr, value);                                       \
    }

SPACE_STORE(8, "movb %b[v], (%[base],%[addr])")
SPACE_STORE(16, "movw %w[v], (%[base],%[addr])")
SPACE_STORE(32, "movl %k[v], (%[base],%[addr])")
SPACE_STORE(64, "movq %q[v], (%[base],%[addr])")

/* ---- atomics -------------------------------------------------------------------------------- */

/* One instruction that exchanges %[v] with the result's old value. */
#define SPACE_AMO_EXCHANGE(op, bits, insn)                                                         \
    static inline bool space_at_amo_##op##_u##bits(uint64_t base, uint64_t addr,                   \
                                                   uint##bits##_t operand, uint##bits##_t *old)    \
    {                                                                                              \
        bool ok;                                                                                   \
        __asm__ volatile(SPACE_GUARD "1:  " insn "\n"                                              \
                                     "    stc\n"                                                   \
                                     "2:\n" SPACE_PAD SPACE_FIXUP("1b", "9b")                      \
                         : [v] "+r"(operand), "=@ccc"(ok)                                          \
                         : [base] "r"(base), [addr] "r"(addr), [limit] "r"(SPACE_LIMIT)            \
                         : "memory");                                                              \
        *old = operand;                                                                            \
        return ok;                                                                                 \
    }                                                                                              \
    SPACE_AMO_WRAPPER(op, bits)

#define SPACE_AMO_WRAPPER(op, bits)                                                                \
    static inline bool space_amo_##op##_u##bits(const struct space *s, uint64_t addr,              \
                                                uint##bits##_t operand, uint##bits##_t *old)       \
    {                                                                                              \
        return space_at_amo_##op##_u##bits(s->base, addr, operand, old);                           \
    }

/* A loop of compare and exchange. `insns` computes %[n] (which holds the operand) from the old
 * value in rax. The first access is a load: on a page without the right to write, the fault is the
 * cmpxchg's, hence a write fault; on an absent page its kind is the load's, which Linux reports in
 * the same way. */
#define SPACE_AMO_LOOP(op, bits, reg, suffix, insns)                                               \
    static inline bool space_at_amo_##op##_u##bits(uint64_t base, uint64_t addr,                   \
                                                   uint##bits##_t operand, uint##bits##_t *old)    \
    {                                                                                              \
        uint##bits##_t was, n;                                                                     \
        bool ok;                                                                                   \
        __asm__ volatile(                                                                          \
            SPACE_GUARD "1:  mov" suffix " (%[base],%[addr]), %%" reg "\n"                         \
                        "3:  mov" suffix " %[v], %[n]\n" insns "4:  lock cmpxchg" suffix           \
                        " %[n], (%[base],%[addr])\n"                                               \
                        "    jne 3b\n"                                                             \
                        "    stc\n"                                                                \
                        "2:\n" SPACE_PAD SPACE_FIXUP("1b", "9b") SPACE_FIXUP("4b", "9b")           \
            : "=&a"(was), [n] "=&r"(n), "=@ccc"(ok)                                                \
            : [base] "r"(base), [addr] "r"(addr), [v] "r"(operand), [limit] "r"(SPACE_LIMIT)       \
            : "memory");                                                                           \
        *old = was;                                                                                \
        return ok;                                                                                 \
    }                                                                                              \
    SPACE_AMO_WRAPPER(op, bits)

/* n = op(n, old) */
#define SPACE_AMO_LOGIC(op, bits, reg, suffix)                                                     \
    SPACE_AMO_LOOP(op, bits, reg, suffix, "    " #op suffix " %%" reg ", %[n]\n")
/* n = old if `old cond n` */
#define SPACE_AMO_CHOICE(op, bits, reg, suffix, cond)                                              \
    SPACE_AMO_LOOP(op, bits, reg, suffix,                                                          \
                   "    cmp" suffix " %[n], %%" reg "\n"                                           \
                   "    cmov" cond suffix " %%" reg ", %[n]\n")

SPACE_AMO_EXCHANGE(swap, 32, "xchgl %[v], (%[base],%[addr])")
SPACE_AMO_EXCHANGE(swap, 64, "xchgq %[v], (%[base],%[addr])")
SPACE_AMO_EXCHANGE(add, 32, "lock xaddl %[v], (%[base],%[addr])")
SPACE_AMO_EXCHANGE(add, 64, "lock xaddq %[v], (%[base],%[addr])")
SPACE_AMO_LOGIC(and, 32, "eax", "l")
SPACE_AMO_LOGIC(and, 64, "rax", "q")
SPACE_AMO_LOGIC(or, 32, "eax", "l")
SPACE_AMO_LOGIC(or, 64, "rax", "q")
SPACE_AMO_LOGIC(xor, 32, "eax", "l")
SPACE_AMO_LOGIC(xor, 64, "rax", "q")
SPACE_AMO_CHOICE(mins, 32, "eax", "l", "l")
SPACE_AMO_CHOICE(mins, 64, "rax", "q", "l")
SPACE_AMO_CHOICE(maxs, 32, "eax", "l", "g")
SPACE_AMO_CHOICE(maxs, 64, "rax", "q", "g")
SPACE_AMO_CHOICE(minu, 32, "eax", "l", "b")
SPACE_AMO_CHOICE(minu, 64, "rax", "q", "b")
SPACE_AMO_CHOICE(maxu, 32, "eax", "l", "a")
SPACE_AMO_CHOICE(maxu, 64, "rax", "q", "a")

#define SPACE_CMPXCHG(bits, suffix)                                                                \
    static inline bool space_at_cmpxchg_u##bits(                                                   \
        uint64_t base, uint64_t addr, uint##bits##_t expected, uint##bits##_t desired, bool *done) \
    {                                                                                              \
        uint##bits##_t was = expected;                                                             \
        bool ok;                                                                                   \
        __asm__ volatile(                                                                          \
            SPACE_GUARD "1:  lock cmpxchg" suffix " %[v], (%[base],%[addr])\n"                     \
                        "    stc\n"                                                                \
                        "2:\n" SPACE_PAD SPACE_FIXUP("1b", "9b")                                   \
            : "+a"(was), "=@ccc"(ok)                                                               \
            : [base] "r"(base), [addr] "r"(addr), [v] "r"(desired), [limit] "r"(SPACE_LIMIT)       \
            : "memory");                                                                           \
        *done = was == expected;                                                                   \
        return ok;                                                                                 \
    }                                                                                              \
    static inline bool space_cmpxchg_u##bits(const struct space *s, uint64_t addr,                 \
                                             uint##bits##_t expected, uint##bits##_t desired,      \
                                             bool *done)                                           \
    {                                                                                              \
        return space_at_cmpxchg_u##bits(s->base, addr, expected, desired, done);                   \
    }

SPACE_CMPXCHG(32, "l")
SPACE_CMPXCHG(64, "q")

/* ---- after a failure ------------------------------------------------------------------------ */

/* Fills t->trap for an access at addr that has just failed on t. kind is TRAP_LOAD,
 * TRAP_STORE (atomics too: the manual, volume II, gives them the store's cause) or TRAP_FETCH. */
static inline void space_fault_trap(struct thread *t, enum trap_kind kind, uint64_t addr)
{
    /* The handler wrote t->fault behind the compiler's back. */
    __asm__ volatile("" ::: "memory");
    bool outside = addr >= SPACE_LIMIT;
    t->trap.kind = kind;
    t->trap.reason = outside ? FAULT_MAPERR : t->fault.reason;
    t->trap.addr = outside ? GVA(addr) : t->fault.addr;
    t->trap.insn = 0;
}

#endif
