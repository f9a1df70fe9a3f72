#!/usr/bin/env python3
"""isagen against bad input: every case of bad.txt must end in one line that names file, line and cause; whatever else
is fed to it (each real file cut short anywhere, noise) must end in an error or success, never in a crash or a hang.

usage: bad_inputs.py ISAGEN ISA_FOLDER          prints TAP"""

import os
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap

HERE = os.path.dirname(os.path.abspath(__file__))
TIME_LIMIT = 20
DEFINITIONS = ("uops.def", "regs.def", "csr.def")


class Isagen:
    """Runs `isagen check` on the real definitions with one of them replaced, or with a stanza file added."""

    def __init__(self, program, isa, folder):
        self.program, self.folder = program, folder
        self.real = {"uops.def": os.path.join(isa, "uops.def")}
        for name in ("regs.def", "csr.def", "formats.isa"):
            self.real[name] = os.path.join(isa, "rv64", name)

    def check(self, name, content):
        """Returns status (negative: signal, None: hangs), stderr and the path of the file under test."""
        path = os.path.join(self.folder, name)
        with open(path, "wb") as f:
            f.write(content)
        inputs = [path if key == name else real for key, real in self.real.items()]
        if name not in self.real:
            inputs.append(path)
        try:
            run = subprocess.run([self.program, "check", *inputs], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            return None, "no end within %d seconds" % TIME_LIMIT, path
        return run.returncode, run.stderr.decode(errors="replace"), path


def read_cases(path):
    """Yields (name, file to replace or 'case.isa', text, line that must be named, text that the message must have)."""
    with open(path, encoding="utf-8") as f:
        parts = re.split(r"^--- (.*)\n", f.read(), flags=re.M)
    for title, text in zip(parts[1::2], parts[2::2]):
        file, _, rest = title.partition(": ")
        marks = [(n, line.split("#!")[1].strip()) for n, line in enumerate(text.split("\n"), 1) if "#!" in line]
        assert len(marks) == 1, title
        yield title, file if rest else "case.isa", text.encode(), *marks[0]


def check_cases(tap, isagen):
    for title, file, text, line, want in read_cases(os.path.join(HERE, "bad.txt")):
        status, err, path = isagen.check(file, text)
        ok = status == 1 and err.startswith(f"{path}:{line}: ") and want in err and err.count("\n") == 1
        tap.result(ok, title, f"line {line}, {want!r} wanted; status {status}", err)


def survives(tap, isagen, name, inputs):
    """Each input ends with status 0, or with 1 and exactly one line; empty ones included."""
    worst = None
    for file, content in inputs:
        status, err, path = isagen.check(file, content)
        if not (status == 0 and err == "") and not (status == 1 and err.count("\n") == 1):
            worst = f"status {status}: {err}\ninput of {len(content)} bytes: {content[-80:]!r}"
            break
    tap.result(worst is None, name, worst or "")


def read(path):
    with open(path, "rb") as f:
        return f.read()


SAMPLE = b"""# every construct once
operand spare  unsigned
one'a  imm[11:5|4:0] rs1 000 rd 0010011  I
  asm   "rd, hex(imm)(rs1)"
  where rd != 0, rs1 != rd
  reserved imm == -1
  hint  rs1 == 0
  do    sum = load.u8(add(rs1, imm))
  do    rd = and(sum, -0x7f)
  test  rs1=@4 imm=-2 [2].8=0x80 fflags=NV -> rd=0x80
  test  rs1=0 rd=x7 -> trap=load
  doc   "text"
two  0... rd 0000 001  C
  asm   "rd"
  except one'a
  expands one'a rd=rd rs1=1 imm=0
  test  x1=@0 -> rd=0
"""


def main():
    isagen_path, isa = sys.argv[1:]
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        isagen = Isagen(isagen_path, isa, folder)
        status, err, _ = isagen.check("case.isa", b"# nothing\n")
        tap.result(status == 0, "the definitions alone are accepted", err)
        check_cases(tap, isagen)
        survives(tap, isagen, "a stanza file cut at every byte",
                 (("case.isa", SAMPLE[:n]) for n in range(len(SAMPLE) + 1)))
        for name in DEFINITIONS:
            whole = read(isagen.real[name])
            step = max(1, len(whole) // 200)
            survives(tap, isagen, f"{name} cut at every {step} bytes",
                     ((name, whole[:n]) for n in range(0, len(whole), step)))
        rng = random.Random(7)
        survives(tap, isagen, "noise, also with zero bytes",
                 (("case.isa", bytes(rng.choices(range(256), k=rng.randrange(400)))) for _ in range(100)))
        survives(tap, isagen, "a stanza file with one byte changed",
                 (("case.isa", SAMPLE[:n] + bytes([rng.randrange(256)]) + SAMPLE[n + 1:])
                  for n in (rng.randrange(len(SAMPLE)) for _ in range(400))))
        deep = b"one R 0000000 000 0110011 I\n  do rd = " + b"clz(" * 100000 + b"rs1" + b")" * 100000 + b"\n"
        survives(tap, isagen, "deep nesting and a very long line", [("case.isa", deep)])
        run = subprocess.run([isagen_path, "check", folder, os.path.join(folder, "missing.isa")],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIME_LIMIT)
        tap.result(run.returncode == 1 and run.stderr.count(b"\n") == 1, "a folder, a missing file",
                   run.stderr.decode(errors="replace"))
    tap.finish()


main()
