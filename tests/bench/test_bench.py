#!/usr/bin/env python3
"""bench/run, bench/page and bench/passes: what they write, and what they say to wrong uses. Tiny sizes: nothing is said of speed.

    test_bench.py SOURCE BUILD"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

SOURCE, BUILD = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
sys.path[:0] = [str(SOURCE / "bench"), str(SOURCE / "tests")]
sys.dont_write_bytecode = True  # beside the sources
import measure
import rows
from cases import case, run_cases


def bench(*words, tool="run", **environment):
    return subprocess.run([SOURCE / "bench" / tool, *map(str, words)], capture_output=True, text=True, timeout=600,
                          env={**os.environ, **environment})


def check_error(done, status, *said):
    assert done.returncode == status and done.stderr.count("\n") == 1, done
    assert all(text in done.stderr for text in said), done.stderr


def false_isomorph(folder, text):
    """A build folder whose isomorph does what `text` says."""
    folder.mkdir()
    program = folder / "isomorph"
    program.write_text("#!/bin/sh\n" + text)
    program.chmod(0o755)
    return folder


@case("a program and a kernel, in every way: table, JSON, chart")
def test_rows(tmp):
    done = bench(BUILD, "lua", "fib", "--tiny", "--runs=2", f"--json={tmp}/r.json", f"--with=--engine=interp")
    assert done.returncode == 0 and done.stderr == "", done
    result = json.loads((tmp / "r.json").read_text())
    ways = ["native", "qemu", "isomorph", "--engine=interp"]
    assert [way["name"] for way in result["ways"]] == ways, result["ways"]
    assert [(row["name"], row["group"], row["error"]) for row in result["rows"]] == \
        [("lua", "programs", None), ("fib", "kernels", None)], result["rows"]
    for row in result["rows"]:
        assert list(row["ways"]) == ways
        for measured in row["ways"].values():
            assert measured["peak_kib"] > 0 and sum(measured["wall"]) > 0
            assert [len(measured[kind]) for kind in ("user", "system", "wall")] == [2, 2, 2], measured
    assert result["versions"]["qemu"] and result["versions"]["packages"]["lua5.4"] and result["machine"]["kernel"]
    lines = done.stdout.splitlines()
    for start, count in (("lua ", 1), ("fib ", 1), ("geometric mean of 1 ", 2)):
        assert sum(line.startswith(start) for line in lines) == count, done.stdout
    labels = {e.text.strip() for e in xml.etree.ElementTree.parse(tmp / "r.svg").iter() if e.text}
    assert {"lua", "fib", "qemu", "isomorph"} <= labels, labels


@case("commands that a script starts, under QEMU too")
def test_script(tmp):
    done = bench(BUILD, "script", "--tiny", "--runs=1", f"--json={tmp}/r.json")
    assert done.returncode == 0, done


@case("two builds against each other; output that differs is an error, and so is a program that fails")
def test_builds(tmp):
    wrong = false_isomorph(tmp / "wrong", "echo 42\n")
    broken = false_isomorph(tmp / "broken", "echo it broke >&2; exit 3\n")
    for other, said in ((wrong, f"{wrong}: the output differs"), (broken, f"{broken}: ends with status 3: it broke")):
        done = bench(BUILD, "fib", "--no-qemu", "--tiny", "--runs=1", f"--json={tmp}/r.json", f"--against={other}")
        check_error(done, 1, "errors in fib")
        assert f"ERROR: {said}" in done.stdout and "qemu" not in done.stdout, done.stdout
        assert json.loads((tmp / "r.json").read_text())["rows"][0]["error"].startswith(said)


@case("wrong words have one clear line")
def test_wrong(tmp):
    check_error(bench(BUILD, "luaa"), 2, "no row or group 'luaa'")
    check_error(bench(BUILD, "--runs=0"), 2, "--runs", "not 0")
    check_error(bench(BUILD, "--runs=many"), 2, "--runs", "many")
    check_error(bench(BUILD, "--fast"), 2, "--fast")
    check_error(bench(tmp), 2, f"{tmp} has no isomorph")
    check_error(bench(BUILD, "fib", f"--against={tmp}"), 2, f"{tmp} has no isomorph")
    check_error(bench(BUILD, "fib", "--qemu=/none/qemu"), 1, "/none/qemu")
    check_error(bench(BUILD, "fib", "--with=--hot=0", "--with=--hot=0"), 1, "'--hot=0' is given twice")
    check_error(bench(BUILD, "fib", "--tiny", "--runs=1", "--no-qemu", "--json=/proc/none/r.json"), 1, "/proc/none: No such")
    check_error(bench(BUILD, "fib", "--tiny", "--runs=1", "--no-qemu", f"--svg={tmp}"), 1, f"{tmp} is a folder")
    check_error(bench(), 2, "required: BUILD;")


@case("what is not installed is named")
def test_missing(tmp):
    for name in ("gnuplot", "hyperfine"):
        check_error(bench(BUILD, "fib", PATH=str(without(tmp, name))), 1, name + " is not installed", "scripts/deps bench")


def without(tmp, missing):
    """A folder with what is in the search path, but for one program."""
    folder = tmp / ("without-" + missing)
    folder.mkdir()
    for path in reversed(os.environ["PATH"].split(":")):
        for file in pathlib.Path(path).iterdir() if os.path.isdir(path) else []:
            link = folder / file.name
            if file.name != missing:
                link.unlink(missing_ok=True)
                link.symlink_to(file)
    return folder


@case("the page is made from a run of all rows, and of nothing else")
def test_page(tmp):
    done = bench(BUILD, "fib", "--tiny", "--runs=2", f"--json={tmp}/part.json")
    assert done.returncode == 0, done
    check_error(bench(tmp / "part.json", tmp, tool="page"), 1, "part.json is not from a run of all rows")
    result = json.loads((tmp / "part.json").read_text())
    measured = result["rows"][0]["ways"]
    result["tiny"] = False
    result["rows"] = [{"name": row.name, "group": row.group, "size": row.size, "error": None, "ways": measured}
                      for row in rows.ROWS]
    result["rows"][3]["error"] = "it broke"
    (tmp / "all.json").write_text(json.dumps(result))
    done = bench(tmp / "all.json", tmp, tool="page")
    assert done.returncode == 0 and done.stderr == "", done
    text = (tmp / "performance.md").read_text()
    for row in rows.ROWS:
        assert text.count(f"\n| `{row.name}` |") == 2, (row.name, "once with its times, once with its command")
    assert "it broke" in text and result["machine"]["kernel"] in text and not re.search("@[a-z]+@", text), text
    assert (tmp / "performance.svg").read_text().rstrip().endswith("</svg>")
    done = bench(SOURCE / "docs/performance.json", tmp, tool="page")
    assert done.returncode == 0, done
    assert (tmp / "performance.md").read_text() == (SOURCE / "docs/performance.md").read_text(), \
        "bench/page docs/performance.json was not run"
    result["machine"]["others"] = 0.25
    (tmp / "all.json").write_text(json.dumps(result))
    assert bench(tmp / "all.json", tmp, tool="page").returncode == 0
    assert "other work took 25 % of the processors' time" in (tmp / "performance.md").read_text()
    check_error(bench(tmp / "none.json", tmp, tool="page"), 1, "none.json", "No such file")
    (tmp / "bad.json").write_text("[1]")
    check_error(bench(tmp / "bad.json", tmp, tool="page"), 1, "bad.json is not a result")


@case("what other work takes of the processors is measured")
def test_others(tmp):
    others = measure.Others()
    with subprocess.Popen(["sh", "-c", "while :; do :; done"]) as busy:  # counts as ours when it has ended
        time.sleep(1)
        share = others.share()
        busy.kill()
    assert 0.1 / os.cpu_count() < share <= 1, share


@case("passes: each has rows; a table of those that were asked for")
def test_passes(tmp):
    page = tmp / "passes.md"
    done = bench(BUILD, "pairs", "rotate", "--tiny", "--runs=1", "-o", page, tool="passes")
    assert done.returncode == 0 and done.stdout == "", done
    text = page.read_text()
    found = re.findall(r"^\| `(\w+)` \| `(\w+)` \|((?: [0-9.]+ \|){5})$", text, re.M)
    assert {name for name, _, _ in found} == {"pairs", "rotate"} and not re.search("@[a-z]+@", text), text
    with_it, without = next(cells.split(" | ")[3:5] for name, _, cells in found if name == "rotate")
    assert float(with_it) > 1 and float(without.rstrip(" |")) > 1, text
    listed = "echo identities  operations; echo unheard-of  passes"
    check_error(bench(false_isomorph(tmp / "other", listed), tool="passes"), 1, "has no rows", "unheard-of")
    check_error(bench(BUILD, "parse", tool="passes"), 2, "no pass 'parse'")
    check_error(bench(BUILD, "--runs=0", tool="passes"), 2, "--runs", "not 0")
    check_error(bench(tmp, tool="passes"), 2, f"{tmp} has no isomorph")
    check_error(bench(BUILD, "pairs", "--tiny", "--runs=1", "-o", "/proc/none/p.md", tool="passes"), 1, "/proc/none")


run_cases()
