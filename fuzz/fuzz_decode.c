/* Fuzz target: decoder, disassembler and lifting of RISC-V. Any bytes decode to a block whose µops
 * are well-formed. */
#include "guest/rv64/rv64.h"

#include <string.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CODE_BASE = 0x10000, CODE_SIZE = SPACE_PAGE_SIZE };

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

    if (guest_rv64.decode_block(space, pc, &decoded.block, &trap) < 0)
        return 0;
    const struct decoded_block *block = &decoded.block;
    CHECK(block->n_insns > 0 && block->n_insns <= BLOCK_MAX_INSNS &&
              block->n_bytes <= BLOCK_MAX_BYTES,
          "%u instructions, %u bytes", block->n_insns, block->n_bytes);
    CHECK(block->guest_bytes >= 2 * block->n_insns && block->guest_bytes <= 4 * block->n_insns,
          "%u instructions in %u bytes", block->n_insns, block->guest_bytes);
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
