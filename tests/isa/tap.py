"""Test Anything Protocol for the scripts of this folder."""

import sys


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def result(self, ok, name, *notes):
        """One test. The notes, which may have several lines, explain a failure."""
        self.count += 1
        self.failed += not ok
        print(f"{'ok' if ok else 'not ok'} {self.count} - {name.replace('#', '')}")
        for note in notes if not ok else ():
            print("# " + note.rstrip().replace("\n", "\n# "))

    def finish(self):
        print(f"1..{self.count}")
        sys.exit(self.failed != 0)
