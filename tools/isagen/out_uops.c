/* Writes uops.gen.h and uops.gen.c: the µops as an enum and rows, and their evaluation as inline
 * functions. */
#include "isagen.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void out_enums(FILE *out, const struct uop_table *t)
{
    fputs("enum ir_type {\n", out);
    for (enum type ty = TY_VOID; ty < TY_COUNT; ty++)
        fprintf(out, "    %s,\n", type_enum(ty));
    fputs("    IR_TYPE_COUNT,\n    UOP_VAR0 = IR_TYPE_COUNT, /* a row's type variables */\n"
          "    UOP_VAR1,\n};\n\nenum uop {\n",
          out);
    for (size_t i = 0; i < t->rows.len; i++)
        fprintf(out, "    UOP_%s,\n", t->rows.data[i].name);
    fputs("    UOP_COUNT,\n};\n\nenum uop_class {\n", out);
    for (enum uop_class c = 0; c < CL_COUNT; c++)
        fprintf(out, "    UOP_CLASS_%s,\n", class_names[c]);
    fputs("};\n\n"
          "/* Immediates of a µop, in struct uop_info.imms. */\n"
          "enum {\n",
          out);
    for (enum word w = WORD_RM; w < WORD_COUNT; w++)
        fprintf(out, "    UOP_HAS_%s = %u,\n", word_names[w], 1u << (w - WORD_RM));
    fputs("};\n\n"
          "enum uop_suffix { UOP_SUFFIX_NONE, UOP_SUFFIX_TYPE, UOP_SUFFIX_MEM };\n\n",
          out);
}

static const char info_struct[] =
    "/* A row of uops.def. A type is an enum ir_type or UOP_VAR0, UOP_VAR1. A variable stands for "
    "the µop's `type` if\n"
    " * it is the result's, else for its `arg_type`, the type of the first value operand. */\n"
    "struct uop_info {\n"
    "    const char *name;\n"
    "    uint8_t class;        /* enum uop_class */\n"
    "    uint8_t n_args;       /* value operands */\n"
    "    uint8_t arg[3];       /* their types */\n"
    "    uint8_t result;\n"
    "    uint8_t imms;         /* UOP_HAS_* */\n"
    "    uint8_t suffix;       /* enum uop_suffix; TYPE: of the variable suffix_var */\n"
    "    uint8_t suffix_var;   /* UOP_VAR0 or UOP_VAR1 */\n"
    "    bool has_eval;        /* uop_eval() takes it */\n"
    "    uint16_t var_types[2]; /* alternatives of the variables: bit per enum ir_type */\n"
    "};\n\n"
    "extern const struct uop_info uop_infos[UOP_COUNT];\n"
    "extern const char *const ir_type_names[IR_TYPE_COUNT]; /* \"i64\" */\n\n"
    "/* Value of a µop whose row has an evaluation; operands are passed as their bits, a truth "
    "value "
    "as 0 or 1. With a\n"
    " * vector type or a mask it takes and gives one element. fp may be NULL for class pure. "
    "CHECKs "
    "that the row and the\n"
    " * types fit. */\n"
    "uint64_t uop_eval(struct fp_env *fp, enum uop op, enum ir_type type, enum ir_type arg_type,\n"
    "                  unsigned rm, uint64_t a, uint64_t b, uint64_t c);\n\n"
    "static inline uint64_t uop_eval_pure(enum uop op, enum ir_type type, enum ir_type arg_type,\n"
    "                                     uint64_t a, uint64_t b, uint64_t c)\n"
    "{\n"
    "    return uop_eval(NULL, op, type, arg_type, 0, a, b, c);\n"
    "}\n\n";

/* What a variable-or-type of the row is under the given choice. */
static enum type resolve(enum type t, const enum type types[MAX_VARS])
{
    return t >= TY_VAR0 ? types[t - TY_VAR0] : t;
}

static bool takes_fp(const struct uop *u)
{
    return u->class == CL_FLAGS || u->class == CL_STATE;
}

