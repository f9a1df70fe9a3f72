/* isagen: compiles isa/ (docs/isa-language.md) to C at build time.
 *
 * The readers fill one table, `struct isa`; check.c judges it; each out_*.c writes one output from
 * it. The process lives for one output, so nothing is freed. The first fault found ends it:
 * `file:line: message` and exit status 1. */
#ifndef ISAGEN_H
#define ISAGEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- text.c: places, errors, memory, words of a line
 * ---------------------------------------------------------------- */

struct place {
    const char *file;
    int line;
};

_Noreturn void fail(struct place at, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *text_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void *grow_list(void *data, size_t *cap, size_t need, size_t item_size);

#define LIST(T)                                                                                    \
    struct {                                                                                       \
        T *data;                                                                                   \
        size_t len, cap;                                                                           \
    }
/* Appends a zeroed item and gives its address, which holds until the next append. */
#define list_add(l)                                                                                \
    ((l)->data = grow_list((l)->data, &(l)->cap, (l)->len + 1, sizeof(*(l)->data)),                \
     &(l)->data[(l)->len++])

/* The rest of one line, comment removed. */
struct line {
    struct place at;
    const char *p;
    bool indented;
};

/* Calls row() for every line that is not blank. */
void read_file(const char *path, void (*row)(void *arg, struct line *line), void *arg);

bool line_end(struct line *l);                   /* nothing is left */
bool line_accept(struct line *l, const char *t); /* takes punctuation t if it comes next */
void line_expect(struct line *l, const char *t);
const char *line_name(struct line *l);     /* takes a name; fails if there is none */
const char *line_try_name(struct line *l); /* the same, or NULL */
const char *line_word(struct line *l);     /* takes everything up to a blank */
bool line_try_int(struct line *l, int64_t *v);
int64_t line_int(struct line *l);
const char *line_string(struct line *l); /* "..." without the quotes */

/* ---- µops
 * -----------------------------------------------------------------------------------------------------------
 */

/* Types, in the order of enum ir_type; a row's type variables follow. */
enum type {
    TY_VOID,
    TY_B,
    TY_I32,
    TY_I64,
    TY_F32,
    TY_F64,
    TY_V8,
    TY_V16,
    TY_V32,
    TY_V64,
    TY_VF32,
    TY_VF64,
    TY_M,
    TY_COUNT,
    TY_VAR0 = TY_COUNT,
    TY_VAR1,
};

enum { MAX_ARGS = 3, MAX_VARS = 2, MAX_WORDS = 4 };

enum uop_class {
    CL_PURE,
    CL_FLAGS,
    CL_STATE,
    CL_LOAD,
    CL_STORE,
    CL_ATOMIC,
    CL_FENCE,
    CL_CHECK,
    CL_EXIT,
    CL_COUNT
};

/* What stands at a place of a µop's argument list. */
enum word { WORD_VALUE, WORD_RM, WORD_IMM, WORD_REG, WORD_ORDER, WORD_COUNT };

enum suffix { SUFFIX_NONE, SUFFIX_TYPE, SUFFIX_MEM };

struct uop {
    const char *name;
    struct place at;
    enum uop_class class;
    int n_words;
    enum word words[MAX_WORDS];
    int n_args; /* values among the words */
    enum type arg[MAX_ARGS];
    enum type result;
    int n_vars;
    char var[MAX_VARS];           /* letter */
    unsigned var_types[MAX_VARS]; /* bit per enum type */
    enum suffix suffix;
    int suffix_var;
    const char *eval; /* C expression or NULL */
};

struct uop_table {
    LIST(struct uop) rows;
};

extern const char *const type_names[TY_COUNT]; /* "i32" */
extern const char *const class_names[CL_COUNT];
extern const char *const word_names[WORD_COUNT];

const char *type_c(enum type t); /* C type of a value (of an element, for a vector): "uint32_t" */
int type_bits(enum type t);      /* of a value or an element */
const char *type_enum(enum type t);    /* "IR_I32" */
enum type type_find(const char *name); /* TY_COUNT if unknown */
void uop_read_row(void *table, struct line *l);
const struct uop *uop_find(const struct uop_table *t, const char *name);
bool uop_has_word(const struct uop *u, enum word w);
/* Name of the evaluation function with its types: "uop_add_i64". types: what the variables stand
 * for. */
const char *uop_function(const struct uop *u, const enum type types[MAX_VARS]);

void out_uops_h(FILE *out, const struct uop_table *t);
void out_uops_c(FILE *out, const struct uop_table *t);

#endif
