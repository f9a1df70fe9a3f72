#!/usr/bin/env python3
"""A timer's signals reach a guest that spins in a linked loop: all of them, and none too early. Prints TAP.

    test_latency.py ISOMORPH NATIVE GUEST      bench/signal_latency.c, built for both machines

How late they are is printed beside what the host's kernel takes for the native program; it is not judged, for on a loaded
machine that is the scheduler's doing."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap

ISOMORPH, NATIVE, GUEST = sys.argv[1:]
LINE = r"least (.+) us, tenth (.+) us, median (.+) us, p99 (.+) us, worst (.+) us\n"
tap = Tap()


def check(name, words):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("ISOMORPH_", "QEMU_"))}
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200, env=env)
    figures = re.fullmatch(LINE, done.stdout)
    tap.result(done.returncode == 0 and figures and float(figures[1]) >= 0, name, done, " ".join(words))
    print(f"# {name}: {done.stdout.strip()}", flush=True)


check("native", [NATIVE])
check("engine interp", [ISOMORPH, "--engine=interp", GUEST])
check("engine block", [ISOMORPH, "--engine=block", "--hot=0", GUEST])
check("engine block, cold blocks first", [ISOMORPH, "--engine=block", GUEST])
check("a cache that is always too small", [ISOMORPH, "--engine=block", "--hot=0", "--cache-size=64K", GUEST])
tap.finish()
