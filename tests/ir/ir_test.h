/* What the tests of µops share: a machine with a few registers and 256 bytes of memory, random
 * blocks, and what pure µops compute. */
#ifndef IR_TEST_H
#define IR_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "fp_gen.h"
#include "ir/ir.h"

/* ---- the machine ----------------------------------------------------------------------------- */

enum { TEST_MEMORY = 256, TEST_MEMORY_ADDR = 0x10000 };

struct test_state {
    uint64_t pc;
    uint64_t x[4]; /* x0 is zero */
    uint64_t f[2];
    unsigned char v[3][IR_VECTOR_BYTES]; /* 512 bits */
    unsigned char w[16];                 /* 128 bits */
};

/* Rows of the register table, in the order of struct test_state. */
enum { REG_ROW_pc, REG_ROW_x0, REG_ROW_f0 = 5, REG_ROW_v0 = 7, REG_ROW_w0 = 10, TEST_REGS };
extern const struct guest_reg test_regs[TEST_REGS];

struct test_machine {
    struct thread *t;
    struct test_state *state;
    uint64_t n_insns; /* executed by the last test_eval */
};

extern unsigned char test_memory[TEST_MEMORY];
/* Memory faults outside test_memory, counters are 100 + which, lr and sc act on test_memory alone.
 */
extern const struct ir_eval_ops test_eval_ops;

struct test_machine test_machine_create(void); /* all zero, memory too */
void test_machine_destroy(struct test_machine *m);
/* Evaluates between fp_enter and fp_leave; *fcsr in and out. */
enum exit_kind test_eval(struct test_machine *m, const struct ir_block *b, uint32_t *fcsr);

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Parses text with test_regs; fails the test if it does not parse. */
void test_parse(struct ir_block *b, const char *text);
bool test_blocks_equal(const struct ir_block *a, const struct ir_block *b);
/* A well-formed block of about `len` µops of all kinds. */
void test_random_block(struct rng *g, struct ir_block *b, size_t len);

/* ---- pure µops ------------------------------------------------------------------------------- */

/* The result of a pure µop on scalars, computed here in plain C. Fails the test for a µop it does
 * not know. */
uint64_t test_pure(enum uop op, enum ir_type type, enum ir_type arg_type, const uint64_t v[3]);
/* Calls visit for every pure µop with an evaluation and every choice of scalar types. */
void test_each_pure(void (*visit)(const struct ir_uop *u, void *arg), void *arg);
unsigned test_bits(enum ir_type type);
/* A random value of a scalar type, often an extreme one. */
uint64_t test_random_value(struct rng *g, enum ir_type type);

#endif
