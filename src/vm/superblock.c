/* vm/superblock.c: a fragment goes on where the last branch of its block is not taken, if what
 * follows is run too: a superblock, entered at its start alone and left at any of its branches.
 * Registers stay in registers over the branch, and nothing is linked there.
 *
 * Only over what has no fragment of its own, and is warm (tier.c): run at least half as often as a
 * block that is worth a translation. With --hot=0 everything is warm, so there, and under --verify
 * and in most tests, each block goes on as far as it can. Its guest code is one range, from the
 * first block's first byte on, and a block is added only if all together have no more than
 * SUPERBLOCK_MAX_INSNS.
 *
 * Whoever has to know where the blocks in it end decodes again, one after the other from the
 * fragment's pc on: each of them but the last ends with a branch.
 *
 * Not over a breakpoint. Not while an observer counts how often fragments are executed, since it
 * takes all instructions of one to be executed as often. */
#include "vm/block_engine.h"
#include "vm/debug_private.h"

/* Straight code may be longer: more than this, most often, nobody goes through to the end. */
enum { SUPERBLOCK_MAX_INSNS = 64 };

void superblock_start(struct vm *vm)
{
    struct block_engine *e = vm->block;

    e->superblocks =
        !(e->config.passes_off & translate_pass_bit("superblocks")) && !vm_observes_executions();
}

/* What starts at pc, if a fragment is to go on with it; in *room if it is not kept. */
static const struct decoded_block *find_warm(struct vm *vm, struct thread *t, gva pc,
                                             union decoded_room *room)
{
    const struct block_engine *e = vm->block;

    if (code_cache_find(e->code, pc, 0) || hash_map_get(&e->bailed, pc.v) ||
        debug_breaks_at(vm, pc))
        return NULL;
    const struct decoded_block *block = block_cache_find(vm->cache, pc, 0);
    if (block)
        return tier_is_warm(&e->tier, block) ? block : NULL;
    if (e->tier.runs > 0 || !vm_decode_block(vm, t, pc, room))
        return NULL;
    bool keep = vm->verify && block_cache_fits(vm->cache, &room->block); /* for the reference */
    return keep ? block_cache_insert(vm->cache, &room->block) : &room->block;
}

bool superblock_extend(struct vm *vm, struct thread *t, struct guest_code *code)
{
    struct block_engine *e = vm->block;
    union decoded_room room;
    bool extended = false;

    while (e->superblocks && ir_falls_through_to(&e->lifted, guest_code_end(code).v)) {
        const struct decoded_block *next = find_warm(vm, t, guest_code_end(code), &room);
        if (!next ||
            code->n_insns + next->n_insns > MIN(vm->max_insns, (unsigned)SUPERBLOCK_MAX_INSNS))
            break;
        ir_drop_last(&e->lifted);
        vm->guest->lift_block(next, &e->lifted);
        code->n_bytes += next->guest_bytes;
        code->n_insns += next->n_insns;
        extended = true;
    }
    return extended;
}
