#!/usr/bin/env python3
"""`isomorph binfmt`: the registration, whose it may take, and guests that the kernel starts through it. Prints TAP.

    test_binfmt.py ISOMORPH SHOW [STATIC]

SHOW is the static guest tests/cli/show.c, STATIC a static build of isomorph. A folder with the kernel's file names stands
for binfmt_misc, except in the cases named "kernel:": these mount one of their own in a user namespace and are skipped
where that is not allowed (before Linux 6.7).
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from cases import case, run_cases

ISOMORPH, SHOW = (os.path.abspath(a) for a in sys.argv[1:3])
STATIC = os.path.abspath(sys.argv[3]) if len(sys.argv) > 3 else None
FAILED, USAGE = 1, 125
MISC = "/proc/sys/fs/binfmt_misc"


def run(*args, **kwargs):
    return subprocess.run([ISOMORPH, "binfmt", *args], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, **kwargs)


def check_error(got, status, *words):
    assert got.returncode == status, got
    assert got.stdout == "" and got.stderr.count("\n") == 1 and got.stderr.startswith("isomorph: binfmt: "), got
    assert all(word in got.stderr for word in words), (got, words)


def elf_header():
    return pathlib.Path(SHOW).read_bytes()[:20]


def folder(tmp, **entries):
    """A folder like binfmt_misc with these registrations: name=(interpreter, magic, mask)."""
    (tmp / "register").write_text("")
    (tmp / "status").write_text("enabled\n")
    for name, (interpreter, magic, mask) in entries.items():
        text = f"enabled\ninterpreter {interpreter}\nflags: POCF\noffset 0\nmagic {magic.hex()}\n"
        (tmp / name).write_text(text + (f"mask {mask.hex()}\n" if mask else ""))
    return ["--dir", str(tmp)]


OTHERS = bytes.fromhex("7f454c460201010000000000000000000200b700")  # aarch64
EXACT = b"\xff" * 20


@case("print: a guest matches magic and mask, other machines do not")
def _(tmp):
    got = run("print")
    fields = re.fullmatch(r":isomorph-riscv64:M::([^:]*):([^:]*):([^:]*):(P|PF)\n", got.stdout)
    assert got.returncode == 0 and fields and fields[3] == ISOMORPH, got
    magic, mask = (fields[i].encode().decode("unicode_escape").encode("latin1") for i in (1, 2))
    match = lambda header: bytes(h & m for h, m in zip(header, mask)) == magic
    header = elf_header()
    assert match(header)
    assert match(header[:16] + b"\x03" + header[17:]), "position-independent"
    assert match(header[:7] + b"\x03" + header[8:]), "another ABI"
    assert not match(OTHERS) and not match(header[:4] + b"\x01" + header[5:]), "32 bits"
    assert not match(header[:16] + b"\x04" + header[17:]), "a core file"


@case("print --format=systemd: the same line for a file in binfmt.d")
def _(tmp):
    lines = run("print", "--format=systemd").stdout.splitlines()
    assert [line for line in lines if line[0] not in "#;"] == [run("print").stdout.strip()], lines


@case("print --format=debian: what update-binfmts reads")
def _(tmp):
    rows = dict(line.split(" ", 1) for line in run("print", "--format=debian", "--flags=PF").stdout.splitlines())
    fields = run("print").stdout.split(":")
    assert rows == {"package": "isomorph", "interpreter": ISOMORPH, "magic": fields[4], "offset": "0", "mask": fields[5],
                    "credentials": "no", "preserve": "yes", "fix_binary": "yes"}, rows


@case("install writes the line that print prints")
def _(tmp):
    got = run("install", *folder(tmp, python=("/usr/bin/python3", b"\xcb\r\r\n", None), arm=("/usr/bin/arm", OTHERS, EXACT)))
    assert (got.returncode, got.stdout, got.stderr) == (0, "", ""), got
    assert (tmp / "register").read_text() == run("print").stdout.strip()


@case("install: not over another's registration, but with --force, which leaves it there")
def _(tmp):
    args = folder(tmp, **{"qemu-riscv64": ("/usr/bin/qemu-riscv64-static", elf_header(), EXACT)})
    check_error(run("install", *args), FAILED, "qemu-riscv64-static", "--force")
    assert (tmp / "register").read_text() == ""
    before = (tmp / "qemu-riscv64").read_text()
    assert run("install", "--force", *args).returncode == 0
    assert (tmp / "register").read_text() != "" and (tmp / "qemu-riscv64").read_text() == before


@case("install: a registration by a shorter magic number counts too")
def _(tmp):
    args = folder(tmp, elf=("/usr/bin/any", b"\x7fELF", None))
    check_error(run("install", *args), FAILED, "/usr/bin/any", "--force")


@case("install: an older registration of ours is replaced")
def _(tmp):
    args = folder(tmp, **{"isomorph-riscv64": ("/opt/old/bin/isomorph", elf_header(), EXACT)})
    assert run("install", *args).returncode == 0
    assert (tmp / "isomorph-riscv64").read_text().startswith("-1"), "the kernel removes what is given -1"
    assert (tmp / "register").read_text() == run("print").stdout.strip()


@case("remove: ours only")
def _(tmp):
    args = folder(tmp, **{"isomorph-riscv64": (ISOMORPH, elf_header(), EXACT), "mine": ("/usr/bin/other", elf_header(), EXACT)})
    check_error(run("remove", "--name=mine", *args), FAILED, "/usr/bin/other", "--force")
    assert not (tmp / "mine").read_text().startswith("-1")
    assert run("remove", *args).returncode == 0
    assert (tmp / "isomorph-riscv64").read_text().startswith("-1")


@case("mistakes: one line and a status")
def _(tmp):
    args = folder(tmp)
    check_error(run("remove", *args), FAILED, "nothing is registered")
    check_error(run("install", "--dir", str(tmp / "absent")), FAILED, "no binfmt_misc", "mount")
    check_error(run("install", "--interpreter=/nonexistent", *args), FAILED, "/nonexistent")
    check_error(run("install", "--interpreter=isomorph", *args), USAGE, "absolute")
    check_error(run("print", "--interpreter=/a:b"), USAGE, "/a:b")
    check_error(run("print", "--flags=PC"), USAGE, "--flags", "PC")
    check_error(run("print", "--format=yaml"), USAGE, "--format", "yaml")
    check_error(run("print", "--name=a/b"), USAGE, "--name", "a/b")
    check_error(run("print", "--name=register"), USAGE, "--name")
    check_error(run("print", "--nonsense"), USAGE, "--nonsense")
    check_error(run("print", "--name"), USAGE, "--name", "value")
    check_error(run(), USAGE, "print, install or remove")
    check_error(run("instal"), USAGE, "instal")


@case("without root: says so")
def _(tmp):
    args = folder(tmp)
    os.chmod(tmp / "register", 0o444)
    if os.geteuid() == 0:
        os.chmod(tmp, 0o755)
        try:
            got = run("install", *args, user=65534, group=65534, extra_groups=[])
        except PermissionError:
            return "nobody cannot reach the build folder"
    else:
        got = run("install", *args)
    check_error(got, FAILED, "register", "needs root")


@case("a program that is called as a command is run with a slash, or after --")
def _(tmp):
    for name in ("binfmt", "sysroot"):
        shutil.copy(SHOW, tmp / name)
        for words in ([f"./{name}"], ["--", name]):
            got = subprocess.run([ISOMORPH, *words, "args", "1"], capture_output=True, text=True, timeout=60, cwd=tmp)
            assert (got.returncode, got.stdout) == (0, f"{words[-1]}\nargs\n1\n"), got


# ---- the kernel's own ------------------------------------------------------------------------------------------------

def registered():
    """The machine's registrations."""
    return {f.name: f.read_text() for f in pathlib.Path(MISC).glob("*") if f.name != "register"}


