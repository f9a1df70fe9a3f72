/* What processes talk through: pipes, sockets, epoll, eventfd, message queues, semaphores,
 * terminals. */
#define _GNU_SOURCE
#include "show.h"

#include <limits.h>
#include <mqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>

static void test_pipes(void)
{
    int p[2], n;
    char buf[16];

    show_call(pipe(p));
    show_call(write(p[1], "abc", 3));
    show_call(ioctl(p[0], FIONREAD, &n));
    show("waiting %d", n);
    struct pollfd f[2] = {{p[0], POLLIN, 0}, {p[1], POLLOUT, 0}};
    show_call(poll(f, 2, 0));
    show("revents %d %d", f[0].revents, f[1].revents);
    show_call(fcntl(p[0], F_SETFL, O_NONBLOCK));
    show_call(read(p[0], buf, 16));
    show_call(read(p[0], buf, 16));
    show_call(fcntl(p[1], F_GETPIPE_SZ));
    fd_set set;
    FD_ZERO(&set);
    FD_SET(p[0], &set);
    struct timeval tv = {0, 1000};
    show_call(select(p[0] + 1, &set, NULL, NULL, &tv));
    close(p[1]);
    show_call(read(p[0], buf, 16));
    show_call(poll(f, 1, 0));
    show("revents %d", f[0].revents);
    show_call(pipe(opaque(8)));
    show_call(pipe2(p, 0x777));
    show_call(poll(opaque(8), 1, 0));
    show_call(select(-1, NULL, NULL, NULL, &tv));
}

static void test_epoll(void)
{
    int ep = epoll_create1(EPOLL_CLOEXEC), ev = eventfd(3, EFD_NONBLOCK), p[2];
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = 0x123456789abcdef0}, out[4];
    uint64_t value = 0;

    show_true(ep >= 0 && ev >= 0 && pipe(p) == 0);
    show_call(epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e));
    show_call(epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e));
    e.events = EPOLLOUT | EPOLLET;
    e.data.u64 = 7;
    show_call(epoll_ctl(ep, EPOLL_CTL_ADD, p[1], &e));
    show_call(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e));
    show_call(epoll_ctl(ep, EPOLL_CTL_ADD, 99, &e));
    show_call(epoll_ctl(ep, EPOLL_CTL_ADD, ev, opaque(8)));
    show_call(epoll_wait(ep, out, 4, 0));
    for (int i = 0; i < 2; i++)
        show("event %x data %lx", out[i].events, (unsigned long)out[i].data.u64);
    show_call(read(ev, &value, 8));
    show("eventfd %lu", (unsigned long)value);
    show_call(read(ev, &value, 8));
    show_call(epoll_wait(ep, out, 4, 1));
    show_call(epoll_wait(ep, out, 0, 1));
    show_call(epoll_wait(ep, opaque(8), 1, 0));
    show_call(epoll_ctl(ep, EPOLL_CTL_DEL, ev, NULL));
    sigset_t none;
    sigemptyset(&none);
    show_call(epoll_pwait(ep, out, 4, 1, &none));
    struct timespec ts = {0, 1000};
    show_call(epoll_pwait2(ep, out, 4, &ts, &none));
}

/* What there is no room for is kept, edge-triggered events too. */
static void test_epoll_room(void)
{
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct epoll_event *end = (struct epoll_event *)(pages + 4096);
    int ep = epoll_create1(0);

    munmap(pages + 4096, 4096);
    for (unsigned i = 0; i < 3; i++) {
        struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.u64 = i};
        show_call(epoll_ctl(ep, EPOLL_CTL_ADD, eventfd(1, 0), &e));
    }
    show_call(epoll_wait(ep, end, 8, 0));
    show_call(epoll_wait(ep, end - 1, 8, 0));
    show_call(epoll_wait(ep, (struct epoll_event *)((char *)end - 8), 8, 0));
    show_call(epoll_wait(ep, end - 2, 8, 0));
    show("events %u %u", (unsigned)end[-2].data.u64, (unsigned)end[-1].data.u64);
    show_call(epoll_wait(ep, end - 2, 8, 0));
    show_call(epoll_wait(ep, NULL, 1, 0));
    show_call(epoll_wait(ep, end, -1, 0));
    show_call(epoll_wait(ep, end, INT_MAX, 0));
    show_call(epoll_wait(-1, end, -1, 0));
    show_call(epoll_wait(0, opaque(-8L), -1, 0));
    show_call(epoll_wait(ep, opaque(-8L), 1, 0));
}

