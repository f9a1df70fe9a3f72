#!/usr/bin/env python3
"""What is installed: the files, the manual page and bash completion against --help, an isomorph that has been moved. Prints
TAP.

    test_install.py SOURCE BUILD [STATIC_BUILD]

STATIC_BUILD is configured for the prefix /opt/isomorph, with the helpers in lib/helpers.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from cases import case, run_cases

SOURCE, BUILD = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
STATIC = pathlib.Path(sys.argv[3]).resolve() if len(sys.argv) > 3 else None
ISOMORPH = BUILD / "isomorph"


def run(*words, **kwargs):
    return subprocess.run([*map(str, words)], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, **kwargs)


def help_options():
    """All options of --help, as they are typed."""
    text = run(ISOMORPH, "--help").stdout.split("\nEnvironment")[0]
    rows = [line for line in text.splitlines() if line.startswith("  -")]
    # The help begins in column 32; behind a longer name it has a line of its own.
    names = [row[:32] if row[31:32].isspace() else row for row in rows]
    return {word.rstrip(",") for row in names for word in row.split() if word.startswith("-")}


def install(build, tmp):
    """Installs a build below tmp; returns the paths of the files and links."""
    done = run("meson", "install", "-C", build, "--no-rebuild", "--destdir", tmp)
    assert done.returncode == 0, done
    return {p.relative_to(tmp).as_posix() for p in tmp.rglob("*") if not p.is_dir()}


def expected_files(prefix, libexec):
    names = ["bin/isomorph", "bin/isomorph-riscv64", libexec + "/isomorph/sysroot", libexec + "/isomorph/finish",
             "share/man/man1/isomorph.1", "share/man/man7/isomorph-rv64.7", "share/doc/isomorph/syscalls.md",
             "share/bash-completion/completions/isomorph", "share/bash-completion/completions/isomorph-riscv64"]
    return {prefix + "/" + name for name in names}


@case("installed below DESTDIR: these files and no others")
def _(tmp):
    options = {o["name"]: o["value"] for o in json.loads(run("meson", "introspect", "--buildoptions", BUILD).stdout)}
    if (options["bindir"], options["mandir"], options["datadir"]) != ("bin", "share/man", "share"):
        return "a build with folders of its own"
    files = install(BUILD, tmp)
    assert files == expected_files(options["prefix"].strip("/"), options["libexecdir"]), files
    isomorph = next(tmp.rglob("bin/isomorph-riscv64"))
    assert run(isomorph, "sysroot", "--help").stdout == run(ISOMORPH, "sysroot", "--help").stdout != "", "the helpers are found"
    assert run(isomorph, "--version").stdout == run(ISOMORPH, "--version").stdout != ""


@case("another prefix, another folder for helpers, and then moved")
def _(tmp):
    if not STATIC:
        return "no static build"
    files = install(STATIC, tmp / "first")
    assert files == expected_files("opt/isomorph", "lib/helpers"), files
    shutil.move(tmp / "first/opt/isomorph", tmp / "second")
    got = run(tmp / "second/bin/isomorph", "sysroot", "--help")
    assert got.returncode == 0 and got.stdout.startswith("usage: isomorph sysroot"), got
    (tmp / "second/lib/helpers/isomorph/sysroot").unlink()
    got = run(tmp / "second/bin/isomorph", "sysroot", "--help")
    assert got.returncode == 125 and got.stderr.count("\n") == 1 and "lib/helpers/isomorph/sysroot" in got.stderr, got


def page_text():
    source = (BUILD / "docs/isomorph.1").read_text()
    return re.sub(r"\\f[BIRP]", "", source).replace("\\-", "-")


@case("the manual page has every option and variable of --help, and its version")
def _(tmp):
    page, shown = page_text(), run(ISOMORPH, "--help").stdout
    missing = [o for o in help_options() if not re.search(r"^(.*, )?" + re.escape(o) + r"(,| |$)", page, re.M)]
    assert len(help_options()) > 20 and not missing, missing
    variables = set(re.findall(r"\b(?:ISOMORPH|QEMU)_[A-Z_]+", shown))
    assert len(variables) > 20 and variables <= set(re.findall(r"\b(?:ISOMORPH|QEMU)_[A-Z_]+", page))
    assert run(ISOMORPH, "--version").stdout.split()[1] in page.splitlines()[1]


@case("the manual page and --help have every exit status")
def _(tmp):
    header = (SOURCE / "src/base/base.h").read_text()
    statuses = re.findall(r"EXIT_\w+ = (\d+)", header)
    assert len(statuses) == 5 and re.findall(r"^\.B (12\d)$", page_text(), re.M) == statuses, statuses
    assert re.findall(r"^  (12\d)  ", run(ISOMORPH, "--help").stdout, re.M) == statuses


@case("the manual page has every option of the commands")
def _(tmp):
    for command in ("sysroot", "binfmt"):
        options = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", run(ISOMORPH, command, "--help").stdout, re.M)) - {"--help"}
        assert len(options) > 5
        page = re.sub(r"\n(?=[^.\n])", " ", page_text())
        missing = [o for o in options if not re.search(r'^\.B[IR]? ' + o + r'(,| |$)', page, re.M)]
        assert not missing, missing


@case("groff has nothing to say of the manual pages")
def _(tmp):
    if not shutil.which("groff"):
        return "no groff"
    for page, word in (("docs/isomorph.1", "PACKAGE"), ("isa/isomorph-rv64.7", "auipc")):
        got = run("groff", "-ww", "-man", "-Tutf8", "-P-cbou", BUILD / page)
        assert got.returncode == 0 and got.stderr == "" and word in got.stdout, got.stderr


@case("mandoc has nothing to say of the manual pages but that they have no date")
def _(tmp):
    if not shutil.which("mandoc"):
        return "no mandoc"
    for page in ("docs/isomorph.1", "isa/isomorph-rv64.7"):
        said = run("mandoc", "-T", "lint", "-W", "warning", BUILD / page).stdout
        assert [line for line in said.splitlines() if "missing date" not in line] == [], said


# ---- completion ------------------------------------------------------------------------------------------------------

def complete(*words, cwd=None):
    """What bash would offer for the last word, in words as bash splits them."""
    script = f"""
        shopt -s extglob
        source {BUILD}/packaging/isomorph || exit
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _isomorph "$1" && printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    got = run("bash", "-uc", script, "bash", ISOMORPH, *words, cwd=cwd)
    assert got.stderr == "", got
    return set(got.stdout.split("\n")) - {""}


