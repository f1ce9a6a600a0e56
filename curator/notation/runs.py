"""The longest run that a score shares with another: the same intervals in the same rhythm, in any key.

A score is written down as its steps, one for each moment at which keys are struck by either hand: the intervals
struck above the lowest of them, how far the lowest moves to the next moment, and how long that takes. Equal runs of
steps are the same music of both hands in the same or another key. Grace notes and the hands that play are left out,
lengths of notes count only as far as they part the moments. Music in other note values is left to the likeness of
scores (curator.notation.likeness), and so are small changes, at which a run ends.

Among thousands of scores the longest run is found by hashes of windows (R. Karp and M. Rabin, "Efficient randomized
pattern-matching algorithms", IBM Journal of Research and Development 31, 1987), whose length is first doubled and then
bisected: where a long window is shared, so is every shorter one that begins with it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from curator.notation.abc import Score

SCHEME = "steps-1"
SHORTEST = 6
"""Fewer equal steps are not worth being told: five strokes of an accompaniment are everywhere."""
COPIED = 12
"""From so many different steps on a run counts as copied. Of 400 different études by one rule the most alike share 11
(their accompaniments are of one mould), no two of 20 works by Satie share a run of SHORTEST; six bars have 15."""

Numbers = NDArray[np.uint64]

_BASE = 0x9E3779B97F4A7C15  # odd, so that its powers have inverses modulo 2**64
_TABLE = 16  # bits of the first sieve


@dataclass(frozen=True, slots=True)
class Steps:
    """A score as steps. `bars` (from 1) and `notes` say in which bar each moment lies and how many keys it strikes."""

    values: Numbers
    bars: tuple[int, ...]
    notes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A run shared by two scores. `strokes`: moments in it; `notes`: keys struck in them; `mine` and `theirs`: its
    first and last bar in either score; `place`: which of the many scores it is shared with; `kinds`: how many
    different steps it has, few in an accompaniment that goes round and round."""

    strokes: int
    notes: int
    mine: tuple[int, int]
    theirs: tuple[int, int]
    place: int
    kinds: int


def steps_of(score: Score) -> Steps:
    """The steps of a piece in the order of its text; repeats are not written out."""
    moments = []
    start = Fraction(0)
    for number, bar in enumerate(score.bars, start=1):
        struck: dict[Fraction, set[int]] = {}
        for part in bar.parts:
            for note in part.notes:
                if not note.held and not note.grace:
                    struck.setdefault(note.onset, set()).add(note.pitch.midi)
        moments += [(start + onset, number, sorted(keys)) for onset, keys in sorted(struck.items())]
        start += bar.length
    values = [_step(keys, after[2][0] - keys[0], after[0] - time) for (time, _, keys), after in pairwise(moments)]
    if moments:
        values.append(_step(moments[-1][2], 0, 0))
    return Steps(
        np.array(values, dtype=np.uint64),
        tuple(number for _time, number, _keys in moments),
        tuple(len(keys) for _time, _number, keys in moments),
    )


def _step(keys: Sequence[int], moves: int, lasts: object) -> int:
    text = f"{','.join(str(key - keys[0]) for key in keys)}|{moves}|{lasts}"
    return int.from_bytes(hashlib.blake2b(text.encode("ascii"), digest_size=8).digest(), "big")


