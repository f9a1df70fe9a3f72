/* tools/profile/resolve.c: from what the handler noted to functions, fragments and call trees. At
 * the end of the run. */
#include "tools/profile/resolve.h"

#include <string.h>

#include "host/x86_64/host.h"

const char *const activity_names[THREAD_DOINGS] = {
    [DOING_START] = "start",
    [DOING_GUEST] = "runtime",
    [DOING_TRANSLATED] = "translated code",
    [DOING_INTERPRET] = "interpreter",
    [DOING_TRANSLATE] = "translating",
    [DOING_SYSCALL] = "system calls",
    [DOING_TRAP] = "traps",
    [DOING_POLL] = "signals",
    [DOING_FENCE] = "changed code",
};

/* ---- fragments ------------------------------------------------------------------------------- */

size_t resolve_line(const struct profile_fragment *k, uint32_t host)
{
    size_t i = 0;

    while (i + 1 < k->lines.len && k->lines.data[i + 1].host <= host)
        i++;
    return i;
}

unsigned resolve_host_insns(struct profile_fragment *k)
{
    uint32_t end = k->lines.len ? k->lines.data[k->lines.len - 1].host : k->n_code;
    struct strbuf unused = {0};
    unsigned n = 0;

    if (k->host_insns)
        return k->host_insns;
    for (uint32_t at = 0; host_has_disassembler && at < end; n++)
        at += (uint32_t)host_disassemble_one(&unused, k->bytes + at, end - at, HPC(k->code.v + at),
                                             NULL, NULL);
    strbuf_free(&unused);
    k->host_insns = n;
    return n;
}

/* Returns the guest pc, or 0 if no fragment was there. */
static uint64_t add_to_fragment(const struct raw_sample *s, struct profile_symbol **symbol)
{
    struct profile_fragment *k = collect_find(s->host, s->clock);

    *symbol = NULL;
    if (!k)
        return 0;
    size_t line = resolve_line(k, (uint32_t)(s->host - k->code.v));
    bool rare = k->lines.len && line == k->lines.len - 1;
    if (k->line_samples.len == 0 && k->lines.len)
        vec_fill(&k->line_samples, k->lines.len, 0);
    if (k->lines.len)
        k->line_samples.data[line] += s->weight;
    k->samples += s->weight;
    uint64_t pc = k->pc.v + (k->lines.len && !rare ? k->lines.data[line].guest : 0);
    *symbol = symbols_find(pc);
    if (s->doing == DOING_TRANSLATED) {
        (*symbol)->translated += s->weight;
        (*symbol)->host_insns += (double)s->weight * resolve_host_insns(k);
        (*symbol)->guest_insns += (double)s->weight * k->n_insns;
    }
    return pc;
}

/* ---- stacks ---------------------------------------------------------------------------------- */

/* Can the call before `ret` have led to `callee`? One that names a function must name this one,
 * unless it goes through a stub that has no symbol (a PLT). */
static bool may_call(const struct space *space, uint64_t ret, const struct profile_symbol *callee)
{
    uint64_t to;

    if (!stacks_follows_call(space, ret, &to))
        return false;
    if (to == 0 || callee->is_rest)
        return true;
    const struct profile_symbol *named = symbols_find(to);
    return named == callee || named->is_rest;
}

/* The functions from the innermost one out. */
static unsigned resolve_stack(const struct space *space, const struct raw_sample *s, uint64_t pc,
                              struct profile_symbol *out[STACK_DEPTH + 1])
{
    unsigned n = 0;

    out[n++] = symbols_find(pc);
    for (unsigned i = 0; i < s->n_frames; i++) {
        uint64_t ret = s->frames[i];
        struct profile_symbol *caller = symbols_find(ret - 1);
        bool is_register = i == 0;
        if (is_register && caller == out[0]) /* of a call that has come back */
            continue;
        if (i == 1 && n > 1 && ret == s->frames[0]) /* saved, and still in the register */
            continue;
        if ((is_register || !s->chained) && !may_call(space, ret, out[n - 1]))
            continue;
        out[n++] = caller;
    }
    return n;
}

static struct flame_node *flame_child(struct flame_node *node, struct profile_symbol *symbol,
                                      bool is_activity, enum thread_doing doing)
{
    for (size_t i = 0; i < node->below.len; i++) {
        struct flame_node *k = node->below.data[i];
        if (k->symbol == symbol && k->is_activity == is_activity && k->doing == doing)
            return k;
    }
    struct flame_node *k = base_zalloc(sizeof(*k));
    k->symbol = symbol;
    k->is_activity = is_activity;
    k->doing = doing;
    vec_push(&node->below, k);
    return k;
}

static void add_to_tree(struct flame_node *node, struct profile_symbol *const stack[], unsigned n,
                        const struct raw_sample *s)
{
    node->weight += s->weight;
    while (n-- > 0) {
        node = flame_child(node, stack[n], false, DOING_GUEST);
        node->weight += s->weight;
    }
    if (s->doing == DOING_TRANSLATED || s->doing == DOING_INTERPRET)
        return;
    node = flame_child(node, NULL, true, (enum thread_doing)s->doing);
    node->weight += s->weight;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void add_sample(const struct space *space, const struct raw_sample *s,
                       struct profile_sums *out)
{
    struct profile_symbol *stack[STACK_DEPTH + 1], *symbol;
    uint64_t pc = s->pc;

    out->samples++;
    out->weight += s->weight;
    out->doing[s->doing] += s->weight;
    if (s->host != 0 && (pc = add_to_fragment(s, &symbol)) == 0)
        out->unresolved += s->weight;
    unsigned n = resolve_stack(space, s, pc, stack);
    stack[0]->self += s->weight;
    for (unsigned i = 0; i < n; i++) {
        if (stack[i]->seen != out->samples)
            stack[i]->total += s->weight;
        stack[i]->seen = out->samples;
    }
    add_to_tree(&out->root, stack, n, s);
}

void resolve_samples(const struct space *space, struct profile_sums *out)
{
    const struct raw_sample *s;
    size_t pos = 0;

    memset(out, 0, sizeof(*out));
    while ((s = collect_next(&pos)) != NULL)
        add_sample(space, s, out);
}

static int compare_fragments(const void *a, const void *b)
{
    const struct profile_fragment *x = *(struct profile_fragment *const *)a;
    const struct profile_fragment *y = *(struct profile_fragment *const *)b;

    if (x->samples != y->samples)
        return x->samples > y->samples ? -1 : 1;
    return x->born < y->born ? -1 : 1;
}

struct profile_fragment **resolve_hottest(size_t *n)
{
    struct profile_fragment **out = base_alloc((profile.fragments.len + 1) * sizeof(*out));

    *n = 0;
    for (size_t i = 0; i < profile.fragments.len; i++) {
        if (profile.fragments.data[i]->samples > 0)
            out[(*n)++] = profile.fragments.data[i];
    }
    qsort(out, *n, sizeof(*out), compare_fragments);
    return out;
}