def in_namespace(script, tmp, isomorph=ISOMORPH):
    """Runs a shell script where binfmt_misc is ours; None where there can be none."""
    probe = f"mount -t binfmt_misc none {MISC} 2>/dev/null && test -w {MISC}/register || {{ echo not allowed >&2; exit; }}\n"
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "I": isomorph, "SHOW": SHOW, "T": str(tmp), "MISC": MISC}
    env.update((k, v) for k, v in os.environ.items() if k.startswith(("ISOMORPH_", "ASAN_", "UBSAN_")))
    before = registered()
    got = subprocess.run(["unshare", "-rm", "sh", "-c", probe + script], capture_output=True, text=True, timeout=120,
                         stdin=subprocess.DEVNULL, env=env)
    assert registered() == before, "the machine's own registrations are not ours to change"
    return None if got.stderr.startswith(("unshare:", "not allowed")) else got


def kernel_case(name, script, expected, static=False):
    @case("kernel: " + name)
    def _(tmp):
        if static and not STATIC:
            return "no static build"
        got = in_namespace(script, tmp, STATIC if static else ISOMORPH)
        if got is None:
            return "no binfmt_misc of our own here"
        assert (got.stdout, got.stderr) == (expected, ""), got


kernel_case("what is installed is enabled, and gone after remove", """
    $I binfmt install && head -n2 $MISC/isomorph-riscv64 && $I binfmt install && ls $MISC && $I binfmt remove && ls $MISC
""", f"enabled\ninterpreter {ISOMORPH}\nisomorph-riscv64\nregister\nstatus\nregister\nstatus\n")

