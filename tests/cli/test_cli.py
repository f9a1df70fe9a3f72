#!/usr/bin/env python3
"""The command line from outside: every kind of mistake, what options do to a guest, logs and statistics. Prints TAP.

    test_cli.py ISOMORPH SHOW LOOP DYNAMIC

SHOW, LOOP and DYNAMIC are guest programs: show.c linked statically, loop.S, and show.c linked dynamically.
"""
import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap

ISOMORPH, SHOW, LOOP, DYNAMIC = (os.path.abspath(a) for a in sys.argv[1:5])
TIMEOUT = 60
USAGE, CANNOT_RUN, NOT_FOUND = 125, 126, 127
CLEAN_ENV = {"PATH": "/usr/bin:/bin", "LANG": "C"}
# Sanitizer settings of the build under test must reach it, and which engine is tested, and with which passes.
PASSED = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "ISOMORPH_ENGINE", "ISOMORPH_CACHE_SIZE", "ISOMORPH_WITHOUT",
          "ISOMORPH_RANDOM_REGISTERS")
CLEAN_ENV.update({k: v for k, v in os.environ.items() if k in PASSED})

cases = []  # (name, function returning a list of complaints)


def case(name):
    def add(function):
        cases.append((name, function))
        return function
    return add


def run(*args, env=None, **kwargs):
    words = [ISOMORPH, *map(str, args)]
    done = subprocess.run(words, env={**CLEAN_ENV, **(env or {})}, capture_output=True, timeout=TIMEOUT,
                          stdin=subprocess.DEVNULL, **kwargs)
    done.stdout, done.stderr = (s.decode(errors="replace") for s in (done.stdout, done.stderr))
    return done


def describe(got):
    return [f"command: {shlex.join(got.args)}", f"status {got.returncode}, stdout {got.stdout!r}, stderr {got.stderr!r}"]


def expect(got, status, stdout=None, stderr=""):
    """Complaints unless the run ended so. A negative status is death by that signal."""
    ok = got.returncode == status and stdout in (None, got.stdout) and stderr in (None, got.stderr)
    return [] if ok else describe(got) + [f"expected status {status}, stdout {stdout!r}, stderr {stderr!r}"]


def expect_error(got, status, *words):
    """Complaints unless it is one line on stderr with these words, nothing on stdout, and this status."""
    line = got.stderr
    ok = got.returncode == status and got.stdout == "" and line.count("\n") == 1 and line.startswith("isomorph: ")
    missing = [w for w in words if w not in line]
    return [] if ok and not missing else describe(got) + [f"expected status {status} and one line with {list(words)}"]


# ---- mistakes in options --------------------------------------------------------------------------------------------

