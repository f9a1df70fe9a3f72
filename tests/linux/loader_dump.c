/* Loads a program as isomorph would and says what is where, for test_loader_files.py.
 *
 * usage: loader_dump PROGRAM OUT [PREFIX]
 * Prints `entry`, `exe_entry`, `phdr`, `phnum`, `base`, `brk`, `exec_stack` and a line `map START
 * END PROT NAME` for each mapping, and writes the bytes of the readable ones to OUT, one behind the
 * other. Errors: the message, status 1. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "linux/loader.h"
#include "linux/paths.h"

static void print_mapping(struct space *space, const struct mapping *m, FILE *out)
{
    static char page[SPACE_PAGE_SIZE];

    printf("map %lx %lx %c%c%c %s\n", m->start, m->end, m->prot & PROT_READ ? 'r' : '-',
           m->prot & PROT_WRITE ? 'w' : '-', m->prot & PROT_EXEC ? 'x' : '-',
           m->name ? m->name : "");
    for (uint64_t at = m->start; at < m->end && m->prot & PROT_READ; at += sizeof(page)) {
        CHECK(space_read(space, GVA(at), page, sizeof(page)) == 0, "cannot read %#lx", at);
        CHECK(fwrite(page, sizeof(page), 1, out) == 1, "cannot write");
    }
}

int main(int argc, char **argv)
{
    struct loaded_image image;
    struct load_error error;
    const char *why = "usage: loader_dump PROGRAM OUT [PREFIX]";
    struct space *space = argc < 3 ? NULL : space_create(SPACE_AUTO, 0, &why);
    int fd = argc < 3 ? -1 : open(argv[1], O_RDONLY);
    FILE *out = argc < 3 ? NULL : fopen(argv[2], "wb");

    if (!space || fd < 0 || !out) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    struct path_prefix prefix = {argv[3] ? open(argv[3], O_PATH | O_DIRECTORY) : -1, argv[3]};
    if (linux_load(space, fd, argv[1], &prefix, &image, &error)) {
        printf("%s\n", error.text);
        fclose(out);
        space_destroy(space);
        return 1;
    }
    printf("entry %lx\nexe_entry %lx\nphdr %lx\nphnum %x\nbase %lx\nbrk %lx\nexec_stack %d\n",
           image.entry.v, image.exe_entry.v, image.phdr.v, image.phnum, image.interp_base.v,
           image.brk.v, image.exec_stack);
    for (const struct mapping *m = space_find(space, GVA(0)); m; m = space_find(space, GVA(m->end)))
        print_mapping(space, m, out);
    fclose(out);
    space_destroy(space);
    return 0;
}