/* Type of the variable that stands for floating point (want_float) or for integers. */
static const char *fp_type(const struct uop *u, const enum type types[MAX_VARS], bool want_float)
{
    for (int i = 0; i < u->n_vars; i++)
        if ((types[i] == TY_F32 || types[i] == TY_F64) == want_float)
            return type_names[types[i]];
    fail(u->at, "FP or FPI in a row without such a type variable");
}

/* Replaces the macros of an evaluation: S(x), T, BITS, FP(name), FPI(name). */
static void out_evaluation(FILE *out, const struct uop *u, const enum type types[MAX_VARS])
{
    struct line l = {.at = u->at, .p = u->eval};
    while (*l.p) {
        if (isdigit((unsigned char)*l.p)) {
            while (isalnum((unsigned char)*l.p))
                fputc(*l.p++, out);
            continue;
        }
        if (!isalpha((unsigned char)*l.p)) {
            fputc(*l.p++, out);
            continue;
        }
        const char *name = line_name(&l);
        bool fp = strcmp(name, "FP") == 0, fpi = strcmp(name, "FPI") == 0;
        if (strcmp(name, "T") == 0) {
            fputs(type_c(types[0]), out);
        } else if (strcmp(name, "BITS") == 0) {
            fprintf(out, "%d", type_bits(types[0]));
        } else if (strcmp(name, "S") == 0) {
            line_expect(&l, "(");
            const char *x = line_name(&l);
            line_expect(&l, ")");
            int index = x[0] - 'a';
            if (x[1] || index < 0 || index >= u->n_args)
                fail(u->at, "S takes an operand, not '%s'", x);
            fprintf(out, "(int%d_t)%s", type_bits(resolve(u->arg[index], types)), x);
        } else if (fp || fpi) {
            line_expect(&l, "(");
            fprintf(out, "fp_%s_%s", line_name(&l), fp_type(u, types, true));
            if (fpi)
                fprintf(out, "_%s", fp_type(u, types, false));
            line_expect(&l, ")");
        } else {
            fputs(name, out);
        }
    }
}

static void out_function(FILE *out, const struct uop *u, const enum type types[MAX_VARS])
{
    enum type result = resolve(u->result, types);
    const char *comma = "";
    fprintf(out, "static inline %s %s(", type_c(result), uop_function(u, types));
    if (takes_fp(u)) {
        fputs("struct fp_env *fp", out);
        comma = ", ";
    }
    for (int i = 0; i < u->n_args; i++, comma = ", ")
        fprintf(out, "%s%s %c", comma, type_c(resolve(u->arg[i], types)), 'a' + i);
    if (uop_has_word(u, WORD_RM))
        fprintf(out, "%sunsigned rm", comma);
    if (uop_has_word(u, WORD_IMM))
        fprintf(out, "%suint64_t imm", comma);
    fputs(")\n{\n    ", out);
    if (result != TY_VOID)
        fprintf(out, "return (%s)(", type_c(result));
    out_evaluation(out, u, types);
    fprintf(out, "%s;\n}\n\n", result != TY_VOID ? ")" : "");
}

/* Calls visit for every choice of types of a row. */
static void each_choice(FILE *out, const struct uop *u,
                        void (*visit)(FILE *, const struct uop *, const enum type types[MAX_VARS]))
{
    enum type types[MAX_VARS] = {TY_VOID, TY_VOID};
    for (enum type first = 0; first < TY_COUNT; first++) {
        if (u->n_vars >= 1 ? !(u->var_types[0] >> first & 1) : first > 0)
            continue;
        types[0] = first;
        for (enum type second = 0; second < TY_COUNT; second++) {
            if (u->n_vars >= 2 ? !(u->var_types[1] >> second & 1) : second > 0)
                continue;
            types[1] = second;
            visit(out, u, types);
        }
    }
}

