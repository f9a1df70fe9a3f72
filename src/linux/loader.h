/* linux/loader.h: what loader.c, stack.c and vdso.c share. */
#ifndef ISOMORPH_LINUX_LOADER_H
#define ISOMORPH_LINUX_LOADER_H

#include "linux/elf.h"

/* Maps the planned segments; bias is added to their addresses. The place must be free. fd and name
 * are the file's. Returns 0, or -1 with *error (its text does not name the file). Private mappings
 * of parts of the file. */
int linux_map_plan(struct space *space, const struct elf_plan *plan, uint64_t bias, int fd,
                   const char *name, struct load_error *error);

/* Maps the vdso below the top of the mmap area. Returns 0, or -1 with *error. */
int linux_map_vdso(struct space *space, gva *base, gva *sigreturn, struct load_error *error);

/* The vdso's file, from the build. */
extern const unsigned char vdso_image[];
extern const unsigned vdso_image_size;

#endif
