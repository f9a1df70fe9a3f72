/* vm/engine_eval.c: engine `eval`. Runs each block through the evaluator of its lifted µops.
 *
 * It shares no code with the interpreter beyond the µops' own functions, so whatever a program
 * prints under both has been checked against both halves of isa/. It is slow, and keeps one list of
 * µops for each decoded block until any block is dropped. One block per turn of the run loop: the
 * poll word is looked at there. */
#include "vm/vm_private.h"

#include "ir/ir.h"

static struct ir_block *lifted_block(struct vm *vm, const struct decoded_block *block)
{
    uint64_t key = (uintptr_t)block;
    struct ir_block *lifted = hash_map_get(&vm->lifted, key);

    if (lifted)
        return lifted;
    lifted = base_zalloc(sizeof(*lifted));
    ir_block_init(lifted, vm->guest->regs, vm->guest->n_regs);
    vm->guest->lift_block(block, lifted);
    const char *wrong = ir_verify(lifted);
    CHECK(!wrong, "the block at %#lx lifts to wrong µops: %s", (unsigned long)block->pc.v, wrong);
    hash_map_put(&vm->lifted, key, lifted);
    return lifted;
}

static enum exit_kind eval_run(struct vm *vm, struct thread *t)
{
    const struct decoded_block *block = vm_find_block(vm, t);
    const struct ir_block *lifted;

    if (!block)
        return EXIT_TRAP;
    vm_lock(vm);
    lifted = lifted_block(vm, block);
    vm_unlock(vm);
    return vm->guest->evaluate(t, lifted);
}

static void eval_forget(struct vm *vm)
{
    size_t pos = 0;
    uint64_t key;
    void *lifted;

    while (hash_map_next(&vm->lifted, &pos, &key, &lifted)) {
        ir_block_free(lifted);
        free(lifted);
    }
    hash_map_clear(&vm->lifted);
}

const struct vm_engine vm_engine_eval = {
    .name = "eval",
    .help = "evaluator of the lifted micro-operations (slow; for tests)",
    .run = eval_run,
    .blocks_dropped = eval_forget,
};