void out_uops_h(FILE *out, const struct uop_table *t)
{
    fputs("/* Generated by isagen from isa/uops.def. */\n"
          "#ifndef ISOMORPH_UOPS_GEN_H\n#define ISOMORPH_UOPS_GEN_H\n\n#include \"ir/fp.h\"\n\n",
          out);
    out_enums(out, t);
    fputs(info_struct, out);
    fputs("/* Evaluations. Operands are unsigned integers of their type's width; for a vector "
          "type, elements. */\n\n",
          out);
    for (size_t i = 0; i < t->rows.len; i++)
        if (t->rows.data[i].eval)
            each_choice(out, &t->rows.data[i], out_function);
    fputs("#endif\n", out);
}

/* One line of uop_eval: the call for one choice of types. */
static void out_eval_case(FILE *out, const struct uop *u, const enum type types[MAX_VARS])
{
    const char *condition = "";
    for (int i = 0; i < u->n_vars; i++) {
        const char *which = u->result == TY_VAR0 + (enum type)i ? "type" : "arg_type";
        condition =
            text_printf("%s%s%s == %s", condition, i ? " && " : "", which, type_enum(types[i]));
    }
    const char *indent = "        ";
    if (u->n_vars > 0) {
        fprintf(out, "        if (%s)%s", condition, u->result == TY_VOID ? " {" : "");
        fputc('\n', out);
        indent = "            ";
    }
    fprintf(out, "%s%s%s(", indent, u->result == TY_VOID ? "" : "return ", uop_function(u, types));
    const char *comma = "";
    if (takes_fp(u)) {
        fputs("fp", out);
        comma = ", ";
    }
    for (int i = 0; i < u->n_args; i++, comma = ", ")
        fprintf(out, "%s(%s)%c", comma, type_c(resolve(u->arg[i], types)), 'a' + i);
    if (uop_has_word(u, WORD_RM))
        fprintf(out, "%srm", comma);
    fputs(");\n", out);
    if (u->result == TY_VOID)
        fprintf(out, "%sreturn 0;\n%s", indent, u->n_vars > 0 ? "        }\n" : "");
}

static void out_info(FILE *out, const struct uop *u)
{
    unsigned imms = 0;
    for (int i = 0; i < u->n_words; i++)
        if (u->words[i] != WORD_VALUE)
            imms |= 1u << (u->words[i] - WORD_RM);
    fprintf(out,
            "    [UOP_%s] = {\"%s\", UOP_CLASS_%s, %d, {%d, %d, %d}, %d, %u, %d, %d, %s, {0x%x, "
            "0x%x}},\n",
            u->name, u->name, class_names[u->class], u->n_args, u->arg[0], u->arg[1], u->arg[2],
            u->result, imms, u->suffix, TY_VAR0 + u->suffix_var, u->eval ? "true" : "false",
            u->var_types[0], u->var_types[1]);
}

void out_uops_c(FILE *out, const struct uop_table *t)
{
    fputs("/* Generated by isagen from isa/uops.def. */\n#include \"uops.gen.h\"\n\n"
          "const char *const ir_type_names[IR_TYPE_COUNT] = {\n",
          out);
    for (enum type ty = TY_VOID; ty < TY_COUNT; ty++)
        fprintf(out, "    \"%s\",\n", type_names[ty]);
    fputs("};\n\nconst struct uop_info uop_infos[UOP_COUNT] = {\n", out);
    for (size_t i = 0; i < t->rows.len; i++)
        out_info(out, &t->rows.data[i]);
    fputs("};\n\n"
          "uint64_t uop_eval(struct fp_env *fp, enum uop op, enum ir_type type, enum ir_type "
          "arg_type,\n"
          "                  unsigned rm, uint64_t a, uint64_t b, uint64_t c)\n"
          "{\n    switch (op) {\n",
          out);
    for (size_t i = 0; i < t->rows.len; i++) {
        const struct uop *u = &t->rows.data[i];
        if (!u->eval)
            continue;
        fprintf(out, "    case UOP_%s:\n", u->name);
        each_choice(out, u, out_eval_case);
        if (u->n_vars > 0)
            fputs("        break;\n", out);
    }
    fputs("    default:\n        break;\n    }\n"
          "    CHECK(false, \"no evaluation of uop %d with types %d, %d\", op, type, arg_type);\n"
          "    return 0;\n}\n",
          out);
}
