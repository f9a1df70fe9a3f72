#!/usr/bin/env python3
"""The debugger's port, byte by byte: what a client may do, and what nobody should. Prints TAP.

    test_protocol.py ISOMORPH GUEST [PACKETS [SEED]]

GUEST is debuggee.c. PACKETS: how many random ones are sent. Whatever is sent, isomorph answers or closes, and ends as
the guest does or by the client's wish: never by a defect (status 124) or a signal of its own.
"""
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap

ISOMORPH, GUEST = (os.path.abspath(a) for a in sys.argv[1:3])
PACKETS = int(sys.argv[3]) if len(sys.argv) > 3 else 4000
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else 1
TIMEOUT = 30

cases = []


def case(name, *args):
    def add(function):
        cases.append((name, args, function))
        return function
    return add


def checksum(payload):
    return sum(payload) & 255


def frame(payload):
    if isinstance(payload, str):
        payload = payload.encode()
    return b"$" + payload + b"#%02x" % checksum(payload)


def escape(data):
    return b"".join(b"}" + bytes([b ^ 0x20]) if b in b"#$}*" else bytes([b]) for b in data)


class Session:
    """A guest that waits, and a connection to it."""

    def __init__(self, *words, options=()):
        self.folder = tempfile.TemporaryDirectory(prefix="isomorph-gdb.")
        self.path = self.folder.name + "/socket"
        env = {k: v for k, v in os.environ.items() if not k.startswith(("ISOMORPH_", "QEMU_"))}
        self.guest = subprocess.Popen([ISOMORPH, *options, "-g", self.path, GUEST, *words], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT)
        for _ in range(400):
            try:
                self.socket.connect(self.path)
                break
            except OSError:
                time.sleep(0.05)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()
        if self.guest.poll() is None:
            self.guest.kill()
        self.guest.communicate()
        self.folder.cleanup()

    def byte(self):
        if not self.buffer:
            self.buffer = self.socket.recv(65536)
            if not self.buffer:
                raise EOFError
        first, self.buffer = self.buffer[:1], self.buffer[1:]
        return first

    def packet(self):
        """The next packet, acknowledged; '-' and '+' before it are left out."""
        while self.byte() != b"$":
            pass
        payload = b""
        while (c := self.byte()) != b"#":
            payload += c
        given = int(self.byte() + self.byte(), 16)
        assert given == checksum(payload), payload
        try:
            self.socket.sendall(b"+")
        except OSError: # that was its last
            pass
        return payload

    def ask(self, payload):
        self.socket.sendall(frame(payload))
        return self.packet()

    def end(self, timeout=TIMEOUT):
        self.socket.close()
        out, err = self.guest.communicate(timeout=timeout)
        return self.guest.returncode, out.decode(errors="replace"), err.decode(errors="replace")


def expect(*pairs):
    """Complaints about (what, is, pattern) triples."""
    return [f"{what}: {got!r} is not {pattern!r}" for what, got, pattern in pairs
            if not re.fullmatch(pattern, got if isinstance(got, str) else got.decode("latin-1"), re.S)]


# ---- what a client may do -------------------------------------------------------------------------------------------

@case("the first stop, registers, memory, and the end")
def usual():
    with Session() as s:
        regs = s.ask("g").decode()
        pc = int.from_bytes(bytes.fromhex(s.ask("p20").decode()), "little")
        bad = expect(("?", s.ask("?"), r"T05thread:[0-9a-f]+;02:\w{16};08:\w{16};20:\w{16};"),
                     ("g", regs, r"[0-9a-f]{%d}" % (2 * (8 * 32 + 8 + 8 * 32 + 4))),
                     ("p20 in g", regs[512:528], s.ask("p20").decode()), ("m", s.ask(f"m{pc:x},4"), r"[0-9a-f]{8}"),
                     ("m of nothing", s.ask("m0,4"), r"E0e"), ("m beyond", s.ask("mffffffffffffffff,10"), r"E0e"),
                     ("m of no bytes", s.ask(f"m{pc:x},0"), r""), ("qC", s.ask("qC"), r"QC[0-9a-f]+"),
                     ("unknown", s.ask("vNothing"), r""), ("unknown", s.ask("qNothing:1"), r""), ("!", s.ask("!"), r""),
                     ("c", s.ask("c"), r"W07"))
        status, out, _ = s.end()
        return bad + expect(("status", str(status), "7"), ("output", out, r"sum 385.*\n"))


