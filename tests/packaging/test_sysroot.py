#!/usr/bin/env python3
"""`isomorph sysroot` against a small archive on this machine: packages, what is completed, interruptions, every kind of
mistake. Needs no network. Prints TAP.

    test_sysroot.py ISOMORPH [PART_OF_A_NAME...]
"""
import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import archive
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from cases import case, run_cases

ISOMORPH = os.path.abspath(sys.argv[1])
FAILED, USAGE = 1, 125
BIG = 1 << 20


# What maintainer scripts are made of. The reader takes all branches; in the last one it understands nothing.
LOOPS = r"""#!/bin/sh
set -e
version=8.4
basedir=/usr/lib/${version}/bin
priority="84" # of all
tools='jar javac'
if [ "$1" = configure ]; then
    for binary in php phar phar.phar; do
        update-alternatives \
            --install /usr/bin/${binary} ${binary} /usr/bin/${binary}$version $priority \
            --slave /usr/share/man/man1/${binary}.1.gz ${binary}.1.gz /usr/share/man/man1/${binary}${version}.1.gz
    done
    for i in $tools
    do
        update-alternatives --quiet --install "/usr/bin/$i" "$i" "$basedir/$i" $priority $slaves || true
    done
    for kind in a b; do for n in 1 2; do update-alternatives --install /usr/bin/$kind$n $kind$n /usr/bin/$kind-$n 5; done; done
fi
if false; then
    update-alternatives --install /usr/bin/$unknown.x unknown /usr/bin/php$version 5
    for i in $(ls /usr/bin); do update-alternatives --install /usr/bin/listed listed /usr/bin/php$version 5; done
fi
"""


class World:
    """The archive that all cases read, and its server."""

    def __init__(self, top):
        self.top = top
        self.keyring = archive.make_key(top / "gnupg")
        a = self.archive = archive.Archive(top / "archive", top / "gnupg")
        a.add_package("base-files", files={"usr/share/base-files/profile": "# profile\n"}, Essential="yes",
                      links={"bin": "usr/bin", "lib": "usr/lib", "sbin": "usr/sbin"})
        a.add_package("base-passwd", arch="all", Essential="yes", files={
            "usr/share/base-passwd/passwd.master": "root:*:0:0:root:/root:/bin/bash\n",
            "usr/share/base-passwd/group.master": "root:*:0:\n"})
        a.add_package("libone", version="2:1.5-1+b2", files={"usr/lib/libone.so.1": "one"}, Multi_Arch="same")
        a.add_package("old-layout", files={"lib/old.so": "old", "bin/old": "program"})
        a.add_package("tool", files={"usr/bin/tool": "tool"}, Depends="libone (>= 2:1.5), tool-data", Recommends="extra")
        a.add_package("tool-data", arch="all", files={"usr/share/tool/data": "data"})
        a.add_package("extra", files={"usr/share/extra": "extra"})
        a.add_package("another", files={"usr/bin/another": "another"}, Depends="libone")
        a.add_package("broken", Depends="nowhere-to-be-found")
        a.add_package("enemy", Conflicts="tool")
        a.add_package("mawk", files={"usr/bin/mawk": "mawk", "usr/share/man/man1/mawk.1.gz": ""}, postinst="""#!/bin/sh
set -e
if [ "$1" = configure ]; then
    update-alternatives --quiet --install /usr/bin/awk awk /usr/bin/mawk 5 \\
        --slave /usr/share/man/man1/awk.1.gz awk.1.gz /usr/share/man/man1/mawk.1.gz || true
    for i in vi ex; do update-alternatives --install /usr/bin/$i $i /usr/bin/mawk 1; done
    touch /this-script-was-run
fi
""")
        a.add_package("gawk", files={"usr/bin/gawk": "gawk"}, postinst="""#!/bin/sh
update-alternatives --install /usr/bin/awk awk /usr/bin/gawk 10 # the better one
""")
        a.add_package("loops", postinst=LOOPS, files={path: path for path in (
            *(f"usr/bin/{name}8.4" for name in ("php", "phar", "phar.phar")), "usr/share/man/man1/php8.4.1.gz",
            "usr/lib/8.4/bin/jar", "usr/lib/8.4/bin/javac", *(f"usr/bin/{kind}-{n}" for kind in "ab" for n in "12"))})
        a.add_package("ca-certificates", arch="all", files={
            "usr/share/ca-certificates/mozilla/One.crt": "-----ONE-----",
            "usr/share/ca-certificates/mozilla/Two.crt": "-----TWO-----\n"})
        a.add_package("big", files={"usr/share/big": os.urandom(BIG)}, Depends="libone")
        a.add_package("liar", files={"usr/share/liar": os.urandom(4 * BIG)}, Installed_Size="1")
        a.add_package("honest", files={"usr/share/honest": "x"}, Installed_Size="50000000000")
        self.corrupt = a.add_package("corrupt", files={"usr/share/corrupt": "x" * 100})
        a.publish()
        self.corrupt.write_bytes(self.corrupt.read_bytes().replace(b"xxxx", b"yyyy"))
        self.server = archive.Server(a.root)


