"""Named cases, each in a temporary folder of its own, reported as TAP.

A case is a function of one argument, marked by @case(name). It fails by an AssertionError (or an error of the system), and
is skipped if it returns a reason."""
import pathlib
import subprocess
import sys
import tempfile

_cases = []


def case(name):
    def add(function):
        _cases.append((name, function))
        return function
    return add


def run_cases(make_argument=lambda folder: folder, wanted=()):
    """Runs the cases whose names contain one of `wanted` (all if it is empty); ends the process."""
    chosen = [c for c in _cases if not wanted or any(word in c[0] for word in wanted)]
    failed = 0
    print(f"1..{len(chosen)}", flush=True)
    for number, (name, function) in enumerate(chosen, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                skipped = function(make_argument(pathlib.Path(folder)))
                print(f"ok {number} - {name}" + (f" # SKIP {skipped}" if skipped else ""), flush=True)
            except (AssertionError, OSError, subprocess.SubprocessError) as wrong:
                failed += 1
                print(f"not ok {number} - {name}\n# " + f"{type(wrong).__name__}: {wrong}".replace("\n", "\n# "), flush=True)
    sys.exit(failed > 0)