@case("registers of all kinds are written and read back")
def write_registers():
    with Session() as s:
        regs = s.ask("g").decode()
        new = bytes(8) + bytes(range(1, 249)) + bytes.fromhex(regs[512:528]) + bytes(range(256)) + b"\xe1\0\0\0"
        bad = expect(("G", s.ask("G" + new.hex()), "OK"), ("g", s.ask("g"), new.hex()),
                     ("P zero", s.ask("P0=ffffffffffffffff"), "OK"), ("p zero", s.ask("p0"), "0" * 16),
                     ("P fcsr", s.ask("P44=1f000000"), "OK"), ("p fcsr", s.ask("p44"), "1f000000"),
                     ("odd pc", s.ask("P20=0100000000000000"), "OK"), ("even pc", s.ask("p20"), "0" * 16),
                     ("G", s.ask("G" + regs), "OK"), ("c", s.ask("c"), "W07"))
        return bad + expect(("status", str(s.end()[0]), "7"))


@case("memory is written, escaped bytes and code too")
def write_memory():
    with Session() as s:
        sp = int.from_bytes(bytes.fromhex(s.ask("p2").decode()), "little") - 4096
        pc = int.from_bytes(bytes.fromhex(s.ask("p20").decode()), "little")
        data = bytes(range(256))
        code = s.ask(f"m{pc:x},4").decode()
        bad = expect(("X", s.ask(b"X%x,100:" % sp + escape(data)), "OK"), ("m", s.ask(f"m{sp:x},100"), data.hex()),
                     ("M", s.ask(f"M{sp:x},2:abcd"), "OK"), ("m", s.ask(f"m{sp:x},2"), "abcd"),
                     ("X of nothing", s.ask(f"X{sp:x},0:"), "OK"),
                     ("ebreak", s.ask(f"M{pc:x},4:73001000"), "OK"), ("c", s.ask("c"), "T05.*"),
                     ("code", s.ask(f"M{pc:x},4:{code}"), "OK"), ("step", s.ask("s"), "T05.*"),
                     ("M to nothing", s.ask("M8,1:00"), "E0e"), ("c", s.ask("c"), "W07"))
        return bad + expect(("status", str(s.end()[0]), "7"))


@case("acknowledgements: '-' repeats the answer, a wrong checksum is answered by '-'")
def acknowledgements():
    with Session() as s:
        first = s.ask("qC")
        s.socket.sendall(b"-")
        again = s.packet()
        s.socket.sendall(b"$qC#00")
        got = b""
        while len(got) < 1:
            got += s.byte().replace(b"+", b"")
        return expect(("again", again, re.escape(first.decode())), ("bad sum", got, "-"),
                      ("no ack", s.ask("QStartNoAckMode"), "OK"), ("then", s.ask("qC"), re.escape(first.decode())))


@case("steps, breakpoints and why it stopped")
def points():
    with Session() as s:
        s.ask("qSupported:swbreak+;hwbreak+;vContSupported+")
        pc = int.from_bytes(bytes.fromhex(s.ask("p20").decode()), "little")
        bad = expect(("s", s.ask("s"), "T05.*"))
        after = int.from_bytes(bytes.fromhex(s.ask("p20").decode()), "little")
        entry = f"{after:x}"
        bad += expect(("moved", str(after != pc), "True"), ("Z0", s.ask(f"Z0,{entry},2"), "OK"),
                      ("twice", s.ask(f"Z0,{entry},2"), "OK"), ("hit", s.ask("vCont;c"), "T05.*swbreak:;"),
                      ("z0", s.ask(f"z0,{entry},2"), "OK"), ("none", s.ask(f"z0,{entry},2"), "OK"),
                      ("Z1", s.ask(f"Z1,{entry},2"), "OK"), ("hit", s.ask("vCont;c"), "T05.*hwbreak:;"),
                      ("z1", s.ask(f"z1,{entry},2"), "OK"), ("range", s.ask(f"vCont;r{pc:x},{pc + 8:x}"), "T05.*"),
                      ("Z5", s.ask("Z5,10,2"), ""), ("unmapped", s.ask("Z0,10,2"), "E0e"),
                      ("long watch", s.ask("Z2,10,ffffffffffffffff"), "E16"), ("c", s.ask("c"), "W07"))
        return bad


