/* The same stanza tests as stanza_runner.c, on another machine: this program is built for riscv64
 * and runs under qemu-riscv64 (or on hardware). It asks whether the tests themselves are right.
 * Prints TAP, a line per stanza.
 *
 * A signal handler puts a test's registers into its own frame and returns into the instruction,
 * which stands in a field of ebreaks; the signal that follows shows where it came out and with
 * what. gp and tp stay as they are.
 *
 * Not asked: ecall; misaligned atomics, which end qemu; a jump to itself. Zicond is passed over
 * where it is missing. */
#include "stanza_runner.h"

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { CSR_FFLAGS = 1, CSR_FRM = 2, CSR_FCSR = 3, X_GP = 3, X_TP = 4 };
enum { LR_W_X31_X30 = 0x100f2faf, LR_D_X31_X30 = 0x100f3faf };
/* Jumps reach 1 MiB; around that there is nothing but ebreaks. */
enum { FIELD_SIZE = 1 << 22 };
#define FIELD_START ((STANZA_CODE - FIELD_SIZE / 2) & ~UINT64_C(4095))

/* State that a test can name, and how it came to an end. */
struct machine {
    uint64_t pc, x[32], f[32];
    uint32_t fcsr;
    unsigned char scratch[STANZA_SCRATCH_SIZE];
    int sig;
};

static struct machine entering, found;
static bool in_test;
static sigjmp_buf test_ends;

/* ---- in and out of the instruction ----------------------------------------------------------- */

static void enter(ucontext_t *frame)
{
    frame->uc_mcontext.__gregs[REG_PC] = entering.pc;
    for (int n = 1; n < 32; n++)
        if (n != X_GP && n != X_TP)
            frame->uc_mcontext.__gregs[n] = entering.x[n];
    for (int n = 0; n < 32; n++)
        frame->uc_mcontext.__fpregs.__d.__f[n] = entering.f[n];
    frame->uc_mcontext.__fpregs.__d.__fcsr = entering.fcsr;
}

static void handle_signal(int sig, siginfo_t *info, void *context)
{
    ucontext_t *frame = context;
    if (!in_test) {
        in_test = true;
        enter(frame);
        return;
    }
    found.pc = frame->uc_mcontext.__gregs[REG_PC];
    for (int n = 1; n < 32; n++)
        found.x[n] = frame->uc_mcontext.__gregs[n];
    for (int n = 0; n < 32; n++)
        found.f[n] = frame->uc_mcontext.__fpregs.__d.__f[n];
    found.fcsr = frame->uc_mcontext.__fpregs.__d.__fcsr;
    found.sig = sig;
    siglongjmp(test_ends, 1);
}

