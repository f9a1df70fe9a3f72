#!/usr/bin/env python3
"""Profiles of a program whose functions have known costs. Prints TAP.

    test_profile.py ISOMORPH NATIVE STATIC FRAMES STRIPPED

The last four are hot.c: for this machine; static; dynamic with frame pointers; dynamic without symbols. LOOP in the
environment is the program that loop.S makes, ISOMORPH_ENGINE the engine. The machine may be busy: bounds are wide, and
nothing is expected of elapsed time.
"""
import json
import os
import pathlib
import re
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from cases import case, run_cases

ISOMORPH, NATIVE, STATIC, FRAMES, STRIPPED = (os.path.abspath(a) for a in sys.argv[1:6])
ENGINE = os.environ["ISOMORPH_ENGINE"]
TURNS = "15000" if ENGINE == "block" else "2000"  # some half a second
FEW = "1500" if ENGINE == "block" else "200"
SYSROOT = "/usr/riscv64-linux-gnu"
TIMEOUT = 120


def run(*args, command=(), cwd=None):
    done = subprocess.Popen([*command, ISOMORPH, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            stdin=subprocess.DEVNULL, cwd=cwd)
    out, err = done.communicate(timeout=TIMEOUT)
    done.out, done.err = out.decode(), err.decode(errors="replace")
    return done


def native(*args):
    return subprocess.run([NATIVE, *args], stdout=subprocess.PIPE, check=True, timeout=TIMEOUT).stdout.decode()


def profile(folder, *args):
    """The JSON of a run, which must give what the native program gives."""
    path = folder / "profile.json"
    done = run("profile", "-L", SYSROOT, "--profile-output=" + str(path), *args)
    at = next(i for i, a in enumerate(args) if a in (STATIC, FRAMES, STRIPPED))
    assert done.returncode == 0 and done.err == "", (done.returncode, done.err)
    assert done.out == native(*args[at + 1:]), done.out
    return json.loads(path.read_text())


def shares(p, key="self"):
    return {f["name"]: f[key] / p["weight"] for f in p["functions"]}


def check_shares(p):
    self, total = shares(p), shares(p, "total")
    assert p["unresolved"] == 0 and p["lost"] == 0, p
    hot, warm, cool = (self[n] for n in ("hot_work", "warm_work", "cool_work"))
    assert 0.40 < hot < 0.80 and 0.12 < warm < 0.48 and 0.01 < cool < 0.28, self  # 0.6, 0.3, 0.1
    assert hot > warm > cool, self
    assert total["all_work"] > 0.85 and total["main"] > 0.85 and self["main"] < 0.1, total


@case("functions are found in a static program, with their shares")
def _(folder):
    check_shares(profile(folder, STATIC, TURNS))


@case("and in one with shared libraries and frame pointers")
def _(folder):
    p = profile(folder, FRAMES, TURNS)
    check_shares(p)
    assert {f["file"] for f in p["functions"] if f["name"] == "main"} == {"hot_frames"}, p["functions"]
    if ENGINE == "block":
        assert p["where"]["translated code"] > 0.8 * p["weight"], p["where"]
        assert 1 < p["host_per_guest"] < 8, p["host_per_guest"]
    else:
        assert p["where"]["interpreter"] > 0.9 * p["weight"], p["where"]


@case("samples in fragments that were dropped are found")
def _(folder):
    check_shares(profile(folder, "--cache-size=64K", "--hot=0", FRAMES, TURNS))


@case("a program without symbols has functions by address, as readelf has them")
def _(folder):
    p = profile(folder, STRIPPED, TURNS)
    frames = subprocess.run(["riscv64-linux-gnu-readelf", "--debug-dump=frames", STRIPPED], stdout=subprocess.PIPE,
                            check=True).stdout.decode()
    starts = {int(m, 16) for m in re.findall(r"pc=([0-9a-f]+)\.\.", frames)}
    hot = [f for f in p["functions"] if f["file"] == "hot_stripped" and f["self"] > 0.01 * p["weight"]]
    assert len(hot) >= 3, p["functions"]
    assert 0.4 < hot[0]["self"] / p["weight"] < 0.8, hot
    for f in hot:
        assert int(f["name"].split(":")[1], 16) in starts, (f, starts)


@case("samples add up to the processor time that the kernel counted")
def _(folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run("profile", "--profile-output=" + str(folder / "p.json"), STATIC, TURNS)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    p = json.loads((folder / "p.json").read_text())
    assert done.returncode == 0
    assert sum(p["where"].values()) == p["weight"] == sum(f["self"] for f in p["functions"]), p["where"]
    assert 0.5 * used < p["weight"] / p["rate"] < 1.1 * used, (p["weight"], used)


@case("the text report names functions, fragments and their code")
def _(folder):
    done = run("profile", STATIC, TURNS)
    assert done.out == native(TURNS) and done.returncode == 0
    lines = done.err.splitlines()
    assert lines[0].startswith(f"isomorph: profile, engine {ENGINE}, "), lines[0]
    assert re.search(r"^ +\d+\.\d\d% +\d+\.\d\d% .* hot_work  hot_static$", done.err, re.M), done.err
    if ENGINE == "block":
        assert re.search(r"^fragment 1, hot_work\+0x", done.err, re.M), done.err
        assert re.search(r"^.*\d%.* c?\.?xor a\d,a\d +\| .*", done.err, re.M), done.err


def boxes(path):
    """Of a flame graph: name to (left, right, top), the widest of each name."""
    found = {}
    for g in xml.etree.ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}g"):
        name = g[0].text.split(" ")[0].split(":")[0]
        left, top, width = (float(g[1].get(k)) for k in ("x", "y", "width"))
        if name not in found or width > found[name][1] - found[name][0]:
            found[name] = left, left + width, top
    return found


@case("the flame graph has callees on their callers")
def _(folder):
    for program in (STATIC, FRAMES):
        profile(folder, "--flamegraph=" + str(folder / "f.svg"), program, TURNS)
        found = boxes(folder / "f.svg")
        for below, above in (("all", "main"), ("main", "all_work"), ("all_work", "hot_work"), ("all_work", "cool_work")):
            a, b = found[below], found[above]
            assert a[0] - 0.2 <= b[0] <= b[1] <= a[1] + 0.2 and b[2] < a[2], (below, a, above, b)
        width = {n: b[1] - b[0] for n, b in found.items()}
        assert width["hot_work"] > width["warm_work"] > width["cool_work"], width


@case("the guest's own profiling timer, SIGTRAP and masks are as they were")
def _(folder):
    profile(folder, STATIC, TURNS, "signals")


@case("waits are not cut short")
def _(folder):
    profile(folder, "--profile-rate=10000", STATIC, TURNS, "waits")


@case("a sample that comes while a fault is handled does not fault itself")
def _(folder):
    profile(folder, "--profile-rate=10000", STATIC, "1", "faults")


@case("no signal of the program's own is taken for a sample's")
def _(folder):
    profile(folder, "--profile-rate=10000", STATIC, "1", "sends")


@case("a SIGTRAP of another process ends a system call")
def _(folder):
    done = run("profile", "--profile-rate=10000", STATIC, "1", "outside")
    assert done.returncode == 0 and done.out == native("1", "outside"), (done.returncode, done.out, done.err)


@case("a program that waits for all signals gets no sample")
def _(folder):
    profile(folder, "--profile-rate=10000", STATIC, "1", "signal_waits")


@case("all threads are sampled")
def _(folder):
    """And what they are sampled at is the work, of which there is twice as much as in one."""
    one, two = profile(folder, STATIC, TURNS), profile(folder, STATIC, TURNS, "threads")
    assert shares(two, "total")["all_work"] > 0.85 and shares(two)["hot_work"] > 0.4, two["functions"]
    assert 1.3 < two["weight"] / one["weight"] < 3, (one["weight"], two["weight"])


@case("children are not, and do not report")
def _(folder):
    done = run("profile", STATIC, FEW, "children")
    assert done.returncode == 0 and done.out == native(FEW, "children"), done.out
    assert done.err.count("isomorph: profile") == 1, done.err


def perf_map(pid):
    path = pathlib.Path(f"/tmp/perf-{pid}.map")
    text = path.read_text()
    path.unlink()
    lines = [re.fullmatch(r"([0-9a-f]+) ([0-9a-f]+) (\S.*)", line) for line in text.splitlines()]
    assert all(lines), text
    return [(int(m[1], 16), int(m[2], 16), m[3]) for m in lines]


@case("-perfmap has a line for each fragment with samples")
def _(folder):
    done = run("profile", "-perfmap", "--profile-output=" + str(folder / "p.json"), STATIC, TURNS)
    assert done.returncode == 0 and done.err == "", (done.returncode, done.err)
    fragments = json.loads((folder / "p.json").read_text())["fragments"]
    known = perf_map(done.pid)
    if ENGINE != "block":
        assert known == [] and fragments == [], (known, fragments)
        return
    assert fragments and fragments[0]["place"].startswith("hot_work+"), fragments
    for f in fragments:
        assert (f["host"], f["host_bytes"], f"{f['place']} [{f['pc']:#x}]") in known, f


def jit_records(data):
    magic, version, size, machine, _, pid, _, flags = struct.unpack_from("<IIIIIIQQ", data)
    assert (magic, version, size, machine, flags) == (0x4A695444, 1, 40, 62, 0), data[:40]
    at, found = size, []
    while at < len(data):
        kind, total, time = struct.unpack_from("<IIQ", data, at)
        if kind == 0:
            _, _, vma, address, n, index = struct.unpack_from("<IIQQQQ", data, at + 16)
            name, _, code = data[at + 56:at + total].partition(b"\0")
            assert vma == address and len(code) == n, (kind, total, n)
            found.append((address, n, name.decode(), index, time))
        at += total
    assert at == len(data) and kind == 3, (at, len(data))
    return pid, found


@case("-jitdump is of the specification's form and has the same fragments")
def _(folder):
    done = run("-perfmap", "-jitdump", STATIC, FEW, cwd=folder)
    pid, found = jit_records((folder / f"jit-{done.pid}.dump").read_bytes())
    assert done.err == "" and pid == done.pid, done.err
    assert [f[:3] for f in found] == perf_map(done.pid)
    assert [f[3] for f in found] == list(range(len(found))), found
    assert [f[4] for f in found] == sorted(f[4] for f in found), found


@case("perf finds the functions in them")
def _(folder):
    if ENGINE != "block" or not shutil.which("perf"):
        return "needs engine block and perf"
    data, injected = str(folder / "data"), str(folder / "injected")
    done = run("-perfmap", "-jitdump", STATIC, TURNS, cwd=folder,
               command=["perf", "record", "-q", "-k", "mono", "-e", "cpu-clock", "-o", data])
    pids = [p.name[4:-5] for p in folder.glob("jit-*.dump")]
    if done.returncode != 0 or len(pids) != 1:
        return "perf cannot record here"
    inject = subprocess.run(["perf", "inject", "--jit", "-i", data, "-o", injected], cwd=folder,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT)
    assert inject.returncode == 0, inject.stdout
    try:
        for file in (data, injected):
            report = subprocess.run(["perf", "report", "-i", file, "--stdio", "--sort=symbol"], cwd=folder,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT).stdout.decode()
            first = [line for line in report.splitlines() if line and not line.startswith("#")][:1]
            assert first and "hot_work+" in first[0], report[:2000]
    finally:
        os.unlink(f"/tmp/perf-{pids[0]}.map")
    return None


@case("--registers counts what a loop of 1000 turns reads and writes")
def _(folder):
    """loop.S: li t0; 1000 times addi t0,t0,-1 and bne t0,zero; li a0, li a7, ecall."""
    if ENGINE != "block":
        done = run("profile", "--registers", os.environ["LOOP"])
        assert done.returncode == 125 and "--registers" in done.err, done.err
        return
    done = run("profile", "--registers", "--profile-output=" + str(folder / "r.json"), os.environ["LOOP"])
    assert done.err == "", done.err
    found = json.loads((folder / "r.json").read_text())
    assert found["executed_instructions"] == 1 + 2 * 1000 + 2, found
    assert found["registers"]["t0"] == {"reads": 2000, "writes": 1001}, found
    assert found["registers"]["a7"]["writes"] == 1, found


@case("options that need a profile say so")
def _(folder):
    for option in ("--flamegraph=x.svg", "--profile-output=x", "--registers"):
        done = run(option, STATIC)
        assert done.returncode == 125 and "--profile" in done.err and done.err.count("\n") == 1, done.err
    done = run("profile", "--profile-rate=0", STATIC)
    assert done.returncode == 125 and "--profile-rate" in done.err, done.err


run_cases()
