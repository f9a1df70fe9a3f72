/* tools/gdb/server.c: the connection and the server's thread.
 *
 * The server has a host thread of its own, made before the guest's first instruction. It waits for
 * packets and for guest threads that have something to report, and works on packets only while all
 * guest threads are stopped. So it never needs to stand in for one of them, and a guest that is
 * blocked in a system call can be looked at where it is. Its thread blocks all signals and is not
 * among the guest's.
 *
 * One connection, from this machine: 127.0.0.1, or a Unix socket. Whoever can connect can do what
 * the guest's user can do. When the connection ends the guest goes on without a debugger. */
#include "tools/gdb/gdb.h"
#include "tools/gdb/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- answers --------------------------------------------------------------------------------- */

static void send_all(struct gdb_server *g, const char *bytes, size_t len)
{
    while (len > 0 && !g->gone) {
        ssize_t n = send(g->debugger.fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            g->gone = true;
            return;
        }
        bytes += n;
        len -= (size_t)n;
    }
}

void gdb_answer(struct gdb_server *g, const char *payload, size_t len)
{
    g->sent.len = 0;
    gdb_put_packet(&g->sent, payload, len);
    send_all(g, g->sent.data, g->sent.len);
}

void gdb_answer_text(struct gdb_server *g, const char *text)
{
    gdb_answer(g, text, strlen(text));
}

void gdb_answer_ok(struct gdb_server *g)
{
    gdb_answer_text(g, "OK");
}

void gdb_answer_error(struct gdb_server *g, int error)
{
    char text[4];

    snprintf(text, sizeof(text), "E%02x", error & 0xff);
    gdb_answer_text(g, text);
}

void gdb_answer_unknown(struct gdb_server *g)
{
    gdb_answer(g, "", 0);
}

/* ---- input ----------------------------------------------------------------------------------- */

static void take_packet(struct gdb_server *g)
{
    if (!g->no_ack)
        send_all(g, "+", 1);
    /* While the guest runs GDB sends 0x03 only; anything else is out of order. */
    if (!g->running)
        gdb_execute(g, g->in.data, g->in.len);
}

static void take_byte(struct gdb_server *g, uint8_t byte)
{
    switch (gdb_frame_byte(&g->in, byte)) {
    case GDB_PACKET:
        take_packet(g);
        break;
    case GDB_BAD:
        if (!g->no_ack)
            send_all(g, "-", 1);
        break;
    case GDB_NAK:
        if (!g->no_ack && g->sent.len > 0)
            send_all(g, g->sent.data, g->sent.len);
        break;
    case GDB_INTERRUPT:
        g->interrupt = true;
        break;
    case GDB_ACK:
    case GDB_MORE:
        break;
    }
}

static void take_input(struct gdb_server *g)
{
    uint8_t bytes[4096];
    ssize_t n = recv(g->debugger.fd, bytes, sizeof(bytes), 0);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0)
        g->gone = true;
    for (ssize_t i = 0; i < n && !g->gone; i++)
        take_byte(g, bytes[i]);
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* Everything of GDB's goes, and the guest's threads go on. */
static void leave(struct gdb_server *g)
{
    if (g->running)
        vm_debug_stop(g->debugger.machine);
    gdb_remove_points(g);
    gdb_close_files(g);
    debug_detach(&g->debugger);
}

void gdb_serve(void *arg)
{
    struct gdb_server *g = arg;
    uint64_t events;

    while (!g->gone) {
        struct pollfd fds[2] = {{.fd = g->debugger.fd, .events = POLLIN},
                                {.fd = g->debugger.vm.event_fd, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[1].revents && read(fds[1].fd, &events, sizeof(events)) < 0)
            continue;
        if (fds[0].revents)
            take_input(g);
        if (g->running && !g->gone && (fds[1].revents || g->interrupt))
            gdb_stop(g);
        if (!g->running)
            g->interrupt = false;
    }
    leave(g);
}

/* ---- the connection -------------------------------------------------------------------------- */

static bool is_path(const char *address)
{
    return strchr(address, '/') != NULL;
}

static bool read_port(const char *text, uint16_t *port)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    *port = (uint16_t)n;
    return *text >= '0' && *text <= '9' && *end == '\0' && n <= UINT16_MAX;
}

const char *gdb_check_address(const char *address)
{
    struct sockaddr_un name;
    uint16_t port;

    if (is_path(address))
        return strlen(address) < sizeof(name.sun_path) ? NULL : "the socket's path is too long";
    return read_port(address, &port) ? NULL : "expected a port or the path of a socket";
}

