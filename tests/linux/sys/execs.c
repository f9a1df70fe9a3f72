/* What execve looks at before the point of no return: files that are no programs, or half of one,
 * interpreters that cannot be had, and scripts. Whoever calls lives on and is told why. */
#define _GNU_SOURCE
#include "show.h"

#include <elf.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static char self[4096];
static char *some_env[] = {"ONE=1", "EMPTY=", "ONE=again", NULL};

static void write_file(const char *path, const void *bytes, size_t size, mode_t mode)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0700);

    if (write(fd, bytes, size) != (ssize_t)size)
        _exit(96);
    fchmod(fd, mode);
    close(fd);
}

static void write_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text), 0755);
}

/* Tries to execute in a child, which tells why it could not. */
static void try(const char *what, const char *path)
{
    char *args[] = {"zero", "print", NULL};
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        execve(path, args, some_env);
        show("%s: %s", what, strerrorname_np(errno));
        _exit(0);
    }
    waitpid(pid, &status, 0);
    show_status(what, status);
}

/* ---- half a program -------------------------------------------------------------------------- */

static char program[4 << 20];
static size_t program_size;

static void read_self(void)
{
    int fd = open(self, O_RDONLY);

    program_size = (size_t)read(fd, program, sizeof(program));
    close(fd);
}

static void truncated(void)
{
    static const size_t sizes[] = {0, 1, 3, 4, 5, 18, 19, 20, 24, 63, 64, 65, 119, 200};
    char what[64];

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        snprintf(what, sizeof(what), "%zu bytes of a program", sizes[i]);
        write_file("half", program, sizes[i], 0755);
        try(what, "./half");
    }
}

/* One field of the header changed. */
static void spoiled(const char *what, size_t offset, uint16_t value)
{
    char kept[2];

    memcpy(kept, program + offset, 2);
    memcpy(program + offset, &value, 2);
    write_file("spoiled", program, program_size, 0755);
    memcpy(program + offset, kept, 2);
    try(what, "./spoiled");
}

static void header(void)
{
    spoiled("another magic", 0, 0x1234);
    spoiled("a file of relocations", offsetof(Elf64_Ehdr, e_type), ET_REL);
    spoiled("a core dump", offsetof(Elf64_Ehdr, e_type), ET_CORE);
    spoiled("another machine", offsetof(Elf64_Ehdr, e_machine), EM_SPARC);
    spoiled("program headers of another size", offsetof(Elf64_Ehdr, e_phentsize), 55);
    spoiled("no program headers", offsetof(Elf64_Ehdr, e_phnum), 0);
    spoiled("too many program headers", offsetof(Elf64_Ehdr, e_phnum), 0xffff);
    write_file("whole", program, program_size, 0755);
    try("the whole of it", "./whole");
}

/* ---- interpreters ---------------------------------------------------------------------------- */

/* A program whose interpreter has this name. */
static void write_interpreted(const char *path, const char *interpreter, size_t size)
{
    struct {
        Elf64_Ehdr head;
        Elf64_Phdr load, interp;
        char name[256];
    } file = {0};

    memcpy(&file.head, program, sizeof(file.head));
    file.head.e_type = ET_EXEC;
    file.head.e_phoff = sizeof(file.head);
    file.head.e_phnum = 2;
    file.head.e_shnum = file.head.e_shoff = 0;
    file.head.e_entry = 0x400000 + sizeof(file);
    file.load = (Elf64_Phdr){.p_type = PT_LOAD,
                             .p_flags = PF_R | PF_X,
                             .p_vaddr = 0x400000,
                             .p_filesz = sizeof(file),
                             .p_memsz = sizeof(file) + 4096,
                             .p_align = 4096};
    file.interp = (Elf64_Phdr){.p_type = PT_INTERP,
                               .p_flags = PF_R,
                               .p_offset = offsetof(typeof(file), name),
                               .p_filesz = size,
                               .p_memsz = size};
    strcpy(file.name, interpreter);
    write_file(path, &file, sizeof(file), 0755);
}

