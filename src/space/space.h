/* space: the guest's address space. Mappings, their translation to host addresses, and the only
 * accessors of guest memory. Nothing else in the tree turns a guest address into a host address.
 *
 * Host address = base + guest address: base 0 is the identity mapping, another one the offset
 * mapping. (A software table comes as a third kind behind the same accessors.) Guest addresses lie
 * below SPACE_TOP, as on an Sv39 machine; anything above is not mapped, so that no guest address
 * ever reaches the runtime's own memory. The last page below SPACE_TOP is never mapped either.
 *
 * A guest access may fault at any time. The accessors are assembly with an entry in the table
 * `space_fixups`; the host's SIGSEGV/SIGBUS handler asks space_fixup() and resumes there, and the
 * accessor returns false. */
#ifndef ISOMORPH_SPACE_H
#define ISOMORPH_SPACE_H

#include <signal.h>
#include <ucontext.h>

#include "code/code.h"

#define SPACE_TOP       ((uint64_t)1 << 38)
#define SPACE_PAGE_SIZE 4096u

enum space_kind { SPACE_AUTO, SPACE_IDENTITY, SPACE_OFFSET };

/* With MAP_GROWSDOWN: the mapping has its full size already, the host does not extend it (the main
 * stack). */
#define SPACE_MAP_GROWN 0x40000000

/* A run of guest pages with the same attributes. */
struct mapping {
    uint64_t start, end;  /* guest addresses, page-aligned, end exclusive */
    int prot;             /* PROT_*, as the guest asked */
    int flags;            /* MAP_SHARED, MAP_ANONYMOUS, MAP_GROWSDOWN, ... */
    uint64_t file_offset; /* of start */
    const char *name;     /* path, "[heap]", "[stack]", "[vdso]" or NULL; owned by the space */
    uint64_t dev, ino;    /* of the file, 0 if none */
};

struct space {
    uint64_t base; /* host address of guest address 0 */
    enum space_kind kind;
    struct mappings *maps;
    struct watch *watch;              /* on code that may change */
    uint32_t code_written;            /* a watched page has been stored to since space_code_sync */
    uint64_t mmap_top;                /* highest end for addresses that the runtime chooses */
    uint64_t brk_start, brk, brk_max; /* guest addresses */
    /* Called before guest pages [start, end) lose their contents or their right to be executed, or
     * become writable or cease to be; and on_changed after it, since another thread may have read
     * the old code in between. Set by vm/. The lock is held, and other threads may be waited for:
     * none may wait for the lock while it is in guest code. */
    void (*on_change)(void *arg, gva start, gva end);
    void (*on_changed)(void *arg, gva start, gva end);
    void *on_change_arg;
};

/* Several threads may change a space: each function below that does so takes the space's lock, and
 * may be called by whoever has it already, so that what takes several calls can be one change. The
 * accessors, and what the host's fault handler calls, take no lock and read nothing that changes.
 */
void space_lock(struct space *s);
void space_unlock(struct space *s);

/* Makes an empty space. AUTO takes the identity mapping if the host leaves it free, else the offset
 * one; base is used for SPACE_OFFSET (0: choose). Returns NULL with errno and a one-line reason in
 * *why. */
struct space *space_create(enum space_kind kind, uint64_t base, const char **why);
void space_destroy(struct space *s); /* unmaps every guest page */

/* mmap(2) for the guest, flags as in <sys/mman.h> (equal on riscv64 but for MAP_32BIT). The guest
 * address is chosen here when MAP_FIXED is not given: hint if free, else the highest free below
 * mmap_top. name is copied. Returns the guest address or -errno as a negative number. */
int64_t space_map(struct space *s, gva hint, uint64_t len, int prot, int flags, int fd,
                  uint64_t offset, const char *name);
int space_unmap(struct space *s, gva start, uint64_t len);             /* 0 or -errno */
int space_protect(struct space *s, gva start, uint64_t len, int prot); /* 0 or -errno */
int64_t space_remap(struct space *s, gva old, uint64_t old_len, uint64_t new_len, int flags,
                    gva new_addr);
/* Where the heap starts: the first page boundary from start on. Once, by the loader. */
void space_set_brk(struct space *s, gva start);
/* brk(2): moves the break, returns the new one (the old one if it cannot move). */
uint64_t space_brk(struct space *s, uint64_t wanted);
/* Finds `len` free bytes aligned to `align`, highest below `below` (0: mmap_top). Returns 0 if
 * there is no room. */
uint64_t space_find_free(const struct space *s, uint64_t len, uint64_t align, uint64_t below);

/* The mapping that covers addr, or the first one above it; NULL if none. Valid until the next
 * change: with several threads the caller holds the lock. */