world = None


class Box:
    """One case's folders and its own cache."""

    def __init__(self, tmp):
        self.tmp = tmp
        self.dir, self.cache = tmp / "root", tmp / "cache"

    def words(self, *args, mirror=None, keyring=None):
        command, *rest = args
        options = [] if command == "list" else ["--cache", str(self.cache), "--mirror", mirror or world.server.uri,
                                                "--keyring", str(keyring or world.keyring)]
        return [ISOMORPH, "sysroot", command, *options, *map(str, rest)]

    def run(self, *args, mirror=None, keyring=None, env=None, timeout=120):
        return subprocess.run(self.words(*args, mirror=mirror, keyring=keyring), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=timeout, env={**os.environ, **(env or {})})

    def create(self, *packages, **kwargs):
        got = self.run("create", self.dir, *packages, **kwargs)
        assert got.returncode == 0 and got.stdout == "", got
        return got.stderr

    def names(self):
        got = self.run("list", self.dir)
        assert got.returncode == 0 and got.stderr == "", got
        return [line.split()[0] for line in got.stdout.splitlines()]

    def text(self, path):
        return (self.dir / path).read_text()


def check_error(got, status, *words):
    lines = [line for line in got.stderr.splitlines() if " to fetch from " not in line]
    assert got.returncode == status and got.stdout == "", got
    assert len(lines) == 1 and lines[0].startswith("isomorph sysroot: "), got
    assert all(word in lines[0] for word in words), (got, words)


# ---- what is made ----------------------------------------------------------------------------------------------------

@case("create: the package, what it depends on and recommends, and the essential ones")
def _(box):
    said = box.create("tool")
    assert box.names() == ["base-files", "base-passwd", "extra", "libone", "tool", "tool-data"], box.names()
    assert [box.text(f) for f in ("usr/bin/tool", "usr/lib/libone.so.1", "usr/share/tool/data", "usr/share/extra")] == [
        "tool", "one", "data", "extra"]
    assert re.match(r"6 packages of trixie for riscv64: [\d.]+ k?B to fetch from http://127.*, [\d.]+ kB unpacked\n", said), said


@case("list: names, versions, architectures")
def _(box):
    box.create("--no-essential", "--no-recommends", "tool")
    got = box.run("list", box.dir)
    assert got.stdout == "libone 2:1.5-1+b2 riscv64\ntool 1.0 riscv64\ntool-data 1.0 all\n", got


@case("dpkg reads the list: packages and files")
def _(box):
    box.create("--no-essential", "tool-data")
    query = ["dpkg-query", "--root", str(box.dir)]
    assert archive.run(*query, "-W", "-f", "${Package} ${db:Status-Status}\n").decode() == "tool-data installed\n"
    assert archive.run(*query, "-L", "tool-data").decode().split() == [
        "/.", "/usr", "/usr/share", "/usr/share/tool", "/usr/share/tool/data"]


@case("add: resolved against what is there")
def _(box):
    box.create("--no-essential", "--no-recommends", "tool")
    got = box.run("add", box.dir, "another")
    assert got.returncode == 0 and got.stderr.startswith("1 package of trixie for riscv64: "), got
    assert box.names() == ["another", "libone", "tool", "tool-data"]
    assert box.text("usr/bin/another") == "another" and box.text("usr/bin/tool") == "tool"