static void interpreters(void)
{
    static const struct {
        const char *what, *name;
    } cases[] = {
        {"an interpreter that is not there", "/none/ld.so"},
        {"a folder as the interpreter", "/etc"},
        {"an interpreter that must not be executed", "./locked"},
        {"a text as the interpreter", "./text"},
        {"an interpreter cut short", "./short"},
        {"an interpreter below a file", "./text/ld.so"},
        {"an interpreter in a loop of links", "./loop"},
    };
    char text[200];

    memset(text, 'x', sizeof(text));
    write_file("locked", program, program_size, 0644);
    write_file("text", text, sizeof(text), 0755);
    write_file("short", program, 100, 0755);
    symlink("loop", "loop");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        write_interpreted("interpreted", cases[i].name, strlen(cases[i].name) + 1);
        try(cases[i].what, "./interpreted");
    }
    write_interpreted("interpreted", "/none", 5);
    try("an interpreter without an end", "./interpreted");
    write_interpreted("interpreted", "", 1);
    try("an interpreter without a name", "./interpreted");
    try("a loop of links", "./loop");
    try("a program that must not be executed", "./locked");
}

/* ---- what the kernel forbids ----------------------------------------------------------------- */

static void busy(void)
{
    char text[4200];

    snprintf(text, sizeof(text), "#!%s print\n", self);
    write_text("script", text);
    int program_fd = open("./whole", O_WRONLY), script_fd = open("./script", O_RDWR);
    try("a program that is being written", "./whole");
    try("a script that is being written", "./script");
    close(program_fd);
    close(script_fd);
    try("written, and closed", "./whole");
    try("the script too", "./script");
}

/* The result of execve with one argument of a length. */
static void try_length(size_t length, unsigned count)
{
    char *text = malloc(length + 1), **args = calloc(count + 3, sizeof(*args));
    pid_t pid = fork();
    int status;

    memset(text, 'a', length);
    text[length] = '\0';
    args[0] = "count", args[1] = "count";
    for (unsigned i = 0; i < count; i++)
        args[i + 2] = text;
    if (pid == 0) {
        execve(self, args, some_env);
        show("%u arguments of %zu: %s", count, length, strerrorname_np(errno));
        _exit(0);
    }
    waitpid(pid, &status, 0);
    free(text);
    free(args);
}

static void lengths(void)
{
    struct rlimit limit = {8 << 20, RLIM_INFINITY};

    setrlimit(RLIMIT_STACK, &limit);
    try_length(131071, 1);
    try_length(131072, 1);
    try_length(100000, 15);
    try_length(100000, 25);
    try_length(10, 50000);
    try_length(10, 200000);
    char *path = malloc(5001);
    memset(path, '/', 5000);
    path[5000] = '\0';
    try("a path too long", path);
    memset(path, 'x', 300);
    path[300] = '\0';
    try("a name too long", path);
}

/* ---- scripts --------------------------------------------------------------------------------- */

static void script(const char *what, const char *line, const char *after)
{
    char text[6000];

    snprintf(text, sizeof(text), "%s%s%s", line,
             strchr(line, '!') && !strchr(line, '/') ? self : "", after);
    write_text("script", text);
    try(what, "./script");
}

static void scripts(void)
{
    char name[600], text[700];

    script("without an argument", "#!", "\n");
    script("with an argument", "#!", " print\n");
    script("one argument, whatever is in it", "#! \t", "  print a 'b c'\t \nprint\n");
    script("without a newline", "#!", " print");
    script("with a carriage return", "#!", " print\r\n");
    script("an interpreter that is not there", "#!/none/sh", "\n");
    script("a folder", "#!/etc", "\n");
    script("an interpreter without a right to it", "#!./locked/", "\n");
    script("a text", "#!./text", "\n");
    write_text("script", "#! \t \n");
    try("nothing in the line", "./script");
    write_text("script", "#!");
    try("nothing behind it", "./script");
    write_text("script", "# !/bin/sh\n");
    try("no script", "./script");
    memset(name, 'n', sizeof(name));
    snprintf(text, sizeof(text), "#!%.300s\n", name);
    write_text("script", text);
    try("a line too long", "./script");
    snprintf(text, sizeof(text), "#!%s %.300s\n", "./whole", name);
    write_text("script", text);
    try("an argument too long is cut off", "./script");
    /* The script of a script, and so on. */
    snprintf(text, sizeof(text), "#!%s print\n", "./whole");
    write_text("s0", text);
    for (int i = 1; i < 7; i++) {
        char path[8];
        snprintf(text, sizeof(text), "#!./s%d\n", i - 1);
        snprintf(path, sizeof(path), "s%d", i);
        write_text(path, text);
        snprintf(path, sizeof(path), "./s%d", i);
        try(path, path);
    }
}

/* ---- execveat and its like ------------------------------------------------------------------- */

