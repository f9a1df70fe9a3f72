/* More of what processes exchange: pipes, sockets of each kind, epoll's modes, System V queues,
 * semaphores and memory between processes, and requests whose structs hold addresses. */
#define _GNU_SOURCE
#include "show.h"

#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

/* ---- pipes ----------------------------------------------------------------------------------- */

static void test_pipes(void)
{
    char buffer[70000];
    int p[2], q[2], copy = open("copy", O_RDWR | O_CREAT, 0644);

    memset(buffer, 'p', sizeof(buffer));
    signal(SIGPIPE, SIG_IGN);
    show_call(pipe2(p, O_NONBLOCK | O_CLOEXEC));
    show_call(pipe2(q, O_DIRECT));
    show_call(fcntl(p[1], F_SETPIPE_SZ, 8192));
    show_call(write(p[1], buffer, sizeof(buffer)));
    show_call(write(p[1], buffer, 1));
    show_call(read(p[0], buffer, 4096));
    show_call(write(p[1], buffer, 4097));
    show_call(tee(p[0], q[1], 100, 0));
    show_call(splice(p[0], NULL, copy, NULL, 50, 0));
    show_call(read(q[0], buffer, 10)); /* a packet: the rest of it is lost */
    struct iovec vec[2] = {{buffer, 5}, {buffer + 10, 7}};
    show_call(vmsplice(q[1], vec, 2, 0));
    show_call(readv(q[0], vec, 2));
    show_call(lseek(p[0], 0, SEEK_SET));
    close(p[0]);
    show_call(write(p[1], buffer, 1));
    show_call(mkfifo("fifo", 0644));
    show_call(open("fifo", O_WRONLY | O_NONBLOCK));
    int f = open("fifo", O_RDONLY | O_NONBLOCK);
    int g = open("fifo", O_WRONLY);
    show_call(write(g, "abc", 3));
    show_call(read(f, buffer, 10));
    show_call(read(f, buffer, 10));
    close(f), close(g), close(q[0]), close(q[1]), close(p[1]), close(copy);
}

/* ---- sockets --------------------------------------------------------------------------------- */

static int listen_on_loopback(int type, struct sockaddr_in *address)
{
    socklen_t len = sizeof(*address);
    int s = socket(AF_INET, type, 0);

    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    show_call(bind(s, (struct sockaddr *)address, sizeof(*address)));
    show_call(getsockname(s, (struct sockaddr *)address, &len));
    show("its address: %d, length %d", address->sin_port != 0, (int)len);
    return s;
}

