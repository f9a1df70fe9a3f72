/* A small ELF program made in memory, for the tests of the loader to spoil. */
#ifndef LOADER_TEST_H
#define LOADER_TEST_H

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "linux/loader.h"
#include "linux/paths.h"

enum { CODE_ADDR = 0x20000, DATA_ADDR = 0x23000, DATA_OFFSET = 0x1000, DATA_SIZE = 0x10 };

/* Headers and code in the first page, data in the second, section headers behind. */
struct small_elf {
    Elf64_Ehdr header;
    Elf64_Phdr phdr[4]; /* code, data, stack, interpreter (PT_NULL unless asked for) */
    char interp[64];
    unsigned char code[DATA_OFFSET - sizeof(Elf64_Ehdr) - 4 * sizeof(Elf64_Phdr) - 64];
    unsigned char data[DATA_SIZE];
    Elf64_Shdr sections[2];
};

/* A valid program of the type (ET_EXEC or ET_DYN, whose addresses are then the same). */
void small_elf_make(struct small_elf *e, unsigned type);
void small_elf_set_interp(struct small_elf *e, const char *name);
/* A descriptor of a file with these bytes, at its start. */
int small_elf_open(const void *bytes, size_t len);

#endif
