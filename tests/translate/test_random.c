/* Random blocks of µops, translated and evaluated: registers, flags, memory, pc and the way out
 * must agree. Each µop with random operands first, then blocks of many (random_blocks.h). The
 * evaluator is no authority, but it shares no code with the translator beyond the µops' own
 * functions, and it is tested against others.
 *
 *     test_random [blocks [seed]]
 *
 * A failing block is printed with its seed, its µops and its host code. */
#include "random_blocks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static uint64_t n_blocks = 3000, first_seed;

/* ---- state ----------------------------------------------------------------------------------- */

struct saved {
    struct rv64_state state;
    uint64_t reserve_addr, reserve_value;
    uint8_t memory[SCRATCH_BYTES];
};

static void save_state(struct machine *m, struct saved *s)
{
    s->state = *machine_state(m);
    s->reserve_addr = m->t->reserve_addr;
    s->reserve_value = m->t->reserve_value;
    m->t->counters[COUNTER_GUEST_INSNS] = 0;
    space_read(m->space, GVA(m->scratch), s->memory, SCRATCH_BYTES);
}

static void restore_state(struct machine *m, const struct saved *s)
{
    *machine_state(m) = s->state;
    m->t->reserve_addr = s->reserve_addr;
    m->t->reserve_value = s->reserve_value;
    m->t->counters[COUNTER_GUEST_INSNS] = 0;
    space_write(m->space, GVA(m->scratch), s->memory, SCRATCH_BYTES);
}

/* ---- comparison
 * -----------------------------------------------------------------------------------------------------
 */

/* a: of host code. */
static bool is_same_trap(const struct trap *a, const struct trap *b)
{
    if (a->reason == FAULT_NONE)
        return a->kind == b->kind || (a->kind == TRAP_LOAD && b->kind == TRAP_STORE);
    return a->kind == b->kind && a->addr.v == b->addr.v;
}

static const char *difference(const struct outcome *a, const struct outcome *b)
{
    static char text[128];
    if (a->exit != b->exit)
        snprintf(text, sizeof(text), "exit %d, not %d", a->exit, b->exit);
    else if (a->state.pc != b->state.pc)
        snprintf(text, sizeof(text), "pc %#lx, not %#lx", a->state.pc, b->state.pc);
    else if (!is_same_trap(&a->trap, &b->trap))
        snprintf(text, sizeof(text), "trap %d at %#lx, not %d at %#lx", a->trap.kind,
                 a->trap.addr.v, b->trap.kind, b->trap.addr.v);
    else if (a->state.fcsr != b->state.fcsr)
        snprintf(text, sizeof(text), "fcsr %#x, not %#x", a->state.fcsr, b->state.fcsr);
    else if (a->insns != b->insns)
        snprintf(text, sizeof(text), "%lu instructions counted, not %lu", a->insns, b->insns);
    else if (a->reserve_addr != b->reserve_addr)
        snprintf(text, sizeof(text), "reservation %#lx, not %#lx", a->reserve_addr,
                 b->reserve_addr);
    else if (memcmp(a->memory, b->memory, SCRATCH_BYTES) != 0)
        snprintf(text, sizeof(text), "memory differs");
    else {
        for (unsigned r = 0; r < 32; r++) {
            if (a->state.x[r] != b->state.x[r])
                snprintf(text, sizeof(text), "x%u %#lx, not %#lx", r, a->state.x[r], b->state.x[r]);
            else if (a->state.f[r] != b->state.f[r])
                snprintf(text, sizeof(text), "f%u %#lx, not %#lx", r, a->state.f[r], b->state.f[r]);
            else
                continue;
            return text;
        }
        return NULL;
    }
    return text;
}

