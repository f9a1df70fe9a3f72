"""What bench/run measures: one row each, in groups. A row is a program with its arguments and the files that it works
on, and two sizes: the one that is measured (about a second under isomorph, or less), and a tiny one to try the bench
itself. {size} in an argument stands for the size. What a program prints must not depend on the machine."""
import collections
import shlex

import inputs

GROUPS = {
    "programs": "programs of Debian 13 at work",
    "startup": "programs that hardly do more than start",
    "kernels": "loops in C, each of one kind",
}
# What is unpacked into the sysroots, which are those of tests/programs.
PACKAGES = """bash bzip2 coreutils cpp-14-riscv64-linux-gnu dash flac gawk git gzip lua5.4 nodejs openssl perl python3
    sqlite3 xz-utils zstd""".split()

# program and native: the path in the riscv64 and in the amd64 sysroot; None for bench/kernels.c.
# files: scripts of bench/work; or (name, function of inputs.py, bytes or None for the row's size).
Row = collections.namedtuple("Row", "name group program native arguments size tiny files environment")


def program(name, path, arguments, size, tiny, *files, group="programs", native=None, **environment):
    return Row(name, group, f"/usr/{path}", f"/usr/{native or path}", shlex.split(arguments), size, tiny, files,
               environment)


def kernel(name, size, tiny):
    return Row(name, "kernels", None, None, [name, "{size}"], size, tiny, (), {})


def compiler(name, group, size, tiny):
    """A compiler for riscv64 on both sides, so that the output can be compared."""
    return program(name, "libexec/gcc/riscv64-linux-gnu/14/cc1", "-quiet -O2 -fno-ident -fpreprocessed work.i -o -",
                   size, tiny, ("work.i", inputs.source, None), group=group,
                   native="libexec/gcc-cross/riscv64-linux-gnu/14/cc1")


TEXT = ("text", inputs.text, None)

ROWS = [
    program("python3", "bin/python3", "work.py text {size}", 30, 1, "work.py", ("text", inputs.text, 400000)),
    program("perl", "bin/perl", "work.pl text {size}", 20, 1, "work.pl", ("text", inputs.text, 400000)),
    program("lua", "bin/lua5.4", "work.lua {size}", 40, 1, "work.lua"),
    program("sqlite3", "bin/sqlite3",
            "-batch -init /dev/null -cmd '.parameter set @rows {size}' :memory: '.read work.sql'", 60000, 2000,
            "work.sql"),
    compiler("cc1", "programs", 50000, 1000),
    program("zstd", "bin/zstd", "-q -c -T1 text", 12000000, 10000, TEXT),
    program("xz", "bin/xz", "-c -T1 text", 1000000, 10000, TEXT),
    program("gzip", "bin/gzip", "-c -n text", 6000000, 10000, TEXT),
    program("bzip2", "bin/bzip2", "-c text", 6000000, 10000, TEXT),
    # The riscv64 code without the scalar and vector cryptography extensions.
    program("openssl", "bin/openssl", "dgst -sha256 noise", 64000000, 10000, ("noise", inputs.noise, None),
            OPENSSL_riscvcap="rv64gc"),
    program("sort", "bin/sort", "--parallel=1 -k2 text", 10000000, 10000, TEXT),
    program("gawk", "bin/gawk", "-v turns=1 -f work.awk text", 2500000, 10000, "work.awk", TEXT),
    program("flac", "bin/flac", "-s -8 -c sound.wav", 4000000, 40000, ("sound.wav", inputs.sound, None)),
    program("node", "bin/node", "work.js {size}", 60, 1, "work.js"),

    program("true", "bin/true", "", 1, 1, group="startup"),
    program("script", "bin/dash", "script.sh {size}", 50, 1, "script.sh", group="startup"),  # ten commands a turn
    program("bash", "bin/bash", "-c 'echo $((6 * 7))'", 1, 1, group="startup"),
    program("perl-start", "bin/perl", "-e 'print 6 * 7'", 1, 1, group="startup"),
    program("python3-start", "bin/python3", "-c 'print(6 * 7)'", 1, 1, group="startup"),
    program("git-start", "bin/git", "--version", 1, 1, group="startup"),
    compiler("cc1-start", "startup", 1, 1),  # one function

    kernel("integer", 100000000, 1000),
    kernel("crc", 10000000, 1000),
    kernel("sieve", 250, 1),
    kernel("qsort", 2500000, 1000),
    kernel("chase", 100000000, 1000),
    kernel("fib", 40, 10),
    kernel("calls", 60000000, 1000),
    kernel("deep", 4000, 2),
    kernel("icall", 100000000, 1000),
    kernel("bytecode", 250000000, 1000),
    kernel("strings", 500000, 100),
    kernel("sha256", 300000, 10),
    kernel("muldiv", 150000000, 1000),
    kernel("nbody", 5000000, 100),
    kernel("fft", 8000, 2),
    kernel("matrix", 600, 20),
    kernel("libm", 2000000, 100),
    kernel("single", 20000000, 1000),
]

# Measured by bench/passes alone: what hardly occurs in the loops above.
PASS_ROWS = [
    kernel("exchange", 100000000, 1000),
    kernel("bytes", 200000000, 1000),
    kernel("bits", 10000000, 1000),
]