static void test_tcp(void)
{
    struct sockaddr_in address, peer;
    socklen_t len = sizeof(peer);
    char buffer[100];
    int one = 1, value = 0, s = listen_on_loopback(SOCK_STREAM, &address);
    int c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    show_call(listen(s, 5));
    show_call(accept4(c, NULL, NULL, 0));
    show_call(connect(c, (struct sockaddr *)&address, sizeof(address)));
    int a = accept4(s, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
    struct pollfd f = {c, POLLOUT};
    show_call(poll(&f, 1, 10000));
    show("peer: %d, %d", peer.sin_addr.s_addr == address.sin_addr.s_addr, (int)len);
    show_call(setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
    len = sizeof(value);
    show_call(getsockopt(c, IPPROTO_TCP, TCP_NODELAY, &value, &len));
    show("no delay: %d, length %d", value, (int)len);
    len = 2;
    show_call(getsockopt(c, SOL_SOCKET, SO_TYPE, &value, &len));
    show("length %d", (int)len);
    show_call(getsockopt(c, SOL_SOCKET, SO_TYPE, opaque(8), &len));
    show_call(getsockopt(c, SOL_SOCKET, SO_TYPE, &value, opaque(8)));
    show_call(getsockopt(c, SOL_SOCKET, 999, &value, &len));
    show_call(setsockopt(c, 999, 1, &value, sizeof(value)));
    struct linger linger = {1, 5};
    struct timeval timeout = {0, 20000};
    show_call(setsockopt(c, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
    show_call(setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)));
    show_call(recv(a, buffer, 10, 0));
    show_call(recv(c, buffer, 10, 0));
    show_call(send(c, "text", 4, MSG_MORE));
    show_call(send(c, "!", 1, MSG_OOB));
    show_call(recv(a, buffer, 4, MSG_WAITALL));
    show_call(ioctl(a, SIOCATMARK, &value));
    show("at the mark: %d", value);
    show_call(recv(a, buffer, 10, MSG_OOB));
    show_call(shutdown(c, SHUT_WR));
    show_call(recv(a, buffer, 10, 0));
    show_call(send(c, "x", 1, MSG_NOSIGNAL));
    show_call(getpeername(s, (struct sockaddr *)&peer, &len));
    close(s), close(c), close(a);
}

static void test_udp(void)
{
    struct sockaddr_in to, from;
    struct mmsghdr messages[3] = {0};
    struct iovec vecs[3];
    char room[3][16] = {"one", "two", "three"};
    int s = listen_on_loopback(SOCK_DGRAM, &to), c = socket(AF_INET, SOCK_DGRAM, 0);
    socklen_t len = sizeof(from);

    show_call(sendto(c, "datagram", 8, 0, (struct sockaddr *)&to, sizeof(to)));
    show_call(recvfrom(s, room[0], 3, MSG_TRUNC, (struct sockaddr *)&from, &len));
    show("from: %d, %d", from.sin_family, (int)len);
    show_call(send(c, "x", 1, 0));
    show_call(connect(c, (struct sockaddr *)&to, sizeof(to)));
    for (int i = 0; i < 3; i++) {
        vecs[i] = (struct iovec){room[i], 3};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vecs[i], .msg_iovlen = 1};
    }
    show_call(sendmmsg(c, messages, 3, 0));
    show_call(recvmmsg(s, messages, 3, MSG_DONTWAIT, NULL));
    show("lengths: %u %u %u", messages[0].msg_len, messages[1].msg_len, messages[2].msg_len);
    show_call(recvmmsg(s, messages, 3, MSG_DONTWAIT, NULL));
    messages[0].msg_hdr.msg_iov = opaque(8);
    show_call(sendmmsg(c, messages, 1, 0));
    show_call(connect(c, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(struct sockaddr)));
    show_call(getpeername(c, (struct sockaddr *)&from, &len));
    close(s), close(c);
}

static void test_unix(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0isomorph exchange"};
    struct ucred cred;
    socklen_t len = sizeof(cred), size = sizeof(name);
    char buffer[64];
    int one = 1, s[2];

    show_call(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s));
    show_call(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)));
    show_call(send(s[0], "packet", 6, MSG_EOR));
    struct iovec vec = {buffer, 3};
    char control[128];
    struct msghdr m = {.msg_iov = &vec,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof(control)};
    show_call(recvmsg(s[1], &m, MSG_CMSG_CLOEXEC));
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    show("flags %#x, control %d %d", m.msg_flags, c ? c->cmsg_type : -1,
         c && ((struct ucred *)CMSG_DATA(c))->pid == getpid());
    m.msg_control = opaque(8);
    m.msg_controllen = 64;
    show_call(send(s[0], "again", 5, 0));
    show_call(recvmsg(s[1], &m, 0));
    show_call(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &cred, &len));
    show_true(cred.pid == getpid() && cred.uid == getuid());
    show_call(getsockname(s[0], (struct sockaddr *)&name, &size));
    show("length %d", (int)size);
    show_call(sendto(s[0], "x", 1, 0, (struct sockaddr *)&name, 1));
    show_call(socketpair(AF_INET, SOCK_STREAM, 0, s));
    show_call(socket(AF_UNIX, 77, 0));
    show_call(socket(999, SOCK_STREAM, 0));
}

/* ---- epoll ----------------------------------------------------------------------------------- */

static void test_epoll(void)
{
    int set = epoll_create1(0), outer = epoll_create1(0), p[2];
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = 1}, out[4];
    char buffer[8];

    pipe(p);
    show_call(epoll_ctl(set, EPOLL_CTL_ADD, p[0], &event));
    write(p[1], "ab", 2);
    show_call(epoll_wait(set, out, 4, 0));
    show_call(epoll_wait(set, out, 4, 0)); /* an edge is told of once */
    write(p[1], "c", 1);
    show_call(epoll_wait(set, out, 4, 0));
    event.events = EPOLLIN | EPOLLONESHOT;
    show_call(epoll_ctl(set, EPOLL_CTL_MOD, p[0], &event));
    show_call(epoll_wait(set, out, 4, 0));
    show_call(epoll_wait(set, out, 4, 0));
    show_call(epoll_ctl(set, EPOLL_CTL_MOD, p[0], &event));
    event.data.u64 = 0xfedcba9876543210;
    show_call(epoll_ctl(outer, EPOLL_CTL_ADD, set, &event));
    show_call(epoll_wait(outer, out, 4, 0));
    show("data %lx", (long)out[0].data.u64);
    show_call(epoll_ctl(set, EPOLL_CTL_ADD, set, &event));
    show_call(epoll_ctl(set, EPOLL_CTL_ADD, outer, &event));
    show_call(epoll_ctl(set, 77, p[0], &event));
    show_call(epoll_wait(p[0], out, 4, 0));
    close(p[1]);
    read(p[0], buffer, 3);
    show_call(epoll_wait(set, out, 4, 0));
    show("events %x", out[0].events);
    int dup_fd = dup(p[0]);
    close(p[0]);
    event.events = EPOLLIN;
    show_call(epoll_ctl(set, EPOLL_CTL_DEL, p[0], NULL));
    close(dup_fd);
    show_call(epoll_wait(set, out, 4, 0));
    show_call(epoll_create(0));
    show_call(epoll_create1(1));
    close(set), close(outer);
}

