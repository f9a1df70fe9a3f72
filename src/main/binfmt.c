/* main/binfmt.c: `isomorph binfmt`: the kernel's binfmt_misc (Documentation/admin-guide/
 * binfmt-misc.rst in its source) starts isomorph for a riscv64 program that anybody executes.
 *
 * Flags: P, so that the guest's argv[0] is kept: the kernel puts the path of the program before it,
 * and says that it did in AT_FLAGS (Linux 5.12). F, so that isomorph is opened now and serves
 * containers that do not have it: for a static build only, for a container has no libraries of
 * ours. C (the credentials of a set-user-ID program) is not offered: options come from the
 * environment here.
 *
 * The newest registration comes first in the kernel's search, so one that is put over another's
 * leaves that one in place, for the time after ours is removed. */
#include "main/main_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_SIZE = 20 };

/* An ELF header: 64 bits, little endian, EXEC or DYN, EM_RISCV; any ABI version. */
static const uint8_t magic[HEADER_SIZE] = {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0,    0,
                                           0,    0,   0,   0,   0, 0, 2, 0, 0xf3, 0};
static const uint8_t mask[HEADER_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                          0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                          0xff, 0xff, 0xfe, 0xff, 0xff, 0xff};

#ifdef ISOMORPH_STATIC
#define DEFAULT_FLAGS "PF"
#else
#define DEFAULT_FLAGS "P"
#endif

struct binfmt {
    const char *dir, *name, *interpreter, *flags, *format;
    bool force;
};

static _Noreturn void print_help(void)
{
    printf(
        "usage: isomorph binfmt print|install|remove [options]\n"
        "Has the kernel start isomorph for every riscv64 program (binfmt_misc).\n\n"
        "  print                prints the registration\n"
        "  install              registers isomorph until the machine is started again; needs root\n"
        "  remove               takes the registration back\n\n"
        "  --format KIND        of print: kernel (default), systemd (for "
        "/usr/lib/binfmt.d/NAME.conf,\n"
        "                       every start of the machine) or debian (for update-binfmts "
        "--import)\n"
        "  --flags FLAGS        P (argv[0] is kept), F (works in containers; for a static build)\n"
        "                       (default: %s)\n"
        "  --interpreter PATH   (default: this program)\n"
        "  --name NAME          (default: isomorph-riscv64)\n"
        "  --dir DIR            where binfmt_misc is (default: /proc/sys/fs/binfmt_misc)\n"
        "  --force              also where another program is registered for riscv64 programs\n",
        DEFAULT_FLAGS);
    if (fflush(stdout) != 0)
        base_fail(EXIT_USAGE, "cannot write to the standard output: %m");
    _exit(0);
}

/* ---- the command line ------------------------------------------------------------------------ */

/* The field for an option that takes a value; NULL if there is no such option. */
static const char **value_field(struct binfmt *b, const char *name, size_t len)
{
    const struct {
        const char *name;
        const char **field;
    } values[] = {
        {"--dir", &b->dir},     {"--name", &b->name},     {"--interpreter", &b->interpreter},
        {"--flags", &b->flags}, {"--format", &b->format},
    };

    for (unsigned i = 0; i < ARRAY_LEN(values); i++) {
        if (strlen(values[i].name) == len && memcmp(values[i].name, name, len) == 0)
            return values[i].field;
    }
    return NULL;
}

static void read_options(struct binfmt *b, char **words)
{
    for (; *words; words++) {
        size_t len = strcspn(*words, "=");
        const char **field = value_field(b, *words, len);
        if (strcmp(*words, "-h") == 0 || strcmp(*words, "--help") == 0) {
            print_help();
        } else if (strcmp(*words, "--force") == 0) {
            b->force = true;
        } else if (!field) {
            base_fail(EXIT_USAGE, "binfmt: %s: unknown option; isomorph binfmt --help lists them",
                      *words);
        } else if ((*words)[len] == '=') {
            *field = *words + len + 1;
        } else {
            *field = *++words;
            if (!*field)
                base_fail(EXIT_USAGE, "binfmt: %s: expected a value", words[-1]);
        }
    }
}

