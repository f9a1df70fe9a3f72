/* Small functions emitted and run: what test_run and test_run_fp share. */
#ifndef TESTS_HOST_RUN_H
#define TESTS_HOST_RUN_H

#include "host_test.h"

/* Arguments and result of a function (System V ABI). */
#define RUN_REGISTER static const enum x86_reg __attribute__((unused))
RUN_REGISTER A = X86_RDI, B = X86_RSI, C3 = X86_RDX, RESULT = X86_RAX;

/* Operands of 64 bits with something special at some width. */
enum { RUN_VALUES = 20 };
extern const uint64_t run_values[RUN_VALUES];

extern struct bench run_bench;

/* Skips the case if the processor lacks the feature. */
void run_need(enum host_feature feature);
/* Starts a function; appends its ret and finishes it. */
struct host_code *run_begin(void);
host_function *run_end(void);

static inline uint64_t call2(host_function *f, uint64_t a, uint64_t b)
{
    return f(a, b, 0, 0, 0, 0);
}

/* Of a group of such cases. */
int run_setup(void **state);
int run_teardown(void **state);

#endif
