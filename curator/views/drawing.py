"""Where numbers lie when they are drawn. Positions become attributes of SVG; no page computes any."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from django.utils.translation import gettext as _

from curator.domain.cohorts import CohortGap
from curator.domain.standings import Row
from curator.templatetags.look import percent

MATRIX_MOST = 20
"""More takes than this are smaller than a fingertip in the matrix; the strongest are drawn."""
MATRIX_WIDTH = 300
"""Width of the matrix at its natural size, so that its numbers are as large as they are drawn."""


@dataclass(frozen=True)
class Interval:
    """A strength with its doubt on an axis, percent of the width: 95 %, the middle half, and where equals lie."""

    low: float
    high: float
    low50: float
    high50: float
    reference: float
    words: str


def draw_intervals(rows: Sequence[Row]) -> list[Interval]:
    """The strengths of all rows on one axis; equal takes sit on the reference line in the middle."""
    reach = max([1.0, *(max(-row.low, row.high) for row in rows)]) * 1.06

    def place(strength: float) -> float:
        return round(50 + 50 * strength / reach, 2)

    return [
        Interval(
            low=place(row.low),
            high=place(row.high),
            low50=place(row.low50),
            high50=place(row.high50),
            reference=50,
            words=_("strength %(at).2f, from %(low).2f to %(high).2f")
            % {"at": row.strength, "low": row.low, "high": row.high},
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Share:
    """A share with its interval on a line from none to all, percent; `value` is what is written beside it."""

    label: str
    value: str
    low: float
    at: float
    high: float
    warn: bool = False


def draw_share(label: str, value: str, *, low: float, at: float, high: float, warn: bool = False) -> Share:
    """A share of 1 with the ends of its interval."""
    return Share(label, value, round(100 * low, 1), round(100 * at, 1), round(100 * high, 1), warn)


def draw_gap(gap: CohortGap) -> Share:
    """How often a take of the newer cohort would be preferred to one of the older, with its 95 % interval."""
    low, high = gap.comparison.interval()
    better = gap.comparison.p_better
    return draw_share(
        _("%(newer)s against %(older)s") % {"newer": gap.newer.name, "older": gap.older.name},
        _("%(share)s; %(sure)s sure it is better")
        % {"share": percent(_chance(gap.comparison.mean)), "sure": percent(better)},
        low=_chance(low),
        at=_chance(gap.comparison.mean),
        high=_chance(high),
    )


def _chance(gap: float) -> float:
    """How often the stronger side of a gap in log-odds is preferred."""
    return 1.0 / (1.0 + exp(-gap))


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
