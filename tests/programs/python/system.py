"""Python and the system: files, processes, ctypes with callbacks, sqlite3, sockets, select, signals, mmap, time."""
import array, bz2, ctypes, errno, fcntl, filecmp, fnmatch, gzip, io, json, lzma, mmap, os, pathlib, pickle, platform
import pty, queue, resource, select, selectors, shutil, signal, socket, socketserver, sqlite3, stat, struct, subprocess
import sys, tarfile, tempfile, termios, time, zipfile, zlib, glob, http.server, errno, faulthandler, locale, shelve
import ctypes.util

os.chdir("scratch")
os.umask(0o022)
print("--- files")
path = pathlib.Path("dir/sub/file.txt")
path.parent.mkdir(parents=True)
path.write_text("".join(f"line {i}\n" for i in range(1000)))
print(path.stat().st_size, path.suffix, path.stem, oct(path.stat().st_mode), path.read_text().splitlines()[-1])
with open(path, "r+b", buffering=0) as f:
    f.seek(-9, os.SEEK_END)
    print(f.read(), f.tell(), f.write(b"more"), f.truncate(100), os.fstat(f.fileno()).st_size)
    fcntl.flock(f, fcntl.LOCK_EX)
    print(fcntl.fcntl(f, fcntl.F_GETFD), os.pread(f.fileno(), 6, 7), os.get_inheritable(f.fileno()))
for call in (lambda: open("nosuch"), lambda: os.mkdir("dir"), lambda: os.rmdir("dir"),
             lambda: os.listdir("dir/sub/file.txt"),
             lambda: os.open("dir", os.O_WRONLY), lambda: os.read(999, 1), lambda: os.kill(99999999, 0),
             lambda: os.readlink("dir")):
    try:
        call()
    except OSError as error:
        print(type(error).__name__, errno.errorcode[error.errno], error.strerror, error.filename)
os.symlink("sub/file.txt", "dir/link")
os.link(path, "dir/hard")
os.utime(path, ns=(10**18, 10**18 + 123456789))
print(os.readlink("dir/link"), os.path.realpath("dir/link").endswith("dir/sub/file.txt"), path.stat().st_nlink,
    path.stat().st_mtime_ns)
shutil.copytree("dir", "copy", symlinks=True)
print(sorted(str(p) for p in pathlib.Path("copy").rglob("*")), filecmp.dircmp("dir", "copy").diff_files,
    sorted(glob.glob("**/*.txt", recursive=True)))
print([(e.name, e.is_dir(), e.is_symlink()) for e in sorted(os.scandir("dir"), key=lambda e: e.name)],
    [sorted(d) for _, d, _ in os.walk("copy")])
with tempfile.NamedTemporaryFile(dir=".", suffix=".tmp") as t:
    t.write(b"x" * 100000)
    t.flush()
    print(os.path.getsize(t.name), stat.filemode(os.stat(t.name).st_mode))
shutil.rmtree("copy")
print(os.path.exists("copy"), os.access("dir", os.W_OK), fnmatch.filter(["a.py", "b.c"], "*.py"), os.fspath(path))
os.setxattr("dir/hard", "user.note", b"value") if hasattr(os, "setxattr") and False else None
with open("mapped", "w+b") as f:
    f.truncate(3 * 4096)
    with mmap.mmap(f.fileno(), 0) as m:
        m[4090:4100] = b"0123456789"
        m.flush()
        print(m.find(b"456"), m[4094:4098], len(m), m.rfind(b"9"))
        m.resize(4 * 4096)
        print(len(m), os.path.getsize("mapped"))
anonymous = mmap.mmap(-1, 8192)
if os.fork() == 0:
    anonymous[:5] = b"child"
    os._exit(0)