@case("the same command again does nothing, without asking the mirror")
def _(box):
    box.create("tool")
    before = len(world.server.requests)
    assert box.create("tool") == ""
    assert len(world.server.requests) == before


@case("downloads are kept for the next sysroot")
def _(box):
    box.create("another")
    before = len(world.server.requests)
    box.dir = box.tmp / "second"
    said = box.create("another")
    assert ": 0 B to fetch" in said and " are kept from before), " in said and len(world.server.requests) == before, (said, world.server.requests[before:])


@case("a new version replaces the old one")
def _(box):
    fresh = archive.Archive(box.tmp / "fresh", world.top / "gnupg")
    fresh.add_package("tool-data", version="2.0", arch="all", files={"usr/share/tool/data": "new"})
    fresh.add_package("needs-new", Depends="tool-data (>= 2)")
    fresh.publish()
    box.create("--no-essential", "tool-data")
    got = box.run("add", box.dir, "needs-new", mirror=archive.Server(fresh.root).uri)
    assert got.returncode == 0, got
    assert box.run("list", box.dir).stdout == "needs-new 1.0 riscv64\ntool-data 2.0 all\n"
    assert box.text("usr/share/tool/data") == "new"


@case("/bin and /lib are links into /usr, for packages of the old layout too")
def _(box):
    box.create("old-layout")
    assert [os.readlink(box.dir / name) for name in ("bin", "sbin", "lib")] == ["usr/bin", "usr/sbin", "usr/lib"]
    assert box.text("usr/bin/old") == "program" and box.text("lib/old.so") == box.text("usr/lib/old.so") == "old"


@case("alternatives: by priority, with slaves; scripts are not run")
def _(box):
    box.create("mawk")
    assert os.readlink(box.dir / "usr/bin/awk") == "/etc/alternatives/awk"
    assert os.readlink(box.dir / "etc/alternatives/awk") == "/usr/bin/mawk"
    assert os.readlink(box.dir / "etc/alternatives/awk.1.gz") == "/usr/share/man/man1/mawk.1.gz"
    assert not os.path.lexists(box.dir / "this-script-was-run") and not os.path.lexists("/this-script-was-run")
    assert box.run("add", box.dir, "gawk").returncode == 0
    assert os.readlink(box.dir / "etc/alternatives/awk") == "/usr/bin/gawk"
    shown = archive.run("update-alternatives", "--root", str(box.dir), "--list", "awk").decode().split()
    assert sorted(shown) == ["/usr/bin/gawk", "/usr/bin/mawk"]


@case("alternatives: loops and variables mean what they mean to sh")
def _(box):
    stubs = box.tmp / "stubs"
    stubs.mkdir()
    (stubs / "update-alternatives").write_text('#!/bin/sh\nwhile [ "$1" != --install ]; do shift; done\necho "$3 $4"\n')
    (stubs / "update-alternatives").chmod(0o755)
    (box.tmp / "postinst").write_text(LOOPS)
    ran = subprocess.run(["sh", box.tmp / "postinst", "configure"], capture_output=True, text=True, timeout=60, check=True,
                         env={"PATH": f"{stubs}:{os.environ['PATH']}"}).stdout.splitlines()
    want = dict(line.split() for line in ran)
    assert len(want) == 9, ran
    box.create("loops")
    links = box.dir / "etc/alternatives"
    have = {link: os.readlink(links / link) for link in os.listdir(links) if not link.endswith(".gz") and link != "README"}
    assert have == want, (have, want)
    assert os.readlink(links / "php.1.gz") == "/usr/share/man/man1/php8.4.1.gz"
    assert not os.path.lexists(box.dir / "usr/bin/unknown") and not os.path.lexists(box.dir / "usr/bin/listed")


@case("users: those of base-passwd, and oneself")
def _(box):
    box.create("tool-data")
    lines = [line.split(":") for line in box.text("etc/passwd").splitlines()]
    assert lines[0] == ["root", "*", "0", "0", "root", "/root", "/bin/bash"]
    assert [line[2] for line in lines].count(str(os.getuid())) == 1, lines
    assert box.text("etc/profile") == "# profile\n"