static void at(const char *what, int fd, const char *path, int flags)
{
    char *args[] = {"zero", "print", NULL};
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        syscall(SYS_execveat, fd, path, args, some_env, flags);
        show("%s: %s", what, strerrorname_np(errno));
        _exit(0);
    }
    waitpid(pid, &status, 0);
    show_status(what, status);
}

static void by_descriptor(void)
{
    char text[700];

    mkdir("folder", 0755);
    write_file("folder/program", program, program_size, 0755);
    symlink("program", "folder/link");
    int folder = open("folder", O_PATH | O_CLOEXEC),
        file = open("folder/program", O_PATH | O_CLOEXEC), kept = open("folder/program", O_RDONLY),
        memory = memfd_create("a program", MFD_CLOEXEC),
        text_fd = memfd_create("a script", MFD_CLOEXEC), text_kept = memfd_create("a script", 0);
    if (write(memory, program, program_size) < 0)
        _exit(95);
    snprintf(text, sizeof(text), "#!%s plain\n", "./whole");
    if (write(text_fd, text, strlen(text)) < 0 || write(text_kept, text, strlen(text)) < 0)
        _exit(94);
    at("below a folder", folder, "program", 0);
    at("a link below it", folder, "link", 0);
    at("a link, not followed", folder, "link", AT_SYMLINK_NOFOLLOW);
    at("not a link, not followed", folder, "program", AT_SYMLINK_NOFOLLOW);
    at("nothing below it", folder, "none", 0);
    at("a folder itself", folder, "", AT_EMPTY_PATH);
    at("an open program", file, "", AT_EMPTY_PATH);
    at("an open program that stays open", kept, "", AT_EMPTY_PATH);
    at("an empty path", folder, "", 0);
    at("below a program", file, "x", 0);
    at("no descriptor", 77, "x", 0);
    at("unknown flags", folder, "program", 0x8000);
    at("the absolute path counts", 77, self, 0);
    at("a program in memory", memory, "", AT_EMPTY_PATH);
    at("a script in memory, closed by then", text_fd, "", AT_EMPTY_PATH);
    at("a script in memory", text_kept, "", AT_EMPTY_PATH);
    show_true(fcntl(memory, F_GETFD) == FD_CLOEXEC && fcntl(text_fd, F_GETFD) == FD_CLOEXEC);
    unlink("folder/program");
    at("a program that was removed", file, "", AT_EMPTY_PATH);
}

static void vectors(void)
{
    char *none[] = {NULL}, *args[] = {"x", "print", NULL};

    show_call(execve(self, opaque(8), some_env));
    show_call(execve(self, args, opaque(8)));
    show_call(execve(opaque(8), args, some_env));
    show_call(execve("", args, some_env));
    for (int i = 0; i < 3; i++) {
        pid_t pid = fork();
        int status;
        if (pid == 0) {
            execve(self, i == 0 ? NULL : i == 1 ? none : args, i == 2 ? NULL : some_env);
            show("vector %d: %s", i, strerrorname_np(errno));
            _exit(9);
        }
        waitpid(pid, &status, 0);
        show("vector %d", i);
    }
}

/* ---- what is executed ------------------------------------------------------------------------ */

static int print(int argc, char **argv)
{
    char name[32] = "", link[4096] = "";
    int open_files = 0;

    for (int i = 0; i < argc; i++)
        show("  argument %d: %s", i, strcmp(argv[i], self) == 0 ? "(self)" : argv[i]);
    for (char **e = environ; *e; e++)
        show("  environment: %s", *e);
    prctl(PR_GET_NAME, name);
    if (readlink("/proc/self/exe", link, sizeof(link) - 1) < 0)
        strcpy(link, "/?");
    for (int i = 3; i < 200; i++)
        open_files += fcntl(i, F_GETFD) >= 0;
    if (strcmp(argv[1], "plain") == 0) /* which name that is depends on the kernel */
        strcpy(name, "?");
    show("  name %s, program %s, %d files", name, strrchr(link, '/') + 1, open_files);
    return 3;
}

int main(int argc, char **argv)
{
    if (argc == 0 || !realpath("prog", self)) {
        show("  no arguments");
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "count") == 0) {
        show("  %d arguments, the last of %zu", argc, strlen(argv[argc - 1]));
        return 0;
    }
    if (strcmp(argv[0], "./prog") != 0)
        return print(argc, argv);
    for (int i = 3; i < 200; i++)
        close(i);
    read_self();
    truncated();
    header();
    interpreters();
    busy();
    lengths();
    scripts();
    by_descriptor();
    vectors();
    return 0;
}