/* ---- System V -------------------------------------------------------------------------------- */

static void test_queue(void)
{
    struct {
        long type;
        char text[32];
    } m = {.text = "text"};
    int q = msgget(IPC_PRIVATE, 0600);
    struct msqid_ds info;

    for (int i = 1; i <= 5; i++) {
        m.type = i;
        show_call(msgsnd(q, &m, 4 + i, 0));
    }
    show_call(msgrcv(q, &m, 32, 3, 0));
    show_call(msgrcv(q, &m, 32, -2, 0));
    show("type %ld", m.type);
    show_call(msgrcv(q, &m, 32, 2, MSG_EXCEPT));
    show("type %ld", m.type);
    show_call(msgrcv(q, &m, 2, 0, 0));
    show_call(msgrcv(q, &m, 2, 0, MSG_NOERROR));
    show_call(msgrcv(q, &m, 32, 0, MSG_COPY | IPC_NOWAIT));
    m.type = 0;
    show_call(msgsnd(q, &m, 4, 0));
    m.type = 1;
    show_call(msgsnd(q, &m, -1, 0));
    show_call(msgctl(q, IPC_STAT, &info));
    show("left %lu", (unsigned long)info.msg_qnum);
    info.msg_qbytes = 40;
    show_call(msgctl(q, IPC_SET, &info));
    show_call(msgsnd(q, &m, 32, IPC_NOWAIT));
    show_call(msgsnd(q, &m, 32, IPC_NOWAIT));
    pid_t pid = fork();
    if (pid == 0) {
        while (msgrcv(q, &m, 32, 77, 0) < 0 && errno == EINTR)
            ;
        _exit(errno == EIDRM ? 5 : 6);
    }
    int status;
    struct timespec nap = {0, 20000000};
    nanosleep(&nap, NULL);
    show_call(msgctl(q, IPC_RMID, NULL));
    waitpid(pid, &status, 0);
    show_status("who waited at a queue that went", status);
    show_call(msgget(0x7e577e57, 0600));
}

/* A semaphore between two processes, with an undo. */
static void test_semaphores(void)
{
    int s = semget(IPC_PRIVATE, 2, 0600), status;
    struct sembuf undone = {0, 3, SEM_UNDO}, down = {1, -1, 0}, up = {1, 1, 0},
                  wait_zero = {0, 0, 0};

    pid_t pid = fork();
    if (pid == 0) {
        semop(s, &undone, 1);
        semop(s, &up, 1);
        _exit(semctl(s, 0, GETVAL));
    }
    show_call(semop(s, &down, 1));
    waitpid(pid, &status, 0);
    show_status("with the semaphore at", status);
    show_call(semctl(s, 0, GETVAL));
    show_call(semop(s, &wait_zero, 1));
    show_call(semctl(s, 1, GETNCNT));
    show_call(semctl(s, 0, GETPID) == pid);
    show_call(semctl(s, 7, GETVAL));
    show_call(semctl(s, 0, SETVAL, 100000));
    show_call(semop(s, &(struct sembuf){9, 1, 0}, 1));
    show_call(semop(s, &(struct sembuf){0, -1, IPC_NOWAIT}, 1));
    show_call(semop(s, opaque(8), 1));
    show_call(semop(s, &up, 0));
    show_call(semctl(s, 0, IPC_RMID));
}

