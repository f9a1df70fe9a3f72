/* cache/verify.c: what must hold of the code cache, and when it is looked at.
 *
 * A walk over the whole cache after every change would cost the square of what is translated. So
 * builds without optimisation and tests that ask for it walk every time, the others after so many
 * changes, and twice as many, and so on: as much again as the changes themselves, however many. */
#include "cache/fragments.h"

enum { FIRST_SAMPLE = 4096 }; /* a power of two; programs that end before do not pay */

void code_cache_changed(struct code_cache *c)
{
#if defined(__OPTIMIZE__) || defined(NDEBUG)
    bool always = c->config.verify;
#else
    bool always = true;
#endif
    c->changes++;
    if (!always && (c->changes < FIRST_SAMPLE || (c->changes & (c->changes - 1)) != 0))
        return;
    const char *wrong = code_cache_verify(c);
    CHECK(!wrong, "the code cache after %lu changes: %s", (unsigned long)c->changes, wrong);
}

/* ---- links ----------------------------------------------------------------------------------- */

static bool is_live(const struct code_cache *c, const struct kept_fragment *k, gva pc,
                    uint32_t context)
{
    return index_find(&c->index, pc, context) == &k->item;
}

static const char *verify_exit(const struct code_cache *c, const struct fragment_link *link)
{
    hpc goal = host_patch_goal(&c->memory, link_jump_field(link));

    if (!link->to)
        return goal.v == link_stub(link).v ? NULL
                                           : "the jump of an exit without a link leaves its stub";
    if (!is_live(c, link->to, link->exit.pc, link->exit.context))
        return "a link leads to a fragment that is gone, or another than its exit's";
    if (goal.v != link->to->f.code.v)
        return "a linked jump does not lead to its fragment's entry";
    for (const struct fragment_link *in = link->to->incoming; in; in = in->next_incoming) {
        if (in == link)
            return NULL;
    }
    return "a link is not on its goal's incoming list";
}

static const char *verify_links(const struct code_cache *c, const struct kept_fragment *k,
                                size_t *outgoing, size_t *incoming)
{
    const struct fragment_link *prev = NULL;

    for (uint32_t i = 0; i < k->f.n_exits; i++) {
        if (k->links[i].from != k)
            return "an exit does not know its fragment";
        const char *wrong = verify_exit(c, &k->links[i]);
        if (wrong)
            return wrong;
        *outgoing += k->links[i].to != NULL;
    }
    for (const struct fragment_link *in = k->incoming; in; in = in->next_incoming) {
        if (in->to != k || in->prev_incoming != prev)
            return "an incoming list is broken";
        if (++*incoming > c->stats.links)
            return "there are more incoming links than links";
        prev = in;
    }
    return NULL;
}

/* ---- places ---------------------------------------------------------------------------------- */

static const char *verify_place(const struct code_cache *c, const struct kept_fragment *k)
{
    struct span span = fragment_span(c, k);

    if (span.start % FRAGMENT_ALIGN || span.start < c->room.start || span.end > c->room.end)
        return "a fragment lies outside of the room for fragments";
    if (k->prev ? k->prev->next != k : c->first != k)
        return "the list by address is broken";
    if (k->prev && fragment_span(c, k->prev).end > span.start)
        return "two fragments overlap or are out of order";
    if (!k->next && c->last != k)
        return "the last fragment is another than the cache knows";
    if (!is_live(c, k, k->f.pc, k->f.context) || k->item.guest_bytes != k->f.guest_bytes)
        return "a fragment is not in the index";
    return NULL;
}

/* The chunks from *next on that lie below the fragment's end: theirs is this one or a lower one. */
static const char *verify_chunks(const struct code_cache *c, const struct kept_fragment *k,
                                 size_t *next)
{
    struct span span = fragment_span(c, k);

    for (; *next * CHUNK_BYTES < span.end; (*next)++) {
        bool mine = (*next + 1) * CHUNK_BYTES > span.start;
        if (c->chunks[*next] != (mine ? k : NULL))
            return "the table by host address does not hold a chunk's lowest fragment";
    }
    return NULL;
}

const char *code_cache_verify(const struct code_cache *c)
{
    size_t fragments = 0, used = 0, outgoing = 0, incoming = 0, chunk = 0;
    const char *wrong = NULL;

    for (const struct kept_fragment *k = c->first; k && !wrong; k = k->next) {
        wrong = verify_place(c, k);
        if (!wrong)
            wrong = verify_chunks(c, k, &chunk);
        if (!wrong)
            wrong = verify_links(c, k, &outgoing, &incoming);
        used += fragment_span(c, k).end - fragment_span(c, k).start;
        fragments++;
    }
    if (wrong)
        return wrong;
    for (; chunk * CHUNK_BYTES < c->memory.size; chunk++) {
        if (c->chunks[chunk])
            return "the table by host address holds a fragment where none is";
    }
    if (fragments != c->index.n || fragments != c->stats.fragments)
        return "the index holds another number of fragments than the arena";
    if (used != c->stats.used)
        return "the byte count does not agree with the fragments";
    if (outgoing != c->stats.links || incoming != c->stats.links)
        return "the links, the incoming lists and the count of links do not agree";
    return index_verify(&c->index);
}