static void report(struct gen *g, uint64_t seed, const char *what)
{
    struct strbuf out = {0};
    ir_print(g->b, &out);
    strbuf_printf(&out, "\n");
    translate_print_opt(g->m->tr, &out);
    machine_disassemble(g->m, &out);
    fprintf(stderr, "%s", out.data);
    strbuf_free(&out);
    fail_msg("%s; repeat with: test_random 1 %llu", what, (unsigned long long)seed);
}

/* A check failed in the fragment: the rest is the interpreter's. The evaluator finishes from the
 * same instruction. */
static bool left_for_interp(const struct outcome *a)
{
    return a->exit == TRANSLATE_EXIT_INTERP;
}

/* The µops from the instruction at pc on; values that they need from before were registers' or are
 * not needed. */
static bool rest_of_block(struct gen *g, uint64_t pc, struct ir_block *rest)
{
    ir_block_init(rest, g->b->regs, g->b->n_regs);
    size_t from = 0;
    while (from < g->b->uops.len &&
           !(g->b->uops.data[from].op == UOP_insn && g->b->uops.data[from].imm == pc))
        from++;
    for (size_t i = from; i < g->b->uops.len; i++) {
        struct ir_uop u = g->b->uops.data[i];
        for (unsigned k = 0; k < 3; k++) {
            if (u.arg[k] != IR_NONE && u.arg[k] < from)
                return false;
            u.arg[k] -= u.arg[k] == IR_NONE ? 0 : (ir_val)from;
        }
        ir_append(rest, &u);
    }
    return true;
}

enum { AGREED, BAILED_OUT, NOT_COMPARED };

static int compare(struct gen *g, uint64_t seed)
{
    static struct outcome got, want;
    static struct saved before;
    save_state(g->m, &before);
    if (!machine_run(g->m, g->b, GVA(g->pc), g->n_insns, &got))
        return BAILED_OUT;
    if (left_for_interp(&got)) {
        struct ir_block rest;
        bool whole = rest_of_block(g, got.state.pc, &rest);
        if (whole)
            machine_evaluate(g->m, &rest, &got);
        ir_block_free(&rest);
        if (!whole)
            return NOT_COMPARED;
    }
    restore_state(g->m, &before);
    machine_evaluate(g->m, g->b, &want);
    const char *what = difference(&got, &want);
    if (what) {
        restore_state(g->m, &before);
        report(g, seed, what);
    }
    return AGREED;
}

/* ---- tests
 * ----------------------------------------------------------------------------------------------------------
 */

struct setting {
    const char *name;
    uint32_t passes_off;
    bool offset, count;
    int without; /* enum host_feature, or -1 */
    uint64_t random_registers;
};

static void begin_block(struct gen *g, struct machine *m, struct ir_block *b, uint64_t seed)
{
    ir_block_reset(b);
    *g = (struct gen){.rng = {seed}, .m = m, .b = b, .pc = 0x10000 + (seed % 64) * 2};
    random_state(g);
}

static void run_blocks(struct machine *m, void (*make)(struct gen *g, uint64_t seed))
{
    struct ir_block b;
    uint64_t counts[3] = {0};
    ir_block_init(&b, rv64_regs, RV64_REG_COUNT);
    for (uint64_t k = 0; k < n_blocks; k++) {
        struct gen g;
        begin_block(&g, m, &b, first_seed + k);
        make(&g, first_seed + k);
        const char *wrong = ir_verify(&b);
        if (wrong)
            fail_msg("seed %llu: %s", (unsigned long long)(first_seed + k), wrong);
        counts[compare(&g, first_seed + k)]++;
    }
    ir_block_free(&b);
    print_message("# %llu blocks agreed, %llu bailed out, %llu not compared\n",
                  (unsigned long long)counts[AGREED], (unsigned long long)counts[BAILED_OUT],
                  (unsigned long long)counts[NOT_COMPARED]);
    assert_true(n_blocks < 100 || counts[AGREED] > n_blocks / 2);
}
static void with_setting(void **state, void (*make)(struct gen *, uint64_t))
{
    const struct setting *s = *state;
    static struct machine m; /* a failed test is left midway */
    struct translate_config config = {
        .passes_off = s->passes_off, .count = s->count, .random_registers = s->random_registers};
    if (m.tr)
        machine_free(&m);
    host_cpu_detect(&config.cpu);
    if (s->without >= 0)
        host_cpu_remove(&config.cpu, (enum host_feature)s->without);
    machine_init(&m, &config, s->offset);
    run_blocks(&m, make);
    print_message("# %llu instructions done late\n", (unsigned long long)m.n_late);
    print_message("# %llu singles boxed late\n", (unsigned long long)m.n_boxed);
    if (make == make_late && s->passes_off == 0 && n_blocks >= 1000)
        assert_true(m.n_late > 0);
    if (make == make_singles && s->passes_off == 0 && s->without < 0 && n_blocks >= 1000)
        assert_true(m.n_boxed > 0 || !host_cpu_has(&config.cpu, HOST_FMA));
    machine_free(&m);
    m.tr = NULL;
}