BAD_OPTIONS = [
    (["-nonsense"], ["-nonsense", "unknown option"]),
    (["--nonsense=1", SHOW], ["--nonsense", "unknown option"]),
    (["-x"], ["-x", "unknown option"]),
    ([], ["no program"]),
    (["--"], ["no program"]),
    (["-strace"], ["no program"]),
    (["-L"], ["-L", "DIR"]),
    (["-L", "/nonexistent-prefix", SHOW], ["-L", "/nonexistent-prefix"]),
    (["-E"], ["-E", "VAR=VALUE"]),
    (["-E", "NOVALUE", SHOW], ["-E", "NOVALUE"]),
    (["-E", "=1", SHOW], ["-E", "'=1'"]),
    (["-E", "A=1,", SHOW], ["-E", "''"]),
    (["-U", "A=1", SHOW], ["-U", "A=1"]),
    (["-U", "", SHOW], ["-U"]),
    (["-0"], ["-0", "NAME"]),
    (["-s"], ["-s", "BYTES"]),
    (["-s", "many", SHOW], ["-s", "number", "'many'"]),
    (["-s", "8Q", SHOW], ["-s", "'8Q'"]),
    (["-s", "8MM", SHOW], ["-s", "'8MM'"]),
    (["-s", "-8", SHOW], ["-s", "'-8'"]),
    (["-s", "", SHOW], ["-s", "number"]),
    (["-s", "0x", SHOW], ["-s", "'0x'"]),
    (["-s", "99999999999999999999", SHOW], ["-s", "number"]),
    (["-s", "99999999999T", SHOW], ["-s", "number"]),
    (["-s", "1", SHOW], ["-s", "64K"]),
    (["-s", "1T", SHOW], ["-s", "64G"]),
    (["--stack-size=abc", SHOW], ["--stack-size", "'abc'"]),
    (["-seed", "abc", SHOW], ["-seed", "'abc'"]),
    (["-cpu", "pentium", SHOW], ["-cpu", "'pentium'", "help"]),
    (["-cpu", "", SHOW], ["-cpu"]),
    (["--engine=warp", SHOW], ["--engine", "'warp'", "help"]),
    (["--engine"], ["--engine", "NAME"]),
    (["--memory=table", SHOW], ["--memory", "'table'", "identity"]),
    (["-B", "0x1234", SHOW], ["-B", "page"]),
    (["-B", "0x10000000000", "--memory=identity", SHOW], ["-B", "--memory=offset"]),
    (["--cache-size=0", SHOW], ["--cache-size", "64K"]),
    (["--cache-size=65535", SHOW], ["--cache-size", "too small", "64K"]),
    (["--cache-size=1073741825", SHOW], ["--cache-size", "range of a jump", "1G"]),
    (["--cache-size=16E", SHOW], ["--cache-size"]),
    (["--cache-policy=hope", SHOW], ["--cache-policy", "'hope'", "help"]),
    (["--wx=never", SHOW], ["--wx", "'never'", "split"]),
    (["-d", "guest,nothing", SHOW], ["-d", "'nothing'", "help"]),
    (["-d", "", SHOW], ["-d", "help"]),
    (["-D", "/nonexistent/log", SHOW], ["-D", "/nonexistent/log", "No such file"]),
    (["--verify", "--engine=interp", SHOW], ["--verify", "interp"]),
    (["--every=0", SHOW], ["--every", "from 1"]),
    (["--stats=xml", SHOW], ["--stats", "'xml'"]),
    (["--stats=json:", SHOW], ["--stats", "'json:'"]),
    (["--stats=json:/nowhere/stats", SHOW], ["--stats", "/nowhere/stats", "No such file"]),
    (["--stats=json:/", SHOW], ["--stats", "/", "Is a directory"]),
    (["--hot=65537", SHOW], ["--hot", "65536", "65537"]),
    (["--hot=4294967296", SHOW], ["--hot", "65536", "4294967296"]),
    (["--strace=yes", SHOW], ["--strace", "takes no value"]),
]
BAD_OPTIONS += [(["-" + name, "1", SHOW], ["-" + name, "not supported yet"])
                for name in ("R", "singlestep", "plugin", "dfilter")]
for bad_args, bad_words in BAD_OPTIONS:
    case("mistake: " + (" ".join(a for a in bad_args if a != SHOW) or "(nothing)"))(
        lambda args=bad_args, words=bad_words: expect_error(run(*args), USAGE, *words))

BAD_ENVIRONMENT = [
    ("QEMU_STACK_SIZE", "abc", ["QEMU_STACK_SIZE", "'abc'"]),
    ("ISOMORPH_CPU", "pentium", ["'pentium'"]),
    ("QEMU_LOG", "nothing", ["'nothing'"]),
    ("ISOMORPH_ENGINE", "warp", ["'warp'"]),
]
for bad_name, bad_value, bad_words in BAD_ENVIRONMENT:
    case(f"mistake: {bad_name}={bad_value}")(
        lambda name=bad_name, value=bad_value, words=bad_words:
            expect_error(run(SHOW, "exit", env={name: value}), USAGE, *words))


# ---- programs that cannot be run ------------------------------------------------------------------------------------

def run_file(data, mode=0o755, **kwargs):
    """Runs a file with this content."""
    with tempfile.TemporaryDirectory() as top:
        path = pathlib.Path(top) / "program"
        path.write_bytes(data)
        path.chmod(mode)
        return run(path, **kwargs)


def patched(offset, data):
    image = bytearray(pathlib.Path(SHOW).read_bytes())
    image[offset:offset + len(data)] = data
    return bytes(image)


@case("program: there is none")
def _():
    return expect_error(run("/nonexistent/program"), NOT_FOUND, "/nonexistent/program")


@case("program: no such name, no slash")
def _():
    return expect_error(run("no-such-program-anywhere"), NOT_FOUND, "no-such-program-anywhere")


@case("program: empty name")
def _():
    return expect_error(run(""), NOT_FOUND)


@case("program: a directory")
def _():
    return expect_error(run("/tmp"), CANNOT_RUN, "/tmp")


@case("program: a path through a file")
def _():
    got = run(SHOW + "/x")
    return expect_error(got, got.returncode if got.returncode in (CANNOT_RUN, NOT_FOUND) else CANNOT_RUN, "/x")


