"""Where numbers lie when they are drawn. Positions become attributes of SVG; no page computes any."""

from collections.abc import Sequence
from dataclasses import dataclass

MATRIX_MOST = 20
"""More takes than this are smaller than a fingertip in the matrix; the strongest are drawn."""
MATRIX_WIDTH = 300
"""Width of the matrix at its natural size, so that its numbers are as large as they are drawn."""


@dataclass(frozen=True)
class Dot:
    """One meeting of the row's take with the column's: won, lost, even, or none ("")."""

    x: float
    y: float
    radius: float
    kind: str


@dataclass(frozen=True)
class Heading:
    """A take's number beside its row and above its column."""

    at: float
    number: int


@dataclass(frozen=True)
class Matrix:
    """Who met whom, `size` units square without its headings.

    `met` of `pairs` have met; `left_out` takes are not drawn.
    """

    size: float
    headings: tuple[Heading, ...]
    dots: tuple[Dot, ...]
    met: int
    pairs: int
    left_out: int


def draw_matrix(wins: Sequence[Sequence[float]], numbers: Sequence[int]) -> Matrix:
    """The matrix of wins[i][j] (how often i was preferred to j, ties as halves), rows and columns in that order."""
    count = min(len(numbers), MATRIX_MOST)
    cell = min(30.0, MATRIX_WIDTH / max(count, 1))
    most = max((wins[i][j] + wins[j][i] for i in range(count) for j in range(count)), default=0.0)
    dots = []
    for i in range(count):
        for j in range(count):
            if i == j:
                continue
            met = wins[i][j] + wins[j][i]
            # area, not radius, tells how often
            radius = cell * (0.12 + 0.24 * (met / most) ** 0.5) if met else cell * 0.05
            won = wins[i][j] - wins[j][i]
            kind = ("won" if won > 0 else "lost" if won < 0 else "even") if met else ""
            dots.append(Dot(round(cell * (j + 0.5), 1), round(cell * (i + 0.5), 1), round(radius, 1), kind))
    whole = len(numbers)
    return Matrix(
        size=round(cell * count, 1),
        headings=tuple(Heading(round(cell * (i + 0.5), 1), numbers[i]) for i in range(count)),
        dots=tuple(dots),
        met=sum(wins[i][j] + wins[j][i] > 0 for i in range(whole) for j in range(i)),
        pairs=whole * (whole - 1) // 2,
        left_out=whole - count,
    )
