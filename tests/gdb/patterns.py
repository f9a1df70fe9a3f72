"""What gdb is expected to have printed."""
import re


def missing(patterns, text):
    """The first of the patterns that does not follow the ones before it in text, or None."""
    at = 0
    for pattern in patterns:
        found = re.compile(pattern, re.M).search(text, at)
        if not found:
            return pattern
        at = found.end()
    return None
