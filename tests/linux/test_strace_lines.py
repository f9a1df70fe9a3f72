#!/usr/bin/env python3
"""-strace against strace(1): the same program, built for both machines, must give the same lines.

  test_strace_lines.py ISOMORPH NATIVE GUEST

Left out of the comparison: addresses and process ids, and what stands for a machine or a kernel alone."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

isomorph, native, guest = (os.path.realpath(p) for p in sys.argv[1:4])
if not shutil.which("strace"):
    print("1..0 # SKIP strace(1) is not there")
    sys.exit(0)


def lines(command, log):
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(command, cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60, check=True)
        text = open(log).read()
    found = []
    for line in text[text.index('openat(AT_FDCWD, "new"'):].splitlines():
        line = re.sub(r"^\d+ +", "", line)
        if re.match(r"(clone|fork|exit_group|rt_sig\w+|set_robust_list|---|\+\+\+|getpid|gettid|set_tid)", line):
            continue
        line = re.sub(r"0x[0-9a-f]{5,}", "ADDRESS", line)
        line = re.sub(r" += ", " = ", line)
        line = re.sub(r"(wait4\(.*= )\d{2,}$", r"\1PID", line)
        found.append(line)
    return found


with tempfile.TemporaryDirectory() as logs:
    want = lines(["strace", "-o", logs + "/native", native], logs + "/native")
    have = lines([isomorph, "-strace", "-D", logs + "/guest", guest], logs + "/guest")
failed = 0
for i in range(max(len(want), len(have))):
    a, b = (x[i] if i < len(x) else "(nothing)" for x in (want, have))
    failed += a != b
    print(f"{'ok' if a == b else 'not ok'} {i + 1} - {a.split('(')[0]}")
    if a != b:
        print(f"# strace:  {a}\n# -strace: {b}")
print(f"1..{max(len(want), len(have))}")
sys.exit(failed != 0)