@case("program: a character device")
def _():
    return expect_error(run("/dev/null"), CANNOT_RUN, "/dev/null")


# Content, and words of the message.
BAD_FILES = {
    "an empty file": (lambda: b"", ["empty"]),
    "a script of two characters": (lambda: b"#!", ["script", "interpreter"]),
    "a script with an empty first line": (lambda: b"#! \t\n/bin/sh\n", ["script", "interpreter"]),
    "a script whose interpreter's name never ends": (lambda: b"#!/" + b"a" * 5000, ["script", "interpreter"]),
    "one byte": (lambda: b"\x7f", ["ELF"]),
    "text": (lambda: b"hello, world\n" * 20, ["ELF"]),
    "a native x86-64 program": (lambda: pathlib.Path("/bin/true").read_bytes(), []),
    "a 32-bit class": (lambda: patched(4, b"\x01"), []),
    "big-endian data": (lambda: patched(5, b"\x02"), []),
    "an unknown class": (lambda: patched(4, b"\x07"), []),
    "a relocatable file": (lambda: patched(16, b"\x01\x00"), []),
    "a wrong machine number": (lambda: patched(18, b"\x28\x00"), []),
    "no program headers": (lambda: patched(56, b"\x00\x00"), []),
    "program headers of a wrong size": (lambda: patched(54, b"\x08\x00"), []),
    "program headers beyond the end": (lambda: patched(32, b"\x00\x00\x00\x70\x00\x00\x00\x00"), []),
    "a magic number alone": (lambda: b"\x7fELF", []),
    "a header cut short": (lambda: pathlib.Path(SHOW).read_bytes()[:63], []),
    "program headers cut short": (lambda: pathlib.Path(SHOW).read_bytes()[:100], []),
    "segments cut short": (lambda: pathlib.Path(SHOW).read_bytes()[:5000], []),
}
for file_name, (make_data, file_words) in BAD_FILES.items():
    case("program: " + file_name)(
        lambda make=make_data, words=file_words: expect_error(run_file(make()), CANNOT_RUN, *words))


@case("program: one that may not be read")
def _():
    def become_nobody():
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
    with tempfile.TemporaryDirectory() as top:
        os.chmod(top, 0o755)
        path = pathlib.Path(top) / "program"
        path.write_bytes(pathlib.Path(SHOW).read_bytes())
        path.chmod(0)
        copy = pathlib.Path(top) / "isomorph"
        copy.write_bytes(pathlib.Path(ISOMORPH).read_bytes())
        copy.chmod(0o755)
        done = subprocess.run([copy, path], env=CLEAN_ENV, capture_output=True, text=True, timeout=TIMEOUT,
                              preexec_fn=become_nobody)
        done.args = [str(a) for a in done.args]
        return expect_error(done, CANNOT_RUN, "ermission denied")


@case("program: its interpreter is missing")
def _():
    with tempfile.TemporaryDirectory() as empty:
        return expect_error(run("-L", empty, DYNAMIC), NOT_FOUND, "ld-linux-riscv64", "-L")


@case("program: a mistake creates no statistics file")
def _():
    with tempfile.TemporaryDirectory() as top:
        path = pathlib.Path(top) / "stats"
        return expect_error(run(f"--stats=json:{path}", "/nonexistent"), NOT_FOUND) + \
            (["the file was created"] if path.exists() else [])


@case("program: a script has its own name, not its interpreter's")
def _():
    with tempfile.TemporaryDirectory() as top:
        path = pathlib.Path(top) / "-script"
        path.write_text(f"#!{SHOW} names\n")
        path.chmod(0o755)
        return (expect(run(path), 0, f"{path} -script\n") + expect(run(SHOW, "exec", path), 0, f"{path} -script\n") +
                expect(run(SHOW, "exec", "-script", top), 0, "-script -script\n"))


# ---- help -----------------------------------------------------------------------------------------------------------

def expect_text(got, *words):
    missing = [w for w in words if w not in got.stdout]
    return [] if got.returncode == 0 and got.stderr == "" and not missing else describe(got) + [f"missing: {missing}"]


HELP_WORDS = ["usage: isomorph", "-L", "--prefix", "-strace", "--memory", "--stats", "QEMU_LD_PREFIX",
              "ISOMORPH_LD_PREFIX", "123", "124", "125", "126", "127"]