@case("certificates: one file with all of them")
def _(box):
    box.create("ca-certificates")
    assert box.text("etc/ssl/certs/ca-certificates.crt") == "-----ONE-----\n-----TWO-----\n"
    assert os.readlink(box.dir / "etc/ssl/certs/One.pem") == "/usr/share/ca-certificates/mozilla/One.crt"


@case("folders: relative, with spaces in its name, behind a link, its parents absent")
def _(box):
    os.chdir(box.tmp)
    box.dir = pathlib.Path("a folder/of mine/root")
    box.create("tool")
    got = box.run("create", "--", "-dash", "tool")
    assert got.returncode == 0 and (box.tmp / "-dash/usr/bin/tool").is_file(), got
    pathlib.Path("link").symlink_to(box.dir)
    box.dir = pathlib.Path("link")
    got = box.run("add", box.dir, "another")
    assert got.returncode == 0 and {"tool", "another"} <= set(box.names()), got
    assert (box.tmp / "a folder/of mine/root/usr/bin/another").is_file() and os.path.islink("link")
    os.chdir("/")


@case("--only: one file of the packages")
def _(box):
    box.create("--no-essential", "--only", "usr/bin/tool", "tool")
    files = [p.relative_to(box.dir).as_posix() for p in box.dir.rglob("*") if p.is_file() and "var/" not in str(p)]
    assert sorted(files) == [".isomorph-sysroot", "usr/bin/tool"], files
    other = Box(box.tmp)
    other.dir = box.tmp / "other"
    check_error(other.run("create", "--no-essential", "--only=usr/bin/none", other.dir, "tool"), FAILED, "usr/bin/none")


@case("progress on a terminal, none elsewhere")
def _(box):
    slow = archive.Server(world.archive.root, lambda path: "slow" if "pool/big" in path else None)
    master, terminal = pty.openpty()
    child = subprocess.Popen(box.words("create", box.dir, "big", mirror=slow.uri), stdin=subprocess.DEVNULL, stderr=terminal,
                             stdout=terminal)
    os.close(terminal)
    shown = b""
    try:
        while data := os.read(master, 4096):
            shown += data
    except OSError:
        pass # the other side is closed
    assert child.wait(60) == 0, shown
    percents = [int(n) for n in re.findall(rb"fetching: (\d+)%", shown)]
    assert len(set(percents)) > 2 and percents == sorted(percents), shown
    assert b"unpacking 1 of 4" in shown and shown.endswith(b"has them: big\r\n"), shown
    box.dir = box.tmp / "quiet"
    assert "\r" not in box.create("big") and box.run("create", "-q", box.tmp / "quieter", "big").stderr == ""


# ---- interruptions ---------------------------------------------------------------------------------------------------

