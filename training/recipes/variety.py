"""What unguarded pieces are worth: bars that add up, variety, copies; and how a model compares with its parent.

A model that collapses keeps its held-out accuracy and even gains: what it loses is seen here. Shares have 95 %
intervals. Whole pieces, not bars, are what chance drew, so intervals over bars come from random halves of the pieces:
the spread of a statistic over halves is that of the whole (half-sampling; P. McCarthy, "Pseudo-replication: half
samples", Review of the International Statistical Institute 37, 1969).

    examined = [examine(one.text, corpus) for one in write_freely(...)]    # generation.notagen.free
    against(parent, result)                                                # lists of both, same prompts and seeds
"""

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from math import inf, nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from curator.notation.abc import parse
from curator.notation.bars import metre_of, read_line, unit_of, unreduce
from curator.notation.errors import NotationError
from curator.notation.likeness import ALIKE, FEWEST, Likeness, likeness, sketch
from curator.notation.sounding import sounding_of
from curator.notation.validity import validity
from curator.preference.listeners import wilson

Places = NDArray[np.intp]

HALVES = 400
"""Random halves behind an interval."""

MOST_LOST = 0.01
"""Share of bars that add up that a result may lose against its parent: one point."""
LEAST_DISTINCT, LEAST_KEYS = 0.8, 0.7
"""Different bars and keys that a result must have left, as shares of its parent's: rounds that broke lay below."""
MOST_COPIES = 0.01
"""Share of its texts by which near-copies of the corpus may become more."""
LEAST_GUARDED = 0.97
"""Share of guarded pieces that must become what was asked for."""

_MARKER = re.compile(r"^\[r:[^\]]*\]")


@dataclass(frozen=True)
class Range:
    """A figure and the ends of its 95 % interval; nan where it is not defined."""

    at: float
    low: float
    high: float


@dataclass(frozen=True)
class Examined:
    """One text. `bars` as they are compared (`bars_of`); `good`: how many of them add up; `key` as its header says it.

    valid: the whole is a playable piece; copy: it is nearly one of the corpus.
    """

    bars: tuple[str, ...]
    good: int
    key: str
    valid: bool
    copy: bool


@dataclass(frozen=True)
class Variety:
    """The texts of one model. adding: share of its bars that add up; valid, copies: shares of the texts.

    distinct, keys: how many different bars and keys there are.
    """

    texts: int
    bars: int
    adding: Range
    valid: Range
    copies: Range
    distinct: int
    keys: int


@dataclass(frozen=True)
class Against:
    """A model against its parent: differences of the shares (0.01 is a point) and ratios of the different bars and
    keys, bars at the same number of them on both sides."""

    adding: Range
    copies: Range
    distinct: Range
    keys: Range


class Corpus:
    """Sketches of pieces that a model may have learned by heart, found by their bands."""

    def __init__(self, sketches: Iterable[Likeness]) -> None:
        self._by_band: dict[int, list[Likeness]] = {}
        self._tunes: set[str] = set()
        self.size = 0
        for one in sketches:
            self.size += 1
            if one.shingles >= FEWEST:
                self._tunes.add(one.tune)
                for band in one.bands:
                    self._by_band.setdefault(band, []).append(one)

    def has_like(self, made: Likeness) -> bool:
        """Whether a piece of the corpus has the same notes in any key, or nearly (curator.notation.likeness)."""
        if made.shingles < FEWEST:
            return False
        near = {id(other): other for band in made.bands for other in self._by_band.get(band, ())}
        return made.tune in self._tunes or any(likeness(made, other) >= ALIKE for other in near.values())


def examine(text: str, corpus: Corpus | None = None) -> Examined:
    """What a raw text comes to: prompt lines and header, then a line a bar. Anything may stand in it."""
    header, lines = _parts(text)
    unit, metre, key = _fields(header)
    good, readable = 0, []
    short = False
    for number, line in enumerate(lines):
        try:
            read = read_line(line, unit=unit, metre=metre)
        except NotationError:
            continue
        readable.append(line)
        unit, metre = read.unit, read.metre
        lengths = set(read.lengths.values())
        upbeat = number == 0 and len(lines) > 1 and metre is not None and max(lengths) < metre
        closing = short and number == len(lines) - 1 and metre is not None and max(lengths) < metre
        good += len(lengths) == 1 and (metre is None or lengths == {metre} or upbeat or closing)
        short = short or upbeat
    return Examined(
        bars=tuple(bars_of(text)),
        good=good,
        key=key,
        valid=_valid(text),
        copy=corpus is not None and _copied("\n".join([*header, *readable]), corpus),
    )


def sketch_of(text: str) -> Likeness | None:
    """The sketch of a raw or stored text; None where it cannot be read."""
    try:
        return sketch(sounding_of(parse(text)))
    except NotationError:
        return None


def bars_of(text: str) -> list[str]:
    """The bars of a raw text as they are compared: without marker and final barline."""
    return [_MARKER.sub("", line).replace("|]", "|") for line in _parts(text)[1]]


def variety(texts: Sequence[Examined]) -> Variety:
    """The figures of one model's texts."""
    count, bars = len(texts), sum(len(one.bars) for one in texts)
    valid, copies = sum(one.valid for one in texts), sum(one.copy for one in texts)
    return Variety(
        texts=count,
        bars=bars,
        adding=adding(texts),
        valid=share(valid, count),
        copies=share(copies, count),
        distinct=len({bar for one in texts for bar in one.bars}),
        keys=len({one.key for one in texts if one.key}),
    )


