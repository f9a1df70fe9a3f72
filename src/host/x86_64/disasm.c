/* Host code as text, by Zydis; in a build without it as bytes. */
#include "host/x86_64/host.h"

#ifdef HAVE_ZYDIS
#include <Zydis/Zydis.h>
#endif

enum { BYTES_SHOWN = 10 }; /* per line; longer instructions push their text to the right */

static void print_bytes(struct strbuf *out, const uint8_t *bytes, size_t n, hpc exec)
{
    strbuf_printf(out, "%#14lx  ", (unsigned long)exec.v);
    for (size_t i = 0; i < n; i++)
        strbuf_printf(out, "%02x ", bytes[i]);
    for (size_t i = n; i < BYTES_SHOWN; i++)
        strbuf_printf(out, "   ");
}

#ifdef HAVE_ZYDIS

const bool host_has_disassembler = true;

/* The address that an operand speaks of: a jump's goal, a rip-relative place, or a large immediate.
 */
static bool operand_address(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *o,
                            hpc exec, uint64_t *address)
{
    if (o->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && !o->imm.is_relative) {
        *address = o->imm.value.u;
        return o->size == 64;
    }
    return ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(insn, o, exec.v, address));
}

static void print_names(struct strbuf *out, const ZydisDisassembledInstruction *d, hpc exec,
                        host_namer *name, void *arg)
{
    for (unsigned i = 0; name && i < d->info.operand_count_visible; i++) {
        uint64_t address;
        if (!operand_address(&d->info, &d->operands[i], exec, &address))
            continue;
        const char *text = name(arg, address);
        if (text)
            strbuf_printf(out, "  ; %s", text);
    }
}

size_t host_disassemble_one(struct strbuf *out, const void *bytes, size_t n, hpc exec,
                            host_namer *name, void *arg)
{
    ZydisDisassembledInstruction d;

    if (ZYAN_FAILED(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, exec.v, bytes, n, &d))) {
        print_bytes(out, bytes, 1, exec);
        strbuf_printf(out, " (bad)\n");
        return 1;
    }
    print_bytes(out, bytes, d.info.length, exec);
    strbuf_printf(out, " %s", d.text);
    print_names(out, &d, exec, name, arg);
    strbuf_printf(out, "\n");
    return d.info.length;
}

#else

const bool host_has_disassembler = false;

size_t host_disassemble_one(struct strbuf *out, const void *bytes, size_t n, hpc exec,
                            host_namer *name, void *arg)
{
    size_t len = MIN(n, (size_t)BYTES_SHOWN);
    print_bytes(out, bytes, len, exec);
    strbuf_printf(out, "\n");
    return len;
}

#endif

void host_disassemble(struct strbuf *out, const void *bytes, size_t n, hpc exec, host_namer *name,
                      void *arg)
{
    for (size_t at = 0; at < n;)
        at += host_disassemble_one(out, (const uint8_t *)bytes + at, n - at, HPC(exec.v + at), name,
                                   arg);
}
