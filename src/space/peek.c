/* space/peek.c: guest memory as a debugger sees it: past the protection of pages and without
 * faults, through the kernel's file of the process's memory (proc(5), /proc/pid/mem), as ptrace(2)
 * does it. A private page that is written so is copied, however it is mapped.
 *
 * Does not handle: read-only pages of shared files, which stay as they are; code made from what is
 * written, which the caller drops (vm_invalidate). */
#include "space/space.h"

#include <fcntl.h>
#include <unistd.h>

/* How many of len bytes from addr on are mapped. */
static size_t mapped_bytes(const struct space *s, gva addr, size_t len)
{
    uint64_t at = addr.v, end;

    if (addr.v >= SPACE_TOP || len == 0)
        return 0;
    end = addr.v + MIN(len, SPACE_TOP - addr.v);
    while (at < end && space_check(s, GVA(at), 0) == FAULT_NONE)
        at = ALIGN_DOWN(at, SPACE_PAGE_SIZE) + SPACE_PAGE_SIZE;
    return MIN(at, end) - addr.v;
}

static size_t transfer(const struct space *s, gva addr, void *bytes, size_t len, bool write)
{
    size_t done = 0, mapped = mapped_bytes(s, addr, len);
    int fd = mapped ? open("/proc/thread-self/mem", (write ? O_WRONLY : O_RDONLY) | O_CLOEXEC) : -1;

    while (fd >= 0 && done < mapped) {
        off_t at = (off_t)(s->base + addr.v + done);
        char *next = (char *)bytes + done;
        ssize_t n =
            write ? pwrite(fd, next, mapped - done, at) : pread(fd, next, mapped - done, at);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    if (fd >= 0)
        close(fd);
    return done;
}

size_t space_peek(const struct space *s, gva addr, void *to, size_t len)
{
    return transfer(s, addr, to, len, false);
}

size_t space_poke(const struct space *s, gva addr, const void *from, size_t len)
{
    return transfer(s, addr, (void *)from, len, true);
}
