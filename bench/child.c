/* Starts a program of the sysroot under QEMU: whatever this one is called, with all its arguments.
 * A guest under qemu-user executes programs through the host's kernel, which needs binfmt_misc, or
 * a file that the kernel can execute. So bench/run gives such guests a PATH in which all names are
 * links to this. QEMU and ROOT are given when it is compiled. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char **words = calloc((size_t)argc + 6, sizeof(*words)), path[4096];
    int n = 0;

    if (!words)
        return 126;
    snprintf(path, sizeof(path), "%s/usr/bin/%s", ROOT, basename(argv[0]));
    words[n++] = QEMU;
    words[n++] = "-L";
    words[n++] = ROOT;
    words[n++] = path;
    for (int i = 1; i < argc; i++)
        words[n++] = argv[i];
    execv(QEMU, words);
    perror(QEMU);
    return 127;
}