def interrupt(box, server, number):
    """Starts a create and sends the signal when a part of the big package has arrived."""
    child = subprocess.Popen(box.words("create", box.dir, "big", mirror=server.uri), stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    part = box.cache / "archives" / "partial" / "big_1.0_riscv64.deb"
    end = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size > BIG // 8) and time.monotonic() < end:
        time.sleep(.05)
    assert part.exists(), "nothing has arrived"
    os.killpg(child.pid, number) if number == signal.SIGINT else child.send_signal(number)
    said = child.communicate(timeout=60)[1]
    return child.returncode, said


for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
    @case(f"interrupted by {number.name} while fetching: the same command goes on from there")
    def _(box, number=number):
        slow = archive.Server(world.archive.root, lambda path: "slow" if "pool/big" in path else None)
        status, said = interrupt(box, slow, number)
        assert status == -number, (status, said)
        assert number == signal.SIGKILL or said.endswith("interrupted; the same command goes on from here\n"), said
        assert box.run("list", box.dir).returncode == FAILED
        slow.behave = lambda path: None
        before = len(slow.requests)
        said = box.create("big", mirror=slow.uri)
        kept = re.search(r" to fetch from \S+ \(([\d.]+) ([kM])B are kept from before\), ", said)
        assert kept and float(kept[1]) * {"k": 1e3, "M": 1e6}[kept[2]] >= BIG // 8, said
        assert (box.dir / "usr/share/big").stat().st_size == BIG and "big" in box.names()
        again = dict(slow.requests[before:])
        assert not [path for path in again if "libone" in path], again
        # After a kill apt itself may have lived on and fetched the rest.
        ranges = [r for path, r in again.items() if "pool/big" in path]
        assert ranges == [] if number == signal.SIGKILL and not ranges else ranges and ranges[0] != "bytes=0-", again


@case("interrupted while unpacking: the same command starts that again")
def _(box):
    box.create("tool")
    (box.dir / "var/lib/dpkg/status").unlink()
    shutil.rmtree(box.dir / "usr")
    check_error(box.run("list", box.dir), FAILED, "not complete")
    box.create("tool")
    assert box.text("usr/bin/tool") == "tool" and "tool" in box.names()


@case("two at the same time, one cache")
def _(box):
    children = [subprocess.Popen(box.words("create", box.tmp / name, "tool"), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for name in "ab"]
    said = [child.communicate(timeout=120)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0], said
    assert all((box.tmp / name / "usr/bin/tool").read_text() == "tool" for name in "ab")


@case("two at the same time, one folder")
def _(box):
    children = []
    for name in ("tool", "another"):
        box.cache = box.tmp / name
        children.append(subprocess.Popen(box.words("create", box.dir, name), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT, text=True))
    said = [child.communicate(timeout=120)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0], said
    assert len([text for text in said if f"waiting for another isomorph sysroot that uses {box.dir}\n" in text]) == 1, said
    assert {"tool", "another", "base-files"} <= set(box.names()), box.names()


# ---- mistakes --------------------------------------------------------------------------------------------------------

@case("a package that does not exist: all of them are named")
def _(box):
    got = box.run("create", box.dir, "tool", "nonesuch", "neither")
    check_error(got, FAILED, "nonesuch", "neither", "trixie", "riscv64")
    assert not (box.dir / "usr").exists()
    box.create("tool")


@case("a version that does not exist")
def _(box):
    check_error(box.run("create", box.dir, "tool=99"), FAILED, "tool")


@case("a dependency that cannot be had")
def _(box):
    check_error(box.run("create", box.dir, "broken"), FAILED, "broken", "nowhere-to-be-found")


@case("a package that excludes one that is there")
def _(box):
    box.create("tool")
    check_error(box.run("add", box.dir, "enemy"), FAILED, "tool")
    assert "tool" in box.names() and "enemy" not in box.names()


@case("words that are no packages")
def _(box):
    for word in ("tool-", "to ol", "tool;id", "a/b", "$(id)", "t", "?essential"):
        check_error(box.run("create", box.dir, word), USAGE, "no name of a package")
    assert not box.dir.exists()


@case("an unknown release, another architecture")
def _(box):
    check_error(box.run("create", "--suite=nonesuch", box.dir, "tool"), FAILED, "nonesuch", world.server.uri)
    check_error(box.run("create", "--arch=vax", box.dir, "tool"), FAILED, "vax")
    box.create("tool") # what went wrong before does not stick


@case("what contradicts the sysroot that is there")
def _(box):
    box.create("tool")
    check_error(box.run("add", "--arch=amd64", box.dir, "another"), FAILED, "riscv64", "amd64")
    check_error(box.run("create", "--suite=sid", box.dir, "another"), FAILED, "trixie", "sid")


@case("a mirror that refuses, does not exist, or is not one")
def _(box):
    got = box.run("create", box.dir, "tool", mirror="http://127.0.0.1:1/debian")
    check_error(got, FAILED, "cannot reach http://127.0.0.1:1/debian: Could not connect to ", "Connection refused")
    assert got.stderr.count("(") == got.stderr.count(")"), got
    assert not box.dir.exists()
    box.dir.mkdir()
    check_error(box.run("create", box.dir, "tool", mirror="http://127.0.0.1:1/debian"), FAILED, "cannot reach")
    check_error(box.run("list", box.dir), FAILED, "not a sysroot")
    check_error(box.run("create", box.dir, "tool", mirror="http://nonesuch.invalid/"), FAILED, "nonesuch.invalid")
    for word in ("nonsense", "ftp://127.0.0.1/debian", "gopher://127.0.0.1/debian"):
        check_error(box.run("create", box.dir, "tool", mirror=word), FAILED, "--mirror", word)


@case("a mirror that does not take connections: bounded time")
def _(box):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK) for _ in range(4)]
        for client in waiting:
            client.connect_ex(full.getsockname()) # nobody accepts: the fifth gets no answer
        uri = "http://127.0.0.1:%d" % full.getsockname()[1]
        start = time.monotonic()
        check_error(box.run("create", "--timeout=1", box.dir, "tool", mirror=uri), FAILED, f"cannot reach {uri}: ")
        assert time.monotonic() - start < 30
        for client in waiting:
            client.close()


