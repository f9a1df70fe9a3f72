#include "loader_test.h"

#include <sys/mman.h>
#include <unistd.h>

void small_elf_make(struct small_elf *e, unsigned type)
{
    memset(e, 0, sizeof(*e));
    memset(e->code, 0x13, sizeof(e->code));
    memset(e->data, 0xda, sizeof(e->data));
    memcpy(e->header.e_ident, ELFMAG, SELFMAG);
    e->header.e_ident[EI_CLASS] = ELFCLASS64;
    e->header.e_ident[EI_DATA] = ELFDATA2LSB;
    e->header.e_ident[EI_VERSION] = EV_CURRENT;
    e->header.e_type = (Elf64_Half)type;
    e->header.e_machine = EM_RISCV;
    e->header.e_version = EV_CURRENT;
    e->header.e_flags = 5; /* compressed, double */
    e->header.e_entry = CODE_ADDR + offsetof(struct small_elf, code);
    e->header.e_phoff = offsetof(struct small_elf, phdr);
    e->header.e_phentsize = sizeof(Elf64_Phdr);
    e->header.e_phnum = 4;
    e->header.e_shoff = offsetof(struct small_elf, sections);
    e->header.e_shentsize = sizeof(Elf64_Shdr);
    e->header.e_shnum = 2;
    e->phdr[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                              .p_flags = PF_R | PF_X,
                              .p_vaddr = CODE_ADDR,
                              .p_filesz = DATA_OFFSET,
                              .p_memsz = DATA_OFFSET,
                              .p_align = 0x1000};
    e->phdr[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                              .p_flags = PF_R | PF_W,
                              .p_offset = DATA_OFFSET,
                              .p_vaddr = DATA_ADDR,
                              .p_filesz = DATA_SIZE,
                              .p_memsz = 0x2800,
                              .p_align = 0x1000};
    e->phdr[2] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W};
}

void small_elf_set_interp(struct small_elf *e, const char *name)
{
    strncpy(e->interp, name, sizeof(e->interp) - 1);
    e->phdr[3] = (Elf64_Phdr){.p_type = PT_INTERP,
                              .p_offset = offsetof(struct small_elf, interp),
                              .p_filesz = strlen(name) + 1,
                              .p_memsz = strlen(name) + 1};
}

int small_elf_open(const void *bytes, size_t len)
{
    int fd = memfd_create("small", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    return fd;
}