kernel_case("the guest gets its arguments and its argv[0]", """
    $I binfmt install && $SHOW args -x "two words" "" && python3 -c '
import os, sys
os.execv(sys.argv[1], ["another name", "args", "1"])' $SHOW
""", f"{SHOW}\nargs\n-x\ntwo words\n\nanother name\nargs\n1\n")

kernel_case("a script's interpreter is a guest, also one that a guest executes", """
    $I binfmt install && cd $T && printf '#!%s args\n' $SHOW >script && chmod +x script && ./script "a b" &&
        $SHOW exec ./script
""", f"{SHOW}\nargs\n./script\na b\n" + f"{SHOW}\nargs\n./script\n")

kernel_case("after remove nobody starts it", """
    $I binfmt install && $SHOW args && $I binfmt remove && python3 -c '
import os, sys
try:
    os.execv(sys.argv[1], ["x", "args"])
except OSError as error:
    print(error.strerror)' $SHOW
""", f"{SHOW}\nargs\nExec format error\n")

kernel_case("names that are options or commands of ours are programs", """
    $I binfmt install && cd $T && for name in -strace --help sysroot binfmt; do
        cp $SHOW ./$name
        python3 -c 'import os, sys; os.execv(sys.argv[1], ["-d", "args", "1"])' $name
    done
""", "-d\nargs\n1\n" * 4)

kernel_case("without flag P the command line is ours", """
    $I binfmt install --flags= && python3 -c 'import os, sys; os.execv(sys.argv[1], ["lost", "args", "1"])' $SHOW
""", f"{SHOW}\nargs\n1\n")

kernel_case("before another's registration with --force, which serves again after remove", """
    printf '#!/bin/sh\necho other\n' >$T/other && chmod +x $T/other
    $I binfmt install --name=other --interpreter=$T/other
    $SHOW args
    $I binfmt install --force && $SHOW args
    $I binfmt remove && $SHOW args
""", f"other\n{SHOW}\nargs\nother\n")

kernel_case("a registration with O leaves the guest no descriptor", """
    printf '%sO' "$($I binfmt print)" >$MISC/register && $SHOW descriptors >$T/with && $I $SHOW descriptors >$T/without
    diff $T/without $T/with && echo same
""", "same\n")

kernel_case("flag F of the static build serves a root without isomorph", """
    $I binfmt install && grep flags $MISC/isomorph-riscv64 && mkdir $T/root && cp $SHOW $T/root/show &&
        chroot $T/root /show args 1
""", "flags: PF\n/show\nargs\n1\n", static=True)


run_cases()