WRITE, EXIT_GROUP, TGKILL, GETPID = 64, 94, 131, 172 # of the guest's machine
A0, A7, PC = "pa", "p11", "p20"
TEXT_SIZE = len("sum 385 weight 2 constant 17\n")


def number(text):
    """A register's value, as it is sent."""
    return int.from_bytes(bytes.fromhex(text.decode()), "little")


def bytes8(value):
    return value.to_bytes(8, "little").hex()


@case("system calls are caught, on the way in and out")
def caught_calls():
    with Session("calls") as s:
        bad = expect(("offered", s.ask("qSupported:swbreak+"), ".*;QCatchSyscalls[+];.*"),
                     ("one", s.ask(f"QCatchSyscalls:1;{WRITE:x};1ff;200;ffffffffffffffff"), "OK"),
                     ("in", s.ask("vCont;c"), f"T05.*syscall_entry:{WRITE:x};"))
        at = number(s.ask(PC))
        bad += expect(("at the call", s.ask(f"m{at:x},4"), "73000000"), ("number", str(number(s.ask(A7))), str(WRITE)),
                      ("out", s.ask("vCont;c"), f"T05.*syscall_return:{WRITE:x};"),
                      ("behind it", str(number(s.ask(PC)) - at), "4"),
                      ("written", str(number(s.ask(A0))), str(TEXT_SIZE)),
                      ("none", s.ask("QCatchSyscalls:0"), "OK"), ("c", s.ask("c"), "W07"))
        status, out, _ = s.end()
        return bad + expect(("status", str(status), "7"), ("output", out, r"sum 385.*\n"))


@case("all system calls: each one that begins ends, but for the last")
def all_calls():
    with Session("calls") as s:
        s.ask("QCatchSyscalls:1")
        stops = []
        while (stop := s.ask("c"))[:1] == b"T" and len(stops) < 1000:
            stops.append(re.search(rb"syscall_(entry|return):(\w+);", stop).groups())
        pairs = [pair for n in stops[:-1:2] for pair in ((b"entry", n[1]), (b"return", n[1]))]
        return expect(("paired", str(stops[:-1] == pairs), "True"), ("some", str((b"entry", b"40") in stops), "True"),
                      ("last", str(stops[-1:]), rf".*entry.*{EXIT_GROUP:x}.*"), ("end", stop, "W07"))


@case("a system call that is about to be made becomes another, or is left out")
def changed_calls():
    bad = []
    with Session("calls") as s:
        s.ask(f"QCatchSyscalls:1;{WRITE:x}")
        bad += expect(("in", s.ask("c"), "T05.*syscall_entry.*"), ("other number", s.ask(f"P11={bytes8(GETPID)}"), "OK"),
                      ("not caught", s.ask("QCatchSyscalls:0"), "OK"), ("step", s.ask("s"), "T05.*;"),
                      ("process", str(number(s.ask(A0))), str(s.guest.pid)),
                      ("all is written, it is told", s.ask(f"Pa={bytes8(TEXT_SIZE)}"), "OK"), ("c", s.ask("c"), "W07"))
        bad += expect(("output", s.end()[1], ""))
    with Session("calls") as s:
        s.ask(f"QCatchSyscalls:1;{WRITE:x}")
        s.ask("c")
        pc = number(s.ask(PC))
        bad += expect(("all is written, it is told", s.ask(f"Pa={bytes8(TEXT_SIZE)}"), "OK"),
                      ("elsewhere", s.ask(f"P20={bytes8(pc + 4)}"), "OK"), ("c", s.ask("c"), "W07"))
        return bad + expect(("output", s.end()[1], ""))