static void check_options(const struct binfmt *b)
{
    static const char *const formats[] = {"kernel", "systemd", "debian"};
    bool known = false;

    for (unsigned i = 0; i < ARRAY_LEN(formats); i++)
        known |= strcmp(b->format, formats[i]) == 0;
    if (!known)
        base_fail(EXIT_USAGE, "binfmt: --format: expected kernel, systemd or debian, not '%s'",
                  b->format);
    if (b->flags[strspn(b->flags, "PF")] != '\0')
        base_fail(EXIT_USAGE, "binfmt: --flags: expected P, F or both, not '%s'", b->flags);
    if (!*b->name || strpbrk(b->name, "/:\n") || strcmp(b->name, "register") == 0 ||
        strcmp(b->name, "status") == 0 || b->name[0] == '.')
        base_fail(EXIT_USAGE, "binfmt: --name: '%s' is no name for a registration", b->name);
    if (b->interpreter[0] != '/' || strpbrk(b->interpreter, ":\n"))
        base_fail(EXIT_USAGE,
                  "binfmt: --interpreter: expected an absolute path without a colon, "
                  "not '%s'",
                  b->interpreter);
}

/* ---- print ----------------------------------------------------------------------------------- */

static void append_bytes(struct strbuf *out, const uint8_t *bytes)
{
    for (unsigned i = 0; i < HEADER_SIZE; i++)
        strbuf_printf(out, "\\x%02x", bytes[i]);
}

static void append_registration(struct strbuf *out, const struct binfmt *b)
{
    strbuf_printf(out, ":%s:M::", b->name);
    append_bytes(out, magic);
    strbuf_printf(out, ":");
    append_bytes(out, mask);
    strbuf_printf(out, ":%s:%s", b->interpreter, b->flags);
}

/* The file that Debian's update-binfmts reads. */
static void append_debian(struct strbuf *out, const struct binfmt *b)
{
    strbuf_printf(out, "package isomorph\ninterpreter %s\nmagic ", b->interpreter);
    append_bytes(out, magic);
    strbuf_printf(out, "\noffset 0\nmask ");
    append_bytes(out, mask);
    strbuf_printf(out, "\ncredentials no\npreserve %s\nfix_binary %s\n",
                  strchr(b->flags, 'P') ? "yes" : "no", strchr(b->flags, 'F') ? "yes" : "no");
}

static void binfmt_print(const struct binfmt *b)
{
    struct strbuf out = {0};

    if (strcmp(b->format, "systemd") == 0)
        strbuf_printf(&out, "# riscv64 programs, by isomorph; see binfmt.d(5)\n");
    if (strcmp(b->format, "debian") == 0) {
        append_debian(&out, b);
    } else {
        append_registration(&out, b);
        strbuf_printf(&out, "\n");
    }
    if (fputs(out.data, stdout) < 0 || fflush(stdout) != 0)
        base_fail(EXIT_FAILED, "binfmt: cannot write to the standard output: %m");
}

/* ---- what is registered ---------------------------------------------------------------------- */

/* A registration as its file in DIR shows it. */
struct registration {
    char interpreter[PATH_MAX + 32];
    uint8_t magic[256], mask[256];
    unsigned n_magic, n_mask, offset;
};

static unsigned parse_hex(const char *text, uint8_t out[256])
{
    unsigned n = 0, byte;

    for (; n < 256 && sscanf(text + 2 * n, "%2x", &byte) == 1; n++)
        out[n] = (uint8_t)byte;
    return n;
}

/* Reads DIR/NAME. Returns false if that is no registration by magic number. */
static bool read_registration(const struct binfmt *b, const char *name, struct registration *r)
{
    char *path = base_printf("%s/%s", b->dir, name), line[PATH_MAX + 32];
    FILE *file = fopen(path, "re");

    free(path);
    if (!file)
        return false;
    memset(r, 0, sizeof(*r));
    while (fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "interpreter ", 12) == 0)
            snprintf(r->interpreter, sizeof(r->interpreter), "%s", line + 12);
        else if (strncmp(line, "magic ", 6) == 0)
            r->n_magic = parse_hex(line + 6, r->magic);
        else if (strncmp(line, "mask ", 5) == 0)
            r->n_mask = parse_hex(line + 5, r->mask);
        else
            sscanf(line, "offset %u", &r->offset);
    }
    fclose(file);
    return r->n_magic > 0;
}

/* Would the kernel take this registration for a riscv64 program? */
static bool covers_riscv64(const struct registration *r)
{
    if (r->offset != 0 || r->n_magic > HEADER_SIZE)
        return false;
    for (unsigned i = 0; i < r->n_magic; i++) {
        uint8_t care = i < r->n_mask ? r->mask[i] : 0xff;
        if ((magic[i] ^ r->magic[i]) & care)
            return false;
    }
    return true;
}

