/* A guest for test_prefix.py: does what its arguments say with a path, and prints what came of it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fail(void)
{
    puts(strerrorname_np(errno));
    return 1;
}

static int cat(const char *path)
{
    char text[4096];
    int fd = open(path, O_RDONLY);

    if (fd < 0)
        return fail();
    ssize_t n = read(fd, text, sizeof(text));
    return n < 0 ? fail() : fwrite(text, 1, (size_t)n, stdout) != (size_t)n;
}

static int put(const char *path, int flags)
{
    int fd = open(path, O_WRONLY | flags, 0600);

    if (fd < 0)
        return fail();
    if (write(fd, "new\n", 4) != 4)
        return fail();
    puts("ok");
    return 0;
}

static int describe(const char *path, int flags)
{
    struct stat st;
    char link[4096] = {0};

    if (fstatat(AT_FDCWD, path, &st, flags))
        return fail();
    if (S_ISLNK(st.st_mode) && readlink(path, link, sizeof(link) - 1) >= 0)
        printf("link %s\n", link);
    else
        printf("%s %ld\n", S_ISREG(st.st_mode) ? "file" : "other", (long)st.st_size);
    return 0;
}

static int visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static int list(const char *path)
{
    struct dirent **names;
    int n = scandir(path, &names, visible, alphasort);

    if (n < 0)
        return fail();
    for (int i = 0; i < n; i++)
        printf("%s%s", i ? " " : "", names[i]->d_name);
    puts("");
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "", *path = argc > 2 ? argv[2] : "";
    char text[4096] = {0};

    if (strcmp(what, "cat") == 0)
        return cat(path);
    if (strcmp(what, "create") == 0)
        return put(path, O_CREAT | O_EXCL);
    if (strcmp(what, "append") == 0)
        return put(path, O_APPEND);
    if (strcmp(what, "stat") == 0)
        return describe(path, 0);
    if (strcmp(what, "lstat") == 0)
        return describe(path, AT_SYMLINK_NOFOLLOW);
    if (strcmp(what, "list") == 0)
        return list(path);
    if (strcmp(what, "access") == 0)
        return access(path, R_OK) ? fail() : puts("yes") < 0;
    if (strcmp(what, "remove") == 0)
        return unlink(path) ? fail() : 0;
    if (strcmp(what, "chdir") == 0)
        return chdir(path) || !getcwd(text, sizeof(text)) ? fail() : puts(text) < 0;
    if (strcmp(what, "readlink") == 0)
        return readlink(path, text, sizeof(text) - 1) < 0 ? fail() : puts(text) < 0;
    if (strcmp(what, "exec") == 0) {
        execv(path, argv + 2);
        return fail();
    }
    if (strcmp(what, "exec-from") == 0) {
        if (chdir(path) == 0)
            execv(argv[3], argv + 3);
        return fail();
    }
    if (strcmp(what, "refused") == 0) {
        for (int i = 0; i < 2; i++)
            printf("%s%s", i ? " " : "",
                   syscall(SYS_swapon, "x", 0) < 0 ? strerrorname_np(errno) : "no");
        puts("");
        return 0;
    }
    if (strcmp(what, "echo") == 0) {
        printf("echo:");
        for (int i = 2; i < argc; i++)
            printf(" %s", argv[i]);
        puts("");
        return 0;
    }
    return 2;
}
