/* src/ir/fp.h against qemu-riscv64, which computes in software of its own: random operands in all
 * five rounding modes.
 *
 *   test_fp QEMU ORACLE [OPERANDS [SEED]]
 *
 * OPERANDS (or FP_OPERANDS in the environment) is the number of operand tuples per operation; each
 * is tried in every mode. Each case is run five times: with the mode in the environment, with a
 * static mode while another one is loaded, without FMA3, with flags set before, and on integers
 * alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <sys/wait.h>
#include <stdlib.h>
#include <unistd.h>

#include "fp_gen.h"
#include "ir/fp.h"
#include "ir/fp_soft.h"

static struct {
    const char *qemu, *oracle;
    size_t operands;
    uint64_t seed;
} config;

static const char *const op_names[] = {
#define FP_OP(name, ...) #name,
#include "fp_ops.def"
#undef FP_OP
};

#define CALL_ARITH1(name)   fp_##name(fp, t->a, rm)
#define CALL_ARITH2(name)   fp_##name(fp, t->a, t->b, rm)
#define CALL_ARITH3(name)   fp_##name(fp, t->a, t->b, t->c, rm)
#define CALL_MINMAX(name)   fp_##name(fp, t->a, t->b)
#define CALL_COMPARE(name)  fp_##name(fp, t->a, t->b)
#define CALL_CLASS(name)    fp_##name(t->a)
#define CALL_TO_INT(name)   fp_##name(fp, t->a, rm)
#define CALL_FROM_INT(name) fp_##name(fp, t->a, rm)
#define CALL_WIDEN(name)    fp_##name(fp, t->a)
#define CALL_NARROW(name)   fp_##name(fp, t->a, rm)

/* noinline: as far from its surroundings as the interpreter's calls are. */
static __attribute__((noinline)) uint64_t call(struct fp_env *fp, const struct fp_case *t,
                                               unsigned rm)
{
    switch (t->op) {
#define FP_OP(name, kind, ...)                                                                     \
    case OP_##name:                                                                                \
        return CALL_##kind(name);
#include "fp_ops.def"
#undef FP_OP
    }
    abort();
}

/* How many of the answer's bits the architecture defines. */
static unsigned result_bits(unsigned op)
{
    static const unsigned bits[] = {
#define BITS_f32                        32
#define BITS_f64                        64
#define BITS_ARITH1(name, f)            BITS_##f
#define BITS_ARITH2(name, f)            BITS_##f
#define BITS_ARITH3(name, f)            BITS_##f
#define BITS_MINMAX(name, f)            BITS_##f
#define BITS_COMPARE(name, f)           64
#define BITS_CLASS(name, f)             64
#define BITS_TO_INT(name, f)            (sizeof(#name) > 4 && #name[sizeof(#name) - 3] == '3' ? 32 : 64)
#define BITS_FROM_INT(name, f)          BITS_##f
#define BITS_WIDEN(name, f)             64
#define BITS_NARROW(name, f)            32
#define FP_OP(name, kind, format, insn) BITS_##kind(name, format),
#include "fp_ops.def"
#undef FP_OP
    };
    return bits[op];
}

/* ---- the oracle ------------------------------------------------------------------------------ */