def first_column(*words):
    return {line.split()[0] for line in run(ISOMORPH, *words).stdout.splitlines() if line and not line.startswith("This ")}


@case("completion: the options of --help")
def _(tmp):
    shown, offered = help_options(), complete("-")
    assert shown <= offered, shown - offered
    assert all(word[1:] in shown for word in offered - shown), offered - shown # --strace is -strace
    assert complete("--cache-p") == {"--cache-policy"} and complete("-strace", "--eng") == {"--engine"}


@case("completion: values that isomorph lists")
def _(tmp):
    engines = first_column("--engine", "help")
    assert complete("--engine", "") == complete("--engine", "=") == complete("--engine", "=", "") == engines
    assert complete("--engine=") == engines and complete("--engine", "=", "blo") == {"block"}
    assert complete("-L", "/", "--cache-policy", "") == first_column("--cache-policy", "help")
    items = first_column("-d", "help")
    assert complete("-d", "") == items and complete("-d", "guest,sys") == {"guest,syscall"}


@case("completion: folders, files, programs, arguments of the guest")
def _(tmp):
    (tmp / "folder").mkdir()
    (tmp / "file").write_text("")
    assert complete("-L", "f", cwd=tmp) == {"folder"}
    assert complete("-D", "f", cwd=tmp) == complete("f", cwd=tmp) == complete("--", "f", cwd=tmp) == {"file", "folder"}
    assert complete("file", "-", cwd=tmp) == set()
    assert complete("s", cwd=tmp) == {"sysroot"} and complete("-strace", "s", cwd=tmp) == set()


@case("completion: the commands")
def _(tmp):
    assert complete("sysroot", "") == {"create", "add", "list"} and complete("binfmt", "i") == {"install"}
    assert complete("sysroot", "create", "--no-") == {"--no-recommends", "--no-essential"}
    assert complete("binfmt", "install", "--fo") == {"--force", "--format"}


run_cases()
