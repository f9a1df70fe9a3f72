/* Fuzz target: the ELF loader. Any file is loaded or refused with one line and a status, and leaves
 * nothing behind. What is loaded can be started: its code is mapped, and a stack fits beside it. */
#include "linux/linux.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct loaded_image image;
    struct load_error error = {0};
    const char *why = "";
    int fd = memfd_create("program", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        return -1;
    struct space *space = space_create(SPACE_OFFSET, 0, &why);
    CHECK(space, "no space: %s", why);
    int err = linux_load(space, fd, "program", "/nonexistent", &image, &error);
    if (err) {
        CHECK(error.status == EXIT_CANNOT_RUN || error.status == EXIT_NOT_FOUND, "status %d",
              error.status);
        CHECK(error.text[0] && !strchr(error.text, '\n'), "message '%s'", error.text);
    } else {
        char *const argv[] = {"program", NULL};
        const struct options options = {.stack_size = 1 << 20};
        CHECK(space_check(space, image.exe_entry, PROT_EXEC) == FAULT_NONE, "entry %#lx",
              image.exe_entry.v);
        gva sp = linux_setup_stack(space, &image, &options, "program", argv, argv, &error);
        CHECK(sp.v % 16 == 0 && (sp.v != 0 || error.err == ENOMEM), "stack: %s", error.text);
    }
    space_destroy(space);
    close(fd);
    return 0;
}
