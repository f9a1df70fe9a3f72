#!/usr/bin/env python3
"""What a parent is told of a guest that left a core file: what it is told of a program of the host. Prints TAP.

    test_wcoredump.py ISOMORPH STATIC ENGINE_OPTION...      crasher.c
"""
import ctypes
import os
import pathlib
import resource
import signal
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from tap import Tap

ISOMORPH, PROGRAM = (os.path.abspath(a) for a in sys.argv[1:3])
OPTIONS = sys.argv[3:]
UNLIMITED = resource.RLIM_INFINITY
NOBODY = 65534
EM_RISCV = 243
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
NR_FSOPEN, EPERM = 430, 1
SIGNALS = {"x": signal.SIGSEGV, "threads": signal.SIGSEGV, "abort": signal.SIGABRT, "term": signal.SIGTERM}


def refuse_fsopen():
    """As a kernel that has no such call, or a container that does not allow it: for this process."""
    def insn(code, jt, jf, k):
        return struct.pack("HBBI", code, jt, jf, k)
    # load the number; is it that of fsopen: EPERM; anything else: allowed
    program = insn(0x20, 0, 0, 0) + insn(0x15, 0, 1, NR_FSOPEN) + insn(0x06, 0, 0, 0x50000 | EPERM) + insn(0x06, 0, 0, 0x7fff0000)
    code = ctypes.create_string_buffer(program, len(program))
    fprog = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code)))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, fprog, 0, 0):
        raise OSError(ctypes.get_errno(), "no filter")


def run(words, folder, limit, user=None, refused=False):
    """The reason of its end as waitid has it (CLD_), the signal or status, and what it printed."""
    def prepare():
        resource.setrlimit(resource.RLIMIT_CORE, (limit, UNLIMITED))
        if refused:
            refuse_fsopen()

    env = {k: v for k, v in os.environ.items() if not k.startswith(("ISOMORPH_", "QEMU_"))}
    child = subprocess.Popen(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             preexec_fn=prepare, env=env, user=user, group=user, extra_groups=None if user is None else [])
    end = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    return end.si_code, end.si_status, child.communicate()[0]


def may_mount(user):
    """Is whoever this is allowed a file system of their own, or a user namespace in which they are?"""
    return any(subprocess.run(["unshare", *words, "-m", "true"], user=user, group=user, capture_output=True).returncode == 0
               for words in ([], ["-Ur"]))


def machine(path):
    with open(path, "rb") as file:
        head = file.read(20)
    return head[:4] == b"\x7fELF" and struct.unpack_from("<H", head, 18)[0]


def wrong_with_files(folder, expected):
    """One guest's core file if one is expected; and nothing else."""
    found = os.listdir(folder)
    if len(found) != expected:
        return f"in the working directory is {found}"
    for name in found:
        if machine(f"{folder}/{name}") != EM_RISCV or os.stat(f"{folder}/{name}").st_size <= 4096:
            return f"{name} is not a guest's"
    return None


def check(tap, name, way, limit=UNLIMITED, user=None, refused=False):
    """A guest, and a shell that dies of the same signal: the kernel says what is right."""
    sig = SIGNALS[way]
    mounts = pathlib.Path("/proc/self/mounts").read_text()
    with tempfile.TemporaryDirectory(prefix="isomorph-core.") as folder, tempfile.TemporaryDirectory() as other:
        for path in (folder, other):
            os.chmod(path, 0o777)
        want, _, _ = run(["sh", "-c", f"kill -{int(sig)} $$"], other, limit, user)
        have, by, text = run([ISOMORPH, *OPTIONS, PROGRAM, way], folder, limit, user, refused)
        wrong = wrong_with_files(folder, want == os.CLD_DUMPED)
    if refused:
        want = os.CLD_KILLED
    notes = [f"code {have}, by {by}; expected code {want}, by {int(sig)}", wrong, text]
    left = pathlib.Path("/proc/self/mounts").read_text() != mounts
    tap.result(have == want and by == sig and not wrong and not left, name, *notes, f"a file system was left: {left}")


def check_parent(tap):
    """A guest whose child dies."""
    with tempfile.TemporaryDirectory(prefix="isomorph-core.") as folder:
        code, status, text = run([ISOMORPH, *OPTIONS, PROGRAM, "child"], folder, UNLIMITED)
        wrong = wrong_with_files(folder, 1)
    tap.result((code, status) == (os.CLD_EXITED, 0) and text == b"WCOREDUMP 1, dumped 1\n" and not wrong,
               "a guest sees it of its child", code, status, text, wrong)


def main():
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if not pattern or set(pattern) & set("|@/") or not may_mount(None):
        print("1..0 # SKIP core files have a place of their own, or file systems cannot be mounted")
        return
    tap = Tap()
    check(tap, "of a fault", "x")
    check(tap, "of abort", "abort")
    check(tap, "with threads", "threads")
    check_parent(tap)
    check(tap, "of a file that the limit cuts off", "x", 8192)
    check(tap, "not where the limit is 0", "x", 0)
    check(tap, "not where the limit is less than the kernel takes", "x", 4095)
    check(tap, "not of SIGTERM", "term")
    check(tap, "not where there is no file system to be had; the core file is there", "x", refused=True)
    if os.geteuid() == 0 and may_mount(NOBODY) and \
            subprocess.run([ISOMORPH, "--version"], user=NOBODY, group=NOBODY, capture_output=True).returncode == 0:
        check(tap, "without privileges", "x", user=NOBODY)
        check(tap, "without privileges, with threads", "threads", user=NOBODY)
    tap.finish()


main()
