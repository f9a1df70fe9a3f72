#!/usr/bin/env python3
"""-L: what is looked up under the prefix and what is not, asked of a guest that opens, stats, lists and executes paths.

  test_prefix.py ISOMORPH PROBE

PROBE (probe.c) is built for the guest. Each case names the rule of docs/files.md that it holds to. All of them are gone
through twice: with openat2, and under a filter that lets openat2 fail as on a kernel before 5.6."""
import ctypes
import os
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap

isomorph, probe = (os.path.realpath(p) for p in sys.argv[1:3])
tap = Tap()
mode = ""


def without_openat2():
    """In the child: a seccomp filter, <linux/filter.h>: openat2 (437) fails with ENOSYS, all else is allowed."""
    code = [(0x20, 0, 0, 0), (0x15, 0, 1, 437), (0x06, 0, 0, 0x00050000 | 38), (0x06, 0, 0, 0x7fff0000)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    libc = ctypes.CDLL(None, use_errno=True)
    filter = struct.pack("HxxxxxxQ", len(code), ctypes.addressof(program))
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filter, 0, 0):  # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP
        os._exit(98)


def case(name, want, *words, options=(), cwd=None):
    run = subprocess.run([isomorph, "-L", root, *options, probe, *words], cwd=cwd, capture_output=True, text=True,
                         timeout=60, preexec_fn=without_openat2 if mode else None)
    have = run.stdout.strip()
    tap.result(have == want, name + mode, f"wanted: {want!r}", f"got:    {have!r} {run.stderr.strip()!r}",
               f"{isomorph} -L {root} {probe} {' '.join(words)}")


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


def read(path):
    with open(path) as f:
        return f.read()


def holds(name, condition):
    tap.result(condition, name + mode)


def make_prefix(root, work, name):
    write(root + "/etc" + name, "in the prefix\n")
    write(root + "/etc/passwd", "passwd of the prefix\n")
    write(root + "/proc" + name, "never seen\n")
    write(root + "/tmp" + name, "never seen\n")
    write(root + "/var/tmp" + name, "never seen\n")
    write(root + work + "/here", "only by its whole name\n")
    os.symlink("/etc" + name, root + "/etc/absolute")
    os.symlink("../../../../etc" + name, root + "/etc/escaping")
    os.symlink("nowhere", root + "/etc/broken")
    os.symlink("loop", root + "/etc/loop")
    os.symlink(work, root + "/etc/scratch")
    os.symlink("/etc", root + "/settings")
    os.makedirs(root + "/usr/bin")
    os.makedirs(root + "/only-in-prefix/empty")
    write(root + "/only-in-prefix/file", "relative\n")
    os.symlink("usr/bin", root + "/bin")
    shutil.copy(probe, root + "/usr/bin/probe")
    os.chmod(root + "/usr/bin/probe", 0o755)
    write(root + "/usr/bin/script", "#!/bin/probe echo\n", 0o755)


def reading(work, name):
    case("a file that only the prefix has", "in the prefix", "cat", "/etc" + name)
    case("a file that both have is the prefix's", "passwd of the prefix", "cat", "/etc/passwd")
    if os.path.exists("/etc/hostname"):
        case("a file that only the host has", read("/etc/hostname").strip(), "cat", "/etc/hostname")
    case("an absolute link stays inside", "in the prefix", "cat", "/etc/absolute")
    case("an absolute link to a folder stays inside", "in the prefix", "cat", "/settings" + name)
    case("a link cannot climb out", "in the prefix", "cat", "/etc/escaping")
    case(".. at the root stays there", "in the prefix", "cat", "/../../etc" + name)
    case(".. leads up", "in the prefix", "cat", "/usr/bin/../../etc/./" + name)
    case(".. behind a link leads up from where the link leads", "in the prefix", "cat", "/bin/../../etc" + name)
    case("many slashes are one", "in the prefix", "cat", "//etc///" + name)
    case("a broken link is a link", "link nowhere", "lstat", "/etc/broken")
    case("a broken link has no file", "ENOENT", "cat", "/etc/broken")
    case("a loop of links is the prefix's answer", "ELOOP", "cat", "/etc/loop")
    case("a file in the way is the prefix's answer", "ENOTDIR", "cat", "/etc/passwd/x")
    case("a file is no folder", "ENOTDIR", "cat", f"/etc{name}/")
    case("a folder with a slash", "other", "stat-kind", "/etc/")
    case("stat", "file 14", "stat", "/etc" + name)
    case("lstat of a link in the prefix", f"link /etc{name}", "lstat", "/etc/absolute")
    case("lstat with a slash follows the link", "other", "lstat-kind", "/settings/")
    case("statx of a link", f"link {len('/etc' + name)}", "statx", "/etc/absolute")
    case("a link opened itself", f"link /etc{name}", "open", "/etc/absolute")
    case("a folder opened by O_PATH", "folder", "open", "/etc")
    case("access", "yes", "access", "/etc" + name)
    case("realpath", "/etc" + name, "realpath", "/settings/absolute")
    case("a file below an open folder of the prefix", "in the prefix", "cat-at", "/etc", name[1:])
    case("a folder is listed, and not merged with the host's",
         "absolute broken escaping " + name[1:] + " loop passwd scratch", "list", "/etc")
    case("a watch", "ok", "watch", "/etc/passwd")
    case("without a free descriptor", "file 14", "full", "/etc/absolute")