/* Dies if another program is registered for riscv64 programs. */
static void refuse_over_others(const struct binfmt *b)
{
    DIR *dir = opendir(b->dir);
    struct registration r;

    if (!dir)
        base_fail(EXIT_FAILED, "binfmt: cannot read %s: %m", b->dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, b->name) == 0 ||
            strcmp(entry->d_name, "register") == 0 || strcmp(entry->d_name, "status") == 0)
            continue;
        if (read_registration(b, entry->d_name, &r) && covers_riscv64(&r))
            base_fail(EXIT_FAILED,
                      "binfmt: %s is registered for riscv64 programs (%s); --force goes before it",
                      entry->d_name, r.interpreter);
    }
    closedir(dir);
}

/* Dies if the registration of our name is another program's. */
static void refuse_others(const struct binfmt *b, const struct registration *r)
{
    const char *slash = strrchr(r->interpreter, '/');

    if (strcmp(r->interpreter, b->interpreter) != 0 &&
        strncmp(slash ? slash + 1 : r->interpreter, "isomorph", 8) != 0)
        base_fail(EXIT_FAILED,
                  "binfmt: %s is registered for another program (%s); --force takes it", b->name,
                  r->interpreter);
}

/* ---- install, remove ------------------------------------------------------------------------- */

static void check_mounted(const struct binfmt *b)
{
    char *path = base_printf("%s/register", b->dir);

    if (access(path, F_OK) != 0)
        base_fail(EXIT_FAILED,
                  "binfmt: there is no binfmt_misc at %s; as root: mount -t binfmt_misc none %s",
                  b->dir, b->dir);
    free(path);
}

static void write_file(const struct binfmt *b, const char *name, const char *text)
{
    char *path = base_printf("%s/%s", b->dir, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    size_t len = strlen(text);

    if (fd < 0 || write(fd, text, len) != (ssize_t)len) {
        bool root = errno == EACCES || errno == EPERM;
        base_fail(EXIT_FAILED, "binfmt: cannot write to %s: %m%s", path,
                  root ? "; this needs root" : "");
    }
    close(fd);
    free(path);
}

static void binfmt_install(const struct binfmt *b)
{
    struct registration old;
    struct strbuf line = {0};

    check_mounted(b);
    if (access(b->interpreter, X_OK) != 0)
        base_fail(EXIT_FAILED, "binfmt: cannot execute %s: %m", b->interpreter);
    if (!b->force)
        refuse_over_others(b);
    if (read_registration(b, b->name, &old)) {
        if (!b->force)
            refuse_others(b, &old);
        write_file(b, b->name, "-1"); /* of another time or place */
    }
    append_registration(&line, b);
    write_file(b, "register", line.data);
    strbuf_free(&line);
}

static void binfmt_remove(const struct binfmt *b)
{
    struct registration r;

    check_mounted(b);
    if (!read_registration(b, b->name, &r))
        base_fail(EXIT_FAILED, "binfmt: nothing is registered as %s", b->name);
    if (!b->force)
        refuse_others(b, &r);
    write_file(b, b->name, "-1");
}

_Noreturn void binfmt_command(int argc, char **argv)
{
    static char self[PATH_MAX];
    struct binfmt b = {
        .dir = "/proc/sys/fs/binfmt_misc",
        .name = "isomorph-riscv64",
        .interpreter = self,
        .flags = DEFAULT_FLAGS,
        .format = "kernel",
    };
    const char *verb = argc > 2 ? argv[2] : "";

    if (strcmp(verb, "-h") == 0 || strcmp(verb, "--help") == 0)
        print_help();
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[len > 0 ? len : 0] = '\0';
    if (argc > 2)
        read_options(&b, argv + 3);
    check_options(&b);
    if (strcmp(verb, "print") == 0)
        binfmt_print(&b);
    else if (strcmp(verb, "install") == 0)
        binfmt_install(&b);
    else if (strcmp(verb, "remove") == 0)
        binfmt_remove(&b);
    else
        base_fail(EXIT_USAGE, "binfmt: expected print, install or remove, not '%s'", verb);
    _exit(0);
}

/* ---- started by the kernel ------------------------------------------------------------------- */

bool binfmt_started(int argc)
{
    enum { PRESERVE_ARGV0 = 1 }; /* AT_FLAGS_PRESERVE_ARGV0 of linux/binfmts.h */

    /* Of somebody's own registration with O or C: the guest does not expect it. */
    errno = 0;
    unsigned long fd = getauxval(AT_EXECFD);
    if (errno == 0)
        close((int)fd);
    return (getauxval(AT_FLAGS) & PRESERVE_ARGV0) && argc >= 3;
}
