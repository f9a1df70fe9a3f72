/* linux/ioctl.c: device requests. Numbers and layouts are equal on both machines; only the argument
 * has to be known for what it is: an integer, or a pointer to so many bytes. Requests made with
 * _IOR, _IOW and _IOWR say it in their number
 * (<asm-generic/ioctl.h>), older ones stand in ioctls.def. An unknown one fails with ENOTTY and one
 * line in the log, for a guest address must not reach the host's kernel by accident.
 *
 * Of structs that hold addresses themselves only that of SIOCGIFCONF is known (not SIOCETHTOOL's,
 * drivers'). */
#include "linux/sys.h"

#include <errno.h>
#include <linux/fd.h>
#include <linux/fs.h>
#include <linux/kd.h>
#include <linux/sockios.h>
#include <linux/tty.h>
#include <linux/vt.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <asm/termbits.h>

enum ioctl_kind { IOCTL_NONE, IOCTL_VALUE, IOCTL_IN, IOCTL_OUT, IOCTL_IO };

struct ioctl_row {
    uint32_t request;
    uint8_t kind;
    uint16_t size;
};

static const struct ioctl_row ioctl_rows[] = {
#define IOCTL(name, kind, size) {name, IOCTL_##kind, size},
#include "linux/ioctls.def"
#undef IOCTL
};

/* What the request's argument is. False if nobody knows. */
static bool ioctl_find(uint32_t request, struct ioctl_row *row)
{
    for (unsigned i = 0; i < ARRAY_LEN(ioctl_rows); i++) {
        if (ioctl_rows[i].request == request) {
            *row = ioctl_rows[i];
            return true;
        }
    }
    if (_IOC_DIR(request) == _IOC_NONE)
        return false;
    row->request = request;
    row->kind = IOCTL_IO;
    row->size = (uint16_t)_IOC_SIZE(request);
    return true;
}

/* The list of network interfaces, whose place the argument tells (netdevice(7)). */
static int64_t list_interfaces(struct linux_task *task, uint64_t fd, uint64_t addr)
{
    struct space *space = task->process->space;
    struct ifconf conf;

    if (space_read(space, GVA(addr), &conf, sizeof(conf)))
        return -EFAULT;
    uint64_t list = (uint64_t)conf.ifc_buf;
    conf.ifc_buf = (char *)sys_span(task, list, (uint64_t)MAX(conf.ifc_len, 0));
    int64_t result = sys_host(task, __NR_ioctl, fd, SIOCGIFCONF, &conf);
    conf.ifc_buf = (char *)list;
    if (result == 0 && space_write(space, GVA(addr), &conf, sizeof(conf)))
        return -EFAULT;
    return result;
}

int64_t fs_ioctl(struct linux_task *task, const uint64_t args[6])
{
    struct ioctl_row row;
    uint64_t value = args[2];

    if ((uint32_t)args[1] == SIOCGIFCONF)
        return list_interfaces(task, args[0], args[2]);
    if (!ioctl_find((uint32_t)args[1], &row)) {
        if (log_on(LOG_UNIMP))
            log_print("isomorph: ioctl 0x%x is not known: it fails with ENOTTY\n",
                      (uint32_t)args[1]);
        return -ENOTTY;
    }
    if (row.kind == IOCTL_NONE)
        value = 0;
    else if (row.kind != IOCTL_VALUE)
        value = sys_span(task, args[2], row.size);
    return sys_host(task, __NR_ioctl, args[0], args[1], value);
}
