"""Test Anything Protocol for test scripts."""

import sys


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def result(self, ok, name, *notes, skipped=None):
        """One test, or the reason why it was skipped. The notes explain a failure: anything with a text, of several lines
        too."""
        self.count += 1
        self.failed += not ok
        print(f"{'ok' if ok else 'not ok'} {self.count} - {name.replace('#', '')}{f' # SKIP {skipped}' if skipped else ''}")
        for note in notes if not ok else ():
            print("# " + str(note).rstrip().replace("\n", "\n# "))
        sys.stdout.flush()

    def finish(self):
        print(f"1..{self.count}")
        sys.exit(self.failed != 0)