os.wait()
print(anonymous[:5])
os.memfd_create("m")
r, w = os.pipe()
print(os.writev(w, [b"a", b"bc"]), os.readv(r, [bytearray(2), bytearray(2)]), os.get_blocking(r))
print(os.copy_file_range(os.open(path, os.O_RDONLY), os.open("copied", os.O_CREAT | os.O_WRONLY, 0o600), 50),
    os.stat("copied").st_size)
print(os.sendfile(os.open("copied", os.O_CREAT | os.O_WRONLY), os.open(path, os.O_RDONLY), 0, 30))

print("--- archives")
blob = b"".join(b"%d " % (i * i % 1009) for i in range(20000))
for module in (gzip, bz2, lzma):
    packed = module.compress(blob)
    print(module.__name__, len(packed) < len(blob), module.decompress(packed) == blob)
with zipfile.ZipFile("z.zip", "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr(zipfile.ZipInfo("a/b.txt", (2024, 2, 29, 1, 2, 4)), blob)
    print(z.testzip(), z.infolist()[0].CRC)
with tarfile.open("t.tar.xz", "w:xz") as t:
    t.add("dir")
with tarfile.open("t.tar.xz") as t:
    print(sorted(m.name for m in t), t.getmember("dir/link").linkname, t.extractfile("dir/hard").read(10))
with shelve.open("shelf") as s:
    s["k"] = {"a": [1]}
with shelve.open("shelf") as s:
    print(dict(s))

print("--- sqlite3")
db = sqlite3.connect("file.db")
db.execute("create table t(id integer primary key, name text, amount real, data blob)")
db.executemany("insert into t(name, amount, data) values(?, ?, ?)",
    ((f"name{i % 50}", i / 3, bytes([i % 256])) for i in range(5000)))
db.create_function("twice", 1, lambda x: x * 2)


class Longest:
    def __init__(self):
        self.best = ""

    def step(self, value):
        self.best = max(self.best, value, key=len)

    def finalize(self):
        return self.best


db.create_aggregate("longest", 1, Longest)
db.create_collation("backwards", lambda a, b: (a[::-1] > b[::-1]) - (a[::-1] < b[::-1]))
print(db.execute("select count(*), round(sum(amount), 3), twice(max(id)), longest(name) from t").fetchone())
print(db.execute("select name, count(*) from t group by name order by name collate backwards limit 3").fetchall())
with db:
    db.execute("update t set amount = 0 where id % 2")
try:
    with db:
        db.execute("delete from t")
        raise ValueError
except ValueError:
    print(db.execute("select count(*), total(amount) from t").fetchone(), sqlite3.sqlite_version)
try:
    db.execute("select * from nosuch")
except sqlite3.OperationalError as error:
    print(error)
db.close()

print("--- ctypes")
libc = ctypes.CDLL(None)
CMP = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
calls = 0


@CMP
def compare(a, b):
    global calls
    calls += 1
    return a[0] - b[0]


numbers = (ctypes.c_int * 200)(*[(i * 7919) % 1009 for i in range(200)])
libc.qsort(numbers, len(numbers), ctypes.sizeof(ctypes.c_int), compare)
print(list(numbers) == sorted(numbers), numbers[0], numbers[199], calls > 200)


class Div(ctypes.Structure):
    _fields_ = [("quot", ctypes.c_int), ("rem", ctypes.c_int)]


libc.div.restype = Div
d = libc.div(17, 5)
libm = ctypes.CDLL("libm.so.6")
libm.pow.restype = libm.fmod.restype = ctypes.c_double
libm.pow.argtypes = libm.fmod.argtypes = [ctypes.c_double, ctypes.c_double]
libm.ldexpf.restype, libm.ldexpf.argtypes = ctypes.c_float, [ctypes.c_float, ctypes.c_int]
buffer = ctypes.create_string_buffer(100)
libc.snprintf.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p]
n = libc.snprintf(buffer, ctypes.c_size_t(100), b"%d %s %.3f %ld %c %g", ctypes.c_int(42), b"text",
    ctypes.c_double(3.14159),
                  ctypes.c_long(-(2**40)), ctypes.c_int(65), ctypes.c_double(1e10))
