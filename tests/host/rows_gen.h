/* Random operands for the rows of x86.def, and code to put the instructions in. */
#ifndef TESTS_HOST_ROWS_GEN_H
#define TESTS_HOST_ROWS_GEN_H

#include "../random.h"
#include "host/x86_64/encode.h"

/* Where the test pretends that its code is executed, and its size. */
#define TEST_EXEC HPC(0x123456789ac0)
enum { TEST_CODE = 1024 };

/* An instruction in the making: code with a label bound before it, and one to bind after it. */
struct trial {
    struct host_code code;
    uint8_t bytes[TEST_CODE];
    struct host_label before, after;
    const struct x86_form *form;
    struct x86_operand ops[X86_OPERANDS];
    uint32_t classes[X86_MAX_OPERANDS];
    unsigned size; /* operand size */
    bool lock;
    uint32_t at; /* where the instruction begins */
    uint32_t length;
};

void trial_init(struct trial *t);
void trial_free(struct trial *t);
/* Starts new code and finds random operands that fit the form, decorations and lock included. False
 * if none were found. jumps: labels as goals too (else addresses). */
bool trial_prepare(struct trial *t, const struct x86_form *form, struct rng *r);
/* Emits the instruction by this very form, or (insn) by its mnemonic, binds the label after it,
 * finishes. */
void trial_emit_form(struct trial *t, struct rng *r);
void trial_emit_insn(struct trial *t, enum x86_insn insn, struct rng *r);

/* Of a mem_label operand or a jump to a label, the address meant; of host ones theirs. */
uint64_t trial_address(const struct trial *t, const struct x86_operand *o);

#endif
