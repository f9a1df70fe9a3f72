/* Jumps that are changed while other threads execute them.
 *
 * Only the displacement changes, by one store of 4 bytes that lies in one aligned 8-byte word. Such
 * a store is atomic (AMD64 manual vol. 2, 7.3.2; Intel SDM vol. 3A, "Guaranteed Atomic
 * Operations"), also against instruction fetch: a thread goes to the old goal or to the new one.
 * The opcode bytes never change.
 */
#include "host/x86_64/encode.h"

#include <string.h>

/* Bytes of the instruction in front of the displacement. */
static unsigned opcode_bytes(enum x86_insn insn)
{
    bool jcc = insn >= X86_jo && insn <= X86_jnle;
    CHECK(jcc || insn == X86_jmp || insn == X86_call, "%s cannot be patched", x86_insn_name(insn));
    return jcc ? 2 : 1;
}

void host_pad_patchable(struct host_code *c, enum x86_insn insn, unsigned before)
{
    unsigned in_word = (unsigned)(host_code_here(c).v + before + opcode_bytes(insn)) & 7;
    x86_nop(c, in_word > 8 - HOST_PATCH_BYTES ? 8 - in_word : 0);
}

void host_pad_patchable_pair(struct host_code *c, unsigned first, unsigned second)
{
    unsigned n = 0;
    uint64_t here = host_code_here(c).v;

    while (((here + n + first) & 7) > 8 - HOST_PATCH_BYTES ||
           ((here + n + second) & 7) > 8 - HOST_PATCH_BYTES)
        n++;
    x86_nop(c, n);
}

uint32_t host_emit_patchable(struct host_code *c, enum x86_insn insn, struct x86_operand to)
{
    CHECK(to.kind == X86_OPERAND_LABEL_FAR || to.kind == X86_OPERAND_HOST,
          "a patchable jump to kind %u", to.kind);
    host_pad_patchable(c, insn, 0);
    uint32_t field = c->pos + opcode_bytes(insn);
    x86_jump(c, insn, to);
    return field;
}

void host_patch_jump(const struct host_memory *m, hpc field, hpc goal)
{
    int64_t distance = (int64_t)(goal.v - (field.v + HOST_PATCH_BYTES));
    uint8_t *at = host_write_address(m, field);

    CHECK((field.v & 7) <= 8 - HOST_PATCH_BYTES, "the jump at %#lx cannot be patched",
          (unsigned long)field.v);
    CHECK(distance == (int32_t)distance, "a jump over %ld bytes", (long)distance);
    /* One store; in C it would be one of a misaligned int, or several. */
    __asm__ volatile("movl %1, %0"
                     : "=m"(*(uint8_t(*)[HOST_PATCH_BYTES])at)
                     : "r"((int32_t)distance)
                     : "memory");
}

hpc host_patch_goal(const struct host_memory *m, hpc field)
{
    const uint8_t *at = host_write_address(m, field);
    int32_t distance;

    __asm__ volatile("movl %1, %0" : "=r"(distance) : "m"(*(const uint8_t(*)[HOST_PATCH_BYTES])at));
    return HPC(field.v + HOST_PATCH_BYTES + (uint64_t)(int64_t)distance);
}
