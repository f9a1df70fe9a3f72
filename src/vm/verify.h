/* Inside vm/: the isomorphism check. See verify.c. */
#ifndef ISOMORPH_VM_VERIFY_H
#define ISOMORPH_VM_VERIFY_H

#include "vm/vm_private.h"

struct verify;

struct verify *verify_create(struct vm *vm);
void verify_destroy(struct verify *v);
/* Instead of engine->run: one block by the reference and by the engine. Does not return if they
 * differ. */
enum exit_kind verify_run(struct vm *vm, struct thread *t);
/* In a forked child, which has one thread. */
void verify_forked(struct verify *v);

#endif