@case("a mirror that says nothing: bounded time")
def _(box):
    silent = archive.Server(world.archive.root, lambda path: "silent")
    start = time.monotonic()
    check_error(box.run("create", "--timeout=1", box.dir, "tool", mirror=silent.uri), FAILED, "cannot reach", silent.uri)
    assert time.monotonic() - start < 30


@case("a mirror that falls silent in the middle of a package: bounded time, and resumed")
def _(box):
    stalling = archive.Server(world.archive.root, lambda path: "stall" if "pool/big" in path else None)
    start = time.monotonic()
    check_error(box.run("create", "--timeout=1", box.dir, "big", mirror=stalling.uri), FAILED, stalling.uri)
    assert time.monotonic() - start < 60
    stalling.behave = lambda path: None
    box.create("big", mirror=stalling.uri)


@case("a key that we do not trust, an archive that is not signed")
def _(box):
    other = archive.make_key(box.tmp / "gnupg")
    check_error(box.run("create", box.dir, "tool", keyring=other), FAILED, "signature", str(other))
    unsigned = box.tmp / "unsigned"
    shutil.copytree(world.archive.root, unsigned)
    signed = unsigned / "dists/trixie/InRelease"
    text = re.search(r"\n\n(Origin.*?)-----BEGIN", signed.read_text(), re.S)[1]
    signed.unlink()
    (unsigned / "dists/trixie/Release").write_text(text)
    box.cache = box.tmp / "cache2"
    check_error(box.run("create", box.dir, "tool", mirror=archive.Server(unsigned).uri), FAILED, "signature")


@case("a package that is not the one that was signed")
def _(box):
    check_error(box.run("create", box.dir, "corrupt"), FAILED, "corrupt")
    assert not (box.dir / "usr").exists()


@case("a folder that is a file, is not ours, or cannot be")
def _(box):
    box.dir.write_text("mine")
    check_error(box.run("create", box.dir, "tool"), FAILED, "not a folder")
    assert box.dir.read_text() == "mine"
    box.dir = box.tmp / "full"
    box.dir.mkdir()
    check_error(box.run("add", box.dir, "tool"), FAILED, "not a complete sysroot")
    (box.dir / "precious").write_text("mine")
    check_error(box.run("create", box.dir, "tool"), FAILED, "not empty")
    assert os.listdir(box.dir) == ["precious"]
    check_error(box.run("create", "/proc/nowhere/root", "tool"), FAILED, "/proc/nowhere")
    check_error(box.run("list", box.dir), FAILED, "not a sysroot")
    check_error(box.run("list", box.tmp / "absent"), FAILED, "absent")
    box.dir = box.tmp / "dangling"
    box.dir.symlink_to("nowhere")
    check_error(box.run("create", box.dir, "tool"), FAILED, "not a folder")
    box.dir = box.tmp / "empty"
    box.dir.mkdir()
    box.create("tool")


