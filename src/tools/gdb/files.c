/* tools/gdb/files.c: vFile, by which GDB reads the guest's files: programs and libraries as the
 * guest finds them (under -L), and the maps that `info proc mappings` prints. Files are read only.
 */
#include "tools/gdb/server.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- answers --------------------------------------------------------------------------------- */

/* GDB's numbers of errors are those of the first Unix systems, but for one. */
static int file_error(int error)
{
    if (error == ENAMETOOLONG)
        return 91;
    return error <= EROFS ? error : 9999;
}

static void answer_result(struct gdb_server *g, int64_t result, const void *data, size_t n)
{
    struct strbuf text = {0};

    if (result < 0)
        strbuf_printf(&text, "F-1,%x", (unsigned)file_error((int)-result));
    else
        strbuf_printf(&text, "F%llx", (unsigned long long)result);
    if (data) {
        strbuf_append(&text, ";", 1);
        strbuf_append(&text, data, n);
    }
    gdb_answer(g, text.data, text.len);
    strbuf_free(&text);
}

/* ---- arguments ------------------------------------------------------------------------------- */

/* A path in hexadecimal, up to a comma or the end. */
static bool read_path(const char **at, char path[PATH_MAX])
{
    size_t n = strcspn(*at, ",");

    if (n % 2 != 0 || n / 2 >= PATH_MAX || !gdb_read_bytes(at, path, n / 2))
        return false;
    path[n / 2] = '\0';
    return n > 0 && strlen(path) == n / 2;
}

/* One of the files that are open; -1 if it is none. */
static int read_file_number(struct gdb_server *g, const char **at, unsigned *slot)
{
    uint64_t number;

    if (!gdb_read_hex(at, &number) || number >= GDB_MAX_FILES)
        return -1;
    *slot = (unsigned)number;
    return g->files[number];
}

/* ---- operations ------------------------------------------------------------------------------ */

/* The guest's maps, in a memory file. Returns a descriptor or -errno. */
static int open_maps(struct gdb_server *g)
{
    struct strbuf text = {0};
    int fd = memfd_create("maps", MFD_CLOEXEC);

    debug_print_maps(&g->debugger, &text);
    if (fd >= 0 && write(fd, text.data, text.len) != (ssize_t)text.len) {
        close(fd);
        fd = -1;
    }
    strbuf_free(&text);
    return fd < 0 ? -EIO : fd;
}

static int open_path(struct gdb_server *g, char path[PATH_MAX])
{
    char maps[64];

    snprintf(maps, sizeof(maps), "/proc/%d/maps", getpid());
    if (strcmp(path, maps) == 0)
        return open_maps(g);
    int error = debug_find_file(&g->debugger, path, true);
    if (error)
        return error;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return fd < 0 ? -errno : fd;
}

/* open:path,flags,mode */
static void file_open(struct gdb_server *g, const char *args)
{
    char path[PATH_MAX];
    uint64_t flags, mode;
    unsigned slot = 0;

    if (!read_path(&args, path) || !gdb_read_char(&args, ',') || !gdb_read_hex(&args, &flags) ||
        !gdb_read_char(&args, ',') || !gdb_read_hex(&args, &mode) || *args) {
        answer_result(g, -EINVAL, NULL, 0);
        return;
    }
    while (slot < GDB_MAX_FILES && g->files[slot] >= 0)
        slot++;
    if (flags != 0 || slot == GDB_MAX_FILES) { /* 0: to read */
        answer_result(g, flags ? -EROFS : -EMFILE, NULL, 0);
        return;
    }
    int fd = open_path(g, path);
    if (fd >= 0) {
        int high = log_copy_fd_up(fd);
        g->files[slot] = high < 0 ? fd : high;
        if (high >= 0)
            close(fd);
    }
    answer_result(g, fd < 0 ? fd : (int64_t)slot, NULL, 0);
}

static void file_close(struct gdb_server *g, const char *args)
{
    unsigned slot;
    int fd = read_file_number(g, &args, &slot);

    if (fd < 0) {
        answer_result(g, -EBADF, NULL, 0);
        return;
    }
    close(fd);
    g->files[slot] = -1;
    answer_result(g, 0, NULL, 0);
}

