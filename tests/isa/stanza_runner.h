/* Data of the stanza tests, made by isagen from the `test` lines of isa/rv64 (docs/isa-language.md,
 * "Tests"), and what runs them: stanza_runner.c. */
#ifndef ISOMORPH_STANZA_RUNNER_H
#define ISOMORPH_STANZA_RUNNER_H

#include <stddef.h>
#include <stdint.h>

#include "code/code.h"

/* Guest addresses: the instruction, followed by an ecall; 256 bytes of scratch memory. */
#define STANZA_CODE    UINT64_C(0x40000800)
#define STANZA_SCRATCH UINT64_C(0x50000840)

enum { STANZA_SCRATCH_SIZE = 256 };

enum stanza_item_kind { ITEM_X, ITEM_F, ITEM_MEM, ITEM_CSR, ITEM_RESERVE, ITEM_PC, ITEM_TRAP };

/* One piece of state before or after the instruction. */
struct stanza_item {
    enum stanza_item_kind kind;
    unsigned index; /* register, CSR number, or offset in the scratch memory */
    unsigned bits;  /* of memory */
    uint64_t value;
};

/* One `test` line. */
struct stanza_test {
    unsigned line;
    uint32_t word;
    const struct stanza_item *before;
    size_t n_before;
    const struct stanza_item *after;
    size_t n_after;
};

/* One stanza. */
struct stanza_case {
    const char *name, *file;
    unsigned bytes; /* of the instruction */
    const struct stanza_test *tests;
    size_t n_tests;
};

extern const struct stanza_case stanza_cases[];
extern const unsigned stanza_case_count;

#endif
