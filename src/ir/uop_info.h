/* The rows of isa/uops.def as the builder, printer, parser, verifier and evaluator see them.
 * Included by uops.gen.h, which has the enumerations; the tables and uop_eval are in uops.gen.c. */
#ifndef ISOMORPH_IR_UOP_INFO_H
#define ISOMORPH_IR_UOP_INFO_H

enum uop_suffix { UOP_SUFFIX_NONE, UOP_SUFFIX_TYPE, UOP_SUFFIX_MEM };

/* A row of uops.def. A type is an enum ir_type or UOP_VAR0, UOP_VAR1. A variable stands for the
 * µop's `type` if it is the result's, else for its `arg_type`, the type of the first value operand.
 */
struct uop_info {
    const char *name;
    uint8_t class;  /* enum uop_class */
    uint8_t n_args; /* value operands */
    uint8_t arg[3]; /* their types */
    uint8_t result;
    uint8_t imms;          /* UOP_HAS_* */
    uint8_t suffix;        /* enum uop_suffix; TYPE: of the variable suffix_var */
    uint8_t suffix_var;    /* UOP_VAR0 or UOP_VAR1 */
    bool has_eval;         /* uop_eval() takes it */
    uint16_t var_types[2]; /* alternatives of the variables: bit per enum ir_type */
};

extern const struct uop_info uop_infos[UOP_COUNT];
extern const char *const ir_type_names[IR_TYPE_COUNT]; /* "i64" */

/* Value of a µop whose row has an evaluation; operands are passed as their bits, a truth value as 0
 * or 1. With a vector type or a mask it takes and gives one element. fp may be NULL for class pure.
 * CHECKs that the row and the types fit. */
uint64_t uop_eval(struct fp_env *fp, enum uop op, enum ir_type type, enum ir_type arg_type,
                  unsigned rm, uint64_t a, uint64_t b, uint64_t c);

static inline uint64_t uop_eval_pure(enum uop op, enum ir_type type, enum ir_type arg_type,
                                     uint64_t a, uint64_t b, uint64_t c)
{
    return uop_eval(NULL, op, type, arg_type, 0, a, b, c);
}

#endif
