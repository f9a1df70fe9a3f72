#!/usr/bin/env python3
"""test_fence.py ISOMORPH PROGRAM: with --fence a guest reaches nothing of the runtime's.

The program gets the addresses of all the runtime's mappings, as the host's kernel lists them, and must be told SIGSEGV
with the address that it touched, for each kind of access. Without the fence some of them are reached: the last case
shows that the others could fail."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
from tap import Tap

ISOMORPH, PROGRAM = sys.argv[1:3]
SPACE_TOP = 1 << 38
BASE = 0x200000000000
WAYS = 12


def mappings(pid):
    """Where what can be read of the runtime begins: addresses of the host."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        for line in maps:
            start, rights = int(line.split("-")[0], 16), line.split()[1]
            if "r" in rights and start < 1 << 47:
                yield start


def try_all(options, base):
    """How many addresses were tried, and those that were not refused in each way."""
    command = [ISOMORPH, "--engine=block", "--hot=0", *options, PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True) as process:
        assert process.stdout.readline() == "ready\n"
        tried, reached = 0, []
        for host in mappings(process.pid):
            if base <= host < base + SPACE_TOP:
                continue
            at = host + 64 - base & (1 << 64) - 1
            process.stdin.write(f"{at:x}\n")
            process.stdin.flush()
            tried += 1
            if process.stdout.readline() != f"{WAYS} of {WAYS}\n":
                reached.append(f"{host:#x}")
                break  # it may be in any state now
        process.kill()
    return tried, reached


tap = Tap()
for name, options, base in (("identity", ["--memory=identity"], 0), ("offset", ["-B", hex(BASE)], BASE)):
    tried, reached = try_all(["--fence", *options], base)
    tap.result(tried >= 10 and not reached, f"fence, {name}", f"{tried} mappings of the runtime, reached: {reached}")
tried, reached = try_all(["--memory=identity"], 0)
tap.result(bool(reached), "without the fence they can be reached", f"{tried} mappings of the runtime")
tap.finish()
