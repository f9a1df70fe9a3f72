/* Inside vm/: what debug.c does for the run loop. */
#ifndef ISOMORPH_VM_DEBUG_PRIVATE_H
#define ISOMORPH_VM_DEBUG_PRIVATE_H

#include "vm/vm_private.h"

/* quiesce.c: waits while the debugger wants it. */
void vm_wait_for_debugger(struct thread *t);
/* quiesce.c: threads will stop; nobody waits for that. */
void debug_ask_stop(struct vm *vm);
/* Before a turn: reports what there is. True if t has waited: then the turn is to begin anew. */
bool debug_before_turn(struct vm *vm, struct thread *t);
/* Instead of engine->run. */
enum exit_kind debug_run(struct vm *vm, struct thread *t);
bool debug_breaks_at(const struct vm *vm, gva pc);
/* How many instructions a block at pc of max_insns may have, so that no breakpoint stands behind
 * its first one. */
unsigned debug_limit_block(const struct vm *vm, gva pc, unsigned max_insns);
void debug_thread_create(struct thread *t);
void debug_forked(struct vm *vm);

#endif
