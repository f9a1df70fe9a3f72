/* cache/policies/flush.c: fragments are placed one after the other; when the next one does not fit,
 * all go. Room of fragments that were invalidated in between is not used again until then. */
#include "cache/policy.h"

struct flush_state {
    size_t next; /* where the next fragment goes */
};

static int flush_init(struct code_cache *c, const struct code_cache_config *config)
{
    struct flush_state *s = base_zalloc(sizeof(*s));

    s->next = c->room.start;
    c->policy_state = s;
    return 0;
}

static struct span flush_make_room(struct code_cache *c, const struct cache_request *request)
{
    struct flush_state *s = c->policy_state;

    if (!c->first)
        s->next = c->room.start;
    if (request->bytes > c->room.end - s->next)
        return c->room;
    return (struct span){s->next, s->next + request->bytes};
}

static void flush_inserted(struct code_cache *c, struct kept_fragment *k)
{
    struct flush_state *s = c->policy_state;

    s->next = fragment_span(c, k).end;
}

const struct cache_policy cache_policy_flush = {
    .name = "flush",
    .help = "drop everything when the cache is full",
    .init = flush_init,
    .make_room = flush_make_room,
    .inserted = flush_inserted,
};
