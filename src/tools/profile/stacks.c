/* tools/profile/stacks.c: who has called the code at hand, as well as can be told in a signal
 * handler without unwinding tables.
 *
 * The return-address register is noted first. Then, if s0 looks like a frame pointer (code built
 * with -fno-omit-frame-pointer), the chain of frames is followed: the return address lies 8 bytes
 * below the frame pointer and the caller's frame pointer 16 below (a leaf that saves no return
 * address has the caller's 8 below). Else the lowest words of the stack are searched for values
 * that point behind a call instruction. Both give candidates; resolve.c keeps those that fit.
 *
 * What this gets wrong: without frame pointers, callers through function pointers may be leftovers
 * of earlier calls, and callers beyond SCAN_WORDS of a large frame are missed; in a prologue or
 * epilogue one caller may be missing.
 *
 * Guest memory is read through the accessors, which survive a fault. The reason that a faulting
 * accessor leaves in t->fault is put back: the code that was interrupted may be about to read it.
 *
 * Calls are known by their encoding (RISC-V manual I, "Unconditional Jumps": rd is x1 or x5). */
#include "tools/profile/collect.h"

#include <string.h>

#include "space/space.h"

enum {
    SCAN_WORDS = 384,
    CHAIN_REACH = 8 << 20, /* bytes: the next frame of a chain is not further up */
    OPCODE_JAL = 0x6f,
    OPCODE_JALR = 0x67,
    OPCODE_AUIPC = 0x17,
};

static unsigned offset_of(const struct guest *guest, const char *alias)
{
    for (unsigned i = 0; i < guest->n_regs; i++) {
        if (guest->regs[i].alias && strcmp(guest->regs[i].alias, alias) == 0)
            return guest->regs[i].offset;
    }
    CHECK(false, "guest %s has no register %s", guest->name, alias);
}

void stacks_init(const struct guest *guest)
{
    profile.sp = offset_of(guest, "sp");
    profile.fp = offset_of(guest, "s0");
    profile.ra = offset_of(guest, "ra");
}

/* ---- call instructions ----------------------------------------------------------------------- */

static bool is_link(uint32_t insn)
{
    uint32_t rd = insn >> 7 & 31;

    return rd == 1 || rd == 5;
}

static uint64_t jal_offset(uint32_t insn)
{
    uint64_t sign = (uint64_t)((int64_t)(int32_t)insn >> 31) << 20;

    return sign | (insn & 0xff000) | (insn >> 9 & 0x800) | (insn >> 20 & 0x7fe);
}

static bool load_word(const struct space *space, uint64_t at, uint32_t *word)
{
    uint16_t low, high;

    if (!space_load_u16(space, at, &low) || !space_load_u16(space, at + 2, &high))
        return false;
    *word = (uint32_t)high << 16 | low;
    return true;
}

/* auipc and jalr through the same register: a call of a place that is further away. */
static uint64_t pair_target(const struct space *space, uint64_t jalr_at, uint32_t jalr)
{
    uint32_t auipc;

    if (!load_word(space, jalr_at - 4, &auipc) || (auipc & 0x7f) != OPCODE_AUIPC ||
        (auipc >> 7 & 31) != (jalr >> 15 & 31))
        return 0;
    return jalr_at - 4 + (uint64_t)(int64_t)(int32_t)(auipc & 0xfffff000) +
           (uint64_t)(int64_t)((int32_t)jalr >> 20);
}

bool stacks_follows_call(const struct space *space, uint64_t address, uint64_t *to)
{
    uint32_t word;
    uint16_t half;

    *to = 0;
    if (address & 1 || address < SPACE_PAGE_SIZE || address >= SPACE_TOP)
        return false;
    if (load_word(space, address - 4, &word) && is_link(word)) {
        if ((word & 0x7f) == OPCODE_JAL) {
            *to = address - 4 + jal_offset(word);
            return true;
        }
        if ((word & 0x707f) == OPCODE_JALR) {
            *to = pair_target(space, address - 4, word);
            return true;
        }
    }
    /* c.jalr: 1001 rs1 00000 10 */
    return space_load_u16(space, address - 2, &half) && (half & 0xf07f) == 0x9002 &&
           (half & 0xf80) != 0;
}

/* ---- the walk -------------------------------------------------------------------------------- */

static uint64_t guest_register(const struct thread *t, unsigned offset)
{
    uint64_t value;

    memcpy(&value, t->guest + offset, sizeof(value));
    return value;
}

static bool is_above(uint64_t fp, uint64_t sp)
{
    return fp % 8 == 0 && fp > sp && fp - sp < CHAIN_REACH;
}

/* Follows the chain from s0. Returns the number of frames then. */
static unsigned walk_chain(const struct space *space, uint64_t sp, uint64_t fp, uint64_t *frames,
                           unsigned n)
{
    uint64_t to, ret, next;

    while (n < STACK_DEPTH && is_above(fp, sp) && space_load_u64(space, fp - 8, &ret) &&
           space_load_u64(space, fp - 16, &next)) {
        if (stacks_follows_call(space, ret, &to))
            frames[n++] = ret;
        else if (is_above(ret, fp)) /* of a leaf */
            next = ret;
        else
            break;
        sp = fp;
        fp = next;
    }
    return n;
}

static unsigned scan_stack(const struct space *space, uint64_t sp, uint64_t *frames, unsigned n)
{
    uint64_t word, to;

    for (unsigned i = 0; i < SCAN_WORDS && n < STACK_DEPTH; i++) {
        if (!space_load_u64(space, sp + 8 * (uint64_t)i, &word))
            break;
        if (stacks_follows_call(space, word, &to))
            frames[n++] = word;
    }
    return n;
}

unsigned stacks_walk(const struct thread *t, uint64_t frames[STACK_DEPTH], bool *chained)
{
    struct thread *writable = (struct thread *)t;
    struct trap fault = t->fault;
    uint64_t sp = ALIGN_DOWN(guest_register(t, profile.sp), 8), to, ra;
    unsigned n = 0;

    ra = guest_register(t, profile.ra);
    if (stacks_follows_call(t->space, ra, &to))
        frames[n++] = ra;
    unsigned first = n;
    n = walk_chain(t->space, sp, guest_register(t, profile.fp), frames, n);
    *chained = n > first;
    if (!*chained)
        n = scan_stack(t->space, sp, frames, n);
    writable->fault = fault;
    return n;
}