@case("a step over a call that brings a signal is done when that is told")
def step_and_signal():
    with Session("signals") as s:
        s.ask(f"QCatchSyscalls:1;{TGKILL:x}")
        bad = expect(("in", s.ask("c"), "T05.*syscall_entry.*"), ("none", s.ask("QCatchSyscalls:0"), "OK"))
        pc = number(s.ask(PC))
        return bad + expect(("step", s.ask("s"), "T1e.*"), ("breakpoint", s.ask(f"Z0,{pc:x},4"), "OK"),
                            ("hit", s.ask("C1e"), "T05.*"), ("gone", s.ask(f"z0,{pc:x},4"), "OK"),
                            ("step", s.ask("s"), "T1f.*"), ("c", s.ask("c"), "W00"))


FORKS = "qSupported:multiprocess+;fork-events+;vfork-events+;exec-events+"


def fork_of(s):
    """Goes on to a fork: the child, as packets name it."""
    s.ask(FORKS)
    return re.fullmatch(rb"T05.*;fork:p(\w+)[.]\1;", s.ask("vCont;c")).group(1).decode()


def falls_asleep(pid):
    deadline = time.time() + TIMEOUT
    while time.time() < deadline:
        with open(f"/proc/{pid}/stat") as file:
            if file.read().rsplit(")", 1)[1].split()[0] == "S":
                return True
    return False


@case("a fork is told, and the child waits to be let go")
def told_fork():
    with Session("forks") as s:
        child = fork_of(s)
        own, thread = f"{s.guest.pid:x}", f"p{child}.{child}"
        bad = expect(("listed", s.ask("qfThreadInfo"), rf"mp{own}[.]{own},{thread}"), ("alive", s.ask("T" + thread), "OK"),
                     ("chosen", s.ask("Hg" + thread), "OK"), ("its registers", s.ask("g"), "E03"), ("memory", s.ask("m10584,4"), "E03"),
                     ("a point", s.ask("Z0,10584,4"), "OK"), ("none", s.ask("z0,10584,4"), "OK"),
                     ("goes on", s.ask(f"vCont;c:p{child}.-1"), "E03"), ("parent chosen", s.ask(f"Hgp{own}.{own}"), "OK"),
                     ("registers", s.ask("g"), r"\w{100,}"), ("goes on", s.ask(f"vCont;c:p{child}.-1"), "E03"),
                     ("asleep", str(falls_asleep(int(child, 16))), "True"),
                     ("let go", s.ask("D;" + child), "OK"), ("not listed", s.ask("qfThreadInfo"), rf"mp{own}[.]{own}"),
                     ("gone", s.ask("T" + thread), "E03"), ("c", s.ask("vCont;c"), "W00;process:" + own))
        status, out, _ = s.end()
        return bad + expect(("end", f"{status} {out}", "0 child 9\nvfork child 16\n"))


@case("a child is killed; its parent is; nobody says a word: all others go on")
def left_children():
    bad = []
    with Session("forks") as s:
        child = fork_of(s)
        bad += expect(("child killed", s.ask("vKill;" + child), "OK"), ("c", s.ask("vCont;c"), "W00;.*"),
                      ("end", s.end()[1], "child 0\nvfork child 16\n"))
    with Session("forks") as s:
        child = fork_of(s)
        s.end()
        bad += expect(("left", str(s.guest.returncode), "0"))
    with Session("fork_exec") as s:
        child = fork_of(s)
        bad += expect(("parent killed", s.ask(f"vKill;{s.guest.pid:x}"), "OK"))
        status, out, _ = s.end() # the child has the pipe too
        bad += expect(("end", f"{status} {out}", r"-9 sum 385.*\n"))
    with Session("forks") as s: # without being told
        s.ask("qSupported:multiprocess+")
        bad += expect(("c", s.ask("vCont;c"), "W00;.*"), ("end", s.end()[1], "child 9\nvfork child 16\n"))
    return bad


@case("a child with its parent's descriptors leaves the connection alone")
def shared_files():
    with Session("shares_files") as s:
        bad = expect(("c", (s.ask(FORKS), s.ask("vCont;c"))[1], "W00;.*"))
        return bad + expect(("end", s.end()[1], "child 9\n"))


