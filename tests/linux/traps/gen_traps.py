#!/usr/bin/env python3
"""Writes the cases of traps.c: each kind of trap at each place in a block.

  gen_traps.py OUTPUT.S

A case is a function that is entered with every register loaded with a pattern, but x10 with the address that traps, x6 with
one that does not, x5 with the turns of a loop, x31 with the function's own address. Its table entry: name, function,
address of the trapping instruction, value of x10, value of x6, fcsr."""
import sys

AREA = 0x20000000  # traps.c maps it: PAGES says what
PAGE = 4096


def page(n):
    return AREA + n * PAGE


RW, HOLE, RW2, READ, HOLE2, NONE, FILE, BEYOND, HOLE3, CODE, HOLE4, DATA, XFILE, XBEYOND = range(14)

# Where data accesses go that trap.
BAD = {
    "hole": page(HOLE) + 64, "null": 16, "none": page(NONE) + 64, "beyond": page(BEYOND) + 64, "top": 1 << 38,
    "below_top": (1 << 38) - 4096, "stack_of_host": 0x7ffe12345678 & ~7, "non_canonical": 0x8000_0000_0000,
    "wild": 0x1234_5678_9abc_def0, "kernel": 0xffff_ffff_ffff_f000, "last": (1 << 64) - 8,
}
LOADS = ["lb", "lh", "lw", "ld", "lbu", "lhu", "lwu", "flw", "fld", "c.lw", "c.ld", "c.fld"]
STORES = ["sb", "sh", "sw", "sd", "fsw", "fsd", "c.sw", "c.sd", "c.fsd"]
AMOS = ["amoadd.w", "amoadd.d", "amoswap.w", "amoswap.d", "amomin.d", "amomaxu.w", "amoand.d", "amoxor.w", "amoor.d.aqrl"]
SIZES = {"b": 1, "h": 2, "w": 4, "d": 8}


def size_of(op):
    return SIZES[op.removeprefix("c.").removeprefix("f").lstrip("ls")[0]]


def access(op, offset=0):
    """The text of an access through BASE. Compressed ones take registers x8 to x15 only."""
    value = ("f" if "f" in op else "x") + "12"
    return f"{op} {value}, {offset}(BASE)"


def number(n, hole):
    """The text of loads of n bytes that make one number, the second first; from byte `hole` on they trap."""
    order = [1, 0, *range(2, n)]
    trap = next(k for k in order if k >= hole)
    lines = []
    for k in order:
        lines.append(f"{'T: ' if k == trap else ''}lbu {'x12' if k == 1 else 'x13'}, {k}(BASE)")
        lines += ["slli x12, x12, 8", "or x12, x12, x13"] if k == 0 else []
        lines += [f"slli x13, x13, {8 * k}", "or x12, x12, x13"] if k > 1 else []
    return "\n ".join(lines)