for help_args, help_words in [
        (["-h"], HELP_WORDS), (["--help"], HELP_WORDS), (["-help"], HELP_WORDS),
        (["-version"], ["isomorph 0.", "Apache-2.0"]), (["--version"], ["isomorph 0.", "Apache-2.0"]),
        (["-cpu", "help"], ["max", "rv64", "rva22u64"]), (["-d", "help"], ["guest", "uops", "exit", "syscall"]),
        (["--engine=help"], ["interp", "block", "eval"]), (["--cache-policy=help"], ["flush"])]:
    case("help: " + " ".join(help_args))(lambda args=help_args, words=help_words: expect_text(run(*args), *words))


@case("help: columns of --help are aligned and no line is wider than 110")
def _():
    lines = run("--help").stdout.splitlines()
    wide = [l for l in lines if len(l) > 110]
    starts = {l.index(l[32:].strip()) for l in lines if l.startswith("  -") and l[32:].strip()}
    return [] if not wide and starts == {32} else wide + [f"descriptions start in columns {sorted(starts)}"]


@case("help: output that cannot be written is an error")
def _():
    with open("/dev/full", "w") as full:
        done = subprocess.run([ISOMORPH, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, env=CLEAN_ENV)
    return [] if done.returncode == USAGE and done.stderr.count("\n") == 1 else [f"{done.returncode} {done.stderr!r}"]


# ---- what the guest sees --------------------------------------------------------------------------------------------

for exit_status in (0, 1, 77, 124, 255):
    case(f"guest: exit status {exit_status} passes through")(
        lambda s=exit_status: expect(run(SHOW, "exit", s), s, ""))
for guest_signal in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGUSR1, signal.SIGABRT):
    case(f"guest: death by {guest_signal.name} passes through")(
        lambda s=guest_signal: expect(run(SHOW, "signal", int(s)), -s, ""))


@case("guest: the arguments after the program are its own")
def _():
    return expect(run(SHOW, "args", "-h", "--", "-L", ""), 0, f"{SHOW}\nargs\n-h\n--\n-L\n\n")


@case("guest: the program may follow --")
def _():
    return expect(run("--", SHOW, "args"), 0, f"{SHOW}\nargs\n")


@case("guest: -0 names argv[0]")
def _():
    return expect(run("-0", "other name", SHOW, "args"), 0, "other name\nargs\n")


@case("guest: a program without a slash is taken from here first, then from PATH")
def _():
    with tempfile.TemporaryDirectory() as top:
        os.symlink(SHOW, top + "/shown")
        here = run("shown", "args", cwd=top)
        path = run("shown", "args", env={"PATH": f"/nonexistent:{top}:/bin"}, cwd="/")
        return expect(here, 0, "shown\nargs\n") + expect(path, 0, "shown\nargs\n")


def guest_env(*args, env=None):
    got = run(*args, SHOW, "env", env=env)
    return got, dict(l.split("=", 1) for l in got.stdout.splitlines() if "=" in l)


ENVIRONMENTS = [
    ("-E sets", ["-E", "A=1"], {}, {"A": "1"}),
    ("-E sets several", ["-E", "A=1,B=2", "--env=C=x=y"], {}, {"A": "1", "B": "2", "C": "x=y"}),
    ("-E replaces", ["-E", "A=2"], {"A": "1"}, {"A": "2"}),
    ("-E may be empty", ["-E", "A="], {}, {"A": ""}),
    ("the last -E stands", ["-E", "A=1", "-E", "A=2"], {}, {"A": "2"}),
    ("-U removes", ["-U", "A"], {"A": "1", "AB": "2"}, {"A": None, "AB": "2"}),
    ("-U removes several", ["-U", "A,B"], {"A": "1", "B": "2"}, {"A": None, "B": None}),
    ("-U after -E removes", ["-E", "A=1,AB=2", "-U", "A"], {}, {"A": None, "AB": "2"}),
    ("-E after -U sets", ["-U", "A", "-E", "A=1"], {"A": "0"}, {"A": "1"}),
    ("QEMU_SET_ENV sets", [], {"QEMU_SET_ENV": "A=1,B=2"}, {"A": "1", "B": "2"}),
    ("ISOMORPH_SET_ENV comes before QEMU_SET_ENV", [], {"QEMU_SET_ENV": "A=1", "ISOMORPH_SET_ENV": "A=2"}, {"A": "2"}),
    ("-E comes before ISOMORPH_SET_ENV", ["-E", "A=3"], {"ISOMORPH_SET_ENV": "A=2"}, {"A": "3"}),
    ("QEMU_UNSET_ENV removes", [], {"A": "1", "QEMU_UNSET_ENV": "A"}, {"A": None}),
]
for env_name, env_args, env_before, env_after in ENVIRONMENTS:
    def check_env(args=env_args, before=env_before, after=env_after):
        got, env = guest_env(*args, env=before)
        return expect(got, 0) or [f"{k}: {env.get(k)!r}, expected {v!r}" for k, v in after.items() if env.get(k) != v]
    case("environment: " + env_name)(check_env)