static void install_handlers(void)
{
    static unsigned char stack[1 << 16];
    static const int sigs[] = {SIGUSR1, SIGILL, SIGTRAP, SIGSEGV, SIGBUS};
    struct sigaction action = {.sa_sigaction = handle_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    for (size_t i = 0; i < sizeof sigs / sizeof sigs[0]; i++)
        sigaction(sigs[i], &action, NULL);
}

static bool map_fixed(uint64_t start, size_t size, int prot)
{
    return mmap((void *)start, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
                0) == (void *)start;
}

static void plant(uint64_t addr, const void *code, size_t size)
{
    memcpy((void *)addr, code, size);
    __builtin___clear_cache((char *)addr, (char *)addr + size);
}

static void plant_ebreaks(uint64_t start, size_t size)
{
    static const unsigned char c_ebreak[2] = {0x02, 0x90};
    for (size_t i = 0; i < size; i += 2)
        memcpy((char *)start + i, c_ebreak, 2);
    __builtin___clear_cache((char *)start, (char *)start + size);
}

static void run(void)
{
    in_test = false;
    if (!sigsetjmp(test_ends, 1))
        raise(SIGUSR1);
    memcpy(found.scratch, (void *)STANZA_SCRATCH, sizeof found.scratch);
}

/* ---- a test's state -------------------------------------------------------------------------- */

static void set_csr(struct machine *m, unsigned number, uint64_t value)
{
    if (number == CSR_FFLAGS)
        m->fcsr = (m->fcsr & ~31u) | (uint32_t)value;
    else if (number == CSR_FRM)
        m->fcsr = (m->fcsr & 31) | (uint32_t)value << 5;
    else
        m->fcsr = (uint32_t)value;
}

static int trap_signal(uint64_t trap)
{
    switch (trap) {
    case TRAP_ILLEGAL:
        return SIGILL;
    case TRAP_LOAD:
    case TRAP_STORE:
        return SIGSEGV;
    default:
        return SIGTRAP;
    }
}

static void apply_items(struct machine *m, const struct stanza_item *items, size_t n)
{
    for (const struct stanza_item *item = items; item < items + n; item++) {
        if (item->kind == ITEM_X)
            m->x[item->index] = item->value;
        else if (item->kind == ITEM_F)
            m->f[item->index] = item->value;
        else if (item->kind == ITEM_MEM)
            memcpy(&m->scratch[item->index], &item->value, item->bits / 8);
        else if (item->kind == ITEM_CSR)
            set_csr(m, item->index, item->value);
        else if (item->kind == ITEM_PC)
            m->pc = item->value;
        else if (item->kind == ITEM_TRAP)
            m->sig = trap_signal(item->value), m->pc = STANZA_CODE;
    }
}

static const struct stanza_item *find_item(const struct stanza_item *items, size_t n,
                                           enum stanza_item_kind kind)
{
    for (size_t i = 0; i < n; i++)
        if (items[i].kind == kind)
            return &items[i];
    return NULL;
}

/* An lr before the instruction makes the reservation, through x30 and x31. */
static void reserve(const struct stanza_case *stanza, uint64_t addr)
{
    uint32_t lr = strstr(stanza->name, ".d") ? LR_D_X31_X30 : LR_W_X31_X30;
    entering.pc = STANZA_CODE - 4;
    plant(entering.pc, &lr, sizeof lr);
    entering.x[30] = addr;
}

static void drop_reservation(void)
{
    uint32_t word = 0;
    __asm__ volatile("sc.w t0, zero, (%0)" : : "r"(&word) : "t0", "memory");
}

static unsigned differ(const char *what, unsigned index, uint64_t got, uint64_t want)
{
    if (got != want)
        printf("#   %s%u is 0x%lx here, 0x%lx in the test\n", what, index, got, want);
    return got != want;
}

static bool agrees(const struct machine *want)
{
    unsigned bad = differ("pc", 0, found.pc, want->pc) +
                   differ("signal ", 0, found.sig, want->sig) +
                   differ("fcsr", 0, found.fcsr, want->fcsr);
    for (unsigned n = 1; n < 32; n++)
        if (n != X_GP && n != X_TP)
            bad += differ("x", n, found.x[n], want->x[n]);
    for (unsigned n = 0; n < 32; n++)
        bad += differ("f", n, found.f[n], want->f[n]);
    for (unsigned n = 0; n < STANZA_SCRATCH_SIZE; n++)
        bad += differ("byte ", n, found.scratch[n], want->scratch[n]);
    return bad == 0;
}

/* ---- all tests ------------------------------------------------------------------------------- */

static void make_entering(const struct stanza_test *test)
{
    memset(&entering, 0, sizeof entering);
    entering.pc = STANZA_CODE;
    entering.sig = SIGTRAP;
    for (unsigned n = 1; n < 32; n++) {
        entering.x[n] = n * UINT64_C(0x0123456700000001);
        entering.f[n] = n * UINT64_C(0x0123456700000003);
    }
    apply_items(&entering, test->before, test->n_before);
}

/* False: not asked. */
static bool can_ask(const struct stanza_test *test)
{
    const struct stanza_item *trap = find_item(test->after, test->n_after, ITEM_TRAP);
    const struct stanza_item *pc = find_item(test->after, test->n_after, ITEM_PC);
    return !(trap && (trap->value == TRAP_SYSCALL || trap->value == TRAP_MISALIGNED)) &&
           !(pc && pc->value == STANZA_CODE);
}

static bool ask(const struct stanza_case *stanza, const struct stanza_test *test)
{
    const struct stanza_item *reservation = find_item(test->before, test->n_before, ITEM_RESERVE);
    make_entering(test);
    drop_reservation();
    plant(STANZA_CODE, &test->word, stanza->bytes);
    memcpy((void *)STANZA_SCRATCH, entering.scratch, sizeof entering.scratch);
    if (reservation)
        reserve(stanza, reservation->value);
    struct machine want = entering;
    want.pc = STANZA_CODE + stanza->bytes;
    apply_items(&want, test->after, test->n_after);
    run();
    if (reservation)
        want.x[31] = found.x[31];
    plant_ebreaks(STANZA_CODE - 4, 8);
    return agrees(&want);
}

/* qemu 7.2 reads a read-only CSR where csrrs or csrrc has a register that holds 0; the manual
 * (Zicsr) calls that a write whatever the register holds, and so do newer ones. */
static bool is_old_qemu(uint32_t word)
{
    bool sets_or_clears = (word & 0x7f) == 0x73 && ((word >> 12 & 7) == 2 || (word >> 12 & 7) == 3);
    return sets_or_clears && word >> 30 == 3 && found.sig == SIGTRAP;
}

/* Zicond is younger than qemu 7.2. */
static bool is_missing(const struct stanza_case *stanza)
{
    return strncmp(stanza->name, "czero.", 6) == 0 && found.sig == SIGILL;
}

/* Prints the stanza's line. Returns false if one of its tests is wrong. */
static bool ask_all(const struct stanza_case *stanza, unsigned number)
{
    unsigned bad = 0, asked = 0;
    bool missing = false;
    for (size_t i = 0; i < stanza->n_tests && !missing; i++) {
        if (!can_ask(&stanza->tests[i]))
            continue;
        asked++;
        if (ask(stanza, &stanza->tests[i]))
            continue;
        missing = is_missing(stanza);
        bad += !missing && !is_old_qemu(stanza->tests[i].word);
        printf("#   ^ %s:%u, word 0x%x\n", stanza->file, stanza->tests[i].line,
               stanza->tests[i].word);
    }
    const char *why = missing ? " # SKIP this machine has no Zicond" : asked ? "" : " # SKIP";
    printf("%s %u - %s%s\n", bad ? "not ok" : "ok", number, stanza->name, why);
    return bad == 0;
}

int main(void)
{
    bool good = true;
    setvbuf(stdout, NULL, _IOLBF, 0);
    install_handlers();
    if (!map_fixed(FIELD_START, FIELD_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC) ||
        !map_fixed(STANZA_SCRATCH & ~UINT64_C(4095), 4096, PROT_READ | PROT_WRITE)) {
        printf("Bail out! no memory at the tests' addresses\n");
        return 1;
    }
    plant_ebreaks(FIELD_START, FIELD_SIZE);
    printf("1..%u\n", stanza_case_count);
    for (unsigned i = 0; i < stanza_case_count; i++)
        good &= ask_all(&stanza_cases[i], i + 1);
    return !good;
}
