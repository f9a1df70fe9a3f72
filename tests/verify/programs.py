"""The programs that the isomorphism check is run over: Debian's with a second's work or so each, and the tests' own
guests. tests/verify/test_verify.py checks them, bench/verify says how much slower that is."""
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
CC1 = "usr/libexec/gcc/riscv64-linux-gnu/14/cc1"
# What cc1 compiles: a file of ours, for the guest.
COMPILED = SOURCE / "src/code/reverse.c"

# name: package, path in the sysroot, arguments ($: the work folder)
DEBIAN = {
    "python3": ("python3", "usr/bin/python3", ["-S", "-B", "work.py"]),
    "perl": ("perl", "usr/bin/perl", ["work.pl"]),
    "lua": ("lua5.4", "usr/bin/lua5.4", ["work.lua"]),
    "sqlite3": ("sqlite3", "usr/bin/sqlite3", ["-batch", "-init", "/dev/null", ":memory:", ".read work.sql"]),
    "cc1": ("cpp-14-riscv64-linux-gnu", CC1, ["-quiet", "-O1", "work.i", "-o", "-"]),
    "cc1 -O2": ("cpp-14-riscv64-linux-gnu", CC1, ["-quiet", "-O2", "work.i", "-o", "-"]),
}
KERNEL_FLAGS = ["-O2", "-static", "-fno-tree-vectorize", "-ffp-contract=off", "-fno-math-errno"]
# Sizes with which a kernel of bench/kernels.c executes a million instructions or so.
KERNELS = {"integer": 20000, "crc": 20000, "sieve": 1, "qsort": 3000, "fib": 18, "calls": 60000, "deep": 3,
           "icall": 60000, "chase": 30000, "bytecode": 60000, "sha256": 300, "strings": 300, "muldiv": 30000,
           "matrix": 24, "nbody": 2000, "fft": 4, "libm": 3000, "single": 10000, "exchange": 60000,
           "bytes": 60000, "bits": 4000}
# The tests' guests, by the name of their file, and what they are run with; the others: nothing.
ARGUMENTS = {
    "debuggee": ["calls", "threads", "signals", "exec", "forks", "fork_exec"],
    "crasher": ["", "registers", "abort"],
    "hot_static": ["", "1 threads"],
}


def sysroot(build):
    """The folder with Debian's programs, in the build folder; made if need be."""
    names = sorted({package for package, _, _ in DEBIAN.values()})
    words = [SOURCE / "scripts/test-packages", build, "debian-riscv64", "riscv64", *names]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit("Bail out! the packages for riscv64 cannot be had: " + done.stderr.strip()[-200:])
    return pathlib.Path(build).resolve() / "sysroots/debian-riscv64"


def make_work(folder):
    """Puts what the programs read into the folder."""
    for name in ("work.py", "work.pl", "work.lua", "work.sql"):
        (folder / name).write_text((HERE / name).read_text())
    subprocess.run(["riscv64-linux-gnu-gcc", "-E", "-P", "-I", SOURCE / "src", COMPILED, "-o", folder / "work.i"], check=True)


def debian(build):
    """(name, options of isomorph, program and arguments) of each of Debian's programs."""
    root = sysroot(build)
    return [(name, ["-L", str(root)], [str(root / path), *arguments]) for name, (_, path, arguments) in DEBIAN.items()]


def compiled(source, folder):
    """The guest program that a file of the repository is compiled to, in the folder."""
    program = folder / pathlib.Path(source).stem
    subprocess.run(["riscv64-linux-gnu-gcc", *KERNEL_FLAGS, SOURCE / source, "-o", program, "-lm"], check=True)
    return str(program)


def guests(programs, folder):
    """The same of the guests of the tests."""
    kernels = compiled("bench/kernels.c", folder)
    known = set(re.findall(r'\{"(\w+)", \w+\}', (SOURCE / "bench/kernels.c").read_text()))
    if known != set(KERNELS):
        raise SystemExit(f"Bail out! the kernels are {sorted(known)}")
    rows = [("kernel " + name, [], [kernels, name, str(size)]) for name, size in KERNELS.items()]
    rows.append(("mandelbrot", [], [compiled("examples/mandelbrot.c", folder)]))
    for program in programs:
        name = pathlib.Path(program).name
        for words in ARGUMENTS.get(name, [""]):
            rows.append((f"{name} {words}".strip(), [], [program, *words.split()]))
    return rows