@case("guest: uname says riscv64 and the host's release")
def _():
    return expect(run(SHOW, "uname"), 0, f"riscv64 {os.uname().release}\n")


@case("guest: -r sets the release")
def _():
    return expect(run("-r", "6.1.99-test", SHOW, "uname"), 0, "riscv64 6.1.99-test\n") + \
        expect(run(SHOW, "uname", env={"QEMU_UNAME": "5.5.5"}), 0, "riscv64 5.5.5\n")


@case("guest: -seed makes AT_RANDOM repeatable, its absence does not")
def _():
    first, again, other = (run("-seed", n, SHOW, "random") for n in (1, 1, 2))
    free = {run(SHOW, "random").stdout for _ in range(3)}
    complaints = [] if first.stdout == again.stdout != other.stdout else describe(first) + describe(again) + describe(other)
    return complaints + ([] if len(free) == 3 and len(first.stdout) == 33 else [f"random bytes: {free}"])


@case("guest: -s sets the size of the stack")
def _():
    return expect(run("-s", "32M", SHOW, "stack", 24), 0, "used 24 MiB\n") + \
        expect(run("--stack-size=0x200000", SHOW, "stack", 1), 0, "used 1 MiB\n") + \
        expect(run("-s", "2M", SHOW, "stack", 4), -signal.SIGSEGV, "")


@case("guest: QEMU_STACK_SIZE is the fallback of -s")
def _():
    return expect(run(SHOW, "stack", 24, env={"QEMU_STACK_SIZE": "32M"}), 0, "used 24 MiB\n")


for memory_args in (["--memory=auto"], ["--memory=offset"], ["-B", "0x300000000000"], ["--cache-size=64K"],
                    ["--engine=eval"], ["--engine=block"], ["--engine=block", "--cache-size=64K"],
                    ["--engine=block", "--wx=split", "--memory=offset"], ["--engine=block", "--cache-size=1G"],
                    ["-cpu", "rv64"], ["-cpu", "rva22u64"]):
    case("guest: runs with " + " ".join(memory_args))(
        lambda args=memory_args: expect(run(*args, SHOW, "args"), 0, f"{SHOW}\nargs\n"))


# ---- logs -----------------------------------------------------------------------------------------------------------

def log_of(*items, args=()):
    got = run("-d", ",".join(items), *args, LOOP)
    return got, got.stderr.splitlines()


@case("log: guest shows the instructions of each block")
def _():
    got, lines = log_of("guest")
    found = [l for l in lines if "addi" in l and "1000" in l] and [l for l in lines if "ecall" in l]
    return [] if got.returncode == 7 and found else describe(got)


@case("log: uops shows the same block lifted")
def _():
    got, lines = log_of("uops")
    return [] if got.returncode == 7 and any("add" in l and " = " in l for l in lines) else describe(got)


@case("log: exit shows why guest code was left")
def _():
    got, lines = log_of("exit")
    return [] if got.returncode == 7 and lines and "trap syscall" in lines[-1] else describe(got)


@case("log: syscall and -strace show the exit")
def _():
    return sum(([] if got.returncode == 7 and "exit(7)" in got.stderr.replace(" ", "") else describe(got)
                for got in (log_of("syscall")[0], run("-strace", LOOP), run(LOOP, env={"QEMU_STRACE": "1"}))), [])


@case("log: -D writes to a file, even when the guest closes stderr")
def _():
    with tempfile.TemporaryDirectory() as top:
        path = pathlib.Path(top) / "log"
        got = run("-strace", "-D", path, SHOW, "close2")
        return expect(got, 0, "") + ([] if "exit" in path.read_text() else ["the log misses the exit: " + path.read_text()])


@case("log: -D goes on with the log when the guest executes a program")
def _():
    with tempfile.TemporaryDirectory() as top:
        got = run("-strace", "-D", "log", SHOW, "exec", LOOP, cwd=top)
        log = (pathlib.Path(top) / "log").read_text()
        return expect(got, 7, "") + ([] if "set_tid_address(" in log and "exit(7)" in log else [f"the log is {log!r}"])


