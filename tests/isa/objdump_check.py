#!/usr/bin/env python3
"""Our decoder and disassembler against GNU objdump, word by word.

Words go through `as` (as .insn, so that they count as code) and `objdump -d -M no-aliases`, which knows the same
extensions as we do, and through isa_words. Both must say `no instruction`, or print the same. Where they differ for a
reason, the reason stands in REASONS below; a reason that no word needs any more is an error too.

usage: objdump_check.py ISA_WORDS ENCODINGS AS OBJDUMP        prints TAP"""

import os
import random
import re
import subprocess
import sys
import tempfile

from encoding_table import read_encodings
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap

HERE = os.path.dirname(os.path.abspath(__file__))
SEED = 20
ARCH = "rv64gc_zba_zbb_zbs_zicond"
PRIVILEGED = {"mret", "sret", "hret", "uret", "wfi", "dret", "sfence.vm", "sfence.vma"}


class Word:
    """One instruction word and what the two say: `theirs` is None where objdump sees no instruction."""

    def __init__(self, value, size):
        self.value, self.size = value, size

    def name(self):
        return f"{self.value:0{self.size * 2}x}"

    def agrees(self):
        if self.theirs is None or self.fate == "illegal":
            return self.theirs is None and self.fate == "illegal"
        return self.ours == self.theirs

    def opcode(self):
        return self.value & 0x7f

    def field(self, high, low):
        return self.value >> low & (1 << (high - low + 1)) - 1


def is_exact_conversion(w):
    """fcvt.d.s, fcvt.d.w, fcvt.d.wu"""
    return w.opcode() == 0x53 and (w.field(31, 20) in (0x420, 0xd20, 0xd21))


def reads_rounding_mode(w):
    return w.opcode() in (0x43, 0x47, 0x4b, 0x4f, 0x53)


# Name, what it is, and when it applies. The manual is the judge; its rule is in the text.
REASONS = [
    ("c.nop", "c.addi with x0 is c.nop; objdump has no other name for it with no-aliases",
     lambda w: w.size == 2 and w.field(15, 13) == 0 and w.field(11, 7) == 0 and w.field(1, 0) == 1
     and re.fullmatch(r"c\.addi\tzero,-?\d+", w.theirs or "") and w.ours == "c.nop"),
    ("shift by 0", "compressed shifts by 0 (64 in RV128) are hints; objdump calls them by RV128's names",
     lambda w: re.fullmatch(r"c\.s(ll|rl|ra)i64\t\w+", w.theirs or "") and w.fate == "hint"
     and w.ours == w.theirs.replace("64", "") + ",0x0"),
    ("c.addi16sp 0", "c.addi16sp with 0 is reserved",
     lambda w: w.value == 0x6101 and w.fate == "illegal"),
    ("fence fields", "fm, rs1 and rd of a fence and the fields of fence.i are ignored; objdump wants zeros",
     lambda w: w.opcode() == 0x0f and w.theirs is None and re.match(r"fence(\.i|\.tso)?(\t|$)", w.ours)),
    ("pause", "pause is an alias of fence w,0 for objdump",
     lambda w: w.value == 0x0100000f and w.theirs == "fence\tw,unknown" and w.ours == "pause"),
    ("rounding modes", "modes 5 and 6 are reserved; objdump prints them as unknown",
     lambda w: reads_rounding_mode(w) and w.field(14, 12) in (5, 6) and w.fate == "illegal"
     and (w.theirs or "").endswith(",unknown")),
    ("exact conversions", "a conversion that never rounds has an rm field like others; objdump wants rne",
     lambda w: is_exact_conversion(w) and w.theirs is None and w.field(14, 12) in (1, 2, 3, 4, 7)
     and re.fullmatch(r"fcvt\.d\.(s|w|wu)\t\w+,\w+,(rtz|rdn|rup|rmm|dyn)", w.ours)),
    ("CSRs", "unknown CSRs, and writes to read-only ones, are illegal instructions; objdump prints them all",
     lambda w: w.opcode() == 0x73 and w.fate == "illegal" and (w.theirs or "").startswith("csrr")
     and (w.field(31, 20) not in (1, 2, 3, 0xc00, 0xc01, 0xc02) or w.field(31, 30) == 3)),
    ("privileged", "illegal in user mode",
     lambda w: w.opcode() == 0x73 and w.fate == "illegal" and (w.theirs or "").split("\t")[0] in PRIVILEGED),
]