static int listen_at_path(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strncpy(name.sun_path, path, sizeof(name.sun_path) - 1);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&name, sizeof(name)) < 0 || listen(fd, 1) < 0)
        base_fail(EXIT_USAGE, "-g: cannot listen at %s: %s", path, strerror(errno));
    base_warn("waiting for gdb: target remote %s", path);
    return fd;
}

static int listen_at_port(uint16_t port)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    socklen_t size = sizeof(name);

    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (fd < 0 || bind(fd, (const struct sockaddr *)&name, sizeof(name)) < 0 || listen(fd, 1) < 0)
        base_fail(EXIT_USAGE, "-g: cannot listen at 127.0.0.1:%u: %s", port, strerror(errno));
    getsockname(fd, (struct sockaddr *)&name, &size);
    base_warn("waiting for gdb: target remote 127.0.0.1:%u", ntohs(name.sin_port));
    return fd;
}

static int await_connection(const char *address)
{
    uint16_t port = 0;
    int yes = 1, fd;

    read_port(address, &port);
    int listener = is_path(address) ? listen_at_path(address) : listen_at_port(port);
    do
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        base_fail(EXIT_USAGE, "-g: nobody can connect: %s", strerror(errno));
    close(listener);
    if (is_path(address))
        unlink(address);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return fd;
}

/* ---- execve ---------------------------------------------------------------------------------- */

enum { SESSION_SIZE = 256 };

/* The session: descriptor, flags, signals that are passed, and calls that are caught. On the
 * guest's thread. */
static const char *exec_begin(struct linux_debugger *d)
{
    static char text[SESSION_SIZE];
    struct gdb_server *g = (struct gdb_server *)d;
    unsigned flags = g->no_ack | g->multiprocess << 1 | g->sw_reason << 2 | g->hw_reason << 3 |
                     g->exec_events << 4 | d->calls.all << 5 | d->forks << 6;

    fcntl(d->fd, F_SETFD, 0);
    int n =
        snprintf(text, sizeof(text), "%d,%x,%llx", d->fd, flags, (unsigned long long)d->vm.passed);
    for (unsigned i = 0; i < ARRAY_LEN(d->calls.bits); i++)
        n += snprintf(text + n, sizeof(text) - (size_t)n, ",%llx",
                      (unsigned long long)d->calls.bits[i]);
    return text;
}

static void exec_failed(struct linux_debugger *d)
{
    fcntl(d->fd, F_SETFD, FD_CLOEXEC);
}

static void take_session(struct gdb_server *g, const char *text)
{
    struct linux_debugger *d = &g->debugger;
    unsigned flags;
    unsigned long long word;
    int fd, n = 0;

    bool ok = sscanf(text, "%d,%x,%llx%n", &fd, &flags, &word, &n) == 3;
    d->vm.passed = word;
    for (unsigned i = 0; i < ARRAY_LEN(d->calls.bits) && ok; i++) {
        ok = sscanf(text += n, ",%llx%n", &word, &n) == 1;
        d->calls.bits[i] = word;
    }
    if (!ok || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        base_fail(EXIT_USAGE, "--gdb-session: no session");
    g->debugger.fd = fd;
    g->no_ack = flags & 1;
    g->multiprocess = flags & 2;
    g->sw_reason = flags & 4;
    g->hw_reason = flags & 8;
    g->exec_events = flags & 16;
    d->calls.all = flags & 32;
    d->forks = flags & 64;
    g->is_exec = true;
}

void gdb_start(struct thread *t)
{
    struct gdb_server *g = base_zalloc(sizeof(*g));
    const struct options *options = t->options;

    for (unsigned i = 0; i < GDB_MAX_FILES; i++)
        g->files[i] = -1;
    if (options->gdb_session)
        take_session(g, options->gdb_session);
    else
        g->debugger.fd = await_connection(options->gdb);
    g->debugger.fd = debug_move_up(g->debugger.fd);
    g->debugger.vm.event_fd = debug_move_up(eventfd(0, EFD_CLOEXEC));
    g->debugger.followed = gdb_take_over;
    g->debugger.exec_begin = exec_begin;
    g->debugger.exec_failed = exec_failed;
    debug_attach(t, &g->debugger);
    gdb_report_start(g, t);
    if (g->is_exec)
        gdb_answer(g, g->stop.data, g->stop.len);
    if (debug_start_thread(&g->debugger, gdb_serve, g))
        base_fail(EXIT_USAGE, "-g: no thread for the debugger's server");
}