print(d.quot, d.rem, libm.pow(2, 0.5), libm.fmod(7.5, 2), libm.ldexpf(1.5, 3), n, buffer.value)
DOUBLES = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * 10, ctypes.c_int, ctypes.c_float)
mixed = DOUBLES(lambda *a: sum(x * (i + 1) for i, x in enumerate(a)))
print(mixed(*[i / 4 for i in range(10)], 11, 0.5))


class Big(ctypes.Structure):
    _fields_ = [("a", ctypes.c_longlong * 4), ("f", ctypes.c_float), ("bits", ctypes.c_uint, 3)]


class Pair(ctypes.Structure):
    _fields_ = [("x", ctypes.c_double), ("i", ctypes.c_int)]


BIG = ctypes.CFUNCTYPE(ctypes.c_longlong, Big, Pair)
print(BIG(lambda b, p: sum(b.a) + int(b.f) + b.bits + int(p.x * 10) + p.i)(Big((ctypes.c_longlong * 4)(1, 2, 3,
    4), 5.5, 6), Pair(1.5, 7)))
libc.strerror.restype = ctypes.c_char_p
get = ctypes.CDLL(None, use_errno=True)
print(get.open(b"/nosuch", 0), ctypes.get_errno(), libc.strerror(2), ctypes.string_at(b"abc", 2),
    ctypes.sizeof(Big), ctypes.alignment(Pair))
BSEARCH = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
key = ctypes.c_int(numbers[77])
libc.bsearch.restype = ctypes.c_void_p
found = libc.bsearch(ctypes.byref(key), numbers, 200, 4,
    BSEARCH(lambda a, b: ctypes.c_int.from_address(a).value - ctypes.c_int.from_address(b).value))
print(ctypes.c_int.from_address(found).value == key.value, ctypes.c_uint8(300).value, ctypes.c_int32(2**31).value)

print("--- subprocess")
print(subprocess.run(["echo", "a b"], capture_output=True, text=True), subprocess.run("exit 3", shell=True).returncode)
print(subprocess.check_output(["sort", "-n"], input=b"3\n1\n2\n"),
    subprocess.run(["sh", "-c", "kill -9 $$"]).returncode)
with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
    print(p.communicate(b"x" * 300000)[0] == b"x" * 300000, p.returncode)
try:
    subprocess.run(["nosuchprogram"])
except FileNotFoundError as error:
    print(error)
try:
    subprocess.run(["sleep", "10"], timeout=0.2)
except subprocess.TimeoutExpired as error:
    print(error)
print(subprocess.run(["env"], env={"A": "1"}, capture_output=True).stdout,
    subprocess.run(["pwd"], cwd="/", capture_output=True).stdout)
print(subprocess.run([sys.executable, "-c", "import sys; print(sys.argv, sys.stdin.read()); sys.exit(4)", "x"],
    input="in", text=True, capture_output=True))
first = subprocess.Popen(["seq", "1000"], stdout=subprocess.PIPE)
second = subprocess.Popen(["tail", "-n1"], stdin=first.stdout, stdout=subprocess.PIPE)
first.stdout.close()
print(second.communicate(), first.wait(), os.popen("echo popen").read(), os.system("exit 2") >> 8)
pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 9"], os.environ)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
r, w = os.pipe()
print(subprocess.run(["bash", "-c", f"echo through >&{w}"], pass_fds=[w]).returncode, os.read(r, 100),
    subprocess.run(["true"], preexec_fn=os.setsid, start_new_session=False).returncode)

print("--- signals and time")
got = []
for number in (signal.SIGUSR1, signal.SIGALRM, signal.SIGCHLD):
    signal.signal(number, lambda s, f: got.append(signal.Signals(s).name))
