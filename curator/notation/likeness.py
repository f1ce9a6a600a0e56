"""How much two scores are the same music, whatever their key, layout, hands, repeats and small differences.

A sketch is made of shingles: what happens at five onsets in a row, as intervals from the lowest tone of the first and
as times relative to the first step. Intervals are taken as steps of a scale, so that a theme is known again on another
degree or in the other mode. Two scores are as like as the share of shingles they have in common (Jaccard),
which the smallest hashes of both estimate well: A. Broder, "On the resemblance and containment of documents",
Proceedings of Compression and Complexity of Sequences (1997).
"""

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from math import gcd

from curator.notation.sounding import Sounding

SCHEME = "shingles-1"
ONSETS = 5
VALUES = 128
BANDS = 16
ALIKE = 0.4
"""From here on two scores are suspected to be the same music. Of 7800 pairs of different études in one key, texture and
length the most alike have 0.18; an edition keeps 0.4 with every twelfth onset changed."""
FEWEST = 8
"""With fewer shingles a score is too short to be known by anything but all of its notes."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """The sketch of a score. `tune` is equal for equal tones in any key and at any written tempo."""

    tune: str
    shingles: int
    values: tuple[int, ...]  # the smallest VALUES hashes of the shingles, 64 bits, rising

    @property
    def bands(self) -> tuple[int, ...]:
        """The few values that an index holds: like scores share some of them. Signed, as databases want them."""
        return tuple(value - 2**63 for value in self.values[:BANDS])


def sketch(heard: Sounding) -> Likeness:
    """The sketch of a score; one without tones has no shingle."""
    hashes = sorted({_hash(shingle) for shingle in _shingles(heard)})
    return Likeness(_tune(heard), len(hashes), tuple(hashes[:VALUES]))


def likeness(one: Likeness, other: Likeness) -> float:
    """The estimated share of common shingles, 0 to 1; exact while both have at most VALUES shingles."""
    union = sorted({*one.values, *other.values})
    if max(one.shingles, other.shingles) > VALUES:
        union = union[: min(VALUES, len(union))]
    both = set(one.values) & set(other.values)
    return sum(value in both for value in union) / len(union) if union else 0.0


def print_of(heard: Sounding) -> str:
    """SHA-256 over the tones as they are heard; "" without one."""
    if not heard.tones:
        return ""
    step = _step(heard)
    return _sha256(f"{step * heard.unit} {heard.tones[0][1]}\n{_rows(heard, step)}")


def _tune(heard: Sounding) -> str:
    """SHA-256 over onsets, pitches and lengths, counted from the first tone in the largest common unit of time."""
    return _sha256(_rows(heard, _step(heard))) if heard.tones else ""


def _step(heard: Sounding) -> int:
    return gcd(*(time for onset, _pitch, length in heard.tones for time in (onset, length))) or 1


def _rows(heard: Sounding, step: int) -> str:
    lowest = heard.tones[0][1]
    return "\n".join(f"{onset // step} {pitch - lowest} {length // step}" for onset, pitch, length in heard.tones)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _shingles(heard: Sounding) -> list[str]:
    moments = [
        (onset, [pitch for _onset, pitch, _length in tones])
        for onset, tones in groupby(heard.tones, key=lambda tone: tone[0])
    ]
    found = []
    for place in range(max(1, len(moments) - ONSETS + 1) if moments else 0):
        window = moments[place : place + ONSETS]
        lowest = window[0][1][0]
        steps = [after[0] - before[0] for before, after in pairwise(window)]
        times = [str(Fraction(step, steps[0])) for step in steps]
        # a semitone is 7/12 of a scale step: both seconds become 1, both thirds 2 ... the tritone stays on one side
        tones = [",".join(str((7 * (pitch - lowest) + 6) // 12) for pitch in pitches) for _onset, pitches in window]
        found.append(" ".join(tones) + "|" + " ".join(times))
    return found


def _hash(shingle: str) -> int:
    return int.from_bytes(hashlib.blake2b(shingle.encode("ascii"), digest_size=8).digest(), "big")
