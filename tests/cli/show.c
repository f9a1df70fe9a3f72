/* Guest program of the command-line tests: shows what it was given. Its first argument says what.
 */
#include <alloca.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void show_random(void)
{
    const unsigned char *bytes = (const unsigned char *)getauxval(AT_RANDOM);

    for (int i = 0; i < 16; i++)
        printf("%02x", bytes[i]);
    printf("\n");
}

/* The names that the kernel has for the program. */
static void show_names(void)
{
    char name[16] = "";

    prctl(PR_GET_NAME, name, 0, 0, 0);
    printf("%s %s\n", (const char *)getauxval(AT_EXECFN), name);
}

/* Touches every page of `mib` MiB of stack. */
static void use_stack(size_t mib)
{
    volatile char *area = alloca(mib << 20);

    for (size_t i = mib << 20; i > 0; i -= 4096)
        area[i - 1] = (char)i;
    printf("used %zu MiB\n", mib);
}

/* The descriptors that are open. */
static void show_descriptors(void)
{
    struct stat info;

    for (int fd = 0; fd < 65536; fd++) {
        if (fstat(fd, &info) == 0)
            printf("%d ", fd);
    }
    printf("\n");
}

/* Executes a program in this process, in another folder if there is one more argument. */
static void exec_program(char **argv)
{
    if (argv[1] && chdir(argv[1]) != 0)
        return;
    execl(argv[0], argv[0], (char *)NULL);
}

/* Executes a program in a child. */
static void run_program(const char *path)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        execl(path, path, (char *)NULL);
        _exit(99);
    }
    waitpid(pid, &status, 0);
    printf("status %x\n", (unsigned)status);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    const char *arg = argc > 2 ? argv[2] : "0";
    struct utsname u;

    if (strcmp(what, "args") == 0) {
        for (int i = 0; i < argc; i++)
            printf("%s\n", argv[i]);
    } else if (strcmp(what, "env") == 0) {
        for (char **e = environ; *e; e++)
            printf("%s\n", *e);
    } else if (strcmp(what, "uname") == 0 && uname(&u) == 0) {
        printf("%s %s\n", u.machine, u.release);
    } else if (strcmp(what, "names") == 0) {
        show_names();
    } else if (strcmp(what, "descriptors") == 0) {
        show_descriptors();
    } else if (strcmp(what, "random") == 0) {
        show_random();
    } else if (strcmp(what, "stack") == 0) {
        use_stack((size_t)atoi(arg));
    } else if (strcmp(what, "signal") == 0) {
        fflush(stdout);
        raise(atoi(arg));
    } else if (strcmp(what, "exec") == 0) {
        exec_program(argv + 2);
    } else if (strcmp(what, "run") == 0) {
        run_program(arg);
    } else if (strcmp(what, "close2") == 0) {
        close(2);
    } else if (strcmp(what, "exit") != 0) {
        return 99;
    }
    fflush(stdout);
    return strcmp(what, "exit") == 0 ? atoi(arg) : 0;
}
