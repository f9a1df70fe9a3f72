#!/usr/bin/env python3
"""The scripts that others rely on, tried on planted mistakes: check-floors, check-docs, test-summary and deps. Prints TAP."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap

ROOT = pathlib.Path(sys.argv[1])
FLOORS = "base 0\ncode 1\nir 1\nspace 1\nguest/rv64 2\nvm 4\n"
CLEAN = {
    "src/floors.txt": FLOORS,
    "src/base/base.h": '#include "base/extra.h"\n#include "rows.def"\n',
    "src/base/extra.h": "",
    "src/base/private.h": "",
    "src/base/rows.def": "",
    "src/code/code.h": '#include "base/base.h"\n',
    "src/ir/ir.h": '#include "code/code.h"\n#include "uops.gen.h"\n',
    "src/space/space.h": '#include "code/code.h"\n',
    "src/guest/rv64/rv64.h": '#include "ir/ir.h"\n#include "space/space.h"\n#include "rv64_regs.gen.h"\n',
    "src/vm/vm.h": '#include "guest/rv64/rv64.h"\n#include "base/extra.h"\n',
    "src/vm/vm.c": '#include <stdio.h>\n#include "vm/vm.h"\n#include "rv64_regs.gen.h"\n',
}
# What is planted, and what the report must say.
PLANTED = [
    ("an include from above", "src/ir/bad.c", '\n#include "vm/vm.h"\n', "src/ir/bad.c:2: ir (floor 1) includes vm/vm.h from above"),
    ("an include of a sibling", "src/ir/bad.c", '#include "space/space.h"\n', "src/ir/bad.c:1: ir includes space/space.h of its sibling"),
    ("a private header of another folder", "src/vm/bad.c", '#include "base/private.h"\n', "src/vm/bad.c:1: base/private.h is not public"),
    ("a generated header from above", "src/space/bad.c", '#include "rv64_regs.gen.h"\n', "src/space/bad.c:1: space (floor 1) includes rv64_regs.gen.h from above"),
    ("a generated header of a sibling", "src/space/bad.c", '#include "uops.gen.h"\n', "src/space/bad.c:1: space includes uops.gen.h of its sibling"),
    ("base using code", "src/base/bad.c", '#include "code/code.h"\n', "src/base/bad.c:1: base (floor 0) includes code/code.h from above"),
    ("an unknown folder", "src/stray/bad.c", "", "src/stray/bad.c:1: its folder is not in floors.txt"),
    ("an unknown header", "src/vm/bad.c", '#  include "elsewhere/x.h"\n', "src/vm/bad.c:1: elsewhere/x.h is in no folder"),
    ("a file that is too long", "tools/isagen/long.c", "x;\n" * 901, "tools/isagen/long.c:901: more than 900 lines"),
]
LOGS = [
    ("passes are counted", ["OK", "1..2\nok 1 - a\nok 2 - b\n"], ["OK", ""], "3 passed, 0 failed", 0),
    ("a failure is counted", ["FAIL", "1..2\nok 1 - a\nnot ok 2 - b\n"], ["OK", "ok 1\n"], "2 passed, 1 failed", 1),
    ("a crash is a failure", ["ERROR", "1..3\nok 1 - a\n"], ["OK", "ok 1\n"], "2 passed, 1 failed", 1),
    ("skips are told apart", ["OK", "1..2\nok 1 - a # SKIP no qemu\nok 2 - b\n"], ["SKIP", "1..0 # SKIP\n"], "1 passed, 0 failed, 2 skipped", 0),
    ("nothing run is a failure", ["SKIP", "1..0 # SKIP\n"], ["SKIP", ""], "0 passed, 0 failed, 2 skipped", 1),
]
# What dpkg knows of a package, and whether deps installs it.
STATES = [("installed", False), ("installed\ninstalled", False), ("not-installed", True), ("half-installed", True),
          ("config-files", True), ("", True)]
tap = Tap()


def run_check(script, tree):
    with tempfile.TemporaryDirectory() as top:
        for name, text in tree.items():
            path = pathlib.Path(top) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return subprocess.run([ROOT / "scripts" / script, top], capture_output=True, text=True)


def run_summary(tests):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as log:
        for name, (result, stdout) in enumerate(tests):
            row = dict(name=f"t{name}", result=result, stdout=stdout, returncode=0, command=["x", "a b"], env={})
            log.write(json.dumps(row) + "\n")
        log.flush()
        return subprocess.run([ROOT / "scripts/test-summary", log.name], capture_output=True, text=True)


def run_deps(state):
    with tempfile.TemporaryDirectory() as top:
        for name, script in (("dpkg-query", f"[ -n '{state}' ] && echo '{state}'"), ("apt-cache", ":"), ("sudo", '"$@"'),
                             ("apt-get", 'echo apt-get "$@"')):
            path = pathlib.Path(top) / name
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        return subprocess.run([ROOT / "scripts/deps", "lint"], capture_output=True, text=True,
                              env={**os.environ, "PATH": f"{top}:{os.environ['PATH']}"})


def main():
    clean = run_check("check-floors", CLEAN)
    tap.result(clean.returncode == 0 and clean.stdout == "", "floors: a clean tree passes", clean.stdout + clean.stderr)
    for name, path, text, expected in PLANTED:
        got = run_check("check-floors", {**CLEAN, path: text})
        lines = got.stdout.splitlines()
        tap.result(got.returncode == 1 and len(lines) == 1 and lines[0].startswith(expected), f"floors: {name}",
                   got.stdout + got.stderr)
    pages = {"README.md": "[a](docs/a.md) [b](http://b)\n", "docs/a.md": "[c](../README.md#d) [e](e.md)\n"}
    got = run_check("check-docs", pages)
    tap.result(got.returncode == 1 and got.stdout == "docs/a.md:1: there is no e.md\n", "docs: a link to a page that is not there",
               got.stdout + got.stderr)
    got = run_check("check-docs", {**pages, "docs/e.md": ""})
    tap.result(got.returncode == 0 and got.stdout == "", "docs: links that lead somewhere", got.stdout + got.stderr)
    for name, first, second, expected, status in LOGS:
        got = run_summary([first, second])
        tap.result(got.stdout.splitlines()[-1] == expected and got.returncode == status, f"summary: {name}",
                   got.stdout + got.stderr)
    for state, installs in STATES:
        got = run_deps(state)
        said = "deps: missing packages: clang-format" in got.stdout and "--no-install-recommends clang-format" in got.stdout
        tap.result(got.returncode == 0 and (said if installs else got.stdout == ""), f"deps: a package that is {state!r}",
                   got.stdout + got.stderr)
    tap.finish()


main()
