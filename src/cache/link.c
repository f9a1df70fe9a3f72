/* cache/link.c: the only writer of jumps between fragments.
 *
 * An exit's jump leads to the exit's stub or, linked, to the entry of the fragment of the exit's
 * name. Each linked exit stands on the list of incoming links of its goal, so that the goal can
 * take all of them back before it goes. */
#include "cache/fragments.h"

hpc link_jump_field(const struct fragment_link *link)
{
    return HPC(link->from->f.code.v + link->exit.jump);
}

hpc link_stub(const struct fragment_link *link)
{
    return HPC(link->from->f.code.v + link->exit.stub);
}

/* ---- one link -------------------------------------------------------------------------------- */

static void link_make(struct code_cache *c, struct fragment_link *link, struct kept_fragment *to)
{
    host_patch_jump(&c->memory, link_jump_field(link), to->f.code);
    link->to = to;
    link->prev_incoming = NULL;
    link->next_incoming = to->incoming;
    if (to->incoming)
        to->incoming->prev_incoming = link;
    to->incoming = link;
    c->stats.links++;
    c->stats.linked++;
}

static void link_undo(struct code_cache *c, struct fragment_link *link)
{
    host_patch_jump(&c->memory, link_jump_field(link), link_stub(link));
    if (link->next_incoming)
        link->next_incoming->prev_incoming = link->prev_incoming;
    if (link->prev_incoming)
        link->prev_incoming->next_incoming = link->next_incoming;
    else
        link->to->incoming = link->next_incoming;
    link->to = NULL;
    link->prev_incoming = link->next_incoming = NULL;
    c->stats.links--;
    c->stats.unlinked++;
}

/* ---- a fragment's links ---------------------------------------------------------------------- */

/* Of a fragment that was just placed: every exit goes to its stub. */
void link_reset_exits(struct code_cache *c, struct kept_fragment *k)
{
    for (uint32_t i = 0; i < k->f.n_exits; i++)
        host_patch_jump(&c->memory, link_jump_field(&k->links[i]), link_stub(&k->links[i]));
}

static void unlink_incoming(struct code_cache *c, struct kept_fragment *k)
{
    while (k->incoming)
        link_undo(c, k->incoming);
}

static void unlink_outgoing(struct code_cache *c, struct kept_fragment *k)
{
    for (uint32_t i = 0; i < k->f.n_exits; i++) {
        if (k->links[i].to)
            link_undo(c, &k->links[i]);
    }
}

void link_undo_all(struct code_cache *c, struct kept_fragment *k)
{
    unlink_incoming(c, k);
    unlink_outgoing(c, k);
}

/* ---- public ---------------------------------------------------------------------------------- */

static struct fragment_link *exit_link(const struct fragment *f, unsigned exit)
{
    CHECK(exit < f->n_exits, "exit %u of the fragment at %#lx, which has %u", exit,
          (unsigned long)f->pc.v, f->n_exits);
    return &kept_fragment(f)->links[exit];
}

const struct fragment_exit *fragment_exit_of(const struct fragment *f, unsigned exit)
{
    return &exit_link(f, exit)->exit;
}

struct fragment *fragment_exit_goal(const struct fragment *f, unsigned exit)
{
    struct kept_fragment *to = exit_link(f, exit)->to;

    return to ? &to->f : NULL;
}

void code_cache_link(struct code_cache *c, struct fragment *from, unsigned exit,
                     struct fragment *to)
{
    struct fragment_link *link = exit_link(from, exit);

    CHECK(!link->to, "exit %u of the fragment at %#lx is linked twice", exit,
          (unsigned long)from->pc.v);
    CHECK(link->exit.pc.v == to->pc.v && link->exit.context == to->context,
          "an exit to %#lx is linked to the fragment at %#lx", (unsigned long)link->exit.pc.v,
          (unsigned long)to->pc.v);
    link_make(c, link, kept_fragment(to));
    code_cache_changed(c, link->from);
}

void code_cache_unlink(struct code_cache *c, struct fragment *from, unsigned exit)
{
    struct fragment_link *link = exit_link(from, exit);

    CHECK(link->to, "exit %u of the fragment at %#lx is not linked", exit,
          (unsigned long)from->pc.v);
    link_undo(c, link);
    code_cache_changed(c, link->from);
}
