/* Runs every `test` of every stanza twice: in the interpreter, and by evaluating the µops that it
 * is lifted to. One cmocka case per stanza.
 *
 * The instruction stands before an ecall, so that both engines stop right behind it unless it
 * jumps. All registers, the scratch memory, the pc, fcsr, the kind of trap and the count of
 * instructions are compared with what the test says; what it does not name must be as before. */
#include "stanza_machine.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "guest/rv64/rv64.h"

static struct space *space;
static struct thread *thread;
static struct decoded_block no_block = {.pc = {~UINT64_C(0)}};

static void handle_fault(int sig, siginfo_t *info, void *context)
{
    if (!space_handle_fault(space, sig, info, context, &thread->fault))
        signal(sig, SIG_DFL);
}

static struct rv64_state *thread_regs(void)
{
    return (struct rv64_state *)thread->guest;
}

static void map_page(uint64_t addr)
{
    int64_t got =
        space_map(space, GVA(addr & ~(uint64_t)4095), 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, NULL);
    assert_true(got >= 0);
}

static int set_up(void **state)
{
    const char *why = "";
    space = space_create(SPACE_OFFSET, 0, &why);
    if (!space)
        fail_msg("no guest address space: %s", why);
    map_page(STANZA_CODE);
    map_page(STANZA_SCRATCH);
    size_t size = ALIGN_UP(sizeof *thread + sizeof(struct rv64_state), _Alignof(struct thread));
    thread = aligned_alloc(_Alignof(struct thread), size);
    assert_non_null(thread);
    memset(thread, 0, size);
    thread->desc = &guest_rv64;
    thread->space = space;
    thread->block_base = (unsigned char *)&no_block;
    return 0;
}

static int tear_down(void **state)
{
    free(thread);
    space_destroy(space);
    return 0;
}

static uint64_t read_scratch(uint64_t addr, unsigned bits)
{
    uint64_t value = 0;
    assert_int_equal(space_read(space, GVA(addr), &value, bits / 8), 0);
    return value;
}

static void load_machine(const struct stanza_case *stanza, const struct stanza_test *test,
                         const struct stanza_machine *m)
{
    unsigned char code[8];
    const uint32_t ecall = STANZA_ECALL;
    memcpy(code, &test->word, 4);
    memcpy(code + stanza->bytes, &ecall, 4);
    assert_int_equal(space_write(space, GVA(STANZA_CODE), code, stanza->bytes + 4), 0);
    assert_int_equal(space_write(space, GVA(STANZA_SCRATCH), m->scratch, sizeof m->scratch), 0);
    *thread_regs() = m->regs;
    memset(&thread->trap, 0, sizeof thread->trap);
    memset(thread->counters, 0, sizeof thread->counters);
    thread->poll = 1; /* leave at the end of the block, even if it jumps to itself */
    thread->reserve_addr = ~UINT64_C(0);
    for (size_t i = 0; i < test->n_before; i++)
        if (test->before[i].kind == ITEM_RESERVE) {
            thread->reserve_addr = test->before[i].value;
            thread->reserve_value = read_scratch(test->before[i].value, 64);
        }
}

/* The ecall behind the instruction is where it went on to, not a trap of its own. */
static void store_machine(struct stanza_machine *m, enum exit_kind kind)
{
    memset(m, 0, sizeof *m);
    m->regs = *thread_regs();
    m->regs.x[RV64_SINK] = 0;
    bool behind = thread->trap.kind == TRAP_SYSCALL && m->regs.pc != STANZA_CODE;
    m->trap = kind == EXIT_TRAP && !behind ? thread->trap.kind : TRAP_NONE;
    assert_int_equal(space_read(space, GVA(STANZA_SCRATCH), m->scratch, sizeof m->scratch), 0);
}

/* ---- running and comparing ------------------------------------------------------------------- */

static struct decoded_block *decode(void)
{
    struct decoded_block *block = malloc(sizeof *block + BLOCK_MAX_BYTES);
    struct trap trap;
    assert_non_null(block);
    assert_int_equal(
        guest_rv64.decode_block(space, GVA(STANZA_CODE), BLOCK_MAX_INSNS, block, &trap), 0);
    return block;
}

static enum exit_kind run_interpreter(struct decoded_block *block)
{
    return guest_rv64.interpret(thread, block);
}

static enum exit_kind run_uops(const struct decoded_block *block)
{
    struct ir_block ir;
    ir_block_init(&ir, rv64_regs, RV64_REG_COUNT);
    guest_rv64.lift_block(block, &ir);
    const char *bad = ir_verify(&ir);
    if (bad)
        fail_msg("lifted to a malformed block: %s", bad);
    enum exit_kind kind = guest_rv64.evaluate(thread, &ir);
    ir_block_free(&ir);
    return kind;
}

static unsigned report(const char *what, unsigned index, uint64_t got, uint64_t want)
{
    if (got == want)
        return 0;
    print_error("  %s%u is 0x%llx, expected 0x%llx\n", what, index, (unsigned long long)got,
                (unsigned long long)want);
    return 1;
}

/* Returns the number of differences, each printed. */
static unsigned compare(const struct stanza_machine *got, const struct stanza_machine *want)
{
    unsigned bad = 0;
    for (unsigned n = 0; n < 32; n++)
        bad += report("x", n, got->regs.x[n], want->regs.x[n]);
    for (unsigned n = 0; n < 32; n++)
        bad += report("f", n, got->regs.f[n], want->regs.f[n]);
    for (unsigned n = 0; n < STANZA_SCRATCH_SIZE; n++)
        bad += report("byte ", n, got->scratch[n], want->scratch[n]);
    bad += report("fcsr", 0, got->regs.fcsr, want->regs.fcsr);
    bad += report("pc", 0, got->regs.pc, want->regs.pc);
    bad += report("trap ", 0, got->trap, want->trap);
    bad += report("count", 0, thread->counters[COUNTER_GUEST_INSNS], want->trap == TRAP_NONE);
    return bad;
}

/* cmocka puts its own handlers in place before each case and takes them away after it. */
static void install_handler(void)
{
    struct sigaction action = {.sa_sigaction = handle_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
    assert_int_equal(sigaction(SIGBUS, &action, NULL), 0);
}

static void run_stanza(void **state)
{
    const struct stanza_case *stanza = *state;
    unsigned bad = 0;
    install_handler();
    for (size_t i = 0; i < stanza->n_tests; i++) {
        for (int engine = 0; engine < 2; engine++) {
            struct stanza_machine before, want, got;
            stanza_make_before(&stanza->tests[i], &before);
            stanza_make_after(stanza, &stanza->tests[i], &before, &want);
            load_machine(stanza, &stanza->tests[i], &before);
            struct decoded_block *block = decode();
            store_machine(&got, engine ? run_uops(block) : run_interpreter(block));
            free(block);
            unsigned differences = compare(&got, &want);
            if (differences)
                print_error("  ^ %s:%u (%s), %s\n", stanza->file, stanza->tests[i].line,
                            stanza->name, engine ? "evaluated µops" : "interpreter");
            bad += differences;
        }
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    struct CMUnitTest *tests = calloc(stanza_case_count, sizeof *tests);
    if (!tests)
        return 1;
    for (unsigned i = 0; i < stanza_case_count; i++)
        tests[i] = (struct CMUnitTest){stanza_cases[i].name, run_stanza, NULL, NULL,
                                       (void *)&stanza_cases[i]};
    int failed = _cmocka_run_group_tests("stanzas", tests, stanza_case_count, set_up, tear_down);
    free(tests);
    return failed != 0;
}
