"""The chart of a result: for each row a bar for each way, as a multiple of the native time. gnuplot draws it."""
import subprocess

import result as results
from measure import Failure

COLOURS = ["#b0b0b0", "#2060a0", "#e08020", "#40a060", "#a04080"]


def blocks(result):
    """gnuplot's data: a line for each row, a column for each way but the native one; an empty line between groups."""
    lines, last = [], None
    for row in result["rows"]:
        if row["error"]:
            continue
        if last not in (None, row["group"]):
            lines.append('"" ' + " ".join("NaN" for _ in result["ways"][1:]))
        last = row["group"]
        ratios = (results.ratio(row, way["name"], results.NATIVE) for way in result["ways"][1:])
        lines.append(f'"{row["name"]}" ' + " ".join(f"{r:.4f}" for r in ratios))
    return lines


def draw(result, file):
    """Writes the SVG file; False if there is nothing to show."""
    data = blocks(result)
    if not data or len(result["ways"]) < 2:
        return False
    plots = ", ".join(f"$rows using {n + 2}:xtic(1) title '{way['name']}' linecolor rgb '{COLOURS[n % len(COLOURS)]}'"
                      for n, way in enumerate(result["ways"][1:]))
    script = "\n".join([
        f"set terminal svg size {max(600, 150 + 24 * len(data))},480 font 'sans,12' background 'white'",
        f"set output '{file}'",
        "$rows << END", *data, "END",
        "set style data histograms", "set style histogram clustered gap 1", "set style fill solid noborder",
        "set logscale y 2", "set yrange [0.5:*]", "set ylabel 'times native'", "set grid ytics", "set key top right",
        "set xtics rotate by -60 scale 0", "set boxwidth 0.9", f"plot 1 notitle linecolor rgb 'black', {plots}"])
    done = subprocess.run(["gnuplot"], input=script, capture_output=True, text=True, check=False)
    if done.returncode != 0 or done.stderr:
        raise Failure("gnuplot: " + (done.stderr.strip().splitlines() or ["failed"])[-1])
    return True
