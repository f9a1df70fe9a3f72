/* See machine.h. Faults are handled as the run loop's handler does it. */
#include "machine.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <asm/prctl.h>

static struct machine *running;

/* ---- faults
 * ---------------------------------------------------------------------------------------------------------
 */

static bool handle_fault(struct machine *m, const siginfo_t *info, ucontext_t *context)
{
    uint64_t pc = (uint64_t)context->uc_mcontext.gregs[REG_RIP],
             code = m->arena.exec.v + m->code_at;
    struct reverse_cursor point = {0};
    struct host_regs regs;
    gva addr = {0};
    if (!host_memory_contains(&m->arena, HPC(pc)) ||
        !reverse_find(m->image.reverse, m->image.n_reverse, (uint32_t)(pc - code), &point))
        return false;
    translate_read_context(m->tr, context, &regs);
    translate_read_homes(m->tr, m->t, &regs, m->t->guest);
    recipes_read(point.recipes, &guest_rv64, &regs, m->t->spill, m->t->guest);
    for (unsigned k = 0; k < point.n_late; k++)
        ir_replay(m->image.reverse + point.late[k].at, point.late[k].n_bytes, &guest_rv64,
                  m->t->guest);
    m->n_late += point.n_late;
    for (unsigned row = 0; row < ARRAY_LEN(point.recipes); row++)
        m->n_boxed += point.recipes[row].kind == RECIPE_BOX;
    /* Otherwise it is outside the guest's space, or no address of the host's, and then it is not
     * known whether it was a load; vm/ asks the interpreter then. */
    enum { PAGE_FAULT = 14 }; /* AMD64 manual, volume 2, 8.2.15 */
    bool known = context->uc_mcontext.gregs[REG_TRAPNO] == PAGE_FAULT &&
                 space_guest_addr(m->space, (uint64_t)info->si_addr, &addr);
    m->again = point.again;
    bool write = context->uc_mcontext.gregs[REG_ERR] & 2;
    m->t->trap =
        (struct trap){write ? TRAP_STORE : TRAP_LOAD, known ? FAULT_MAPERR : FAULT_NONE, addr, 0};
    thread_set_pc(m->t, GVA(m->image.pc.v + point.guest));
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)(m->arena.exec.v + m->offsets[CODE_EXIT_FAULT]);
    return true;
}

static void on_signal(int sig, siginfo_t *info, void *arg)
{
    if (running && handle_fault(running, info, arg))
        return;
    if (running && space_handle_fault(running->space, sig, info, arg, &running->t->fault))
        return;
    signal(sig, SIG_DFL);
}

/* ---- set up
 * ---------------------------------------------------------------------------------------------------------
 */

/* Leaves nothing in vector registers, as functions of the C library do: all belong to the callee.
 */
