#!/usr/bin/env python3
"""The numbers of sys.def against the kernel's own: <asm/unistd.h> of the riscv64 headers.

  test_numbers.py SYSCALLS.MD RISCV_GCC

A case per system call that the headers know: sys.def has a row with this number and name."""
import re
import subprocess
import sys

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

failed = 0
assert len(kernel) > 250
print(f"1..{len(kernel)}")
for i, (name, number) in enumerate(sorted(kernel.items(), key=lambda item: item[1]), 1):
    good = ours.get(number) == name
    failed += not good
    print(f"{'ok' if good else 'not ok'} {i} - {name} is {number}")
    if not good:
        print(f"# sys.def has {ours.get(number)} there")
sys.exit(failed != 0)