static void test_sockets(void)
{
    int s[2], one = 1, got;
    socklen_t len = sizeof(got);
    char buf[32] = {0};

    show_call(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
    show_call(send(s[0], "hello", 5, 0));
    show_call(recv(s[1], buf, 32, MSG_PEEK));
    show_call(recv(s[1], buf, 32, MSG_DONTWAIT));
    show_call(recv(s[1], buf, 32, MSG_DONTWAIT));
    show("text %s", buf);
    show_call(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &got, &len));
    show("type %d len %u", got, len);
    show_call(setsockopt(s[0], SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)));
    show_call(setsockopt(s[0], SOL_SOCKET, SO_KEEPALIVE, opaque(8), sizeof(one)));

    /* A descriptor travels in a message. */
    int p[2];
    if (pipe(p))
        return;
    union {
        struct cmsghdr hdr;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.hdr = {.cmsg_len = CMSG_LEN(sizeof(int)),
                         .cmsg_level = SOL_SOCKET,
                         .cmsg_type = SCM_RIGHTS}};
    struct iovec iov[2] = {{"ab", 2}, {"cde", 3}};
    struct msghdr msg = {.msg_iov = iov,
                         .msg_iovlen = 2,
                         .msg_control = &control,
                         .msg_controllen = sizeof(control)};
    memcpy(CMSG_DATA(&control.hdr), &p[1], sizeof(int));
    show_call(sendmsg(s[0], &msg, 0));
    memset(&control, 0, sizeof(control));
    char first[3] = {0}, second[8] = {0};
    struct iovec in[2] = {{first, 2}, {second, 7}};
    msg = (struct msghdr){
        .msg_iov = in, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof(control)};
    show_call(recvmsg(s[1], &msg, MSG_CMSG_CLOEXEC));
    int passed;
    memcpy(&passed, CMSG_DATA(&control.hdr), sizeof(int));
    show("%s %s control %ld type %d flags %x", first, second, (long)msg.msg_controllen,
         control.hdr.cmsg_type, (unsigned)msg.msg_flags);
    show_call(write(passed, "x", 1));
    show_call(read(p[0], buf, 4));
    show_call(sendmsg(s[0], opaque(8), 0));

    struct mmsghdr many[2] = {{{.msg_iov = iov, .msg_iovlen = 1}, 0},
                              {{.msg_iov = iov + 1, .msg_iovlen = 1}, 0}};
    int d[2];
    socketpair(AF_UNIX, SOCK_DGRAM, 0, d);
    show_call(sendmmsg(d[0], many, 2, 0));
    show("lengths %u %u", many[0].msg_len, many[1].msg_len);
    many[0].msg_hdr = (struct msghdr){.msg_iov = &in[1], .msg_iovlen = 1};
    many[1].msg_hdr = (struct msghdr){.msg_iov = &in[1], .msg_iovlen = 1};
    show_call(recvmmsg(d[1], many, 2, 0, NULL));
    show("lengths %u %u", many[0].msg_len, many[1].msg_len);
    show_call(recvmmsg(d[1], many, 2, MSG_DONTWAIT, NULL));
}

static void test_names(void)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "sock"}, peer;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
                       name;
    socklen_t len = sizeof(peer);
    char buf[8] = {0};

    int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
    show_call(bind(l, (void *)&un, sizeof(un)));
    show_call(bind(l, (void *)&un, sizeof(un)));
    show_call(listen(l, 1));
    show_call(connect(c, (void *)&un, sizeof(un)));
    int a = accept4(l, (void *)&peer, &len, SOCK_NONBLOCK);
    show("accepted %d len %u", a >= 0, len);
    show_call(recv(a, buf, 8, 0));
    len = sizeof(peer);
    show_call(getpeername(c, (void *)&peer, &len));
    show("peer %s %u", peer.sun_path, len);
    show_call(shutdown(c, SHUT_RDWR));

    int u = socket(AF_INET, SOCK_DGRAM, 0), v = socket(AF_INET, SOCK_DGRAM, 0);
    show_call(bind(u, (void *)&in, sizeof(in)));
    len = sizeof(name);
    show_call(getsockname(u, (void *)&name, &len));
    show("family %d address %x port %d", name.sin_family, ntohl(name.sin_addr.s_addr),
         name.sin_port != 0);
    show_call(sendto(v, "ping", 4, 0, (void *)&name, sizeof(name)));
    struct sockaddr_in from;
    len = sizeof(from);
    show_call(recvfrom(u, buf, 8, 0, (void *)&from, &len));
    show("from %x len %u text %s", ntohl(from.sin_addr.s_addr), len, buf);
    show_call(socket(12345, SOCK_STREAM, 0));
    show_call(connect(99, (void *)&un, sizeof(un)));
}