def kinds():
    """name, instruction, x10, x6 (an address that is fine), fcsr"""
    for op in LOADS + STORES:
        for where, address in BAD.items():
            if op in ("ld", "sd", "lw", "sb", "fld", "fsd") or where in ("hole", "wild", "beyond"):
                yield f"{op} {where}", access(op), address, page(RW) + 128, 0
    for op in STORES:
        yield f"{op} read_only", access(op), page(READ) + 64, page(RW) + 128, 0
    for op in ("lh", "lw", "ld", "sh", "sw", "sd", "fld", "fsw"):
        for off in (1, 2, 3, 5, 7):
            if off < size_of(op):
                yield f"{op} crosses to hole -{off}", access(op), page(HOLE) - off, page(RW) + 128, 0
                yield f"{op} crosses to none -{off}", access(op), page(NONE) - off, page(RW) + 128, 0
                yield f"{op} wraps -{off}", access(op), (1 << 64) - off, page(RW) + 128, 0
                if op[0] == "s":
                    yield f"{op} crosses to read_only -{off}", access(op), page(READ) - off, page(RW) + 128, 0
    for op in ("ld", "sd", "lw", "sb"):
        yield f"{op} offset wraps to null", access(op, 24), (1 << 64) - 16, page(RW) + 128, 0
        yield f"{op} negative offset", access(op, -2048), page(HOLE) + 2048 + 64, page(RW) + 2048, 0
    for op in ("lr.w", "lr.d", "lr.d.aqrl"):
        for where in ("hole", "none", "beyond", "top", "wild", "null"):
            yield f"{op} {where}", f"{op} x12, (BASE)", BAD[where], page(RW) + 128, 0
        yield f"{op} misaligned", f"{op} x12, (BASE)", page(RW) + 129, page(RW) + 128, 0
    for op in AMOS:
        for where in ("hole", "none", "beyond", "top", "wild", "null"):
            yield f"{op} {where}", f"{op} x12, x13, (BASE)", BAD[where], page(RW) + 128, 0
        yield f"{op} read_only", f"{op} x12, x13, (BASE)", page(READ) + 64, page(RW) + 128, 0
        yield f"{op} misaligned", f"{op} x12, x13, (BASE)", page(RW) + 130, page(RW) + 128, 0
        yield f"{op} result dropped", f"{op} x0, x13, (BASE)", BAD["hole"], page(RW) + 128, 0
    for op in ("ld", "amoadd.d"):
        operands = "x10, 0(BASE)" if op == "ld" else "x10, x13, (BASE)"
        yield f"{op} to its base", f"{op} {operands}", BAD["hole"], page(RW) + 128, 0
    for n, hole in ((8, 0), (8, 1), (8, 2), (8, 5), (8, 7), (4, 1), (4, 3), (2, 1)):
        yield f"bytes cross to hole, {n} -{hole}", number(n, hole), page(HOLE) - hole, page(RW) + 128, 0
    yield "ld to zero", "ld x0, 0(BASE)", BAD["hole"], page(RW) + 128, 0
    yield "sc.d read_only", "lr.d x12, (BASE)\n T: sc.d x13, x14, (BASE)", page(READ) + 64, page(RW) + 128, 0
    # JUMP: the pc that traps is the one jumped to
    for name, address in (("hole", page(HOLE)), ("none", page(NONE)), ("data", page(DATA)), ("beyond", page(XBEYOND)),
                          ("null", 0), ("null odd", 3), ("top", 1 << 38), ("wild", BAD["wild"]),
                          ("non_canonical", BAD["non_canonical"]), ("kernel", BAD["kernel"]), ("last", (1 << 64) - 2),
                          ("crosses to hole", page(HOLE4) - 2)):
        yield f"jump to {name}", "jalr x1, 0(BASE)", address, "a_return", 0
    for name, text in (("zeros", ".half 0"), ("ones", ".word 0xffffffff"), ("unimp", "unimp"), ("c.ebreak", "c.ebreak"),
                       ("ebreak", ".option push\n .option norvc\n ebreak\n .option pop"),
                       ("static rm 5", ".insn r 0x53, 5, 0x01, f12, f13, f14"),
                       ("unknown csr", "csrr x12, 0x7c0"), ("machine csr", "csrr x12, mstatus"),
                       ("write of cycle", "csrw cycle, x12"), ("mret", "mret"), ("sret", "sret"), ("wfi in user mode", "wfi"),
                       ("reserved amo", ".insn r 0x2f, 3, 0x7c, x12, x10, x13"),
                       ("reserved load", ".insn i 0x03, 7, x12, 0(x10)")):
        yield name, text, 0, 0, 0
    yield "dynamic rm 5", "fadd.d f12, f13, f14", 0, 0, 5 << 5
    yield "dynamic rm 7", "fcvt.d.l f12, x13", 0, 0, 7 << 5


def plain(text, base="x10"):
    text = text.replace("BASE", base)
    return text.replace("T:", "1:") if "T:" in text else "1: " + text


BEFORE = ["addi x11, x11, 7", "xor x15, x11, x16", "add x2, x2, x17", "fadd.d f1, f2, f3", "fdiv.d f4, f5, f6",
          "sltu x18, x19, x20", "mul x21, x22, x23", "fcvt.w.d x24, f7, rtz", "fmul.s f8, f9, f10",
          # NaNs of other NaNs, and of infinity times zero plus one (invalid, which a quiet NaN alone is not)
          "fadd.d f11, f30, f2", "fmul.d f27, f3, f30", "fsub.s f26, f9, f31", "fmadd.d f14, f29, f28, f30",
          "fmadd.d f16, f29, f28, f30"]
