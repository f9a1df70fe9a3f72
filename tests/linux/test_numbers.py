#!/usr/bin/env python3
"""The numbers of sys.def against the kernel's own: <asm/unistd.h> of the riscv64 headers.

  test_numbers.py SYSCALLS.MD RISCV_GCC

A case per system call that the headers know: sys.def has a row with this number and name."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap

table, gcc = sys.argv[1:3]


def preprocess(text, *options):
    return subprocess.run([gcc, "-E", "-P", *options, "-"], input=text, capture_output=True, text=True,
                          check=True).stdout


macros = preprocess("#include <asm/unistd.h>\n", "-dM")
names = sorted(set(re.findall(r"#define __NR_(\w+)", macros)) - {"arch_specific_syscall", "syscalls"})
expanded = preprocess("#include <asm/unistd.h>\n" + "".join(f'"{n}" __NR_{n}\n' for n in names))
kernel = {n: sum(map(int, re.findall(r"\d+", v))) for n, v in re.findall(r'"(\w+)" ([\d+() ]+)\n', expanded)}
ours = {}
with open(table) as f:
    for line in f:
        row = re.match(r"\| (\d+) \| `(\w+)` \|", line)
        if row:
            ours[int(row[1])] = row[2]

tap = Tap()
assert len(kernel) > 250
for name, number in sorted(kernel.items(), key=lambda item: item[1]):
    tap.result(ours.get(number) == name, f"{name} is {number}", f"sys.def has {ours.get(number)} there")
tap.finish()