static void test_ipc(void)
{
    struct {
        long type;
        char text[16];
    } m = {5, "message"};
    int q = msgget(IPC_PRIVATE, 0600), sem = semget(IPC_PRIVATE, 3, 0600);
    struct msqid_ds qs;
    struct semid_ds ss;

    show_call(msgsnd(q, &m, 8, 0));
    show_call(msgctl(q, IPC_STAT, &qs));
    show("messages %lu bytes %lu", (unsigned long)qs.msg_qnum, (unsigned long)qs.msg_cbytes);
    memset(&m, 0, sizeof(m));
    show_call(msgrcv(q, &m, 16, 0, IPC_NOWAIT));
    show("type %ld text %s", m.type, m.text);
    show_call(msgrcv(q, &m, 16, 0, IPC_NOWAIT));
    show_call(msgctl(q, IPC_RMID, NULL));

    unsigned short values[3] = {1, 2, 3};
    show_call(semctl(sem, 0, SETALL, values));
    struct sembuf ops[2] = {{0, 4, 0}, {2, -3, 0}};
    show_call(semop(sem, ops, 2));
    show_call(semctl(sem, 0, GETALL, values));
    show("values %d %d %d", values[0], values[1], values[2]);
    struct timespec ts = {0, 1000000};
    struct sembuf down = {2, -1, 0};
    show_call(semtimedop(sem, &down, 1, &ts));
    show_call(semctl(sem, 1, SETVAL, 9));
    show_call(semctl(sem, 1, GETVAL));
    show_call(semctl(sem, 0, IPC_STAT, &ss));
    show("nsems %lu mode %o otime set %d ctime set %d", (unsigned long)ss.sem_nsems,
         ss.sem_perm.mode, ss.sem_otime != 0, ss.sem_ctime != 0);
    ss.sem_perm.mode = 0640;
    show_call(semctl(sem, 0, IPC_SET, &ss));
    show_call(semctl(sem, 0, IPC_STAT, &ss));
    show("mode %o", ss.sem_perm.mode);
    show_call(semctl(sem, 0, IPC_RMID));
    show_call(semctl(sem, 0, GETVAL));
}

static void test_terminal(void)
{
    int master = -1, slave = -1;
    struct termios t;
    struct winsize w = {24, 80, 0, 0};
    char name[64] = {0}, buf[32] = {0};

    show_call(ioctl(0, TIOCGWINSZ, opaque(8)) == -1);
    show_call(openpty(&master, &slave, name, NULL, &w));
    show_true(isatty(slave) && strncmp(name, "/dev/pts/", 9) == 0);
    memset(&w, 0, sizeof(w));
    show_call(ioctl(slave, TIOCGWINSZ, &w));
    show("size %d %d", w.ws_row, w.ws_col);
    show_call(tcgetattr(slave, &t));
    show("flags %x %x %x %x", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag);
    cfmakeraw(&t);
    show_call(tcsetattr(slave, TCSANOW, &t));
    show_call(write(master, "typed", 5));
    show_call(read(slave, buf, 32));
    show("read %s", buf);
    show_call(tcflush(slave, TCIOFLUSH));
    show_call(ioctl(1, 0xdead, 0));
    show_call(isatty(1));
}

static void test_interfaces(void)
{
    struct ifreq one = {.ifr_name = "lo"}, list[64];
    struct ifconf conf = {.ifc_len = 0, .ifc_req = NULL};
    int fd = socket(AF_INET, SOCK_DGRAM, 0), zero = open("/dev/zero", O_RDONLY);

    show_call(ioctl(fd, SIOCGIFCONF, &conf));
    show("room for %d", conf.ifc_len);
    conf = (struct ifconf){.ifc_len = sizeof(list), .ifc_req = list};
    show_call(ioctl(fd, SIOCGIFCONF, &conf));
    show_true(conf.ifc_req == list);
    for (int i = 0; i < conf.ifc_len / (int)sizeof(list[0]); i++)
        show("interface %s %d", list[i].ifr_name, list[i].ifr_addr.sa_family);
    conf.ifc_len = sizeof(list[0]) - 1;
    show_call(ioctl(fd, SIOCGIFCONF, &conf));
    show("no room: %d", conf.ifc_len);
    conf = (struct ifconf){.ifc_len = sizeof(list), .ifc_req = opaque(8)};
    show_call(ioctl(fd, SIOCGIFCONF, &conf));
    show_call(ioctl(fd, SIOCGIFCONF, opaque(8)));
    conf = (struct ifconf){.ifc_len = -1, .ifc_req = list};
    show_call(ioctl(fd, SIOCGIFCONF, &conf));
    show_call(ioctl(zero, SIOCGIFCONF, &conf));
    show_call(ioctl(fd, SIOCGIFFLAGS, &one));
    show_true(one.ifr_flags & IFF_LOOPBACK);
}

int main(void)
{
    test_pipes();
    test_epoll();
    test_epoll_room();
    test_sockets();
    test_names();
    test_ipc();
    test_terminal();
    test_interfaces();
    return 0;
}