static void run_oracle(const struct fp_case *cases, size_t n, struct fp_answer *answers)
{
    FILE *in = tmpfile(), *out = tmpfile();
    assert_non_null(in);
    assert_non_null(out);
    assert_int_equal(fwrite(cases, sizeof(*cases), n, in), n);
    assert_int_equal(fflush(in), 0);
    rewind(in);
    pid_t pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        dup2(fileno(in), 0);
        dup2(fileno(out), 1);
        execlp(config.qemu, config.qemu, config.oracle, (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    rewind(out);
    assert_int_equal(fread(answers, sizeof(*answers), n, out), n);
    fclose(in);
    fclose(out);
}

/* ---- one case -------------------------------------------------------------------------------- */

static void compare(const char *how, const struct fp_case *t, uint64_t result, uint32_t flags,
                    const struct fp_answer *want)
{
    uint64_t mask = result_bits(t->op) == 64 ? ~(uint64_t)0 : 0xffffffff;
    if ((result & mask) == (want->result & mask) && flags == want->flags)
        return;
    fail_msg("%s (%s), rm %u, a %#lx b %#lx c %#lx: got %#lx flags %#x, qemu %#lx flags %#lx",
             op_names[t->op], how, t->rm, t->a, t->b, t->c, result & mask, flags,
             want->result & mask, want->flags);
}

static void check_in_environment(const struct fp_case *t, const struct fp_answer *want, bool fma)
{
    struct fp_env fp;
    fp_enter(&fp, t->rm << 5);
    fp.host_fma &= fma;
    uint64_t result = call(&fp, t, FP_DYN);
    uint32_t fcsr = fp_leave(&fp);
    assert_int_equal(fcsr >> 5, t->rm);
    compare(fma ? "dynamic mode" : "dynamic mode, no FMA3", t, result, fcsr & 31, want);
}

/* A static mode; what is loaded and the flags set before must survive. */
static void check_static(struct rng *g, const struct fp_case *t, const struct fp_answer *want)
{
    uint32_t loaded = rng_next(g) & 7, sticky = rng_next(g) & 31;
    struct fp_env fp;
    fp_enter(&fp, loaded << 5 | sticky);
    uint64_t result = call(&fp, t, t->rm);
    uint64_t flags = fp_get_flags(&fp);
    uint64_t third = loaded <= FP_RUP ? fp_div_f64(&fp, 0x3ff0000000000000u, 0x4008000000000000u, 7)
                                      : 0x3fd5555555555555u;
    uint32_t fcsr = fp_leave(&fp);
    struct fp_answer expected = {want->result, want->flags | sticky};
    compare("static mode", t, result, (uint32_t)flags, &expected);
    assert_int_equal(fcsr >> 5, loaded);
    assert_int_equal(third, 0x3fd5555555555555u + (loaded == FP_RUP));
}

static void check_soft(const struct fp_case *t, const struct fp_answer *want)
{
    uint32_t flags = 0;
    uint64_t result, a = t->a, b = t->b, c = t->c;
    unsigned rm = t->rm;
    const struct fp_format *s = &fp_binary32, *d = &fp_binary64;
    switch (t->op) {
#define SOFT(name, ...)                                                                            \
    case OP_##name##_f32:                                                                          \
        result = fp_soft_##name(s, __VA_ARGS__, rm, &flags);                                       \
        break;                                                                                     \
    case OP_##name##_f64:                                                                          \
        result = fp_soft_##name(d, __VA_ARGS__, rm, &flags);                                       \
        break
        SOFT(add, a, b);
        SOFT(sub, a, b);
        SOFT(mul, a, b);
        SOFT(div, a, b);
        SOFT(sqrt, a);
        SOFT(fma, a, b, c);
#define SOFT_INT(sign, is_signed, format, f, bits, type)                                           \
    case OP_to_##sign##_##format##_i##bits:                                                        \
        result = fp_soft_to_int(f, a, bits, is_signed, rm, &flags);                                \
        break;                                                                                     \
    case OP_from_##sign##_##format##_i##bits:                                                      \
        result = fp_soft_from_int(f, (uint64_t)(type)a, is_signed, rm, &flags);                    \
        break
        SOFT_INT(s, true, f32, s, 32, int32_t);
        SOFT_INT(s, true, f32, s, 64, int64_t);
        SOFT_INT(s, true, f64, d, 32, int32_t);
        SOFT_INT(s, true, f64, d, 64, int64_t);
        SOFT_INT(u, false, f32, s, 32, uint32_t);
        SOFT_INT(u, false, f32, s, 64, uint64_t);
        SOFT_INT(u, false, f64, d, 32, uint32_t);
        SOFT_INT(u, false, f64, d, 64, uint64_t);
    case OP_narrow:
        result = fp_soft_narrow(a, rm, &flags);
        break;
    default:
        return; /* has no rounding, so nothing on integers */
    }
    compare("on integers", t, result, flags, want);
}

static void test_against_qemu(void **state)
{
    unsigned op = (unsigned)(uintptr_t)*state;
    struct rng g = {config.seed ^ (uint64_t)op << 32};
    size_t n = config.operands * 5;
    struct fp_case *cases = base_zalloc(n * sizeof(*cases));
    struct fp_answer *answers = base_zalloc(n * sizeof(*answers));
    for (size_t i = 0; i < n; i++) {
        if (i % 5 == 0) {
            cases[i].op = op;
            fp_gen_operands(&g, &cases[i]);
        } else {
            cases[i] = cases[i - 1];
        }
        cases[i].rm = (uint32_t)(i % 5);
    }
    run_oracle(cases, n, answers);
    for (size_t i = 0; i < n; i++) {
        check_in_environment(&cases[i], &answers[i], true);
        if (op == OP_fma_f32 || op == OP_fma_f64)
            check_in_environment(&cases[i], &answers[i], false);
        check_static(&g, &cases[i], &answers[i]);
        check_soft(&cases[i], &answers[i]);
    }
    free(cases);
    free(answers);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: test_fp QEMU ORACLE [OPERANDS [SEED]]\n");
        return 2;
    }
    const char *operands = argc > 3 ? argv[3] : getenv("FP_OPERANDS");
    config.qemu = argv[1];
    config.oracle = argv[2];
    config.operands = operands ? strtoul(operands, NULL, 0) : 5000;
    config.seed = argc > 4 ? strtoul(argv[4], NULL, 0) : 20240607;
    fprintf(stderr,
            "# %zu operand tuples per operation in 5 modes; repeat with: %s %s %s %zu %lu\n",
            config.operands, argv[0], argv[1], argv[2], config.operands, config.seed);
    struct CMUnitTest tests[OP_COUNT];
    for (unsigned op = 0; op < OP_COUNT; op++)
        tests[op] =
            (struct CMUnitTest){op_names[op], test_against_qemu, NULL, NULL, (void *)(uintptr_t)op};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