const struct mapping *space_find(const struct space *s, gva addr);
/* Needs no lock. Reason why an access with prot (PROT_READ, PROT_WRITE or PROT_EXEC) to addr would
 * fail; FAULT_NONE if it would not. */
enum fault_reason space_check(const struct space *s, gva addr, int prot);

/* ---- whole buffers, for system calls and the loader
 * -------------------------------------------------------------- */

/* Copy between guest and host. Return 0 or -EFAULT; on a fault part of the bytes may have been
 * copied. */
int space_read(struct space *s, gva addr, void *to, size_t len);
int space_write(struct space *s, gva addr, const void *from, size_t len);
/* For debuggers and core files (peek.c): whatever the pages allow, and on any thread. Return how
 * many bytes were copied before the first that is not there. Other threads must not change mappings
 * meanwhile. */
size_t space_peek(const struct space *s, gva addr, void *to, size_t len);
size_t space_poke(const struct space *s, gva addr, const void *from, size_t len);
/* Copies a NUL-terminated string of less than size bytes. Returns its length, -EFAULT or
 * -ENAMETOOLONG. */
int64_t space_read_string(struct space *s, gva addr, char *to, size_t size);
/* Host pointer for a buffer that the kernel will read or write; its pages are not watched from then
 * on. NULL if the range leaves the guest's address space; the kernel itself answers EFAULT for
 * pages inside it that are not mapped. addr 0 gives NULL with *ok true (a null pointer stays one);
 * ok may be NULL.
 */
void *space_host_range(struct space *s, gva addr, uint64_t len, bool *ok);

/* ---- code that may change (watch.c)
 * ------------------------------------------------------------------------------------------------
 *
 * Whoever makes something from guest code (decoded, translated) says so before it reads it. When
 * the guest says that code may have changed, the space calls drop for the bytes that have. Nobody
 * may change mappings meanwhile. What changes with its mapping is on_change's. */

/* Drops what was made from bytes [start, end). May answer false, having done nothing, if it would
 * have to drop something and must not now; the function that called it then returns false too, and
 * is to be called again. Must not come back to the space, or take a lock. */
struct space_dropper {
    bool (*drop)(void *arg, gva start, gva end);
    void *arg;
};

/* Code is about to be made from the page of addr. Returns true if its bytes can change. */
bool space_code_begin(struct space *s, gva addr);
/* fence.i: what was stored before it, by whomever. */
bool space_code_fence(struct space *s, const struct space_dropper *d);
/* riscv_flush_icache(start, end): the same, but of private pages of files only those in the range.
 */
bool space_code_flush(struct space *s, gva start, gva end, const struct space_dropper *d);
/* Has a page been stored to, while it was watched, that space_code_sync has not looked at? The
 * stores themselves are done; it may be called at any time until the next fence, or not at all. */
static inline bool space_code_written(const struct space *s)
{
    return __atomic_load_n(&s->code_written, __ATOMIC_ACQUIRE);
}
bool space_code_sync(struct space *s, const struct space_dropper *d);
/* ---- the host's fault handler
 * ------------------------------------------------------------------------------------ */

/* If pc is an instruction of an accessor, the address where to go on; else 0. Async-signal-safe. */
hpc space_fixup(hpc pc);
/* What a SIGSEGV or SIGBUS says of an access to guest memory: TRAP_LOAD or TRAP_STORE, reason and
 * guest address. False, with *fault as it was, if it was sent or names an address outside of the
 * space. Only page faults name one at all. Async-signal-safe. */
bool space_read_fault(const struct space *s, int sig, const siginfo_t *info,
                      const ucontext_t *context, struct trap *fault);
/* The handler's whole part for SIGSEGV and SIGBUS: if the signal was raised by an accessor, writes
 * reason and guest address to *fault (usually &thread->fault; may be NULL), moves context to the
 * landing pad and returns true. Else returns false and has changed nothing: it is the runtime's own
 * fault. Async-signal-safe. */
bool space_handle_fault(const struct space *s, int sig, const siginfo_t *info, ucontext_t *context,
                        struct trap *fault);
/* Was it a store to a page whose writing is watched? Then the page can be written, and the
 * instruction, of whatever code, is to be done again. Called before anybody else judges the fault.
 * Async-signal-safe: takes the watch's own lock only. */
bool space_watch_fault(struct space *s, int sig, const siginfo_t *info, const ucontext_t *context);
/* Guest address for a host data address, or false if it is not guest memory. Async-signal-safe. */
bool space_guest_addr(const struct space *s, uint64_t host, gva *addr);

#include "space_access.h" /* inline single accesses: space_load_*, space_store_*, space_amo_* */
#include "store_log.h"    /* stores that have not been done */

#endif
