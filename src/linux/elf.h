/* linux/elf.h: from the bytes of an ELF file to a plan of what to map. Nothing here opens, reads or
 * maps anything. */
#ifndef ISOMORPH_LINUX_ELF_H
#define ISOMORPH_LINUX_ELF_H

#include "linux/linux.h"

enum {
    ELF_HEADER_SIZE = 64,
    ELF_PHDR_SIZE = 56,
    ELF_MAX_PHDRS = 65536 / ELF_PHDR_SIZE, /* as the kernel: the table fits 64 KiB */
};

/* What the file's header says, checked. */
struct elf_header {
    bool dyn; /* ET_DYN: any place will do */
    uint64_t entry;
    uint64_t phoff;
    uint16_t phnum;
};

/* One PT_LOAD, checked. Addresses are those of the file, without the bias. */
struct elf_segment {
    uint64_t vaddr, memsz;
    uint64_t offset, filesz; /* in the file; congruent to vaddr modulo the page */
    int prot;                /* PROT_* */
};

struct elf_plan {
    struct elf_header header;
    VEC(struct elf_segment) segments;
    uint64_t low, high; /* what they cover, in whole pages */
    uint64_t end;       /* first address after the last byte */
    uint64_t align;     /* largest p_align, at least a page */
    uint64_t phdr;      /* address of the program headers, 0 if they are not loaded */
    uint64_t interp_offset, interp_size; /* of PT_INTERP's string in the file; size 0 without one */
    bool exec_stack;
};

/* All return 0, or -1 with *error, whose text does not name the file. file_size is the whole
 * file's. */

/* bytes: the file's first min(file_size, ELF_HEADER_SIZE). */
int elf_read_header(const void *bytes, size_t len, uint64_t file_size, struct elf_header *out,
                    struct load_error *error);
/* phdrs: header->phnum entries from header->phoff. Free the plan in either case. */
int elf_read_segments(const struct elf_header *header, const void *phdrs, uint64_t file_size,
                      struct elf_plan *out, struct load_error *error);
/* text: plan->interp_size bytes from plan->interp_offset. */
int elf_check_interp(const char *text, size_t size, struct load_error *error);
void elf_plan_free(struct elf_plan *plan);

/* Fills *error, its status by err (ENOENT: EXIT_NOT_FOUND, all others EXIT_CANNOT_RUN); returns -1.
 */
int load_fail(struct load_error *error, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
