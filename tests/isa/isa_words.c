/* What the generated decoder and disassembler make of instruction words, as text for
 * objdump_check.py.
 *
 * Standard input: lines `WORD PC`, hexadecimal. Standard output, a line each: length in bytes,
 * `illegal`, `hint` or `run`, assembly. */
#include <inttypes.h>
#include "guest/rv64/rv64.h"

static const char *insn_fate(const struct rv64_insn *insn)
{
    if (insn->op == RV64_OP_illegal)
        return "illegal";
    return insn->op == RV64_OP_hint ? "hint" : "run";
}

int main(void)
{
    uint32_t word;
    uint64_t pc;
    struct strbuf text = {0};

    while (scanf("%" SCNx32 " %" SCNx64, &word, &pc) == 2) {
        struct rv64_insn insn;
        rv64_decode(word, &insn);
        CHECK(insn.len == rv64_insn_len((uint16_t)word), "two lengths for %08x", word);
        text.len = 0;
        rv64_disasm(word, pc, &text);
        printf("%u %s %s\n", insn.len, insn_fate(&insn), text.data);
    }
    strbuf_free(&text);
    return 0;
}
