/* linux/proc.c: files of /proc that must speak of the guest, not of the runtime whose process it
 * runs in.
 *
 * exe, cmdline, auxv and maps of the process itself, and cpuinfo, are written into a memory file
 * when they are opened for reading: a snapshot, as the kernel's are between reads.
 *
 * Does not handle: stat, status and task, which still show the runtime's; paths relative to a
 * descriptor of /proc. */
#include "linux/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The part of path behind "/proc/<this process>/", or NULL. */
static const char *own_entry(const char *path)
{
    if (strncmp(path, "/proc/", 6) != 0)
        return NULL;
    path += 6;
    if (strncmp(path, "self/", 5) == 0)
        return path + 5;
    if (strncmp(path, "thread-self/", 12) == 0)
        return path + 12;

    char *end;
    unsigned long pid = strtoul(path, &end, 10);
    if (end == path || *end != '/' || pid != (unsigned long)getpid())
        return NULL;
    return end + 1;
}

bool proc_is_exe(const char *path)
{
    const char *entry = own_entry(path);

    return entry && strcmp(entry, "exe") == 0;
}

static void print_maps(struct linux_task *task, struct strbuf *out)
{
    struct space *space = task->process->space;
    const struct mapping *m;

    space_lock(space);
    for (uint64_t at = 0; (m = space_find(space, GVA(at))) != NULL; at = m->end) {
        size_t start = out->len;
        strbuf_printf(out, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu",
                      (unsigned long long)m->start, (unsigned long long)m->end,
                      m->prot & PROT_READ ? 'r' : '-', m->prot & PROT_WRITE ? 'w' : '-',
                      m->prot & PROT_EXEC ? 'x' : '-', m->flags & MAP_SHARED ? 's' : 'p',
                      (unsigned long long)m->file_offset, major(m->dev), minor(m->dev),
                      (unsigned long long)m->ino);
        if (m->name) /* the kernel pads to column 73 */
            strbuf_printf(out, "%*s%s", (int)MAX(73 - (int)(out->len - start), 1), "", m->name);
        strbuf_printf(out, "\n");
    }
    space_unlock(space);
}

static void print_cpuinfo(struct strbuf *out)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    for (long i = 0; i < count; i++)
        strbuf_printf(out,
                      "processor\t: %ld\nhart\t\t: %ld\n"
                      "isa\t\t: rv64imafdc_zicntr_zicond_zicsr_zifencei_zba_zbb_zbs\n"
                      "mmu\t\t: sv39\nuarch\t\t: isomorph\n\n",
                      i, i);
}

/* A descriptor to read text from, with the flags of the open. Takes text over. */
static int64_t open_text(const char *name, const char *text, size_t len, int flags)
{
    int fd = memfd_create(name, flags & O_CLOEXEC ? MFD_CLOEXEC : 0);

    if (fd < 0)
        return -errno;
    for (size_t done = 0; done < len;) {
        ssize_t n = write(fd, text + done, len - done);
        if (n <= 0) {
            int err = n < 0 ? errno : EIO;
            close(fd);
            return -err;
        }
        done += (size_t)n;
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}

int64_t proc_open(struct linux_task *task, const char *path, int flags)
{
    struct linux_process *process = task->process;
    const char *entry = own_entry(path);
    struct strbuf text = {0};

    if (strncmp(path, "/proc/", 6) != 0 || (flags & (O_ACCMODE | O_PATH)) != O_RDONLY)
        return PATH_NOT_SPECIAL;
    if (entry && strcmp(entry, "cmdline") == 0)
        return open_text("cmdline", process->cmdline, process->cmdline_size, flags);
    if (entry && strcmp(entry, "auxv") == 0)
        return open_text("auxv", (const char *)process->auxv, process->auxv_size, flags);
    if (entry && strcmp(entry, "maps") == 0)
        print_maps(task, &text);
    else if (strcmp(path, "/proc/cpuinfo") == 0)
        print_cpuinfo(&text);
    else
        return PATH_NOT_SPECIAL;

    int64_t fd = open_text(entry ? "maps" : "cpuinfo", text.data, text.len, flags);
    strbuf_free(&text);
    return fd;
}
