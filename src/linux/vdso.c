/* linux/vdso.c: maps the guest's vdso (vdso/vdso.S, built for the guest and embedded). */
#include "linux/loader.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* The image has one segment that holds all of it, so its pages are its file. Its ELF entry point is
 * the one place that the runtime itself must know: the return from signal handlers (vdso.lds). */
int linux_map_vdso(struct space *space, gva *base, gva *sigreturn, struct load_error *error)
{
    Elf64_Ehdr header;
    uint64_t size = ALIGN_UP((uint64_t)vdso_image_size, SPACE_PAGE_SIZE);
    int64_t at = space_map(space, GVA(0), size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                           -1, 0, "[vdso]");

    if (at < 0)
        return load_fail(error, (int)-at, "cannot map the vdso: %s", strerror((int)-at));
    if (space_write(space, GVA(at), vdso_image, vdso_image_size) ||
        space_protect(space, GVA(at), size, PROT_READ | PROT_EXEC))
        return load_fail(error, ENOMEM, "cannot fill the vdso");
    memcpy(&header, vdso_image, sizeof(header));
    *base = GVA(at);
    *sigreturn = GVA((uint64_t)at + header.e_entry);
    return 0;
}
