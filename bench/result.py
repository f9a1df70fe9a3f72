"""What was measured, and what follows from it: medians, ratios, geometric means, the table. A result is what bench/run
writes as JSON: {"machine": {...}, "versions": {...}, "ways": [{"name", "kind", "options"}], "rows": [...]}, a row
{"name", "group", "size", "error", "ways": {way: {"user": [...], "system": [...], "wall": [...], "peak_kib"}}}.

The time of a row is user time. In the group `startup` it is the processor's time for user and system together: of a few
milliseconds the kernel cannot say well which is which."""
import json
import math
import statistics

BUSY_LOAD = 0.5  # when it begins: more than that is worth a word
BUSY_SHARE = 0.05  # of the processors, for others meanwhile: with much more than that, times mean little
NATIVE, QEMU, ISOMORPH = "native", "qemu", "isomorph"


def as_text(result):
    """JSON with a line for each field and each row."""
    fields = [f'"{name}": {json.dumps(value)}' for name, value in result.items() if name != "rows"]
    rows = ",\n  ".join(map(json.dumps, result["rows"]))
    return "{" + ",\n ".join([*fields, f'"rows": [\n  {rows}\n ]']) + "}\n"


def machine_text(result):
    machine = result["machine"]
    virtual = " of a virtual machine" if machine["virtual"] else ""
    load = f"; load average {machine['load']} when it began" if machine["load"] > BUSY_LOAD else ""
    others = others_text(result)
    busy = load + (f"; {others}" if others else "")
    return (f"{machine['processor']}, {machine['processors']} processors{virtual}, {machine['memory_gib']} GiB, "
            f"Linux {machine['kernel']}, {machine['system']}{busy}")


def others_text(result):
    """What else the machine did, known at the end; empty if that was little."""
    share = result["machine"].get("others", 0)
    return f"other work took {100 * share:.0f} % of the processors' time meanwhile" if share > BUSY_SHARE else ""


def versions_text(result):
    return ", ".join(f"{name} {value}" for name, value in result["versions"].items() if isinstance(value, str))


def times(row, way):
    """Seconds of each run, or nothing."""
    measured = row["ways"].get(way)
    if row.get("error") or not measured:
        return []
    if row["group"] == "startup":
        return [user + system for user, system in zip(measured["user"], measured["system"])]
    return measured["user"]


def median(row, way):
    values = times(row, way)
    return max(statistics.median(values), 1e-6) if values else None


def spread(row, way):
    """Half the distance between the fastest and the slowest run, as a share of the median."""
    values = times(row, way)
    return (max(values) - min(values)) / 2 / median(row, way)


def ratio(row, way, base):
    """How many times as long `way` takes as `base`; None if either was not measured."""
    this, other = median(row, way), median(row, base)
    return this / other if this and other else None


def peak_ratio(row, way, base):
    if row.get("error") or not {way, base} <= row["ways"].keys():
        return None
    return row["ways"][way]["peak_kib"] / row["ways"][base]["peak_kib"]


def geometric_mean(values):
    values = [v for v in values if v is not None]
    return math.exp(statistics.fmean(map(math.log, values))) if values else None


def comparisons(result):
    """The columns of ratios: (title, function of a row)."""
    names = [way["name"] for way in result["ways"]]
    columns = [(f"{name}/native", lambda row, n=name: ratio(row, n, NATIVE)) for name in names if name != NATIVE]
    if QEMU in names and ISOMORPH in names:
        columns.append(("qemu/isomorph", lambda row: ratio(row, QEMU, ISOMORPH)))
        columns.append(("memory/qemu", lambda row: peak_ratio(row, ISOMORPH, QEMU)))
    for name in names:
        if name not in (NATIVE, QEMU, ISOMORPH):
            columns.append((f"{name}/isomorph", lambda row, n=name: ratio(row, n, ISOMORPH)))
    return columns


def seconds(value):
    return f"{value:.3f}" if value >= 0.1 else f"{value * 1000:.1f} ms"


def number(value):
    return "-" if value is None else f"{value:.2f}" if value < 10 else f"{value:.1f}"


class Table:
    """The table as text, a line at a time, so that it can be watched."""

    def __init__(self, result):
        self.widths = {way["name"]: max(16, len(way["name"]) + 2) for way in result["ways"]}
        self.columns = comparisons(result)

    def heading(self):
        line = f"{'':14}" + "".join(f"{name:>{width}}" for name, width in self.widths.items())
        return line + "".join(f"{title:>{len(title) + 2}}" for title, _ in self.columns)

    def line(self, row):
        if row.get("error"):
            return f"{row['name']:14}  ERROR: {row['error']}"
        times = "".join(f"{f'{seconds(median(row, name))} ±{100 * spread(row, name):.0f}%':>{width}}"
                        for name, width in self.widths.items())
        return f"{row['name']:14}{times}{self.ratios([row])}"

    def ratios(self, rows):
        means = ((title, geometric_mean([of(row) for row in rows])) for title, of in self.columns)
        return "".join(f"{number(mean):>{len(title) + 2}}" for title, mean in means)

    def mean(self, rows):
        label = f"geometric mean of {sum(not row['error'] for row in rows)}"
        return f"{label:{14 + sum(self.widths.values())}}{self.ratios(rows)}"
