/* vm/debug_print.c: what a debugger's user is shown of translated code. */
#include "vm/block_engine.h"
#include "vm/debug_private.h"

void vm_debug_print_fragments(struct vm *vm, struct strbuf *out)
{
    struct code_cache_stats stats;
    const struct fragment *f = NULL;

    if (!vm->block) {
        strbuf_printf(out, "engine %s makes no fragments\n", vm->engine->name);
        return;
    }
    vm_lock(vm);
    code_cache_get_stats(vm->block->code, &stats);
    strbuf_printf(out, "%zu fragments, %zu of %zu bytes, %zu links\n", stats.fragments, stats.used,
                  stats.capacity, stats.links);
    while ((f = code_cache_next(vm->block->code, f)) != NULL)
        strbuf_printf(out, "%#12lx  %3u instructions %4u bytes   at %#lx: %5u bytes, %u exits\n",
                      (unsigned long)f->pc.v, f->n_insns, f->guest_bytes, (unsigned long)f->code.v,
                      f->n_code, f->n_exits);
    vm_unlock(vm);
}

/* The fragment that pc lies in; of several, the one that begins last. */
static const struct fragment *find_around(const struct vm *vm, gva pc)
{
    const struct fragment *f = NULL, *found = NULL;

    if (!vm->block)
        return NULL;
    while ((f = code_cache_next(vm->block->code, f)) != NULL) {
        if (pc.v - f->pc.v < f->guest_bytes && (!found || f->pc.v > found->pc.v))
            found = f;
    }
    return found;
}

bool vm_debug_print_fragment(struct vm *vm, gva pc, struct strbuf *out)
{
    vm_lock(vm);
    const struct fragment *f = find_around(vm, pc);
    if (f) {
        vm_print_fragment_code(vm, f, out);
        block_print_host(vm->block, f, out);
    }
    vm_unlock(vm);
    return f != NULL;
}

bool vm_debug_print_reverse(struct vm *vm, gva pc, struct strbuf *out)
{
    struct reverse_cursor point = {0};

    vm_lock(vm);
    const struct fragment *f = find_around(vm, pc);
    if (f)
        strbuf_printf(out, "fragment %#lx: %u bytes of reverse table\n", (unsigned long)f->pc.v,
                      f->n_reverse);
    while (f && reverse_next(f->reverse, f->n_reverse, &point))
        strbuf_printf(out, "  host %#lx (+%u)  guest %#lx\n",
                      (unsigned long)(f->code.v + point.host), point.host,
                      (unsigned long)(f->pc.v + point.guest));
    vm_unlock(vm);
    return f != NULL;
}
