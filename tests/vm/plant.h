/* Planted faults: a lifted block in which one kind of µop does something else. */
#ifndef ISOMORPH_TESTS_PLANT_H
#define ISOMORPH_TESTS_PLANT_H

#include "ir/ir.h"

/* Why nothing can be planted in this µop that a comparison of states would see; NULL if something
 * can. */
const char *plant_exempt(enum uop op);
/* Changes the block so that every µop `op` from µop `from` on gives a wrong result or has a wrong
 * effect. The block stays well-formed. */
void plant_fault(struct ir_block *b, size_t from, enum uop op);
/* Whatever the block stores from µop `from` on, it stores at addr too. */
void plant_store(struct ir_block *b, size_t from, uint64_t addr);

#endif
