#!/usr/bin/env python3
"""Signals at every instruction of a loop: the state in each ucontext lies on the path that the interpreter takes.

  test_walk.py ISOMORPH PROGRAM

The interpreter, forced to deliver a signal before every single instruction, gives the path. Other engines and block sizes,
with forced signals and with a timer's, must show states of that path, and forced ones in its order."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
from tap import Tap

tap = Tap()

isomorph, program = sys.argv[1:3]
LEAST = 500  # states on the path


def walk(*options, mode=()):
    done = subprocess.run([isomorph, *options, program, *mode], capture_output=True, text=True, timeout=100)
    return done.stdout.splitlines() if done.returncode == 0 else [f"status {done.returncode}: {done.stderr[-200:]}"]


def off_path(states):
    """The first state that is not on the path in this order, or None."""
    at = iter(path)
    return next((state for state in states if not any(state == step for step in at)), None)


single = ["--force-signals=1", "--one-insn-per-block"]
path = walk("--engine=interp", *single)
tap.result(len(path) >= LEAST and len(set(path)) == len(path), "the path has a state for each instruction", len(path), path[:3])
for engine in ["--engine=eval"], ["--engine=block", "--hot=0"], ["--engine=block", "--hot=0", "--memory=offset"]:
    have = walk(*engine, *single)
    differ = next((pair for pair in zip(path, have) if pair[0] != pair[1]), (len(path), len(have)))
    tap.result(have == path, f"every instruction, {' '.join(engine)}", *differ)
for engine in (["--engine=interp"], ["--engine=eval"], ["--engine=block", "--hot=0"], ["--engine=block", "--hot=3"],
               ["--engine=block", "--hot=0", "--cache-size=64K"]):
    for every in 1, 2, 3, 7:
        have = walk(*engine, f"--force-signals={every}")
        tap.result(len(have) > 15 and off_path(have) is None, f"every {every} blocks, {' '.join(engine)}", len(have), off_path(have))
for engine in ["--engine=interp"], ["--engine=block", "--hot=0"], ["--engine=block", "--hot=2"]:
    have = walk(*engine, mode=["timer"])
    wrong = set(have) - set(path)
    tap.result(len(have) > 0 and not wrong, f"a timer, {' '.join(engine)}", len(have), sorted(wrong)[:3])
tap.finish()