# Registers that are written again behind the access: only the trap shows what is in them.
LATE = ["slliw x7, x19, 26", "srliw x16, x19, 6", "xor x7, x7, x16", "sd x16, 16(x6)", "addw x28, x7, x20", "lui x29, 0x12345",
        "mul x29, x29, x28", "auipc x22, 0", "sltu x30, x28, x29", "sub x21, x21, x29"]
ANEW = [f"li x{reg}, {reg}" for reg in (7, 16, 28, 29, 22, 30, 21)]
AFTER = ["addi x11, x11, 1", "add x12, x12, x12", "fadd.d f12, f12, f12", "fdiv.d f20, f5, f7", "mv x13, x0", "sd x11, 0(x6)"]


def shapes(text, is_access):
    """name and body. Label 1 is the trapping instruction's."""
    yield "start", [plain(text)] + AFTER
    yield "middle", BEFORE + [plain(text)] + AFTER
    yield "end", BEFORE + [plain(text), "bnez x11, 3f", "nop", "3: addi x11, x11, 1"]
    if not is_access:
        yield "loop", ["2: addi x5, x5, -1", "addi x11, x11, 7", "bnez x5, 3f", plain(text), "3: fadd.d f4, f4, f5",
                       "addi x9, x9, 3", "j 2b"]
        return
    # The address is x6 until the last turn and x10 then.
    choose = ["seqz x7, x5", "neg x7, x7", "and x8, x10, x7", "not x9, x7", "and x9, x6, x9", "or x14, x8, x9"]
    yield "loop", ["2: addi x5, x5, -1", *choose, "add x11, x11, x5", "fadd.d f4, f4, f5", plain(text, "x14"),
                   "addi x29, x29, 3", "bnez x5, 2b"] + AFTER
    if text.split()[0] in LOADS:  # the register that it writes has its address before
        yield "address", [*BEFORE, "slli x12, x10, 1", "sub x12, x12, x10", plain(text, "x12")] + AFTER
    if text.split()[0] in ("lw", "ld"):  # only as a floating-point register is it wanted
        yield "moved", [*BEFORE, plain(text), f"fmv.{'d' if text.startswith('ld') else 'w'}.x f13, x12", "li x12, 12"] + AFTER
    if not text.startswith("jalr"):  # there x6 is an address of code
        yield "late", LATE + [plain(text)] + ANEW + AFTER
        yield "late_between", [*LATE, "addi x19, x19, 1", "lw x17, 0(x6)", *LATE[::-1], plain(text)] + ANEW + AFTER
    yield "between", ["ld x25, 0(x6)", "addi x26, x25, 1", "fld f25, 8(x6)", plain(text), "add x27, x25, x26",
                      "fadd.d f26, f25, f25", "sd x27, 0(x6)"]


def main():
    rows, out = [], []
    for name, text, bad, good, fcsr in kinds():
        is_access = "BASE" in text
        for shape, body in shapes(text, is_access):
            if fcsr >> 5 > 4:  # no other dynamic rounding then
                body = [line for line in body if not line.lstrip("123:bf ").startswith("f") or line.startswith("1:")]
            label = f"case_{len(rows)}"
            out += [f"{label}:"] + [f" {line}" for line in body] + [" j did_not_trap"]
            rows.append((f"{name}, {shape}", label, bad, good, fcsr))
    with open(sys.argv[1], "w") as f:
        f.write(" .option norelax\n .text\n")
        current = None
        for line in out:
            if line.startswith("case_"):
                current = line[:-1]
                f.write(" .balign 4\n")
            f.write(line.replace(" 1: ", f" {current}_trap: ", 1) + "\n")
        f.write(" .section .rodata\n .balign 8\n .globl cases, n_cases\ncases:\n")
        for i, (name, label, bad, good, fcsr) in enumerate(rows):
            f.write(f" .dword name_{i}, {label}, {label}_trap, {bad:#x}, {good if isinstance(good, str) else hex(good)}, {fcsr}\n")
        f.write(f"n_cases: .dword {len(rows)}\n")
        for i, row in enumerate(rows):
            f.write(f"name_{i}: .string \"{row[0]}\"\n")


main()