static void test_segments(void)
{
    int s = shmget(IPC_PRIVATE, 10000, 0600), status;
    struct shmid_ds info;
    volatile int *a = shmat(s, NULL, 0);
    const volatile int *b = shmat(s, NULL, SHM_RDONLY);

    pid_t pid = fork();
    if (pid == 0) {
        a[5] = 55;
        _exit(0);
    }
    waitpid(pid, &status, 0);
    show("seen: %d %d", a[5], b[5]);
    show_call(shmctl(s, IPC_STAT, &info));
    show("size %zu, attached %d", (size_t)info.shm_segsz, (int)info.shm_nattch);
    show_true(shmat(s, (const void *)a, 0) == (void *)-1 && errno == EINVAL);
    show_true(shmat(s, (const void *)a, SHM_REMAP) == a);
    show_call(shmctl(s, IPC_RMID, NULL));
    show("still there: %d", a[5]);
    show_call(shmdt((const void *)a));
    show_call(shmdt((const void *)b));
    show_call(shmdt((const void *)b));
    show_call((long)shmat(s, NULL, 0));
    show_call(shmget(IPC_PRIVATE, 0, 0600));
}

/* ---- requests with addresses in them --------------------------------------------------------- */

static void test_interfaces(void)
{
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq list[16] = {0}, one = {.ifr_name = "lo"};
    struct ifconf conf = {.ifc_len = 0};
    struct ethtool_value link = {.cmd = ETHTOOL_GLINK};
    struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};

    show_call(ioctl(s, SIOCGIFCONF, &conf)); /* only the length */
    show_true(conf.ifc_len > 0 && conf.ifc_buf == NULL);
    conf = (struct ifconf){.ifc_len = sizeof(list), .ifc_req = list};
    show_call(ioctl(s, SIOCGIFCONF, &conf));
    show_true(conf.ifc_req == list);
    bool lo = false;
    for (int i = 0; i < conf.ifc_len / (int)sizeof(*list) && i < 16; i++)
        lo |= strcmp(list[i].ifr_name, "lo") == 0 &&
              ((struct sockaddr_in *)&list[i].ifr_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
    show("has a loopback: %d", lo);
    conf.ifc_buf = opaque(8);
    show_call(ioctl(s, SIOCGIFCONF, &conf));
    show_call(ioctl(s, SIOCGIFCONF, opaque(8)));
    show_call(ioctl(s, SIOCGIFINDEX, &one));
    show("index %d", one.ifr_ifindex);
    show_call(ioctl(s, SIOCGIFMTU, &one));
    one.ifr_data = (char *)&link;
    show_call(ioctl(s, SIOCETHTOOL, &one));
    show("link %u, address kept %d", link.data, one.ifr_data == (char *)&link);
    one.ifr_data = (char *)&driver;
    show_call(ioctl(s, SIOCETHTOOL, &one));
    show("driver %s", driver.driver);
    one.ifr_data = opaque(8);
    show_call(ioctl(s, SIOCETHTOOL, &one));
    strcpy(one.ifr_name, "nosuch");
    show_call(ioctl(s, SIOCGIFFLAGS, &one));
    close(s);
}

/* Of files: an array behind a struct, and numbers that say how large they are. */
static void test_file_requests(void)
{
    struct {
        struct fiemap map;
        struct fiemap_extent extents[4];
    } f = {.map = {.fm_length = 1 << 20, .fm_extent_count = 4}};
    int fd = open("file", O_RDWR | O_CREAT, 0644), flags = 0, size = 0;
    long bytes = 0;

    write(fd, "contents", 8);
    fsync(fd);
    errno = 0;
    bool mapped = ioctl(fd, FS_IOC_FIEMAP, &f) == 0;
    show("extents: %d %s", mapped ? f.map.fm_mapped_extents : -1, strerrorname_np(errno));
    show_call(ioctl(fd, FIGETBSZ, &size) == 0 && size >= 512);
    show_call(ioctl(fd, FIOQSIZE, &bytes));
    show("size %ld", bytes);
    show_ok(ioctl(fd, FS_IOC_GETFLAGS, &flags));
    show_call(ioctl(fd, FS_IOC_GETFLAGS, opaque(8)));
    show_call(ioctl(fd, FICLONE, -1));
    show_call(ioctl(fd, TCGETS, opaque(8)));
    show_call(ioctl(fd, 0xdeadbeef, opaque(8)));
    show_call(ioctl(-1, FIONREAD, &size));
    close(fd);
}

int main(void)
{
    test_pipes();
    test_tcp();
    test_udp();
    test_unix();
    test_epoll();
    test_queue();
    test_semaphores();
    test_segments();
    test_interfaces();
    test_file_requests();
    return 0;
}
