#!/usr/bin/env python3
"""-strace against strace(1): the same program, built for both machines, must give the same lines.

  test_strace_lines.py ISOMORPH NATIVE GUEST

Left out of the comparison: addresses and process ids, times that pass, and what stands for a machine, its C library or a
kernel alone."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap

isomorph, native, guest = (os.path.realpath(p) for p in sys.argv[1:4])
tap = Tap()

# What the C libraries do of themselves, and the names of calls that only one machine has.
LIBRARY = re.compile(r"(set_robust_list|getpid|gettid|getuid|set_tid|rseq|brk|arch_prctl|prlimit64\(0, RLIMIT_STACK|mprotect|"
                     r"readlink|getrandom|riscv_\w+|rt_sigprocmask|fork|clone\()")
SUBSTITUTES = (
    (r"0x[0-9a-f]{5,}", "ADDRESS"),
    (r"/\* \d+ vars \*/", "VARS"),
    (r" += ", " = "),
    (r"SNDCTL_\w+ or ", ""),  # strace's other names for requests of terminals
    (r"(sa_flags=)SA_RESTORER\|", r"\1"),
    (r", sa_restorer=\w+", ""),
    (r"(left \{tv_sec=)\d+, tv_nsec=\d+", r"\1TIME"),
    (r"si_([us])time=\d+", r"si_\1time=TIME"),
    (r"(si_pid=|tid=\[|kill\()\d{2,}", r"\1PID"),
    (r"((wait4|clone3)\(.*= )\d{2,}", r"\1PID"),
    (r"(tgkill\(PID, )\d+", r"\1PID"),
    (r"(sigqueueinfo\()\d+", r"\1PID"),
    (r"\? ERESTARTNOHAND \(To be restarted if no handler\)", "-1 EINTR (Interrupted system call)"),
)


def lines(command, log, what, start):
    """The lines of the first process from the one that begins with start on."""
    with tempfile.TemporaryDirectory() as work:
        shutil.copy(command.pop(), work + "/traced")
        subprocess.run([*command, "./traced", what], cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=60)
    text = open(log).read().splitlines()
    first = re.match(r"\d+", text[0] if text else "")
    found = []
    for line in text:
        if first and re.match(r"\d+ ", line):
            if not line.startswith(first.group(0) + " "):
                continue
            line = re.sub(r"^\d+ +", "", line)
        if not found and not line.startswith(start) or LIBRARY.match(line):
            continue
        if line.startswith("--- SIGCHLD") and what == "calls":  # ignored there
            continue
        for pattern, text in SUBSTITUTES:
            line = re.sub(pattern, text, line)
        found.append(line)
    return found


def compare(what, start='openat(AT_FDCWD, "new"'):
    with tempfile.TemporaryDirectory() as logs:
        want = lines(["strace", "-o", logs + "/native", native], logs + "/native", what, start)
        have = lines([isomorph, "-strace", "-D", logs + "/guest", guest], logs + "/guest", what, start)
    tap.result(len(want) > 1, f"{what}: strace shows something")
    for i in range(max(len(want), len(have))):
        a, b = (x[i] if i < len(x) else "(nothing)" for x in (want, have))
        tap.result(a == b, f"{what}: {a.split('(')[0]}", f"strace:  {a}\n-strace: {b}")


if not shutil.which("strace"):
    print("1..0 # SKIP strace(1) is not there")
    sys.exit(0)
compare("calls")
compare("dependent")
compare("options")
compare("signals")
for end in ("exit", "kill", "fault", "abort"):
    compare(end)
compare("exec", 'execve("./traced", ["./traced", "exit"]')
tap.finish()
