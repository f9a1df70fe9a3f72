/* cache/verify.c: what must hold of the code cache, and when it is looked at.
 *
 * A walk over the whole cache after every change would cost the square of what is translated.
 * Tests that ask for it get that. Other builds without optimisation look at the fragment that was
 * changed, and at everything once as much has changed as there is: a constant effort for each
 * change. Builds with optimisation look at a sample: now and then at the fragments of one chunk of
 * the arena, the next one each time. */
#include "cache/fragments.h"

enum { SAMPLE_EVERY = 32 }; /* changes, for a chunk of one or two fragments: nothing to notice */

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
    bool listed = link->prev_incoming ? link->prev_incoming->next_incoming == link
                                      : link->to->incoming == link;
    return listed ? NULL : "a link is not on its goal's incoming list";
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

/* ---- when ------------------------------------------------------------------------------------ */

/* One fragment, its links and its neighbours. */
static const char *verify_fragment(const struct code_cache *c, const struct kept_fragment *k)
{
    size_t outgoing = 0, incoming = 0;
    const char *wrong = verify_place(c, k);

    if (!wrong)
        wrong = verify_links(c, k, &outgoing, &incoming);
    return wrong ? wrong : index_verify_item(&c->index, &k->item);
}

static const char *verify_chunk(const struct code_cache *c, size_t chunk)
{
    size_t end = (chunk + 1) * CHUNK_BYTES;
    const char *wrong = NULL;

    for (const struct kept_fragment *k = c->chunks[chunk];
         k && !wrong && fragment_span(c, k).start < end; k = k->next)
        wrong = verify_fragment(c, k);
    return wrong;
}

/* The next sample. */
static const char *verify_some(struct code_cache *c)
{
    size_t used = c->last ? fragment_span(c, c->last).end : 0;

    if (++c->verify_chunk * CHUNK_BYTES >= used)
        c->verify_chunk = 0;
    return verify_chunk(c, c->verify_chunk);
}

void code_cache_changed(struct code_cache *c, const struct kept_fragment *k)
{
    const char *wrong = NULL;

    c->changes++;
    if (c->config.verify || (BASE_CAREFUL && c->changes >= c->verify_next)) {
        wrong = code_cache_verify(c);
        c->verify_next = c->changes + c->stats.fragments;
    } else if (BASE_CAREFUL && k) {
        wrong = verify_fragment(c, k);
    } else if (c->changes % SAMPLE_EVERY == 0) {
        wrong = verify_some(c);
    }
    CHECK(!wrong, "the code cache after %lu changes: %s", (unsigned long)c->changes, wrong);
}
