/* Blocks, as text, that once had a register chosen wrongly: translated and evaluated, all registers
 * must agree. Random blocks (test_random.c) have found them. */
#include "machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

enum { PC = 0x10000 };

/* f10 holds a constant that is a factor of what is made in f10 next: the load in between may show
 * it.
 */
static const char constant_is_factor[] = "insn 0x10000\n"
                                         "v1 = const.f64 0x4000000000000000\n"
                                         "put.f64 f10, v1\n"
                                         "insn 0x10004\n"
                                         "v4 = get.i64 x11\n"
                                         "v5 = load.u64 v4\n"
                                         "put.i64 x12, v5\n"
                                         "insn 0x10008\n"
                                         "checkrm\n"
                                         "v9 = get.f64 f11\n"
                                         "v10 = get.f64 f12\n"
                                         "v11 = fma.f64 v9, v1, v10, dyn\n"
                                         "put.f64 f10, v11\n"
                                         "jump 0x1000c\n";

/* A mask of no bits keeps nothing of its operand, which is no extension. */
static const char mask_of_nothing[] = "insn 0x10000\n"
                                      "v1 = get.i64 x11\n"
                                      "v2 = get.i64 x12\n"
                                      "v3 = add.i64 v1, v2\n"
                                      "v4 = const.i64 0x0\n"
                                      "v5 = and.i64 v3, v4\n"
                                      "put.i64 x10, v5\n"
                                      "jump 0x10004\n";

static void set_registers(struct machine *m)
{
    struct rv64_state *s = machine_state(m);
    memset(s, 0, sizeof(*s));
    for (unsigned r = 1; r < 32; r++) {
        s->x[r] = m->scratch + 8 * r;
        s->f[r] = 0x3ff0000000000000 + ((uint64_t)r << 44);
    }
}

static void check(uint32_t passes_off, const char *text)
{
    struct translate_config config = {.passes_off = passes_off};
    struct machine m;
    struct ir_block b;
    struct outcome got, want;
    unsigned line;
    char message[128] = "";
    host_cpu_detect(&config.cpu);
    machine_init(&m, &config, false);
    ir_block_init(&b, rv64_regs, RV64_REG_COUNT);
    if (ir_parse(&b, text, &line, message, sizeof(message)) != 0)
        fail_msg("line %u: %s", line, message);
    set_registers(&m);
    assert_true(machine_run(&m, &b, GVA(PC), 3, &got));
    set_registers(&m);
    machine_evaluate(&m, &b, &want);
    assert_memory_equal(&got.state, &want.state, sizeof(want.state));
    ir_block_free(&b);
    machine_free(&m);
}

static void test_constant_is_factor(void **state)
{
    check(0, constant_is_factor);
    check(translate_pass_bit("dead"), constant_is_factor);
}

static void test_mask_of_nothing(void **state)
{
    check(translate_pass_bit("identities"), mask_of_nothing);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant_is_factor),
        cmocka_unit_test(test_mask_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