@case("a folder that may not be written")
def _(box):
    # root may: then nobody tries.
    program, *rest = box.words("create", box.dir, "tool", keyring="/dev/null")
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
    os.chmod(box.tmp, 0o755)
    if nobody and subprocess.run([*nobody, program, "sysroot", "--help"], capture_output=True).returncode != 0:
        return "nobody cannot reach " + program
    for mode in (0o555, 0o333):
        shutil.rmtree(box.dir, ignore_errors=True)
        box.dir.mkdir()
        os.chown(box.dir, 65534 if nobody else -1, -1)
        os.chmod(box.dir, mode)
        got = subprocess.run([*nobody, program, *rest], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
        os.chmod(box.dir, 0o755)
        check_error(got, FAILED, f"cannot write to {box.dir}: Permission denied")
        assert os.listdir(box.dir) == []


@case("a cache that cannot be")
def _(box):
    box.cache = pathlib.Path("/proc/nowhere/cache")
    check_error(box.run("create", box.dir, "tool"), FAILED, "cache", "/proc/nowhere")


@case("no room: known before the download")
def _(box):
    before = len(world.server.requests)
    check_error(box.run("create", "--no-essential", box.dir, "honest"), FAILED, "no room in", str(box.dir), "TB are needed")
    assert not [path for path, _ in world.server.requests[before:] if "pool/" in path]


def in_small_disk(box, place, *args):
    """Runs with a file system of 3 MB at `place`; None where that is not allowed."""
    place.mkdir()
    script = 'mount -t tmpfs -o size=3m none "$0" || exit 99; exec "$@"'
    got = subprocess.run(["unshare", "-rm", "sh", "-c", script, str(place), *box.words(*args)], capture_output=True, text=True,
                         stdin=subprocess.DEVNULL, timeout=120)
    return None if got.returncode == 99 or got.stderr.startswith("unshare:") else got


for doing in ("unpacking", "downloading"):
    @case("a disk that gets full while " + doing)
    def _(box, doing=doing):
        place = box.dir if doing == "unpacking" else box.cache
        got = in_small_disk(box, place, "create", "--no-essential", box.dir, "liar")
        if not got:
            return "no user namespaces here"
        check_error(got, FAILED, "no room", str(place))


@case("apt is ended by a signal: a limit of the size of files")
def _(box):
    got = subprocess.run(["sh", "-c", 'ulimit -f 40; exec "$@"', "sh", *box.words("create", box.dir, "tool")], capture_output=True,
                         text=True, stdin=subprocess.DEVNULL, timeout=120)
    got.stderr = "".join(line for line in got.stderr.splitlines(True) if line.startswith("isomorph"))  # the shell speaks too
    check_error(got, FAILED, "apt-get was ended by signal")
    assert not box.dir.exists()


@case("a machine without apt")
def _(box):
    tools = box.tmp / "bin"
    tools.mkdir()
    for tool in ("sh", "dirname", "mkdir", "sed", "awk", "ls", "cat", "grep", "flock", "tar", "dpkg-deb", "update-alternatives"):
        (tools / tool).symlink_to(shutil.which(tool))
    check_error(box.run("create", box.dir, "tool", env={"PATH": str(tools)}), FAILED, "apt-get is missing")
    assert not box.dir.exists()


@case("keys that are missing")
def _(box):
    check_error(box.run("create", box.dir, "tool", keyring=box.tmp / "absent.gpg"), FAILED, "absent.gpg", "--keyring")


@case("mistakes of the command line")
def _(box):
    for words, expected in ((["create"], "folder"), (["create", box.dir], "packages"), (["list"], "folder"),
                            (["list", box.dir, "tool"], "one folder"), (["remove", box.dir], "remove"),
                            (["create", "--nonsense=1", box.dir, "tool"], "--nonsense"),
                            (["create", box.dir, "tool", "--suite"], "--suite"),
                            (["create", "--suite=a/../b", box.dir, "tool"], "a/../b"),
                            (["create", "--timeout=soon", box.dir, "tool"], "soon")):
        check_error(box.run(*words), USAGE, expected)
    got = subprocess.run([ISOMORPH, "sysroot"], capture_output=True, text=True, timeout=60)
    check_error(got, USAGE, "create, add or list")
    got = subprocess.run([ISOMORPH, "sysroot", "--help"], capture_output=True, text=True, timeout=60)
    assert got.returncode == 0 and got.stderr == "" and "create" in got.stdout, got


def main():
    global world
    missing = [tool for tool in ("apt-get", "dpkg-deb", "gpg") if not shutil.which(tool)]
    if missing:
        print(f"1..0 # SKIP needs {' '.join(missing)}")
        return
    os.environ.pop("ISOMORPH_PACKAGE_CACHE", None)
    os.environ.pop("ISOMORPH_MIRROR", None)
    with tempfile.TemporaryDirectory() as top:
        world = World(pathlib.Path(top))
        run_cases(Box, sys.argv[2:])


main()