class Shelf:
    """Many scores, ready to be searched for runs: about 30 bytes a moment in memory."""

    def __init__(self, scores: Sequence[Numbers]) -> None:
        lengths = np.array([len(values) for values in scores], dtype=np.int64)
        # Between two scores stands a number that nobody else has, so that no window reaches from one into the next.
        gaps = np.random.default_rng(1).integers(0, 2**63, len(scores), dtype=np.uint64)
        parts = [part for values, gap in zip(scores, gaps, strict=True) for part in (values, gap[None])]
        self.starts = np.concatenate([[0], np.cumsum(lengths + 1)]).astype(np.int64)
        self._windows = _Windows(np.concatenate(parts) if parts else np.zeros(0, np.uint64))

    def place_of(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which score each position lies in."""
        found: NDArray[np.int64] = np.searchsorted(self.starts, positions, side="right") - 1
        return found

    def longest(self, steps: Numbers, *, without: frozenset[int] = frozenset()) -> tuple[int, int, int] | None:
        """The longest window of `steps` that any score has: its length, where it begins, its position on the shelf.

        `without`: places of scores that do not count. None where no window of SHORTEST steps is shared.
        """
        mine = _Windows(steps)
        kept = self._shared(mine, np.arange(max(len(self._windows.values) - SHORTEST + 1, 0)), SHORTEST)
        if without and len(kept):
            kept = kept[~np.isin(self.place_of(kept), list(without))]
        if not len(kept):
            return None
        length, most, reach = SHORTEST, len(steps), SHORTEST
        while length < most:  # first doubled, then halved; nothing longer than `most` is shared
            tried = min(length + reach, most) if reach else (length + most + 1) // 2
            longer = self._shared(mine, kept, tried)
            if len(longer):
                kept, length, reach = longer, tried, 2 * reach
            else:
                most, reach = tried - 1, 0
        wanted = int(self._windows.hashes(kept[:1], length)[0])
        own = mine.hashes(np.arange(len(steps) - length + 1), length)
        return length, int(np.flatnonzero(own == np.uint64(wanted))[0]), int(kept[0])

    def _shared(self, mine: "_Windows", positions: NDArray[np.int64], length: int) -> NDArray[np.int64]:
        """Those of the positions at which a window of `mine` of this length begins."""
        if length > len(mine.values):
            return positions[:0]
        positions = positions[positions + length <= len(self._windows.values)]
        wanted = np.unique(mine.hashes(np.arange(len(mine.values) - length + 1), length))
        found = self._windows.hashes(positions, length)
        shift = np.uint64(64 - _TABLE)
        sieve = np.zeros(1 << _TABLE, dtype=bool)
        sieve[wanted >> shift] = True
        likely = np.flatnonzero(sieve[found >> shift])
        return positions[likely[np.isin(found[likely], wanted)]]


class _Windows:
    """Hashes of all windows of a row of numbers, at the price of two subtractions each."""

    def __init__(self, values: Numbers) -> None:
        self.values = values

    @cached_property
    def _sums(self) -> Numbers:
        with np.errstate(over="ignore"):
            return np.concatenate([np.zeros(1, np.uint64), np.cumsum(self.values * _powers(_BASE, len(self.values)))])

    @cached_property
    def _undo(self) -> Numbers:
        return _powers(pow(_BASE, -1, 2**64), len(self.values) + 1)

    def hashes(self, positions: NDArray[np.int64], length: int) -> Numbers:
        """The hash of the window of this length that begins at each of the positions."""
        with np.errstate(over="ignore"):
            hashed: Numbers = (self._sums[positions + length] - self._sums[positions]) * self._undo[positions]
        return hashed


def _powers(base: int, count: int) -> Numbers:
    row = np.full(count, base, dtype=np.uint64)
    row[:1] = 1
    with np.errstate(over="ignore"):
        return np.cumprod(row, dtype=np.uint64)


def longest_run(one: Steps, others: Sequence[Steps], *, without: frozenset[int] = frozenset()) -> Run | None:
    """The longest run that `one` shares with any of the others, the first of them where several share it.

    `without`: places among the others that do not count. None where none is as long as SHORTEST.
    """
    shelf = Shelf([steps.values for steps in others])
    found = shelf.longest(one.values, without=without)
    if found is None:
        return None
    length, start, position = found
    place = int(shelf.place_of(np.array([position]))[0])
    return told(one, length, start, others[place].bars, position - int(shelf.starts[place]), place)


def told(one: Steps, length: int, start: int, bars: Sequence[int], theirs: int, place: int) -> Run:
    """What is said of `length` equal steps from `start` here and from `theirs` in a score with these bars.

    The moment to which the last step leads belongs to the run: its time and its lowest tone are shared too.
    """
    end, their_end = min(start + length, len(one.bars) - 1), min(theirs + length, len(bars) - 1)
    return Run(
        strokes=end - start + 1,
        notes=sum(one.notes[start : end + 1]),
        mine=(one.bars[start], one.bars[end]),
        theirs=(int(bars[theirs]), int(bars[their_end])),
        place=place,
        kinds=len(np.unique(one.values[start : start + length])),
    )