def hosts(work, name):
    for folder in "/proc", "/tmp", "/var/tmp":
        case(f"{folder} is the host's", "ENOENT", "cat", folder + name)
    case("so it is by a detour", "ENOENT", "cat", "/etc/../tmp" + name)
    case("so it is behind a link of the prefix", "of the host", "cat", "/etc/scratch/here")
    case("a relative path is the host's", "of the host", "cat", "here", cwd=work)


def changing(work, name):
    case("a new file is the host's", "ok", "create", work + "/new")
    case("it is there", "new", "cat", work + "/new")
    case("creating does not look into the prefix", "ENOENT", "create", "/only-in-prefix/new")
    case("nor does opening with O_CREAT", "ENOENT", "write", "/only-in-prefix/new")
    case("a file of the prefix exists for O_EXCL", "EEXIST", "create", "/etc" + name)
    case("a file of the prefix is written to", "ok", "append", "/etc" + name)
    case("and then holds it", "in the prefix\nnew", "cat", "/etc" + name)
    case("and is made anew where it is", "ok", "write", "/etc" + name)
    holds("in the prefix", read(root + "/etc" + name) == "new\n")
    case("truncated", "ok", "truncate", "/etc/absolute")
    holds("in the prefix too", read(root + "/etc" + name) == "new")
    case("its mode is changed", "604", "chmod", "/etc/absolute")
    case("its times are changed", "ok", "touch", "/etc" + name)
    case("removing a file of the prefix is refused", "ENOENT", "remove", "/etc" + name)
    case("removing a folder of the prefix is refused", "ENOENT", "rmdir", "/only-in-prefix/empty")
    case("a new folder of this name is the host's", "ENOENT", "mkdir", "/only-in-prefix/new")
    case("so is a new link", "ENOENT", "symlink", "/only-in-prefix/new", "x")
    case("so is what is renamed", "ENOENT", "rename", "/etc" + name, "/etc" + name + "-renamed")
    case("so is what is linked to", "ENOENT", "link", "/etc" + name, work + "/linked")
    case("the address of a socket is the host's", "ok", "socket", work + "/socket")
    case("and not the prefix's", "ENOENT", "socket", "/only-in-prefix/socket")
    holds("nothing was made in the prefix", os.listdir(root + "/only-in-prefix") in (["empty", "file"], ["file", "empty"]))


def folders(work, name):
    case("a working directory that only the prefix has", root + "/only-in-prefix", "chdir", "/only-in-prefix")
    case("paths are relative to it", "relative", "cd-cat", "/only-in-prefix", "file")
    case("a working directory that both have is the host's", "/usr", "chdir", "/usr")
    case("paths are relative to the host's", "ENOENT", "cd-cat", "/usr", "bin/probe")
    case("an open file has the name that the host knows", root + "/etc" + name, "fd-name", "/etc/absolute")


def executing(work, name):
    case("a program in the prefix is executed", "echo: a b", "exec", "/bin/probe", "echo", "a", "b")
    case("a script in the prefix is executed", "echo: /usr/bin/script x", "exec", "/usr/bin/script", "x")
    case("the prefix survives an exec", "passwd of the prefix", "exec", "/bin/probe", "cat", "/etc/passwd")
    case("a relative prefix survives a change of directory", "passwd of the prefix", "exec-from", "/", "/bin/probe",
         "cat", "/etc/passwd", options=("-L", os.path.relpath(root)))
    case("/proc/self/exe is the guest's name", "/usr/bin/probe", "exec", "/bin/probe", "readlink", "/proc/self/exe")


for mode in "", ", without openat2":
    with tempfile.TemporaryDirectory(prefix="isomorph-prefix.") as work:
        root = work + "/root"
        name = f"/isomorph-test-{os.getpid()}"  # no such file at the host's root
        make_prefix(root, work, name)
        write(work + "/here", "of the host\n")
        for group in reading, hosts, folders, executing, changing:
            group(work, name)

tap.finish()
