#!/usr/bin/env python3
"""Each kind of trap at each place in a block (gen_traps.py), in one engine, against qemu-riscv64.

  test_traps.py ISOMORPH QEMU PROGRAM [OPTIONS OF ISOMORPH...]

The whole of what a handler sees is compared: signal, code, address, pc, all registers, fcsr, mask; and that what the
handler changes goes on. Where qemu-riscv64 differs from the kernel, the kernel's answer is put in its place (kernel())."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
from tap import Tap

isomorph, qemu, program = (os.path.abspath(word) for word in sys.argv[1:4])
LINE = re.compile(r"(.*), (\w+): signal (\d+) code (\d+) addr (\w+) pc (\w+) (.*)")
# Addresses that x86-64 does not take: qemu-riscv64 does not know which it was and says 0.
UNKNOWN = {"non_canonical": 0x8000_0000_0000, "wild": 0x1234_5678_9abc_def0}


def run(*command):
    with tempfile.TemporaryDirectory() as work:
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=280)
    if done.returncode != 0:
        print(f"Bail out! {command[0]}: status {done.returncode}: {done.stderr[-300:]!r}")
        sys.exit(1)
    return done.stdout.splitlines()


def kernel(line):
    """What Linux says, of a line of qemu-riscv64's."""
    match = LINE.fullmatch(line)
    if not match:
        return line
    name, shape, signal, code, addr, pc, rest = match.groups()
    where = name.split()[-1]
    if signal == "7" and code == "1":
        addr = pc  # arch/riscv/kernel/traps.c: do_trap_error(..., BUS_ADRALN, regs->epc)
    if where in UNKNOWN and addr in ("0", "(nil)"):
        addr = f"{UNKNOWN[where]:#x}"  # arch/riscv/mm/fault.c: the address is stval's
    if where == "top":
        code = "1"  # no mapping is there (Sv39): SEGV_MAPERR; qemu-riscv64 has a page of its own
    return f"{name}, {shape}: signal {signal} code {code} addr {addr} pc {pc} {rest}"


want = [kernel(line) for line in run(qemu, program)]
have = run(isomorph, *sys.argv[4:], program)
kinds = {}
for i in range(max(len(want), len(have))):
    pair = tuple(lines[i] if i < len(lines) else "(nothing)" for lines in (want, have))
    kinds.setdefault(pair[0].rsplit(", ", 1)[0], []).append(pair)
tap = Tap()
for kind, pairs in kinds.items():
    wrong = [pair for pair in pairs if pair[0] != pair[1] or "no trap" in pair[0] or "not all" in pair[0]]
    tap.result(not wrong, kind, *(f"linux:    {expected}\nisomorph: {got}" for expected, got in wrong[:2]),
               "repeat: " + " ".join([isomorph, *sys.argv[4:], program]))
tap.finish()
