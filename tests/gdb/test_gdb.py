#!/usr/bin/env python3
"""gdb-multiarch with guests: what its user types, and what must be there. Prints TAP.

    test_gdb.py ISOMORPH STATIC DYNAMIC SOURCE BUILD ENGINE_OPTION...

STATIC and DYNAMIC are debuggee.c. The Debian program is lua, from the packages that tests/programs uses.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from patterns import missing
from tap import Tap

ISOMORPH, STATIC, DYNAMIC, SOURCE, BUILD = (os.path.abspath(a) for a in sys.argv[1:6])
OPTIONS = sys.argv[6:]
CROSS = "/usr/riscv64-linux-gnu"  # libc6-riscv64-cross
TIMEOUT = 120
# The user types Ctrl-C: gdb gets the signal a little later.
CTRL_C = "shell (sleep 1.5; kill -INT $PPID) >/dev/null 2>&1 &"

cases = []


def case(name, program, commands, expected, status=None, guest="", options=()):
    """expected: patterns that follow each other in gdb's output; status and guest: how the guest ended and what it
    printed."""
    cases.append((name, program, commands, expected, status, guest, options))


def wait_for_socket(path, process):
    for _ in range(400):
        if os.path.exists(path):
            return
        if process.poll() is not None:
            return
        time.sleep(0.05)


def run(program, commands, options, folder):
    path, fifo, symbols = folder + "/socket", folder + "/input", program[0]
    os.mkfifo(fifo)
    stdin = os.open(fifo, os.O_RDWR)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("ISOMORPH_", "QEMU_"))}
    guest = subprocess.Popen([ISOMORPH, *OPTIONS, *options, "-g", path, *program], stdin=stdin, env=env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for_socket(path, guest)
    words = ["gdb-multiarch", "-batch", "-nx"]
    for command in ["set confirm off", "set breakpoint pending on", f"target remote {path}", *commands]:
        words += ["-ex", command.replace("FIFO", fifo)]
    try:
        gdb = subprocess.run([*words, symbols], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=TIMEOUT).stdout.decode(errors="replace")
        out, err = guest.communicate(timeout=20)
    except subprocess.TimeoutExpired as late:
        guest.kill()
        out, err = guest.communicate()
        gdb = (late.stdout or b"").decode(errors="replace") + "\n(no end)"
    os.close(stdin)
    return gdb, guest.returncode, out.decode(errors="replace") + err.decode(errors="replace")


# ---- looking and stepping -------------------------------------------------------------------------------------------

S = [STATIC]
case("the first stop is the first instruction", S, ["info registers pc", "x/i $pc"], [r"in _start", r"^pc +0x\w+"])
case("break, bt, info args, finish", S, ["break square if n == 3", "continue", "bt", "info args", "finish", "continue"],
     [r"Breakpoint 1, square \(n=3\)", r"#0 +square \(n=3\)", r"#1 .*sum_squares \(n=10\)", r"#\d .*main \(", r"^n = 3",
      r"Value returned is \$1 = 9"])
case("step, next, stepi, until", S,
     ["break sum_squares", "continue", "next", "next", "step", "info symbol $pc", "stepi", "bt 1", "continue"],
     [r"sum_squares \(n=10\)", r"int i = 1", r"sum \+= square", r"square \(n=1\)", r"^square \+ \d+ in section"], 7,
     "sum 385 weight 2 constant 17")
case("registers are read and set", S,
     ["break square", "continue", "delete", "info registers sp a5 fcsr", "set var n = 100", "finish", "set $a0 = 5", "p $a0",
      "set $fa0 = 1.25", "p $fa0.double", "set $fcsr = 0xe1", "p/x $fcsr", "p/x $frm", "kill"],
     [r"^sp +0x", r"Value returned is \$1 = 10000", r"\$2 = 5", r"\$3 = 1.25", r"\$4 = 0xe1", r"\$5 = 0x7"], -9)
case("variables are printed and set, constants too", S,
     ["break calls", "continue", "p origin", "set var origin.weight = 8", "set var counter = 40", "p counter",
      "set var constant = 18", "p constant", "p text", "continue"],
     [r"\{x = 1, y = 2, weight = 0.5\}", r"= 40", r"= 18", r'"nothing"'], 7, "sum 385 weight 32 constant 1[78]")
case("a function of the guest is called", S, ["break calls", "continue", "p square(12)", "p scale(&origin, 3)", "continue"],
     [r"= 144", r"= 1.5"], 7, "weight 6")
case("breakpoints are not in memory", S,
     ["set breakpoint always-inserted on", "break main", "break square", "continue", "continue", "compare-sections .text"],
     [r"Breakpoint 2, square", r"Section .text.*: matched"])
case("jump", S, ["break calls", "continue", "set $here = $pc", "next", "p counter", "delete", "break scale", "jump *$here", "p counter",
                "continue"],
     [r"Breakpoint 1, calls", r"= 10$", r"Breakpoint 2, scale", r"= 20$"], 7)
case("hardware breakpoints", S, ["hbreak square", "continue", "delete", "continue"], [r"square \(n=1\)"], 7)

# ---- watchpoints ----------------------------------------------------------------------------------------------------

case("a watchpoint stops behind the store", S,
     ["break calls", "continue", "watch counter", "continue", "continue", "delete", "continue"],
     [r"Old value = 0\nNew value = 1", r"sum_squares", r"Old value = 1\nNew value = 2"], 7)
case("watched reads", S, ["break calls", "continue", "delete", "rwatch origin.weight", "continue", "bt 1"],
     [r"Hardware read watchpoint", r"Value = 0.5", r"scale"])
case("watched reads and writes", S, ["break calls", "continue", "awatch text[2]", "continue"],
     [r"Hardware access \(read/write\) watchpoint", r"Old value = 116 't'", r"New value = 105 'i'"])

# ---- signals --------------------------------------------------------------------------------------------------------

case("a signal stops before its handler", S + ["signals"],
     ["continue", "p $_siginfo.si_signo", "p counter", "break handler", "continue", "bt"],
     [r"received signal SIGUSR1", r"= 10", r"= 0", r"Breakpoint 1, handler \(sig=10\)", r"<signal handler called>", r"main"])
case("handle nostop pass, and a signal that is held", S + ["signals"],
     ["handle SIGUSR1 nostop noprint pass", "continue", "signal 0"], [r"received signal SIGUSR2", r"exited normally"], 0,
     "counter 10\nalive")
case("handle nopass", S + ["signals"], ["handle SIGUSR1 nostop nopass", "handle SIGUSR2 nostop nopass", "continue"],
     [r"exited normally"], 0, "counter 0\nalive")
case("a signal of the user's", S + ["signals"],
     ["break handler", "handle SIGUSR1 nostop pass", "handle SIGUSR2 nostop nopass", "continue", "finish", "up", "continue"],
     [r"handler \(sig=10\)", r"exited normally"], 0)
case("a signal that ends the guest", S + ["signals"], ["handle SIGUSR1 nostop pass", "continue", "continue"],
     [r"received signal SIGUSR2", r"Program terminated with signal SIGUSR2"], -12)
case("a fault stops where it is", S + ["null"],
     ["continue", "p $_siginfo.si_signo", "p $_siginfo._sifields._sigfault.si_addr", "bt 1", "continue"],
     [r"received signal SIGSEGV", r"= 11", r"\(void \*\) 0x10", r"main", r"terminated with signal SIGSEGV"], -11)
case("the guest's own ebreak", S + ["trap"], ["continue", "x/i $pc", "jump *($pc + 2)"],
     [r"received signal SIGTRAP", r"ebreak", r"exited with code 07"], 7)
case("Ctrl-C stops a guest that spins", S + ["spin"], [CTRL_C, "continue", "bt", "p counter > 1000", "set var running = 0", "continue"],
     [r"received signal SIGINT", r"spin \(\)", r"\$1 = 1", r"exited with code 03"], 3, "spun")
case("Ctrl-C in a system call, which goes on", S + ["blocked"],
     [CTRL_C, "continue", "x/i $pc", "bt", "p square(5)", "shell echo x >FIFO", "continue"],
     [r"received signal SIGINT", r"ecall", r"blocked \(\)", r"= 25", r"exited with code 01"], 1, "read 1 errno 0")

# ---- threads and processes ------------------------------------------------------------------------------------------

case("threads", S + ["threads"],
     ["break square", "continue", "info threads", "thread apply all -q bt 1", "p counter > 0", "p counter == counter", "delete",
      "continue"],
     [r"Breakpoint 1, square \(n=3\)", r"work \(arg=0x\w\)", r"work \(arg=0x\w\)", r"work \(arg=0x\w\)", r"\$1 = 1",
      r"\$2 = 1", r"exited normally"], 0, "joined")
case("one thread steps, the others stand", S + ["threads"],
     ["break square", "continue", "set scheduler-locking on", "set $before = counter", "next", "next", "p counter - $before",
      "set scheduler-locking off", "delete", "continue"],
     [r"square \(n=3\)", r"\$1 = 0", r"exited normally"], 0)
case("a breakpoint that many threads hit, with a condition", S + ["crowd"],
     ["break square if n == 4", "continue", "p n", "continue", "continue", "continue", "delete", "continue"],
     [r"square \(n=4\)", r"= 4", r"square \(n=4\)", r"square \(n=4\)", r"square \(n=4\)", r"exited normally"], 0, "crowd done")
case("children run without the debugger", S + ["forks"], ["break square", "continue"], [r"exited normally"], 0,
     "child 9\nvfork child 16")
case("an execve is followed", S + ["exec"], ["break square", "continue", "bt 2", "delete", "continue"],
     [r"is executing new program: .*debuggee", r"Breakpoint 1, square \(n=1\)", r"sum_squares", r"exited with code 07"], 7)
case("catch exec", S + ["exec"], ["catch exec", "continue", "delete", "continue"],
     [r"Catchpoint 1 \(exec'd .*debuggee\)", r"_start", r"exited with code 07"], 7)
case("catch fork: the child goes on alone", S + ["forks"],
     ["catch fork", "break square", "continue", "info inferiors", "bt", "continue"],
     [r"Catchpoint 1 \(forked process \d+\)", r"^\* 1 ", r"_Fork \(\)", r"Detaching after fork from child process \d+", r"exited normally"],
     0, "child 9\nvfork child 16")
case("the child is followed, the parent goes on alone", S + ["forks"],
     ["set follow-fork-mode child", "break square", "continue", "bt", "info inferiors", "info threads", "finish", "continue"],
     [r"Attaching after .* fork to child .*\d+", r"Detaching after fork from parent process", r"Breakpoint 1.*, square \(n=3\)",
      r"#1 .*forks \(\)", r"^\* 2 ", r"^\* 2\.1 ", r"Value returned is \$1 = 9", r"exited with code 011"], 0, "child 9\nvfork child 16")
case("catch fork, and then the child", S + ["forks"],
     ["catch fork", "continue", "set follow-fork-mode child", "break square", "watch counter", "continue", "next", "next", "continue"],
     [r"Catchpoint 1 \(forked", r"square \(n=3\)", r"return result|int result", r"exited with code 011"], 0, "child 9\nvfork child 16")
case("the threads of a child", S + ["fork_threads"],
     ["set follow-fork-mode child", "break square", "continue", "info threads", "delete", "continue"],
     [r"square \(n=3\)", r"work \(arg=0x\w\)", r"work \(arg=0x\w\)", r"work \(arg=0x\w\)", r"exited normally"], 0, "joined\nits child 0")
case("a child that executes a program", S + ["fork_exec"],
     ["set follow-fork-mode child", "break sum_squares", "continue", "bt 2", "delete", "continue"],
     [r"Attaching after .* fork", r"is executing new program: .*debuggee", r"sum_squares \(n=10\)", r"exited with code 07"], 0, "its child 7")
case("a child that executes a program, and is killed there", S + ["fork_exec"],
     ["set follow-fork-mode child", "catch exec", "continue", "kill"], [r"Catchpoint 1 \(exec'd", r"killed"], 0, "its child 0")
case("both processes: the one that is not followed can be detached", S + ["forks"],
     ["set detach-on-fork off", "catch fork", "continue", "next", "info inferiors", "detach inferiors 2", "continue"],
     [r"Catchpoint 1 \(forked", r"^\* 1 ", r"^  2 .*process", r"[Dd]etach", r"exited normally"], 0, "child 9\nvfork child 16")
case("both processes: or killed", S + ["forks"],
     ["set detach-on-fork off", "catch fork", "continue", "next", "kill inferiors 2", "continue"],
     [r"Catchpoint 1 \(forked", r"exited normally"], 0, "child 0\nvfork child 16")
case("kill", S + ["spin"], ["break spin", "continue", "kill"], [r"Breakpoint 1", r"killed"], -9)
case("detach: the guest goes on alone", S, ["break square", "continue", "watch counter", "detach"], [r"detached"], 7,
     "sum 385 weight 2 constant 17")

# ---- libraries, maps, monitor ---------------------------------------------------------------------------------------

D, CROSS_OPTIONS = [DYNAMIC], ("-L", CROSS)
case("shared libraries by the guest's names", D,
     ["break calls", "continue", "info sharedlibrary", "break puts", "info symbol strcpy", "p square(2)", "delete", "continue"],
     [r"Breakpoint 1, calls", r"/lib/ld-linux-riscv64-lp64d.so.1", r"libc.so.6", r"= 4", r"exited with code 07"], 7, "sum 385",
     CROSS_OPTIONS)
case("info auxv, info proc mappings", S, ["info auxv", "info proc mappings"],
     [r"AT_ENTRY", r"AT_EXECFN.*debuggee", r"debuggee", r"\[stack\]"])
case("monitor", S, ["break square", "continue", "continue 5", "monitor help", "monitor maps", "monitor stats", "monitor fragments",
                    "monitor reverse 0x10", "monitor nonsense", "monitor fragment zzz"],
     [r"^reverse +\[PC\]", r"r-xp .*debuggee", r"^guest_instructions +\d+|^blocks_\w+ +\d+", r"fragments", r"unknown command",
      r"not an address"])

if "--engine=block" in OPTIONS:
    case("monitor shows fragments and reverse tables", S,
         ["break scale", "continue", "monitor fragment sum_squares", "monitor reverse sum_squares",
          "eval \"monitor fragment %#lx\", (long)&sum_squares", "eval \"monitor reverse %#lx\", (long)&sum_squares"],
         [r"sp,-48", r"insn 0x", r"may trap: guest pc 0x", r"bytes of reverse table", r"host 0x\w+ \(\+\d+\)  guest 0x"])


def lua_case():
    names = "busybox-static bash-static lua5.4 sqlite3".split()
    done = subprocess.run([SOURCE + "/scripts/test-packages", BUILD, "riscv64", "riscv64", *names], capture_output=True)
    root = BUILD + "/sysroots/riscv64"
    if done.returncode != 0:
        sys.exit("Bail out! the packages for riscv64 cannot be had: " + done.stderr.decode(errors="replace"))
    case("Debian's lua: a library's function, its caller, and the end",
         [root + "/usr/bin/lua5.4", "-e", "local t = {} for i = 1, 100 do t[i] = i * i end print(#t, t[100]) os.exit(9)"],
         ["break lua_newstate", "continue", "info sharedlibrary", "bt 1", "finish", "delete", "break exit", "continue",
          "info registers a0", "delete", "continue"],
         [r"Breakpoint 1, .*lua_newstate", r"libc.so.6", r"lua_newstate", r"exit", r"^a0 +0x9", r"exited with code 011"], 9,
         "100\t10000", ("-L", root))


def main():
    if not shutil.which("gdb-multiarch"):
        print("1..0 # SKIP gdb-multiarch is not installed")
        return
    lua_case()
    tap = Tap()
    for name, program, commands, expected, status, guest, options in cases:
        with tempfile.TemporaryDirectory(prefix="isomorph-gdb.") as folder:
            gdb, code, output = run(program, commands, options, folder)
        lacks = missing(expected, gdb)
        good = lacks is None and status in (None, code) and re.search(guest, output)
        tap.result(good, name, f"expected {lacks!r}, status {status} (is {code}), of the guest {guest!r}",
                   f"commands: {commands}", *(f"gdb: {line}" for line in gdb.splitlines()),
                   *(f"guest: {line}" for line in output.splitlines()))
    tap.finish()


main()