@case("log: translated blocks, their host code and links")
def _():
    got = run("--engine=block", "-d", "guest,uops,opt,regs,host,link", LOOP)
    words = ("block 0x", "fragment 0x", "addi\tt0,t0,-1", "put.i64 x5", "=r", "; stub of exit 0 to 0x", "link 0x")
    return expect(got, 7, "", None) or [f"the log misses {w!r}" for w in words if w not in got.stderr]


@case("log: a fragment names the guest address of each load and store")
def _():
    got = run("--engine=block", "-d", "host", SHOW, "exit", 0)
    return [] if got.returncode == 0 and "; may trap: guest pc 0x" in got.stderr else describe(got)[:1]


# ---- statistics -----------------------------------------------------------------------------------------------------

LOOP_COUNTS = {"guest_instructions": 1 + 2 * 1000 + 2, "system_calls": 1, "traps": 0, "signals": 0}


def check_counts(text):
    stats = json.loads(text)
    wrong = [f"{k}: {stats.get(k)}, expected {v}" for k, v in LOOP_COUNTS.items() if stats.get(k) != v]
    return wrong + ([] if 0 < stats["elapsed_seconds"] < TIMEOUT else [f"elapsed: {stats['elapsed_seconds']}"])


for stats_engine in ("interp", "eval", "block"):
    @case(f"stats: json counts a loop exactly, engine {stats_engine}")
    def _(engine=stats_engine):
        got = run("--stats=json", f"--engine={engine}", LOOP)
        return expect(got, 7, "", None) or check_counts(got.stderr)


@case("stats: json to a file")
def _():
    with tempfile.TemporaryDirectory() as top:
        path = pathlib.Path(top) / "stats"
        got = run(f"--stats=json:{path}", LOOP)
        return expect(got, 7, "") or check_counts(path.read_text())


@case("stats: text has the same figures")
def _():
    got = run("--stats=text", LOOP)
    figures = dict(l.split()[:2] for l in got.stderr.splitlines()[1:])
    return [f"{k}: {figures.get(k)}, expected {v}" for k, v in LOOP_COUNTS.items() if figures.get(k) != str(v)]


@case("stats: are printed when a signal ends the guest, and when it closed stderr")
def _():
    killed = run("--stats=json", SHOW, "signal", int(signal.SIGSEGV))
    closed = run("--stats=json", SHOW, "close2")
    complaints = expect(killed, -signal.SIGSEGV, "", None) + expect(closed, 0, "", None)
    return complaints or [str(s) for s in (json.loads(g.stderr) for g in (killed, closed)) if s["guest_instructions"] < 100]


@case("stats: are those of the first process, also after it changed folder and program")
def _():
    with tempfile.TemporaryDirectory() as top:
        os.mkdir(top + "/inner")
        forked = run("--stats=json", SHOW, "run", LOOP)
        moved = run("--stats=json:figures", SHOW, "exec", LOOP, "inner", cwd=top)
        path = pathlib.Path(top) / "figures"
        return expect(forked, 0, "status 700\n", None) + expect(moved, 7, "") + \
            ([] if json.loads(forked.stderr)["guest_instructions"] > 5000 else describe(forked)) + \
            (check_counts(path.read_text()) if path.exists() else ["no file of statistics"])


@case("stats: wanted by the environment, they are of the first process too")
def _():
    got = run(SHOW, "run", LOOP, env={"ISOMORPH_STATS": "json"})
    off = run("--stats=off", LOOP, env={"ISOMORPH_STATS": "json"})
    return expect(got, 0, "status 700\n", None) + expect(off, 7, "") + \
        ([] if json.loads(got.stderr)["guest_instructions"] > 5000 else describe(got))


@case("children: run with their parent's settings, not with what the environment says anew")
def _():
    return expect(run("-cpu", "max", SHOW, "run", LOOP, env={"ISOMORPH_CPU": "pentium"}), 0, "status 700\n")


@case("guest: the runtime's descriptors are not there")
def _():
    with tempfile.TemporaryDirectory() as top:
        return expect(run("-L", "/", "-D", "log", "-d", "unimp", SHOW, "descriptors", cwd=top), 0, "0 1 2 \n")


def main():
    tap = Tap()
    for name, function in cases:
        try:
            complaints = function()
        except (subprocess.TimeoutExpired, OSError, ValueError, KeyError, IndexError) as error:
            complaints = [f"{type(error).__name__}: {error}"]
        tap.result(not complaints, name, *(line.replace("\n", "\\n") for line in complaints))
    tap.finish()


main()