os.kill(os.getpid(), signal.SIGUSR1)
signal.setitimer(signal.ITIMER_REAL, 0.05)
signal.pause()
subprocess.run(["true"])
print(got)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
os.kill(os.getpid(), signal.SIGUSR1)
print(signal.sigpending(), signal.sigwait({signal.SIGUSR1}), len(got))
signal.signal(signal.SIGALRM, lambda s, f: (_ for _ in ()).throw(TimeoutError("alarm")))
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    while True:
        pass
except TimeoutError as error:
    print(error)
t = time.monotonic()
time.sleep(0.05)
print(0.05 <= time.monotonic() - t < 30, time.strftime("%F %T", time.gmtime(10**9)),
    time.clock_getres(time.CLOCK_MONOTONIC) <= 0.01, time.process_time() > 0)
pid = os.fork()
if pid == 0:
    faulthandler.disable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.string_at(8)
print(os.WTERMSIG(os.waitpid(pid, 0)[1]), resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 0)
pid = os.fork()
if pid == 0:
    resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
    try:
        bytearray(1 << 30)
    except MemoryError:
        os._exit(11)
    os._exit(12)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
master, slave = pty.openpty()
termios.tcsetwinsize(slave, (30, 90))
print(os.isatty(slave), os.get_terminal_size(slave), os.write(master, b"typed\n"), os.read(slave, 100),
    os.read(master, 100))

print("--- sockets")
a, b = socket.socketpair()
a.sendall(b"pair")
print(b.recv(10), b.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM)
x = os.open(path, os.O_RDONLY)
socket.send_fds(a, [b"fd"], [x])
data, fds, _, _ = socket.recv_fds(b, 10, 1)
print(data, os.fstat(fds[0]).st_ino == os.fstat(x).st_ino)
server = socket.create_server(("127.0.0.1", 0))
pid = os.fork()
if pid == 0:
    with socket.create_connection(server.getsockname()) as c:
        c.sendall(b"question " * 10000)
        c.shutdown(socket.SHUT_WR)
        reply = b"".join(iter(lambda: c.recv(65536), b""))
        os._exit(len(reply) % 251)
connection, peer = server.accept()
total = 0
while data := connection.recv(4096):
    total += len(data)
    connection.sendall(data.upper())
connection.close()
print(total, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 90000 % 251, peer[0])
udp = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
udp[0].bind(("127.0.0.1", 0))
udp[1].sendto(b"datagram", udp[0].getsockname())
print(udp[0].recvfrom(100)[0], socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)[0][4],
    socket.inet_pton(socket.AF_INET6, "::1").hex())
unix = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
unix.bind("\0abstract-%d" % os.getpid())
unix.listen()
client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
client.connect(unix.getsockname())
served, _ = unix.accept()
print(client.send(b"one"), client.send(b"two"), served.recv(100),
    struct.unpack("3i", served.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0] == os.getpid())
selector = selectors.EpollSelector()
r, w = os.pipe()
selector.register(r, selectors.EVENT_READ, "pipe")
selector.register(a, selectors.EVENT_READ | selectors.EVENT_WRITE, "socket")
print(sorted((k.data, e) for k, e in selector.select(0)))
os.write(w, b"x")
print(sorted((k.data, e) for k, e in selector.select(1)), select.select([r, b], [w], [], 0) == ([r], [w], []))
poll = select.poll()
poll.register(r, select.POLLIN)
os.close(w)
print(poll.poll(0)[0][1] & (select.POLLIN | select.POLLHUP), os.eventfd_read(os.eventfd(5)),
    socket.socket().connect_ex(("127.0.0.1", 1)))
print(platform.system(), sys.byteorder, sys.platform, os.cpu_count() > 0, os.getpgrp() == os.getpgid(0),
    len(os.urandom(16)), os.uname().sysname)
sys.stdout.flush()
os.execvp("sh", ["sh", "-c", "echo replaced by $0; exit 6", "shell"])
