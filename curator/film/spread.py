"""Which shots belong to which stage of the arc, where nobody has said it yet."""

from collections.abc import Sequence

ON_SCENE = 0.5
"""How much a border between two scenes is worth, in squared shares of a mean stage's length."""


def spread(lengths: Sequence[int], scenes: Sequence[int], parts: int) -> list[tuple[int, int]]:
    """Split shots into `parts` runs of nearly equal length, rather between two scenes than inside one.

    lengths: frames of each shot; scenes: which scene it is in. Returns the first and last index of each run; they
    cover all shots in order. Needs at least as many shots as parts.
    """
    if not 1 <= parts <= len(lengths):
        raise ValueError(f"{len(lengths)} shots cannot be split into {parts} parts.")
    ends = [0]
    for length in lengths:
        ends.append(ends[-1] + length)
    mean = max(ends[-1] / parts, 1)

    def cost(start: int, stop: int) -> float:
        on_scene = stop < len(lengths) and scenes[stop - 1] != scenes[stop]
        return ((ends[stop] - ends[start]) / mean - 1) ** 2 - (ON_SCENE if on_scene else 0)

    # best[stop]: the cheapest way to split the shots before `stop` so far, and where its last run starts
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for part in range(1, parts + 1):
        rest = parts - part
        row = {}
        for stop in range(part, len(lengths) - rest + 1):
            row[stop] = min((paid + cost(start, stop), start) for start, (paid, _) in best[-1].items() if start < stop)
        best.append(row)
    stop, runs = len(lengths), []
    for part in range(parts, 0, -1):
        start = best[part][stop][1]
        runs.append((start, stop - 1))
        stop = start
    return runs[::-1]