static void test_single(void **state)
{
    with_setting(state, make_single);
}

static void test_many(void **state)
{
    with_setting(state, make_many);
}

static void test_singles(void **state)
{
    with_setting(state, make_singles);
}

static void test_floats(void **state)
{
    with_setting(state, make_floats);
}

static void test_late(void **state)
{
    with_setting(state, make_late);
}

/* With each pass off that can be, and all of them. Returns how many settings. */
static unsigned add_passes(struct setting *settings)
{
    const char *name, *help;
    unsigned n = 0;
    uint32_t all = 0;
    for (; translate_list_passes(n, &name, &help); n++) {
        settings[n] = (struct setting){name, translate_pass_bit(name), .without = -1};
        all |= settings[n].passes_off;
    }
    settings[n] = (struct setting){"no passes", all, .without = -1};
    return n + 1;
}

int main(int argc, char **argv)
{
    enum { FIXED = 12, PASSES_MAX = 33 };
    static struct setting settings[FIXED + PASSES_MAX] = {
        {"plain", .without = -1},
        {"offset", .offset = true, .without = -1},
        {"counting", .count = true, .without = -1},
        {"no avx512", .without = HOST_AVX512F},
        {"no fma", .without = HOST_FMA},
        {"no avx", .without = HOST_AVX},
        {"no bmi1", .without = HOST_BMI1},
        {"no bmi2", .without = HOST_BMI2},
        {"no lzcnt", .without = HOST_LZCNT},
        {"registers 1", .without = -1, .random_registers = 1},
        {"registers 2", .without = -1, .random_registers = 2},
        {"registers 3, no bmi2", .without = HOST_BMI2, .random_registers = 3},
    };
    static const struct {
        const char *what;
        void (*run)(void **state);
    } kinds[] = {{"single µops", test_single},
                 {"blocks", test_many},
                 {"floats", test_floats},
                 {"singles", test_singles},
                 {"late", test_late}};
    static char names[ARRAY_LEN(kinds) * ARRAY_LEN(settings)][64];
    static struct CMUnitTest tests[ARRAY_LEN(names)];
    unsigned n = 0, n_settings = FIXED + add_passes(settings + FIXED);
    if (argc > 1)
        n_blocks = strtoull(argv[1], NULL, 0);
    if (argc > 2)
        first_seed = strtoull(argv[2], NULL, 0);
    for (unsigned k = 0; k < n_settings; k++) {
        for (unsigned j = 0; j < ARRAY_LEN(kinds); j++, n++) {
            snprintf(names[n], sizeof(names[n]), "%s, %s%s", kinds[j].what,
                     k >= FIXED && k + 1 < n_settings ? "without " : "", settings[k].name);
            tests[n] = (struct CMUnitTest){names[n], kinds[j].run, NULL, NULL, &settings[k]};
        }
    }
    return cmocka_run_group_tests(tests, NULL, NULL); /* the rest of the array has no names */
}
