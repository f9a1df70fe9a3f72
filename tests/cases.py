"""Named cases, each in a temporary folder of its own, reported as TAP.

A case is a function of one argument, marked by @case(name). It fails by an exception, and is skipped if it returns a reason."""
import pathlib
import tempfile

from tap import Tap

_cases = []


def case(name):
    def add(function):
        _cases.append((name, function))
        return function
    return add


def run_cases(make_argument=lambda folder: folder, wanted=()):
    """Runs the cases whose names contain one of `wanted` (all if it is empty); ends the process."""
    tap = Tap()
    for name, function in _cases:
        if wanted and not any(word in name for word in wanted):
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                tap.result(True, name, skipped=function(make_argument(pathlib.Path(folder))))
            except Exception as wrong:  # a failed case must not hide the others
                tap.result(False, name, f"{type(wrong).__name__}: {wrong}"[:3000])
    tap.finish()
