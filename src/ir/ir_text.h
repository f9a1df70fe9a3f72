/* Words that printer and parser share. Private to ir/. */
#ifndef ISOMORPH_IR_TEXT_H
#define ISOMORPH_IR_TEXT_H

#include "ir/ir.h"

extern const char *const ir_mem_names[8];   /* by enum ir_mem: "s8" ... "u64" */
extern const char *const ir_rm_names[8];    /* "rne" ... "rmm", "dyn"; NULL for 5 and 6 */
extern const char *const ir_order_names[4]; /* "rlx", "rl", "aq", "aqrl" */

/* Type variable that the suffix of a name gives, or 0 if names of this µop have none. Other
 * variables follow from the first operand's type. */
static inline unsigned ir_suffix_var(const struct uop_info *row)
{
    if (row->suffix == UOP_SUFFIX_TYPE)
        return row->suffix_var;
    return row->var_types[0] ? UOP_VAR0 : 0;
}

#endif