@case("the child is followed, and what it executes; the parent goes on alone")
def followed_child():
    with Session("fork_exec") as s:
        child = fork_of(s)
        bad = expect(("parent let go", s.ask(f"D;{s.guest.pid:x}"), "OK"), ("who", s.ask("qC"), f"QCp{child}.{child}"),
                     ("stopped", s.ask("?"), f"T05thread:p{child}.*"), ("returns 0", str(number(s.ask(A0))), "0"),
                     ("execs", s.ask("vCont;c"), f"T05thread:p{child}.*;exec:.*"), ("c", s.ask("vCont;c"), f"W07;process:{child}"))
        status, out, _ = s.end()
        return bad + expect(("end", f"{status} {out}", r"0 sum 385.*\nits child 7\n"))


@case("the parent is killed from elsewhere while its child is followed")
def followed_orphan():
    with Session("fork_threads") as s:
        child = fork_of(s)
        bad = expect(("parent let go", s.ask(f"D;{s.guest.pid:x}"), "OK"), ("who", s.ask("qC"), f"QCp{child}.{child}"))
        s.guest.kill()
        bad += expect(("c", s.ask("vCont;c"), f"W00;process:{child}"))
        return bad + expect(("end", s.end()[1], "joined\n"))


@case("the description names what GDB needs, and is generated from the registers")
def description():
    with Session() as s:
        text, at = b"", 0
        while True:
            part = s.ask(f"qXfer:features:read:target.xml:{at:x},fb")
            text += part[1:]
            at = len(text)
            if part[:1] == b"l":
                break
        names = re.findall(r'<reg name="(\w+)" bitsize="(\d+)" type="\w+" regnum="(\d+)"', text.decode())
        return expect(("registers", str(len(names)), "66"), ("pc", str([n for n in names if n[0] == "pc"]), r".*'64', '32'.*"),
                      ("fcsr", str(names[-1]), r"\('fcsr', '32', '68'\)"), ("other", s.ask("qXfer:nothing:read::0,10"), ""),
                      ("malformed", s.ask("qXfer:auxv:read::zz"), "E16|"),
                      ("beyond", s.ask("qXfer:auxv:read::ffffff,10"), "l"))


@case("threads, files and monitor")
def others():
    with Session() as s:
        tid = s.ask("qC")[2:].decode()
        name = (b"/proc/%d/maps" % s.guest.pid).hex()
        none = b"/nowhere/at/all".hex()
        bad = expect(("qf", s.ask("qfThreadInfo"), "m" + tid), ("qs", s.ask("qsThreadInfo"), "l"), ("T", s.ask("T" + tid), "OK"),
                     ("T", s.ask("T7fffffff"), "E03"), ("Hg", s.ask("Hg" + tid), "OK"), ("Hg", s.ask("Hg7fffffff"), "E16"),
                     ("Hx", s.ask("Hx0"), "E16"), ("open", s.ask(f"vFile:open:{name},0,0"), "F0"),
                     ("pread", s.ask("vFile:pread:0,10,0"), r"F10;.{16}"), ("fstat", s.ask("vFile:fstat:0"), r"F40;.*"),
                     ("close", s.ask("vFile:close:0"), "F0"), ("again", s.ask("vFile:close:0"), "F-1,9"),
                     ("none", s.ask(f"vFile:open:{none},0,0"), "F-1,2"), ("write", s.ask(f"vFile:open:{name},1,0"), "F-1,1e"),
                     ("unlink", s.ask(f"vFile:unlink:{name}"), ""), ("cut", s.ask("vFile:open:2"), "F-1,16"))
        s.socket.sendall(frame("qRcmd," + b"help".hex()))
        return bad + expect(("monitor", s.packet(), "O[0-9a-f]+"), ("then", s.packet(), "OK"),
                            ("bad", s.ask("qRcmd,6"), "E16"), ("kill", s.ask("vKill;1"), "OK"),
                            ("status", str(s.end()[0]), "-9"))


@case("the guest does not see the connection")
def hidden():
    with Session("blocked") as s:
        s.ask("?")
        fds = os.listdir(f"/proc/{s.guest.pid}/fd")
        return expect(("descriptors below 100", str(sorted(int(n) for n in fds if int(n) < 100)), r"\[0, 1, 2\]"))


