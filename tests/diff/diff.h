/* The differential tests' tool: random instructions, executed by a reference and by the program
 * under test, must leave the same registers and memory. See main.c for its use, layout.h for what
 * the guest runtime sees. */
#ifndef DIFF_H
#define DIFF_H

#include "../random.h"
#include "layout.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- random.c: everything random comes from one seed
 * --------------------------------------------------------------- */

/* A stream of its own for each (seed, group, batch, chunk). */
struct rng rng_stream(uint64_t seed, const char *name, unsigned batch, unsigned chunk);
/* Register contents in which edge cases are likely. */
uint64_t rng_x_value(struct rng *r);
uint64_t rng_f_value(struct rng *r);

/* ---- encodings.c: the instructions
 * ------------------------------------------------------------------------------------ */

/* One row of isagen's encodings.txt. Bits outside mask are operands. */
struct encoding {
    char name[24];
    char extension[16];
    uint32_t match, mask;
    unsigned len; /* bytes */
};

/* How an instruction must be treated so that a random one does no harm; by its major opcode. */
enum insn_class {
    CLASS_PLAIN,
    CLASS_LOAD,
    CLASS_STORE,
    CLASS_ATOMIC,
    CLASS_BRANCH,
    CLASS_JUMP,
    CLASS_JUMP_REG,
    CLASS_CSR,
    CLASS_BREAK,
    CLASS_CALL
};

struct encodings {
    struct encoding *row;
    unsigned n;
};

/* Reads the file; on failure prints one line and exits with status 2. */
void encodings_read(struct encodings *e, const char *path);
/* The rows of a group's extensions. Empty for an unknown group. */
void encodings_of_group(const struct encodings *e, const char *group, struct encodings *out);
/* Name of the row that the word belongs to, the one with the fewest operands if there are several.
 */
const char *encodings_name(const struct encodings *e, uint32_t word, unsigned len);
enum insn_class insn_class_of(uint32_t word, unsigned len);

/* ---- chunks.c, words.c: batches
 * ----------------------------------------------------------------------------------------- */

enum { CHUNK_MAX_INSNS = 16, BATCH_MAX_CHUNKS = 2000, BATCH_WORDS = 40000 };

struct chunk {
    unsigned start;   /* offset in the code, of the runtime's own first instruction */
    unsigned n;       /* random instructions */
    unsigned n_group; /* of which the group's own */
    unsigned pos[CHUNK_MAX_INSNS + 1]; /* offset of each; [n] is where a signal resumes */
};

struct batch {
    unsigned kind;  /* KIND_CHUNKS, KIND_WORDS */
    unsigned base;  /* register that holds the context's address */
    unsigned count; /* chunks or words */
    uint8_t *code;
    unsigned code_bytes;
    uint8_t *ctx;
    unsigned ctx_bytes;
    struct chunk *chunks;
    unsigned entry, first_ctx; /* where to begin: 0 and 0 but for a single chunk */
};

/* Makes batch number `number` of at most max_insns instructions of the group. The caller frees it.
 */
void batch_make_chunks(struct batch *b, const struct encodings *all, const char *group,
                       uint64_t seed, unsigned number, unsigned max_insns);
void batch_make_words(struct batch *b, const struct encodings *all, const char *group,
                      uint64_t seed, unsigned number, unsigned max_words);
void batch_free(struct batch *b);
/* Jump (jal rd) from one code offset to another; a 16-bit one without link. */
uint32_t encode_jal(unsigned rd, int32_t distance);
uint16_t encode_c_j(int32_t distance);

/* ---- run.c: programs
 * ------------------------------------------------------------------------------------------------------
 */

struct runner {
    char *const *command; /* words before the guest's name; NULL at the end */
    const char *guest;
};

struct outcome {
    uint8_t *ctx;      /* contexts as the guest wrote them; NULL if it failed */
    char failure[400]; /* why */
};

void run_batch(const struct runner *runner, const struct batch *b, struct outcome *out);

/* ---- report.c
 * -------------------------------------------------------------------------------------------------------------
 */

struct test {
    struct runner reference, tested;
    const struct encodings *encodings;
    const char *objdump;
    const char *group;
    const char *repeat; /* command that repeats the batch */
    bool mutate;        /* test of the test: spoil one bit of a result */
};

/* Compares the two results; prints the first difference and returns 1, or 0. */
int compare_batch(const struct test *t, struct batch *b, unsigned number);

#endif
