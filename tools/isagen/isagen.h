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

/* ---- text.c: places, errors, memory, words of a line ----------------------------------------- */

struct place {
    const char *file;
    int line;
};

_Noreturn void fail(struct place at, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *text_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *upper_name(const char *name); /* "amoadd" -> "AMOADD" */
bool same(const char *a, const char *b);
void *grow_list(void *data, size_t *cap, size_t need, size_t item_size);
/* Index of name in list, or n. */
int name_index(const char *name, const char *const *list, int n);

#define LIST(T)                                                                                    \
    struct {                                                                                       \
        T *data;                                                                                   \
        size_t len, cap;                                                                           \
    }
/* Appends a zeroed item and gives its address, which holds until the next append. */
#define list_add(l)                                                                                \
    ((l)->data = grow_list((l)->data, &(l)->cap, (l)->len + 1, sizeof(*(l)->data)),                \
     &(l)->data[(l)->len++])
#define list_each(item, l)                                                                         \
    for (typeof((l)->data + 0) item = (l)->data; item < (l)->data + (l)->len; item++)
/* The item whose member `name` is that, or NULL. */
#define list_find(l, wanted)                                                                       \
    ({                                                                                             \
        typeof((l)->data + 0) found_ = NULL;                                                       \
        list_each (item_, l)                                                                       \
            if (!found_ && same(item_->name, wanted))                                              \
                found_ = item_;                                                                    \
        found_;                                                                                    \
    })

struct isa;

/* The rest of one line, comment removed. */
struct line {
    struct place at;
    const char *p;
    bool indented;
};

/* Calls row() for every line that is not blank. */
void read_file(const char *path, void (*row)(struct isa *isa, struct line *line), struct isa *isa);

bool line_end(struct line *l); /* skips blanks; true if nothing is left */
void line_expect_end(struct line *l);
bool line_accept(struct line *l, const char *t); /* takes punctuation t if it comes next */
void line_expect(struct line *l, const char *t);
const char *line_name(struct line *l);     /* takes a name; fails if there is none */
const char *line_try_name(struct line *l); /* the same, or NULL */
const char *line_word(struct line *l);     /* takes everything up to a blank */
const char *line_rest(struct line *l);
bool line_try_int(struct line *l, int64_t *v);
int64_t line_int(struct line *l);
const char *line_string(struct line *l); /* "..." without the quotes */

/* ---- µops ------------------------------------------------------------------------------------ */

/* clang-format off */
/* Types, in the order of enum ir_type; a row's type variables follow. */
enum type {
    TY_VOID, TY_B, TY_I32, TY_I64, TY_F32, TY_F64,
    TY_V8, TY_V16, TY_V32, TY_V64, TY_VF32, TY_VF64, TY_M, TY_COUNT,
    TY_VAR0 = TY_COUNT, TY_VAR1
};

enum uop_class {
    CL_PURE, CL_FLAGS, CL_STATE, CL_LOAD, CL_STORE, CL_ATOMIC, CL_FENCE, CL_CHECK, CL_EXIT, CL_COUNT
};
/* clang-format on */

enum { MAX_ARGS = 3, MAX_VARS = 2, MAX_WORDS = 4 };

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

extern const char *const type_names[TY_COUNT]; /* "i32" */
extern const char *const class_names[CL_COUNT];
extern const char *const word_names[WORD_COUNT];

const char *type_c(enum type t); /* C type of a value (of an element, for a vector): "uint32_t" */
int type_bits(enum type t);      /* of a value or an element */
const char *type_enum(enum type t);    /* "IR_I32" */
enum type type_find(const char *name); /* TY_COUNT if unknown */
bool uop_has_word(const struct uop *u, enum word w);
/* Name of the evaluation function with its types: "add_i64". types: those of the variables. */
const char *uop_function(const struct uop *u, const enum type types[MAX_VARS]);

/* ---- the guest's registers and CSRs ---------------------------------------------------------- */

struct reg_class {
    const char *name;
    const char *kind; /* gpr fpr pc csr vec */
    int bits, count;
    bool numbered; /* count= was given: x0, x1, ... */
    int zero;      /* register that reads as 0, or -1 */
    const char **alias;
};

enum expr_kind { EX_INT, EX_FIELD, EX_LOCAL, EX_PC, EX_NEXT, EX_UOP, EX_CSR_READ };

struct expr {
    enum expr_kind kind;
    struct place at;
    enum type type;
    int64_t value;    /* EX_INT */
    int index;        /* EX_FIELD, EX_CSR_READ: of the stanza's fields */
    const char *name; /* EX_LOCAL */
    const struct uop *uop;
    enum type types[MAX_VARS];
    const char *mem; /* "s32" */
    int n_args;
    struct expr *args[MAX_WORDS]; /* by word */
};

enum stmt_kind { ST_LOCAL, ST_REG, ST_PC, ST_UOP, ST_CSR_WRITE, ST_NOP };

struct stmt {
    enum stmt_kind kind;
    struct place at;
    const char *text; /* as it was written */
    const char *name; /* ST_LOCAL */
    int index;        /* ST_REG, ST_CSR_WRITE: of the stanza's fields */
    struct expr *e;
};

typedef LIST(struct stmt) stmt_list;

struct csr {
    int64_t number;
    const char *name;
    struct place at;
    bool read_only;
    struct expr *read;
    stmt_list write; /* `v` is a local */
};

/* ---- instructions ---------------------------------------------------------------------------- */

/* clang-format off */
enum operand_kind {
    OPERAND_X, OPERAND_F, OPERAND_SIGNED, OPERAND_UNSIGNED,
    OPERAND_RM, OPERAND_CSR, OPERAND_FENCE, OPERAND_ORDER, OPERAND_KINDS
};
/* clang-format on */
extern const char *const operand_kinds[OPERAND_KINDS];

struct operand {
    const char *name;
    struct place at;
    enum operand_kind kind;
    int width, bias;
};

/* Bits value[from + len - 1 : from] stand at word[at + len - 1 : at]. */
struct segment {
    int from, at, len;
};

/* An operand as a stanza encodes it. */
struct field {
    struct operand op;
    LIST(struct segment) segments;
    int width;          /* bits of the value, without the bias */
    bool read, written; /* by the statements */
    bool used;
    const char *slot;       /* member of the instruction record that holds it */
    const char *write_slot; /* of a register that is written */
};

struct cond {
    struct place at;
    int field;
    bool equal;
    int other; /* field, or -1: value */
    int64_t value;
};

typedef LIST(struct cond) cond_list;

/* What an expansion gives an operand of the instruction it expands to. */
struct binding {
    const char *name;
    int field; /* or -1: value */
    int64_t value;
};

enum item_kind { ITEM_X, ITEM_F, ITEM_MEM, ITEM_CSR, ITEM_RESERVE, ITEM_PC, ITEM_TRAP };

/* NAME=VALUE of a test: state before or after. */
struct item {
    enum item_kind kind;
    int index;         /* register, CSR number, or offset in scratch memory */
    int bits;          /* of memory */
    const char *value; /* C expression */
};

struct test {
    int line;
    uint32_t word;
    LIST(struct item) before, after;
};

struct format {
    const char *name;
    LIST(const char *) pieces;
};

struct extension {
    const char *name, *text;
};

struct stanza {
    const char *name;
    const char *mnemonic; /* the name up to an apostrophe */
    const char *id;       /* the name as part of a C name */
    struct place at;
    const char *extension;
    int bits;             /* 16 or 32 */
    const char *encoding; /* its pieces, formats filled in */
    uint32_t mask, match;
    LIST(struct field) fields;
    const char *assembly;
    struct place assembly_at;
    cond_list where;
    LIST(const char *) except;
    LIST(cond_list) reserved, hint;
    stmt_list body;
    const char *expands;
    struct place expands_at;
    const struct stanza *expansion; /* what `expands` names, or the stanza itself; from isa_check */
    LIST(struct binding) bindings;
    LIST(struct line) test_lines;
    LIST(struct test) tests;
    const char *doc;
};

struct isa {
    LIST(struct uop) uops;
    LIST(struct reg_class) classes;
    LIST(struct csr) csrs;
    LIST(struct operand) operands;
    LIST(struct format) formats;
    LIST(struct extension) extensions;
    LIST(struct stanza) stanzas;
};

/* Readers of one line each: uops.c, isa.c, stanza.c. */
void uop_read_row(struct isa *isa, struct line *l);
void regs_read_row(struct isa *isa, struct line *l);
void csr_read_row(struct isa *isa, struct line *l);
void isa_read_row(struct isa *isa, struct line *l);
void stanza_read_head(struct isa *isa, const char *name, struct line *l);
void stanza_read_clause(struct isa *isa, struct stanza *s, struct line *l);

const char *c_name(const char *name);                               /* "c.addi" -> "c_addi" */
struct field *field_find(const struct stanza *s, const char *name); /* NULL if it is not encoded */
struct field *field_of_kind(const struct stanza *s, enum operand_kind kind);
/* The encoded operand that the line names next, now used; fails if there is none. */
int line_field(struct stanza *s, struct line *l);
bool is_register(const struct field *f);
char reg_letter(const struct field *f); /* 'x' or 'f' */

/* expr.c. s is NULL inside a CSR row. */
struct expr *expr_read(const struct isa *isa, struct stanza *s, const stmt_list *locals,
                       struct line *l, enum type want);
void stmt_read(const struct isa *isa, struct stanza *s, stmt_list *body, struct line *l);
/* Known from the encoding and the pc. */
bool expr_is_const(const struct stanza *s, const struct expr *e);
/* Calls visit for all expressions of the body, operands before their µop. */
void body_walk(const stmt_list *body, void (*visit)(void *arg, struct expr *e), void *arg);

/* test.c: turns the lines `test` into words and items. */
void tests_read(const struct isa *isa, struct stanza *s);

/* check.c: the whole table; resolves expansions, gives the fields their slots. */
void isa_check(struct isa *isa);
bool stanza_covers(const struct stanza *s, uint32_t word);
bool stanza_excepts(const struct stanza *s, const struct stanza *other);
/* Value of a field in a word, biased and extended. */
int64_t field_value(const struct field *f, uint32_t word);
bool stanza_ends_block(const struct stanza *s);

/* ---- writers --------------------------------------------------------------------------------- */

/* C expression of a field's value, taken from a variable `word`. */
const char *field_c(const struct field *f);
/* C condition: all of conds hold for `word`. */
const char *conds_c(const struct stanza *s, const cond_list *conds);

void out_uops_h(FILE *out, const struct isa *isa);
void out_uops_c(FILE *out, const struct isa *isa);
void out_regs_h(FILE *out, const struct isa *isa);
void out_regs_c(FILE *out, const struct isa *isa);
void out_decode_h(FILE *out, const struct isa *isa);
void out_decode_c(FILE *out, const struct isa *isa);
void out_disasm_c(FILE *out, const struct isa *isa);
void out_csrs_h(FILE *out, const struct isa *isa);
void out_semantics_h(FILE *out, const struct isa *isa);
void out_tests_c(FILE *out, const struct isa *isa);
void out_encodings(FILE *out, const struct isa *isa);
void out_manual(FILE *out, const struct isa *isa);

#endif
