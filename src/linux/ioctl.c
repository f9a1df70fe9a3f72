/* linux/ioctl.c: device requests. Numbers and layouts are equal on both machines; only the argument
 * has to be known for what it is: an integer, or a pointer to so many bytes. Requests made with
 * _IOR, _IOW and _IOWR say it in their number
 * (<asm-generic/ioctl.h>), older ones stand in ioctls.def. An unknown one fails with ENOTTY and a
 * line in the log (-d unimp), for a guest address must not reach the host's kernel by accident.
 *
 * A struct may hold addresses in turn. Where guest addresses are not the host's (the offset
 * mapping) only those pass that are known to hold none, or whose addresses are converted.
 *
 * Does not handle: the structs of drivers with addresses in them (SG_IO, wireless, DRM) there. */
#include "linux/sys.h"

#include <errno.h>
#include <linux/fd.h>
#include <linux/fs.h>
#include <linux/kd.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <linux/tty.h>
#include <linux/vt.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <asm/termbits.h>

enum ioctl_kind {
    IOCTL_NONE,
    IOCTL_VALUE,
    IOCTL_IN,
    IOCTL_OUT,
    IOCTL_IO,
    IOCTL_IFREQ,
    IOCTL_IFCONF,
};

struct ioctl_row {
    uint32_t request;
    uint8_t kind;
    uint16_t size;
};

static const struct ioctl_row ioctl_rows[] = {
#define IOCTL(name, kind, size) {name, IOCTL_##kind, size},
#define PLAIN(type, first, last)
#include "linux/ioctls.def"
#undef IOCTL
#undef PLAIN
};

static const struct {
    uint8_t type, first, last;
} ioctl_plain[] = {
#define IOCTL(name, kind, size)
#define PLAIN(type, first, last) {type, first, last},
#include "linux/ioctls.def"
#undef IOCTL
#undef PLAIN
};

/* Is the struct of a request that tells its size free of addresses? */
static bool ioctl_is_plain(uint32_t request)
{
    for (unsigned i = 0; i < ARRAY_LEN(ioctl_plain); i++) {
        if (ioctl_plain[i].type == _IOC_TYPE(request) && ioctl_plain[i].first <= _IOC_NR(request) &&
            _IOC_NR(request) <= ioctl_plain[i].last)
            return true;
    }
    return false;
}

/* What the request's argument is; converts: guest addresses are not the host's. False if nobody
 * knows. */
static bool ioctl_find(uint32_t request, bool converts, struct ioctl_row *row)
{
    for (unsigned i = 0; i < ARRAY_LEN(ioctl_rows); i++) {
        if (ioctl_rows[i].request == request) {
            *row = ioctl_rows[i];
            return true;
        }
    }
    if (_IOC_DIR(request) == _IOC_NONE || (converts && !ioctl_is_plain(request)))
        return false;
    row->request = request;
    row->kind = IOCTL_IO;
    row->size = (uint16_t)_IOC_SIZE(request);
    return true;
}

/* A copy of the struct at addr, with the address in it converted, is what the kernel gets; what it
 * changes in it goes back, but for the address. */
static int64_t ioctl_with_address(struct linux_task *task, const uint64_t args[6],
                                  const struct ioctl_row *row)
{
    enum { ROOM = 40 };
    unsigned at = row->kind == IOCTL_IFCONF ? 8 : 16; /* ifc_buf, ifr_data */
    struct space *space = task->process->space;
    unsigned char copy[ROOM];
    uint64_t inner, host;
    uint32_t len = 1; /* of what ethtool wants only the command knows */

    CHECK(row->size <= ROOM && at + sizeof(inner) <= row->size, "a request's struct is too large");
    if (space_read(space, GVA(args[2]), copy, row->size))
        return -EFAULT;
    memcpy(&inner, copy + at, sizeof(inner));
    if (row->kind == IOCTL_IFCONF)
        memcpy(&len, copy, sizeof(len));
    host = sys_span(task, inner, len);
    memcpy(copy + at, &host, sizeof(host));
    int64_t result = sys_host(task, __NR_ioctl, args[0], args[1], copy);
    memcpy(copy + at, &inner, sizeof(inner));
    if (result >= 0 && space_write(space, GVA(args[2]), copy, row->size))
        return -EFAULT;
    return result;
}

int64_t fs_ioctl(struct linux_task *task, const uint64_t args[6])
{
    struct ioctl_row row;
    uint64_t value = args[2];

    if (!ioctl_find((uint32_t)args[1], task->process->space->base != 0, &row)) {
        if (log_on(LOG_UNIMP))
            log_print("isomorph: ioctl 0x%x is not known: it fails with ENOTTY\n",
                      (uint32_t)args[1]);
        return -ENOTTY;
    }
    if (row.kind == IOCTL_IFREQ || row.kind == IOCTL_IFCONF)
        return ioctl_with_address(task, args, &row);
    if (row.kind == IOCTL_NONE)
        value = 0;
    else if (row.kind != IOCTL_VALUE)
        value = sys_span(task, args[2], row.size);
    return sys_host(task, __NR_ioctl, args[0], args[1], value);
}
