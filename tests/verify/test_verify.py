#!/usr/bin/env python3
"""isomorph verify over real programs: it finds no difference, and does not change what they do.

    test_verify.py BUILD EVERY debian              Debian's python3, perl, lua, sqlite3 and cc1 (programs.py)
    test_verify.py BUILD EVERY guests PROGRAM...   kernels, examples, and guests of other tests

One block in EVERY is checked. What a program prints and its exit status are compared with the interpreter's run."""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import programs
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap

LIMIT = 3000  # seconds
HEARD = ("ISOMORPH_WITHOUT", "ISOMORPH_RANDOM_REGISTERS")  # of the environment: tests/translate/passes
SUMMARY = re.compile(r"(\d+) instructions; (\d+) of them in (\d+) blocks verified, no difference")
build, every = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
isomorph = str(build / "isomorph")


def run(options, command, folder):
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(folder), "PYTHONHASHSEED": "1"}
    environment.update((name, os.environ[name]) for name in HEARD if name in os.environ)
    return subprocess.run([isomorph, "--seed=1", *options, *command], cwd=folder, env=environment,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, check=False)


def check(options, command, folder):
    """What is wrong, or None; and the line that says what was verified."""
    checked = ["--verify", f"--every={every}", *options]
    want = run(["--engine=interp", *options], command, folder)
    have = run(checked, command, folder)
    text = have.stderr.decode(errors="replace")
    summary = SUMMARY.search(text)
    repeat = "\nrepeat with: " + shlex.join([isomorph, *checked, *command])
    if (have.returncode, have.stdout) != (want.returncode, want.stdout):
        return f"status {have.returncode}, not {want.returncode}, or other output: {text[-3000:]}{repeat}", ""
    # A program that a signal ends does not always come to its statistics.
    if have.returncode < 0:
        return None, f"signal {-have.returncode}"
    if not summary or int(summary[3]) == 0:
        return f"nothing was verified: {text[-1000:]}{repeat}", ""
    return None, summary[0]


def main():
    with tempfile.TemporaryDirectory(prefix="isomorph-verify.") as name:
        folder = pathlib.Path(name)
        programs.make_work(folder)
        if sys.argv[3] == "debian":
            rows = programs.debian(build)
        else:
            rows = programs.guests([os.path.abspath(path) for path in sys.argv[4:]], folder)
        tap = Tap()
        for name, options, command in rows:
            wrong, line = check(options, command, folder)
            print(f"# {name}: {line}")
            tap.result(not wrong, name, wrong)
    tap.finish()


main()
