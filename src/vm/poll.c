/* vm/poll.c: how loops of translated code notice their thread's poll word without comparing it.
 *
 * Once in each turn they read a page of the thread's, which costs next to nothing (a comparison and
 * a jump took 4 to 8 % of the time of small loops). Whoever sets a bit of the word that translated
 * code must see shuts the page. The read faults then, and the fault handler leads the thread out of
 * translated code, with exact state as at any load. The thread opens the page again as it goes back
 * in.
 *
 * The word says what is to be done, the page is only a hint to look. What must hold: while a thread
 * is in translated code and such a bit is set, its page is shut, or will be by whoever is setting
 * the bit. So bits are set before the page is shut, and the owner, after it has opened the page,
 * looks at the word and shuts it again if need be. A page that is shut by somebody who is late
 * costs one turn of the run loop. polls_shut is true whenever the page may be shut and the owner
 * does not know it yet: it is set before the page is shut, which matters in a forked child, and by
 * the fault handler, for who was late.
 *
 * The page is a mapping of its own, of a file of its own: it never becomes one with its neighbours,
 * so that no change of its protection can fail for want of a mapping. */
#include "vm/block_engine.h"

#include <errno.h>
#include <sys/mman.h>

enum { POLL_PAGE_BYTES = sizeof(((struct thread *)0)->poll_page) };

_Static_assert(POLL_PAGE_BYTES == SPACE_PAGE_SIZE, "it is protected by itself");

/* In signal handlers too. */
static void protect(struct thread *t, int prot)
{
    int saved = errno;

    CHECK(mprotect(t->poll_page, POLL_PAGE_BYTES, prot) == 0, "a poll page cannot be protected: %s",
          strerror(errno));
    errno = saved;
}

static void shut(struct thread *t)
{
    atomic_store(&t->polls_shut, true);
    protect(t, PROT_NONE);
}

int vm_poll_create(struct thread *t)
{
    void *at = mmap(t->poll_page, POLL_PAGE_BYTES, PROT_READ,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    return at == MAP_FAILED ? -errno : 0;
}

void vm_raise_poll(struct thread *t, uint32_t bit)
{
    atomic_fetch_or(&t->poll, bit);
    shut(t);
}

void vm_request_poll(struct thread *t)
{
    vm_raise_poll(t, POLL_SIGNAL);
}

void poll_open(struct thread *t)
{
    atomic_store(&t->polls_shut, false);
    protect(t, PROT_READ);
    if (atomic_load(&t->poll))
        shut(t);
}

bool poll_was_shut(struct thread *t, const void *addr)
{
    if ((uintptr_t)addr - (uintptr_t)t->poll_page >= POLL_PAGE_BYTES)
        return false;
    atomic_store(&t->polls_shut, true);
    return true;
}
