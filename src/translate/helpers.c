/* What translated code calls in the runtime, and what the host's fault handler asks of the state
 * map.
 *
 * The helpers run with the guest's MXCSR: no C arithmetic on float or double here. Nothing here
 * touches guest memory. */
#include "translate/translator.h"

#include <signal.h>
#include <string.h>
#include <ucontext.h>

void translate_helper_uop(struct thread *t)
{
    uint64_t *arg = &t->spill[SPILL_ARGS];
    uint64_t packed = t->spill[SPILL_PACKED];
    uint32_t mode;
    t->counters[COUNTER_SLOW_UOPS]++;
    arg[0] = uop_eval(&t->fp, packed & 255, packed >> 8 & 255, packed >> 16 & 255,
                      packed >> 24 & 255, arg[0], arg[1], arg[2]);
    /* Fragments rely on the guest's own mode being loaded, or nearest even if the host does not
     * have it. */
    mode = t->fp.rm <= FP_RUP ? t->fp.rm : FP_RNE;
    if (t->fp.host_rm != mode)
        fp_set_rm(&t->fp, t->fp.rm);
}

static uint32_t *fcsr_at(struct thread *t, uint32_t offset)
{
    return (uint32_t *)(t->guest + offset);
}

void translate_helper_fp_enter(struct thread *t, uint32_t fcsr_offset)
{
    fp_enter(&t->fp, fcsr_offset == UINT32_MAX ? 0 : *fcsr_at(t, fcsr_offset));
}

void translate_helper_fp_leave(struct thread *t, uint32_t fcsr_offset)
{
    uint32_t fcsr = fp_leave(&t->fp);
    if (fcsr_offset != UINT32_MAX)
        *fcsr_at(t, fcsr_offset) = fcsr;
}

uint64_t translate_target(unsigned id)
{
    switch (id) {
    case CODE_HELPER_UOP:
        return (uintptr_t)translate_helper_uop;
    case CODE_HELPER_FP_ENTER:
        return (uintptr_t)translate_helper_fp_enter;
    case CODE_HELPER_FP_LEAVE:
        return (uintptr_t)translate_helper_fp_leave;
    default:
        CHECK(false, "%u is no function of the runtime", id);
        return 0;
    }
}

/* Where the kernel keeps a general register of an interrupted context (<sys/ucontext.h>). */
static uint64_t context_gpr(const ucontext_t *context, unsigned reg)
{
    static const uint8_t places[] = {
        [X86_RAX] = REG_RAX, [X86_RCX] = REG_RCX, [X86_RDX] = REG_RDX, [X86_RBX] = REG_RBX,
        [X86_RSP] = REG_RSP, [X86_RBP] = REG_RBP, [X86_RSI] = REG_RSI, [X86_RDI] = REG_RDI,
        [X86_R8] = REG_R8,   [X86_R9] = REG_R9,   [X86_R10] = REG_R10, [X86_R11] = REG_R11,
        [X86_R12] = REG_R12, [X86_R13] = REG_R13, [X86_R14] = REG_R14, [X86_R15] = REG_R15,
    };
    return (uint64_t)context->uc_mcontext.gregs[places[reg]];
}

/* xmm16 to xmm31. The kernel puts them behind what the struct has, unless all are 0, and says so in
 * the last bytes of that and in the header behind it (<asm/sigcontext.h>). */
static void read_upper_vectors(const struct _libc_fpstate *fp, uint32_t offset, uint64_t *out)
{
    enum { COMPONENT = 7, COUNT = 16, BYTES = 64 };
    const struct _fpx_sw_bytes *frame = (const struct _fpx_sw_bytes *)(fp + 1) - 1;
    const struct _xsave_hdr *header = (const struct _xsave_hdr *)(fp + 1);

    memset(out, 0, COUNT * sizeof(*out));
    if (frame->magic1 != FP_XSTATE_MAGIC1 || frame->xstate_size < offset + COUNT * BYTES ||
        !(header->xstate_bv >> COMPONENT & 1))
        return;
    for (unsigned k = 0; k < COUNT; k++)
        memcpy(&out[k], (const char *)fp + offset + k * BYTES, sizeof(out[k]));
}

void translate_read_context(const struct translator *tr, const void *ucontext,
                            struct host_regs *out)
{
    const ucontext_t *context = ucontext;
    const struct _libc_fpstate *fp = context->uc_mcontext.fpregs;
    for (unsigned reg = 0; reg < HOST_GPRS; reg++)
        out->r[reg] = context_gpr(context, reg);
    for (unsigned reg = 0; reg < ARRAY_LEN(fp->_xmm); reg++)
        memcpy(&out->r[REG_VECTOR + reg], &fp->_xmm[reg], sizeof(out->r[0]));
    read_upper_vectors(fp, tr->config.cpu.upper_vectors, &out->r[REG_VECTOR + ARRAY_LEN(fp->_xmm)]);
    out->mxcsr = fp->mxcsr;
}

void translate_read_homes(const struct translator *tr, const struct thread *t,
                          const struct host_regs *regs, unsigned char *guest)
{
    const struct emitter *e = &tr->emitter;
    uint32_t fcsr = emit_fcsr_offset(tr->work.guest);
    for (unsigned k = 0; k < e->n_pins; k++)
        memcpy(guest + e->pins[k].offset, &regs->r[e->pins[k].reg], sizeof(regs->r[0]));
    if (fcsr != UINT32_MAX)
        *(uint32_t *)(guest + fcsr) = fp_fcsr_of(&t->fp, regs->mxcsr);
}
