#!/usr/bin/env python3
"""A fault in the runtime's own code: one readable report, status 124, and nothing of it reaches the guest.

  test_own_fault.py ISOMORPH PROBE PRELOAD

PRELOAD (break_libc.c) replaces functions of libc by ones that fault. PROBE's command `segv` prints what its handler of
SIGSEGV sees."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap

isomorph, probe, preload = sys.argv[1:4]
tap = Tap()


def run(broken, *words):
    environ = dict(os.environ, LD_PRELOAD=preload, BREAK=broken)
    return subprocess.run([isomorph, "-U", "LD_PRELOAD", *words], env=environ, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60)


def case(good, name, result):
    tap.result(good, name, f"status {result.returncode}\n{result.stdout}{result.stderr}")


def check(name, result, doing):
    text = result.stderr
    case(result.returncode == 124 and result.stdout == "", f"{name}: status 124, the guest is not asked", result)
    case(len(re.findall("bug in isomorph", text)) == 1 and re.search(r"accessing 0x8$", text, re.M), f"{name}: one report",
         result)
    case(re.search(rf"^  while:  {doing}$", text, re.M), f"{name}: what it was doing", result)
    case(re.search(r"^  guest:  pc 0x[0-9a-f]+, thread \d+", text, re.M), f"{name}: where the guest was", result)
    case("Please report it" in text, f"{name}: how to report it", result)


for engine in "interp", "block", "eval":
    options = ["--engine=" + engine]
    check(f"system call, {engine}", run("sysconf", *options, probe, "segv-cat", "/proc/cpuinfo"), r"in system call openat \(56\)")
result = run("clock_gettime", "--engine=block", "--hot=0", "--stats=text", probe, "segv-cat", "/dev/null")
check("translation", result, "translating guest code")
result = run("nothing", probe, "segv-cat", "/proc/cpuinfo")
case(result.returncode == 0 and "processor" in result.stdout, "with nothing broken the program runs", result)
tap.finish()