def adding(texts: Sequence[Examined]) -> Range:
    """The share of bars that add up, with the wider of two intervals: Wilson's over bars, and that of halves."""
    bars = np.array([len(one.bars) for one in texts], dtype=np.float64)
    good = np.array([one.good for one in texts], dtype=np.float64)
    found = share(float(good.sum()), int(bars.sum()))
    halves = _by_halves(len(texts), lambda half: float(good[half].sum() / max(1.0, bars[half].sum())), found.at)
    return Range(found.at, max(0.0, min(found.low, halves.low)), min(1.0, max(found.high, halves.high)))


def against(parent: Sequence[Examined], result: Sequence[Examined]) -> Against:
    """A model against its parent, whose texts began with the same prompts and seeds, in the same order.

    Raises ValueError for lists of different length.
    """
    if len(parent) != len(result):
        raise ValueError(f"{len(result)} texts cannot be compared with {len(parent)}")
    one, other = variety(result), variety(parent)
    return Against(
        adding=_difference(one.adding, other.adding),
        copies=_difference(one.copies, other.copies),
        distinct=_ratio([piece.bars for piece in result], [piece.bars for piece in parent]),
        keys=_ratio([(piece.key,) for piece in result], [(piece.key,) for piece in parent]),
    )


def _ratio(result: Sequence[Sequence[str]], parent: Sequence[Sequence[str]]) -> Range:
    """How many different things there are against the parent, among as many on both sides."""
    names: dict[str, int] = {}
    one, other = (
        [np.array([names.setdefault(item, len(names)) for item in items if item], dtype=np.intp) for items in side]
        for side in (result, parent)
    )

    def ratio(half: Places) -> float:
        first, second = (np.concatenate([side[at] for at in half]) for side in (one, other))
        count = min(first.size, second.size)
        below = _expected(second, count, len(names))
        return _expected(first, count, len(names)) / below if below else nan

    return _by_halves(len(parent), ratio, ratio(np.arange(len(parent)))) if len(parent) else Range(nan, nan, nan)


def _expected(items: Places, count: int, kinds: int) -> float:
    """How many different ones are expected among `count` of these drawn without putting back (rarefaction)."""
    total = items.size
    if not count:
        return 0.0
    times = np.bincount(items, minlength=kinds)
    left = (total - times[times > 0]).astype(np.float64)
    # 1 - C(left, count) / C(total, count): nothing is left out where fewer than `count` are left
    never = np.where(
        left >= count,
        np.exp(
            gammaln(left + 1)
            - gammaln(np.maximum(left - count, 0) + 1)
            - gammaln(total + 1)
            + gammaln(total - count + 1)
        ),
        0.0,
    )
    return float((1.0 - never).sum())


def _by_halves(count: int, statistic: Callable[[Places], float], whole: float) -> Range:
    """The interval of a statistic of `count` pieces: its spread over random halves, moved to the value of the whole."""
    if count < 4:
        return Range(whole, -inf, inf)
    draw = np.random.default_rng(0)
    found = np.array([statistic(draw.permutation(count)[: count // 2]) for _ in range(HALVES)])
    found = found[np.isfinite(found)]
    if not found.size or not np.isfinite(whole):
        return Range(whole, nan, nan)
    # a half of n leaves out n - n/2: its spread times the root of (n/2) / (n - n/2) is that of the whole
    scale = sqrt((count // 2) / (count - count // 2))
    low, high = np.quantile(found - found.mean(), [0.025, 0.975])
    return Range(whole, float(whole + scale * low), float(whole + scale * high))


def _difference(one: Range, other: Range) -> Range:
    """The difference of two shares (Newcombe 1998, method 10, from the intervals of both)."""
    at = one.at - other.at
    low = at - sqrt((one.at - one.low) ** 2 + (other.high - other.at) ** 2)
    high = at + sqrt((one.high - one.at) ** 2 + (other.at - other.low) ** 2)
    return Range(at, low, high)


def share(hits: float, count: int) -> Range:
    """A share with Wilson's interval."""
    low, high = wilson(hits, count)
    return Range(hits / count if count else nan, low, high)


def _parts(text: str) -> tuple[list[str], list[str]]:
    """Header and bars: the music begins with the first line of a voice, and every line from there on is a bar."""
    lines = [line for line in text.splitlines() if line.strip()]
    first = next((at for at, line in enumerate(lines) if line.startswith(("[V:", "[r:"))), len(lines))
    return lines[:first], lines[first:]


def _fields(header: Sequence[str]) -> tuple[Fraction, Fraction | None, str]:
    """Unit, metre and key of a header; a field that cannot be read is as if it were not there."""
    unit, key = Fraction(1, 8), ""
    metre: Fraction | None = Fraction(1)
    for line in header:
        with suppress(NotationError):
            if line.startswith("L:"):
                unit = unit_of(line[2:])
            elif line.startswith("M:"):
                metre = metre_of(line[2:].strip())
            elif line.startswith("K:"):
                key = line[2:].strip()
    return unit, metre, key


def _valid(text: str) -> bool:
    try:
        verdict = validity(unreduce(text))
    except NotationError:
        return False
    return verdict.valid and not verdict.irregular


def _copied(text: str, corpus: Corpus) -> bool:
    made = sketch_of(text)
    return made is not None and corpus.has_like(made)
