/* guest/rv64, private: what the disassembler made by isagen (rv64_disasm.gen.c) calls. */
#ifndef ISOMORPH_RV64_DISASM_H
#define ISOMORPH_RV64_DISASM_H

#include "guest/rv64/rv64.h"

static const char *const order_suffixes[4] = {"", ".rl", ".aq", ".aqrl"};

/* ",rtz", or nothing for the mode that goes without saying. */
static inline void print_rounding(struct strbuf *out, unsigned rm, unsigned silent)
{
    static const char *const names[8] = {"rne", "rtz",     "rdn",     "rup",
                                         "rmm", "unknown", "unknown", "dyn"};
    if (rm != silent)
        strbuf_printf(out, ",%s", names[rm]);
}

/* The set of a fence. */
static inline void print_set(struct strbuf *out, unsigned set)
{
    for (int i = 0; i < 4; i++)
        if (set >> (3 - i) & 1)
            strbuf_printf(out, "%c", "iorw"[i]);
    if (!set)
        strbuf_printf(out, "unknown");
}

static inline void print_unknown(struct strbuf *out, uint32_t word)
{
    if (rv64_insn_len((uint16_t)word) == 2)
        strbuf_printf(out, ".2byte\t0x%x", word & 0xffff);
    else
        strbuf_printf(out, ".4byte\t0x%x", word);
}

#endif