@case("a port: 0 is any, and is said; 127.0.0.1 only")
def port():
    guest = subprocess.Popen([ISOMORPH, "-g", "0", GUEST], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    number = int(re.search(rb"127\.0\.0\.1:(\d+)", guest.stderr.readline()).group(1))
    listening = open("/proc/net/tcp").read()
    with socket.create_connection(("127.0.0.1", number), timeout=TIMEOUT) as s:
        s.sendall(frame("D"))
        out = guest.communicate(timeout=TIMEOUT)[0]
    return expect(("address", str("0100007F:%04X" % number in listening), "True"), ("status", str(guest.returncode), "7"),
                  ("output", out, r"sum 385.*\n"))


@case("wrong values of -g")
def wrong_values():
    bad = []
    for value in ["", "x", "70000", "-1", "12x", "/nowhere/at/all/socket", "/" + "x" * 200]:
        done = subprocess.run([ISOMORPH, "-g", value, GUEST], capture_output=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL)
        bad += expect((f"-g {value}", f"{done.returncode} {done.stderr.decode()}", r"125 isomorph: -g[^\n]*\n"))
    return bad


# ---- what nobody should ---------------------------------------------------------------------------------------------

@case("malformed packets get an error")
def malformed():
    packets = ["p", "pzz", "p1ffffffffffffffff", "p7fffffff", "P", "P1", "P1=", "P1=12", "P1=" + "0" * 17, "P45=00000000", "G", "G12",
               "G" + "z" * 1040, "m", "m1", "m1,", "m,1", "mzz,1", "m1,2,3", "M", "M1,2", "M1,2:3", "M1,ffffffffffffffff:00", "M0,1:zz",
               "X", "X1", "X1,5:abc", "X1,1:", "Z", "Z0", "Z0,", "Z0,1", "Z0,zz,4", "Z2,1000,0", "z", "z0", "z2,x", "H", "Hg", "Hgzz",
               "Hcp", "T", "Tzz", "T0", "c:", "czz", "C", "Czz", "C1ff", "C05;", "szz", "S", "S5;zz", "vCont", "vCont;", "vCont;x",
               "vCont;C", "vCont;Czz", "vCont;c:", "vCont;c:zz", "vCont;r1", "vCont;r1,", "vCont;c;;c", "vCont" + ";c:1" * 65,
               "QPassSignals", "QPassSignals:zz", "QPassSignals:1;zz", "QPassSignals:fff",
               "QCatchSyscalls", "QCatchSyscalls:", "QCatchSyscalls:2", "QCatchSyscalls:0;1", "QCatchSyscalls:1;", "QCatchSyscalls:1;zz", "qThreadExtraInfo", "qThreadExtraInfo,zz",
               "qRcmd", "qRcmd,zz", "qRcmd," + "61" * 300, "vFile:pread:0,1", "vFile:fstat:", "vFile:open:zz,0,0", "vFile:readlink:",
               "vFile:open:" + "61" * 5000 + ",0,0", "qXfer:features:read:target.xml:0", "qXfer:auxv:read::0,zz"]
    with Session() as s:
        before = s.ask("g")
        bad = [f"{p[:40]} is answered by {a!r}" for p in packets if not re.fullmatch(rb"E[0-9a-f]{2}|F-1,\w+", a := s.ask(p))]
        return bad + expect(("registers", s.ask("g"), before.decode()), ("c", s.ask("c"), "W07"))


@case("packets that are cut off, too long, or noise")
def noise():
    with Session() as s:
        qc = s.ask("qC").decode()
        for junk in [b"\0\xff\x80hello", b"$cut off", b"$qC#zz", b"$" + b"a" * 100000 + b"#00", b"$a}#1e", b"$}#7d", b"##$$$##",
                     b"+++---+++", b"$#0"]:
            s.socket.sendall(junk)
        s.socket.sendall(b"$#00")
        s.socket.sendall(frame("qC"))
        answers, deadline = b"", time.time() + 10
        while f"${qc}#".encode() not in answers[-200:] and time.time() < deadline:
            answers += s.byte()
        time.sleep(0.2)
        s.socket.setblocking(False)
        try:
            s.socket.recv(65536)
        except BlockingIOError:
            pass
        s.socket.settimeout(TIMEOUT)
        s.buffer = b""
        return expect(("then", s.ask("?"), "T05.*"), ("c", s.ask("c"), "W07"))


@case("a client that goes away: the guest goes on", 0)
def gone(unused):
    bad = []
    for last in [b"", b"$", b"$m", frame("c"), frame("vCont;s"), frame("Z0,10584,2")]:
        with Session() as s:
            s.socket.sendall(last)
            status, out, err = s.end()
            bad += expect((f"after {last!r}", f"{status} {out}", r"7 sum 385.*\n"))
    return bad


@case("interrupts in a row, and packets while the guest runs")
def interrupts():
    with Session("spin") as s:
        s.socket.sendall(frame("c") + b"\x03\x03\x03")
        first = s.packet()
        s.socket.sendall(frame("c") + frame("g") + frame("m0,1") + b"\x03")
        second = s.packet()
        return expect(("first", first, "T02.*"), ("second", second, "T02.*"), ("kill", s.ask("vKill"), "OK"))


PARTS = ["g", "G", "p", "P", "m", "M", "X", "H", "Hg", "T", "Z0", "Z1", "Z2", "Z3", "Z4", "z0", "z2", "?", "qC", "qSupported",
         "qXfer:features:read:target.xml", "qXfer:auxv:read:", "qXfer:threads:read:", "qXfer:siginfo:read:", "qXfer:exec-file:read:",
         "qXfer:memory-map:read:", "qfThreadInfo", "qThreadExtraInfo", "vCont?", "Hgp", "QPassSignals", "QCatchSyscalls:1", "qRcmd,", "vFile:open:",
         "vFile:pread:", "vFile:fstat:", "vFile:close:", "vFile:readlink:", "vFile:setfs:", "qAttached", "qSymbol::", "vCont;s", "s",
         "vCont;r", "S05", "C0b"]
MARKS = [",", ":", ";", "=", ".", "-", "-1", "0", "1", "p", "10584", "7fffffff", "ffffffffffffffff", "3fffffe000", "zz", "}", "*", "#",
         "$", "00", "deadbeef" * 4, "6d617073", "68656c70", "667261676d656e7473", "\x03", "\xff"]


def random_packet(rng):
    text = rng.choice(PARTS) + "".join(rng.choice(MARKS) for _ in range(rng.randrange(6)))
    data = text.encode("latin-1") if rng.random() < 0.8 else rng.randbytes(rng.randrange(60))
    sum_ = checksum(data) if rng.random() < 0.95 else rng.randrange(256)
    return b"$" + data + b"#%02x" % sum_


@case(f"{PACKETS} random packets, seed {SEED}", "--engine=interp")
@case(f"{PACKETS} random packets, seed {SEED}, engine block", "--engine=block", "--hot=0")
def random_packets(*options):
    rng = random.Random(SEED)
    left, bad, sessions = PACKETS, [], 0
    while left > 0 and not bad:
        sessions += 1
        with Session("forks" if sessions % 2 else "calls", options=options) as s:
            if b"fork-events" not in s.ask(FORKS) or s.ask("QStartNoAckMode") != b"OK":
                return ["no answer to the first packet"]
            s.socket.settimeout(0.02)
            for left in range(left - 1, -1, -1):
                try:
                    s.socket.sendall(random_packet(rng))
                    if left % 8 == 0:
                        s.socket.recv(1 << 20)
                except TimeoutError:
                    continue
                except OSError: # closed: the guest has ended
                    break
            s.socket.close()
            try:
                _, err = s.guest.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                s.guest.kill()
                _, err = s.guest.communicate()
            text = err.decode(errors="replace")
            if s.guest.returncode == 124 or "defect" in text or "internal error" in text or "AddressSanitizer" in text:
                bad.append(f"with {left} packets left: status {s.guest.returncode}, {text}")
    return bad


def main():
    tap = Tap()
    for name, args, function in cases:
        try:
            bad = function(*args)
        except (OSError, EOFError, subprocess.TimeoutExpired, AssertionError, AttributeError) as error:
            bad = [f"{type(error).__name__}: {error}"]
        tap.result(not bad, name, *bad, " ".join(sys.argv))
    tap.finish()


main()
