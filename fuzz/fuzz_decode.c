/* Fuzz target: decoder, disassembler and lifting of RISC-V. Any bytes decode to a block whose µops
 * are well-formed. */
#include "guest/rv64/rv64.h"

#include <string.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CODE_BASE = 0x10000, CODE_SIZE = SPACE_PAGE_SIZE };

/* Every record is in range, as long as its first bits say, and has an assembly. */
static void check_records(const struct decoded_block *block, struct space *space)
{
    struct strbuf text = {0};
    uint32_t at = 0;

    for (uint32_t n = 0; n < block->n_insns; n++) {
        const struct rv64_insn *insn = &rv64_insns(block)[n];
        uint32_t word = 0;
        CHECK(insn->op < RV64_OP_COUNT && insn->rd <= RV64_SINK && insn->off == at,
              "instruction %u: op %u, rd %u, offset %u", n, insn->op, insn->rd, insn->off);
        CHECK(space_read(space, GVA(block->pc.v + at), &word, insn->len) == 0 &&
                  insn->len == rv64_insn_len((uint16_t)word),
              "instruction %u: %u bytes", n, insn->len);
        text.len = 0;
        rv64_disasm(word, block->pc.v + at, &text);
        CHECK(text.len > 0, "%#x has no assembly", word);
        at += insn->len;
    }
    CHECK(at == block->guest_bytes, "%u bytes, not %u", at, block->guest_bytes);
    strbuf_free(&text);
}

/* Decodes, prints and lifts the block at pc. Returns its length in guest bytes, 0 if nothing can be
 * fetched. */
static uint32_t check_block(struct space *space, gva pc)
{
    union {
        struct decoded_block block;
        unsigned char room[sizeof(struct decoded_block) + BLOCK_MAX_BYTES];
    } decoded;
    struct trap trap;
    struct ir_block lifted;
    struct strbuf text = {0};

    if (guest_rv64.decode_block(space, pc, BLOCK_MAX_INSNS, &decoded.block, &trap) < 0)
        return 0;
    const struct decoded_block *block = &decoded.block;
    CHECK(block->n_insns > 0 && block->n_insns <= BLOCK_MAX_INSNS &&
              block->n_bytes <= BLOCK_MAX_BYTES,
          "%u instructions, %u bytes", block->n_insns, block->n_bytes);
    CHECK(block->guest_bytes >= 2 * block->n_insns && block->guest_bytes <= 4 * block->n_insns,
          "%u instructions in %u bytes", block->n_insns, block->guest_bytes);
    check_records(block, space);
    guest_rv64.print_block(block, space, &text);
    ir_block_init(&lifted, guest_rv64.regs, guest_rv64.n_regs);
    guest_rv64.lift_block(block, &lifted);
    const char *wrong = ir_verify(&lifted);
    CHECK(!wrong, "%s\n%s", wrong, text.data);
    ir_block_free(&lifted);
    strbuf_free(&text);
    return block->guest_bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct space *space;
    const char *why = "";

    if (!space) {
        space = space_create(SPACE_OFFSET, 0, &why);
        CHECK(space, "no space: %s", why);
        int64_t at = space_map(space, GVA(CODE_BASE), CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, NULL);
        CHECK(at == CODE_BASE, "mapping failed: %ld", (long)at);
    }
    /* At the end of the page, so that the last instruction may be cut off. */
    size = MIN(size, (size_t)CODE_SIZE) & ~(size_t)1;
    gva pc = GVA(CODE_BASE + CODE_SIZE - size);
    CHECK(space_write(space, pc, data, size) == 0, "writing %zu bytes failed", size);
    while (pc.v < CODE_BASE + CODE_SIZE) {
        uint32_t len = check_block(space, pc);
        if (len == 0)
            break;
        pc.v += len;
    }
    return 0;
}