static void helper_uop(struct thread *t)
{
    translate_helper_uop(t);
    if (__builtin_cpu_supports("avx512vl"))
        __asm__ volatile(".irp n,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"
                         "vpternlogd $255, %%xmm\\n, %%xmm\\n, %%xmm\\n\n\t.endr" ::
                             : "memory");
    __asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
                     "pcmpeqd %%xmm\\n, %%xmm\\n\n\t.endr" ::
                         : "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                           "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

static uint64_t resolve(void *arg, unsigned id)
{
    const struct machine *m = arg;
    if (id == CODE_HELPER_UOP)
        return (uintptr_t)helper_uop;
    return id < CODE_TRAMPOLINES ? m->arena.exec.v + m->offsets[id] : translate_target(id);
}

static void place(struct machine *m, size_t at, const uint8_t *code, size_t n,
                  const struct host_reloc *relocs, size_t n_relocs)
{
    CHECK(at + n <= m->arena.size, "the arena is full");
    memcpy(m->arena.write + at, code, n);
    int error =
        host_relocate(m->arena.write + at, HPC(m->arena.exec.v + at), relocs, n_relocs, resolve, m);
    CHECK(error == 0, "relocation: %d", error);
}

hpc machine_place(struct machine *m)
{
    place(m, m->code_at, m->image.code, m->image.n_code, m->image.relocs, m->image.n_relocs);
    return HPC(m->arena.exec.v + m->code_at);
}

static void place_trampolines(struct machine *m)
{
    const uint8_t *code;
    const struct host_reloc *relocs;
    size_t n, n_relocs;
    translate_trampolines(m->tr, &code, &n, &relocs, &n_relocs, m->offsets);
    place(m, 0, code, n, relocs, n_relocs);
    m->code_at = ALIGN_UP(n, 64);
}

void machine_catch_faults(void)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

void machine_init(struct machine *m, const struct translate_config *config, bool offset)
{
    static char signal_stack[64 << 10];
    const char *why;
    *m = (struct machine){.config = *config};
    m->config.guest = &guest_rv64;
    m->space = space_create(offset ? SPACE_OFFSET : SPACE_IDENTITY, 0, &why);
    CHECK(m->space, "space: %s", why);
    m->config.space_base = m->space->base;
    m->scratch = (uint64_t)space_map(m->space, GVA(0x200000), SCRATCH_BYTES, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, NULL);
    CHECK(m->scratch == 0x200000, "no scratch memory");
    if (offset)
        syscall(SYS_arch_prctl, ARCH_SET_GS, m->space->base);
    int error = host_memory_map(&m->arena, ARENA_BYTES, false, machine_init, &why);
    CHECK(error == 0, "arena: %s", why);
    m->t = base_zalloc_aligned(sizeof(*m->t) + guest_rv64.state_size, _Alignof(struct thread));
    m->t->desc = &guest_rv64;
    m->t->space = m->space;
    m->t->reserve_addr = ~UINT64_C(0);
    m->t->jumps[0] = jump_entry_empty(0);
    m->tr = translator_create(&m->config);
    place_trampolines(m);
    uint64_t *base = &m->return_stack[ARRAY_LEN(m->return_stack) - 1];
    *base = m->arena.exec.v + m->offsets[CODE_RETURN_EMPTY];
    m->t->returns.base = (uint64_t)base;
    stack_t alternative = {.ss_sp = signal_stack, .ss_size = sizeof(signal_stack)};
    sigaltstack(&alternative, NULL);
    machine_catch_faults();
}

void machine_free(struct machine *m)
{
    translator_destroy(m->tr);
    host_memory_unmap(&m->arena);
    space_destroy(m->space);
    free(m->t);
}

/* ---- running
 * --------------------------------------------------------------------------------------------------------
 */

static void keep_outcome(struct machine *m, int exit, struct outcome *out)
{
    out->exit = exit;
    out->state = *machine_state(m);
    out->state.x[0] = out->state.x[RV64_SINK] = 0;
    out->trap = exit == TRANSLATE_EXIT_TRAP ? m->t->trap : (struct trap){0};
    out->reserve_addr = m->t->reserve_addr;
    bool fault = out->trap.kind == TRAP_LOAD || out->trap.kind == TRAP_STORE;
    out->insns = m->config.count && !fault ? m->t->counters[COUNTER_GUEST_INSNS] : 0;
    space_read(m->space, GVA(m->scratch), out->memory, SCRATCH_BYTES);
}

/* The pc of an exit that is not linked. */
static void set_pc_of_exit(struct machine *m)
{
    uint32_t stub = (uint32_t)(m->t->exit_stub - m->arena.exec.v - m->code_at);
    for (uint32_t k = 0; k < m->image.n_exits; k++)
        if (m->image.exits[k].stub == stub) {
            thread_set_pc(m->t, m->image.exits[k].pc);
            return;
        }
    CHECK(false, "no exit has its stub at %u", stub);
}

bool machine_run(struct machine *m, const struct ir_block *b, gva pc, uint32_t n_insns,
                 struct outcome *out)
{
    m->bailout = -translate_block(m->tr, b, pc, 64, n_insns, &m->image);
    if (m->bailout)
        return false;
    hpc code = machine_place(m);
    running = m;
    m->again = false;
    return_stack_forget(&m->t->returns);
    int exit = (int)host_code_function(HPC(m->arena.exec.v + m->offsets[CODE_ENTER]))(
        (uint64_t)m->t, code.v, 0, 0, 0, 0);
    running = NULL;
    if (m->again) /* the run loop has the interpreter go on from there */
        exit = TRANSLATE_EXIT_INTERP;
    if (exit == TRANSLATE_EXIT_LINK)
        set_pc_of_exit(m);
    keep_outcome(m, exit == TRANSLATE_EXIT_LINK ? TRANSLATE_EXIT_LOOKUP : exit, out);
    return true;
}

void machine_evaluate(struct machine *m, const struct ir_block *b, struct outcome *out)
{
    running = m;
    enum exit_kind kind = guest_rv64.evaluate(m->t, b);
    running = NULL;
    int exit = kind == EXIT_FLUSH    ? TRANSLATE_EXIT_FLUSH
               : kind == EXIT_LOOKUP ? TRANSLATE_EXIT_LOOKUP
                                     : TRANSLATE_EXIT_TRAP;
    if (exit == TRANSLATE_EXIT_TRAP &&
        (m->t->trap.kind == TRAP_ILLEGAL || m->t->trap.kind == TRAP_MISALIGNED))
        exit = TRANSLATE_EXIT_INTERP;
    keep_outcome(m, exit, out);
}

void machine_disassemble(struct machine *m, struct strbuf *out)
{
    struct translate_names names = {.tr = m->tr};
    hpc code = machine_place(m);
    for (unsigned id = 0; id < CODE_TARGETS; id++)
        names.targets[id] = resolve(m, id);
    host_disassemble(out, m->arena.write + m->code_at, m->image.n_code, code, translate_name,
                     &names);
}
