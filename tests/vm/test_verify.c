/* The isomorphism check is itself checked. Every test of every stanza passes it; and a fault
 * planted in what the engine makes of any one µop is found by it, with a report that shows the
 * code.
 *
 * The fault is planted between the lifting and the translator, by a guest whose lift_block spoils
 * the µop (plant.c); the reference does not lift. Each block is run in a child of its own, for a
 * difference ends the process. */
#include "vm/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "../isa/stanza_machine.h"
#include "plant.h"
#include "verify_machine.h"

static struct guest guest; /* guest_rv64 with a lift_block of ours */
static enum uop planted = UOP_COUNT;
static bool op_used[UOP_COUNT]; /* by the block lifted last */

static void lift_and_plant(const struct decoded_block *block, struct ir_block *b)
{
    size_t from = b->uops.len;

    rv64_lift_block(block, b);
    memset(op_used, 0, sizeof(op_used));
    for (size_t i = 0; i < b->uops.len; i++)
        op_used[b->uops.data[i].op] = true;
    if (planted != UOP_COUNT)
        plant_fault(b, from, planted);
}

/* ---- a block in a child ---------------------------------------------------------------------- */

static void start(const char *engine)
{
    guest = guest_rv64;
    guest.lift_block = lift_and_plant;
    machine_start(&guest, engine, 64 << 10);
    machine_map(STANZA_CODE, PROT_READ | PROT_WRITE | PROT_EXEC);
    machine_map(STANZA_SCRATCH, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static void set_up_state(const struct stanza_case *stanza, const struct stanza_test *test)
{
    const uint32_t ecall = STANZA_ECALL;
    struct stanza_machine before;
    unsigned char code[8];

    stanza_make_before(test, &before);
    memcpy(code, &test->word, 4);
    memcpy(code + stanza->bytes, &ecall, 4);
    space_write(m.space, GVA(STANZA_CODE), code, stanza->bytes + 4);
    space_write(m.space, GVA(STANZA_SCRATCH), before.scratch, sizeof(before.scratch));
    vm_invalidate(m.vm, GVA(STANZA_CODE), GVA(STANZA_CODE + 8));
    memcpy(m.t->guest, &before.regs, sizeof(before.regs));
    m.t->reserve_addr = ~UINT64_C(0);
    for (size_t i = 0; i < test->n_before; i++) {
        if (test->before[i].kind != ITEM_RESERVE)
            continue;
        m.t->reserve_addr = test->before[i].value;
        space_read(m.space, GVA(m.t->reserve_addr), &m.t->reserve_value, 8);
    }
}

/* One turn of the run loop. */
static void run_block(const struct stanza_case *stanza, const struct stanza_test *test)
{
    set_up_state(stanza, test);
    vm_enter_code(m.t);
    verify_run(m.vm, m.t);
    vm_leave_code(m.t);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void run_all(void *engine)
{
    machine_finish();
    start(engine);
    for (unsigned i = 0; i < stanza_case_count; i++) {
        for (size_t k = 0; k < stanza_cases[i].n_tests; k++)
            run_block(&stanza_cases[i], &stanza_cases[i].tests[k]);
    }
}

static void test_stanzas_agree(void **state)
{
    static char text[1 << 16];
    int status = machine_status_of(run_all, *state, text, sizeof(text));

    if (status != 0)
        fail_msg("status %d: %s", status, text);
}

struct one {
    const struct stanza_case *stanza;
    const struct stanza_test *test;
};

static void run_planted(void *arg)
{
    const struct one *one = arg;

    run_block(one->stanza, one->test);
}

static bool lifts_to(const struct stanza_test *test, enum uop op)
{
    union decoded_room decoded;
    struct ir_block lifted;
    unsigned char code[8];
    const uint32_t ecall = STANZA_ECALL;
    struct trap trap;

    memcpy(code, &test->word, 4);
    memcpy(code + rv64_insn_len((uint16_t)test->word), &ecall, 4);
    space_write(m.space, GVA(STANZA_CODE), code, sizeof(code));
    if (guest_rv64.decode_block(m.space, GVA(STANZA_CODE), BLOCK_MAX_INSNS, &decoded.block, &trap) <
        0)
        return false;
    ir_block_init(&lifted, guest_rv64.regs, guest_rv64.n_regs);
    lift_and_plant(&decoded.block, &lifted);
    ir_block_free(&lifted);
    return op_used[op];
}

/* The report names the µop's block: guest code, host code, and how to repeat it. */
static void check_report(const char *text)
{
    static const char *const parts[] = {"isomorph: verify: engine block differs",
                                        "reference:",
                                        "engine:",
                                        "repeat with:",
                                        "insn",
                                        "40000800"};

    for (unsigned i = 0; i < ARRAY_LEN(parts); i++) {
        if (!strstr(text, parts[i]))
            fail_msg("the report lacks '%s': %s", parts[i], text);
    }
}

/* Some tests of a stanza do not depend on the µop's value; one at least must. */
static void test_planted(void **state)
{
    enum uop op = (enum uop)(uintptr_t)*state;
    static char text[1 << 16];
    unsigned used = 0;

    for (unsigned i = 0; i < stanza_case_count; i++) {
        for (size_t k = 0; k < stanza_cases[i].n_tests; k++) {
            struct one one = {&stanza_cases[i], &stanza_cases[i].tests[k]};
            planted = UOP_COUNT;
            if (!lifts_to(one.test, op))
                continue;
            used++;
            planted = op;
            int status = machine_status_of(run_planted, &one, text, sizeof(text));
            if (status == EXIT_DIFFERS) {
                check_report(text);
                return;
            }
            assert_int_equal(status, 0);
        }
    }
    fail_msg("a wrong %s is not seen in any of %u tests that use it", uop_infos[op].name, used);
}

/* Not every µop is made by a lifting yet. */
static bool any_lifts_to(enum uop op)
{
    for (unsigned i = 0; i < stanza_case_count; i++) {
        for (size_t k = 0; k < stanza_cases[i].n_tests; k++) {
            if (lifts_to(&stanza_cases[i].tests[k], op))
                return true;
        }
    }
    return false;
}

int main(void)
{
    static char names[UOP_COUNT][32];
    struct CMUnitTest tests[UOP_COUNT + 2];
    size_t n = 0;

    start("block");
    tests[n++] =
        (struct CMUnitTest){"stanzas_agree_block", test_stanzas_agree, NULL, NULL, "block"};
    tests[n++] = (struct CMUnitTest){"stanzas_agree_eval", test_stanzas_agree, NULL, NULL, "eval"};
    for (unsigned op = 0; op < UOP_COUNT; op++) {
        if (plant_exempt((enum uop)op) || !any_lifts_to((enum uop)op))
            continue;
        snprintf(names[op], sizeof(names[op]), "planted_%s", uop_infos[op].name);
        tests[n++] =
            (struct CMUnitTest){names[op], test_planted, NULL, NULL, (void *)(uintptr_t)op};
    }
    return _cmocka_run_group_tests("verify", tests, n, NULL, NULL) != 0;
}
