/* Whole buffers in and out of guest memory, and the part of the host's fault handler that belongs
 * to the accessors. */
#include "space/mappings.h"

#include <errno.h>

/* ---- the table of fix-ups ------------------------------------------------------------------- */

/* One entry as SPACE_FIXUP writes it; distances from the field itself. */
struct fixup {
    int32_t insn, pad;
};

/* The linker's bounds of the section. */
extern const struct fixup __start_space_fixups[], __stop_space_fixups[];

static uint64_t fixup_addr(const int32_t *field)
{
    return (uint64_t)((intptr_t)field + *field);
}

/* A few hundred entries, and a fault costs more than reading them all. */
hpc space_fixup(hpc pc)
{
    for (const struct fixup *f = __start_space_fixups; f < __stop_space_fixups; f++)
        if (fixup_addr(&f->insn) == pc.v)
            return (hpc){fixup_addr(&f->pad)};
    return (hpc){0};
}

bool space_guest_addr(const struct space *s, uint64_t host, gva *addr)
{
    if (host - s->base >= SPACE_TOP)
        return false;
    *addr = GVA(host - s->base);
    return true;
}

/* The reason as Linux gave it to us is the reason that the guest sees: host and guest pages have
 * the same size and, for reads and writes, the same rights. */
static enum fault_reason fault_reason(int sig, int code)
{
    if (sig == SIGBUS)
        return code == BUS_ADRALN ? FAULT_ALIGN : FAULT_BUS;
    return code == SEGV_ACCERR ? FAULT_ACCERR : FAULT_MAPERR;
}

bool space_read_fault(const struct space *s, int sig, const siginfo_t *info,
                      const ucontext_t *context, struct trap *fault)
{
    enum { ERR_WRITE = 2 }; /* of the page fault's error code: AMD64 manual, volume 2, 8.4.2 */
    const greg_t *regs = context->uc_mcontext.gregs;
    gva addr;
    /* Codes up to 0 come from kill and its like: not a fault, wherever the pc stands. */
    if ((sig != SIGSEGV && sig != SIGBUS) || info->si_code <= 0 ||
        !space_guest_addr(s, (uint64_t)info->si_addr, &addr))
        return false;
    *fault = (struct trap){.kind = regs[REG_ERR] & ERR_WRITE ? TRAP_STORE : TRAP_LOAD,
                           .reason = fault_reason(sig, info->si_code),
                           .addr = addr};
    return true;
}

bool space_handle_fault(const struct space *s, int sig, const siginfo_t *info, ucontext_t *context,
                        struct trap *fault)
{
    greg_t *rip = &context->uc_mcontext.gregs[REG_RIP];
    struct trap what;

    if (!space_read_fault(s, sig, info, context, &what))
        return false;
    hpc pad = space_fixup((hpc){(uint64_t)*rip});
    if (pad.v == 0)
        return false;
    *rip = (greg_t)pad.v;
    if (fault)
        *fault = what;
    return true;
}

/* ---- buffers -------------------------------------------------------------------------------- */

/* Returns how many bytes were left when it faulted, 0 if none: rcx counts down as the bytes go. */
static size_t copy_guarded(void *to, const void *from, size_t len)
{
    __asm__ volatile("1:  rep movsb\n"
                     "2:\n" SPACE_FIXUP("1b", "2b")
                     : "+D"(to), "+S"(from), "+c"(len)
                     :
                     : "memory");
    return len;
}

static bool range_inside(gva addr, uint64_t len)
{
    return addr.v <= SPACE_TOP && len <= SPACE_TOP - addr.v;
}

int space_read(struct space *s, gva addr, void *to, size_t len)
{
    if (!range_inside(addr, len))
        return -EFAULT;
    return copy_guarded(to, (const void *)(s->base + addr.v), len) ? -EFAULT : 0;
}

int space_write(struct space *s, gva addr, const void *from, size_t len)
{
    if (!range_inside(addr, len))
        return -EFAULT;
    return copy_guarded((void *)(s->base + addr.v), from, len) ? -EFAULT : 0;
}

int64_t space_read_string(struct space *s, gva addr, char *to, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!space_load_u8(s, addr.v + i, (uint8_t *)&to[i]))
            return -EFAULT;
        if (to[i] == '\0')
            return (int64_t)i;
    }
    return -ENAMETOOLONG;
}

void *space_host_range(struct space *s, gva addr, uint64_t len, bool *ok)
{
    bool inside = addr.v == 0 || range_inside(addr, len);
    if (ok)
        *ok = inside;
    if (inside && addr.v != 0)
        watch_give(s, addr.v, addr.v + len);
    return inside && addr.v != 0 ? (void *)(s->base + addr.v) : NULL;
}