/* pread:number,count,offset */
static void file_pread(struct gdb_server *g, const char *args)
{
    char bytes[GDB_PACKET_SIZE / 2 - 64]; /* any of them may have to be escaped */
    uint64_t count, offset;
    unsigned slot;
    int fd = read_file_number(g, &args, &slot);

    if (fd < 0 || !gdb_read_char(&args, ',') || !gdb_read_hex(&args, &count) ||
        !gdb_read_char(&args, ',') || !gdb_read_hex(&args, &offset) || *args) {
        answer_result(g, fd < 0 ? -EBADF : -EINVAL, NULL, 0);
        return;
    }
    ssize_t n = pread(fd, bytes, MIN(count, sizeof(bytes)), (off_t)offset);
    if (n < 0)
        answer_result(g, -errno, NULL, 0);
    else
        answer_result(g, n, bytes, (size_t)n);
}

static void put_big(unsigned char **at, uint64_t value, unsigned bytes)
{
    while (bytes-- > 0)
        *(*at)++ = (unsigned char)(value >> 8 * bytes);
}

/* fstat:number; the protocol's own layout, most significant byte first. */
static void file_fstat(struct gdb_server *g, const char *args)
{
    unsigned char out[64], *at = out;
    struct stat st;
    unsigned slot;
    int fd = read_file_number(g, &args, &slot);

    if (fd < 0 || fstat(fd, &st) < 0) {
        answer_result(g, -EBADF, NULL, 0);
        return;
    }
    put_big(&at, st.st_dev, 4);
    put_big(&at, st.st_ino, 4);
    put_big(&at, st.st_mode, 4);
    put_big(&at, st.st_nlink, 4);
    put_big(&at, st.st_uid, 4);
    put_big(&at, st.st_gid, 4);
    put_big(&at, st.st_rdev, 4);
    put_big(&at, (uint64_t)st.st_size, 8);
    put_big(&at, (uint64_t)st.st_blksize, 8);
    put_big(&at, (uint64_t)st.st_blocks, 8);
    put_big(&at, (uint64_t)st.st_atime, 4);
    put_big(&at, (uint64_t)st.st_mtime, 4);
    put_big(&at, (uint64_t)st.st_ctime, 4);
    answer_result(g, at - out, out, (size_t)(at - out));
}

static void file_readlink(struct gdb_server *g, const char *args)
{
    char path[PATH_MAX], link[PATH_MAX];

    if (!read_path(&args, path) || *args) {
        answer_result(g, -EINVAL, NULL, 0);
        return;
    }
    int error = debug_find_file(&g->debugger, path, false);
    ssize_t n = error ? error : readlink(path, link, sizeof(link));
    if (n < 0)
        answer_result(g, error ? error : -errno, NULL, 0);
    else
        answer_result(g, n, link, (size_t)n);
}

/* There is one file system: the guest's. */
static void file_setfs(struct gdb_server *g, const char *args)
{
    answer_result(g, 0, NULL, 0);
}

void gdb_file(struct gdb_server *g, const char *args, size_t len)
{
    static const struct {
        const char *name;
        void (*run)(struct gdb_server *g, const char *args);
    } operations[] = {
        {":open:", file_open},   {":close:", file_close},       {":pread:", file_pread},
        {":fstat:", file_fstat}, {":readlink:", file_readlink}, {":setfs:", file_setfs},
    };

    for (unsigned i = 0; i < ARRAY_LEN(operations); i++) {
        size_t name = strlen(operations[i].name);
        if (strncmp(args, operations[i].name, name) == 0) {
            operations[i].run(g, args + name);
            return;
        }
    }
    gdb_answer_unknown(g);
}

void gdb_close_files(struct gdb_server *g)
{
    for (unsigned i = 0; i < GDB_MAX_FILES; i++) {
        if (g->files[i] >= 0)
            close(g->files[i]);
        g->files[i] = -1;
    }
}
