"""Numbers drawn as plain text, for any terminal."""

from collections.abc import Sequence

import numpy as np

BAR = "#"
WIDTH = 28


def histogram(before: Sequence[float], after: Sequence[float], *, titles: tuple[str, str]) -> str:
    """Two sides beside each other, in shares, in steps of half a unit from -3 to 3; the ends hold what is beyond."""
    edges = np.arange(-3.0, 3.5, 0.5)
    shares = [np.histogram(np.clip(side, -2.99, 2.99), edges)[0] / max(1, len(side)) for side in (before, after)]
    most = max(float(side.max()) for side in shares)
    lines = [f"{'':16}{titles[0]:<{WIDTH}}  {titles[1]}"]
    for place in range(len(edges) - 2, -1, -1):
        bars = [BAR * round(WIDTH * float(side[place]) / most) for side in shares]
        lines.append(f"   {edges[place]:+.1f} to {edges[place + 1]:+.1f} {bars[0]:<{WIDTH}}  {bars[1]}".rstrip())
    return "\n".join(lines) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they must be, the first one to the left."""
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    lines = [
        "   " + "  ".join(f"{cell:<{width}}" if not at else f"{cell:>{width}}" for at, (cell, width) in
                          enumerate(zip(row, widths, strict=True))).rstrip()
        for row in [head, *rows]
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