class Tools:
    def __init__(self, isa_words, assembler, objdump, folder):
        self.isa_words, self.assembler, self.objdump, self.folder = isa_words, assembler, objdump, folder
        self.arch = ARCH
        self.knows_zicond = self.assemble(".text\n")
        if not self.knows_zicond:
            self.arch = ARCH.replace("_zicond", "")

    def assemble(self, text):
        source = os.path.join(self.folder, "words.s")
        with open(source, "w", encoding="ascii") as f:
            f.write(text)
        run = subprocess.run([self.assembler, "-march=" + self.arch, source, "-o", source[:-1] + "o"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return run.returncode == 0

    def ask(self, words):
        """Sets ours, fate and theirs of every word."""
        pc, queries = 0, []
        for w in words:
            w.pc = pc
            queries.append(f"{w.value:x} {pc:x}\n")
            pc += w.size
        run = subprocess.run([self.isa_words], input="".join(queries), stdout=subprocess.PIPE, check=True,
                             text=True)
        lines = run.stdout.splitlines()
        assert len(lines) == len(words)
        for w, line in zip(words, lines):
            size, w.fate, w.ours = line.split(" ", 2)
            assert int(size) == w.size, f"{w.name()}: {size} bytes"
        assert self.assemble("".join(f".insn {w.size}, {w.value:#x}\n" for w in words))
        self.ask_objdump({w.pc: w for w in words})

    def ask_objdump(self, by_pc):
        run = subprocess.Popen([self.objdump, "-d", "-z", "-M", "no-aliases", os.path.join(self.folder, "words.o")],
                               stdout=subprocess.PIPE, text=True)
        seen = 0
        for line in run.stdout:
            m = re.match(r" *([0-9a-f]+):\t[0-9a-f ]+\t(.*)", line)
            if not m:
                continue
            w = by_pc[int(m[1], 16)]
            text = re.sub(r"\t# [0-9a-f]+ <.*|\s+# [0-9a-f]+ <.*", "", m[2]).rstrip()
            text = re.sub(r"([0-9a-f]+) <[^>]*>$", lambda t: hex(int(t[1], 16)), text)
            w.theirs = None if text.startswith(".") or text == "unimp" else text
            seen += 1
        assert run.wait() == 0 and seen == len(by_pc), f"objdump printed {seen} of {len(by_pc)}"


class Judge:
    def __init__(self, tap, tools):
        self.tap, self.tools, self.used = tap, tools, set()

    def compare(self, title, words, reasons=()):
        self.tools.ask(words)
        wrong = []
        for w in words:
            if w.agrees():
                continue
            name = next((name for name, _, holds in REASONS + list(reasons) if holds(w)), None)
            if name:
                self.used.add(name)
            else:
                wrong.append(f"{w.name()} at {w.pc:#x}: we {w.fate} {w.ours!r}, objdump {w.theirs!r}")
        self.tap.result(not wrong, f"{title} ({len(words)} words)", f"{len(wrong)} differ", *wrong[:20])

    def reasons_needed(self):
        for name, text, _ in REASONS:
            self.tap.result(name in self.used, f"still different: {name}: {text}", "no word needs this exception")


def every_halfword():
    return [Word(value, 2) for value in range(0x10000) if value & 3 != 3]


def every_function(rng):
    """32-bit words over all major opcodes, funct3, funct7 and (where it chooses an instruction) rs2; the rest noise."""
    fine = (0x03, 0x04, 0x06, 0x0b, 0x0c, 0x0e, 0x14, 0x1c)
    words = []
    for opcode in range(32):
        if opcode & 7 == 7:
            continue  # the first bits of a longer instruction
        for rest in range(1 << 15):
            if opcode in fine or rng.randrange(16) == 0:
                function = rest >> 5 & 7, rest >> 8, rest & 31
                value = function[1] << 25 | function[2] << 20 | function[0] << 12 | opcode << 2 | 3
                words.append(Word(value | rng.getrandbits(5) << 15 | rng.getrandbits(5) << 7, 4))
    return words


def zero_registers():
    """Instructions without register operands, and those where x0 chooses: rd = rs1 = 0, and one of them 0."""
    return [Word(top << 20 | rs1 << 15 | function << 12 | rd << 7 | opcode, 4) for opcode in (0x0f, 0x73)
            for function in range(8) for top in range(4096) for rs1, rd in ((0, 0), (0, 1), (1, 0))
            if rs1 == rd or function or top < 64]


def check_lists(tap, stanzas):
    """Every extension has exactly the instructions that extensions.txt lists."""
    listed = {}
    with open(os.path.join(HERE, "extensions.txt"), encoding="utf-8") as f:
        for line in f:
            extension, _, names = line.split("#")[0].partition(":")
            if names:
                listed.setdefault(extension.strip(), set()).update(names.split())
    ours = {}
    for s in stanzas:
        ours.setdefault(s.extension, set()).add(s.mnemonic)
    for extension in sorted(listed.keys() | ours.keys()):
        missing = listed.get(extension, set()) - ours.get(extension, set())
        extra = ours.get(extension, set()) - listed.get(extension, set())
        tap.result(not missing and not extra, f"all instructions of {extension}",
                   f"missing: {sorted(missing)}", f"not in the list: {sorted(extra)}")


def main():
    isa_words, table, assembler, objdump = sys.argv[1:]
    stanzas, rng, tap = read_encodings(table), random.Random(SEED), Tap()
    check_lists(tap, stanzas)
    with tempfile.TemporaryDirectory() as folder:
        tools = Tools(isa_words, assembler, objdump, folder)
        judge = Judge(tap, tools)
        unknown = []
        if not tools.knows_zicond:
            unknown.append(("Zicond", "binutils before 2.41",
                            lambda w: w.theirs is None and w.ours.startswith("czero.")))
        judge.compare("all 16-bit words", every_halfword())
        judge.compare("all opcodes and functions", every_function(rng), unknown)
        judge.compare("fences and system instructions with x0", zero_registers())
        for extension in dict.fromkeys(s.extension for s in stanzas):
            words = [Word(s.random_word(rng), s.bits // 8) for s in stanzas if s.extension == extension
                     for _ in range(300)]
            words = [w for w in words if w.size == 4 or w.value & 3 != 3]
            judge.compare(f"random operands, {extension}", words, unknown)
        judge.compare("random words", [Word(v, 4) for v in (rng.getrandbits(32) | 3 for _ in range(50000))
                                       if v & 0x1c != 0x1c], unknown)
        judge.reasons_needed()
    tap.finish()


main()
