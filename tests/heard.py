"""What music21 hears of a score, and whether a delivered one sounds as its source did, but for the named rewrites.

The named rewrites: a pickup is filled in front and any other short bar at its end, grace notes become short notes that
take their time from a neighbour, of notes of one key that sound at once one stays and ends where the next is struck.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any

import music21


@dataclass(frozen=True, order=True)
class Tone:
    """A sounding note in quarters; a grace note has no length."""

    start: Fraction
    end: Fraction
    key: int
    staff: int


@dataclass(frozen=True)
class Heard:
    """Every tone of a score, repeats taken, ties joined, in bars of their full length."""

    tones: tuple[Tone, ...]
    graces: tuple[Tone, ...] = ()
    tempos: tuple[tuple[float, float], ...] = field(default=())


def heard(musicxml: bytes, *, order: Sequence[int] | None = None) -> Heard:
    """What music21 hears of a file. With `order` its written bars are taken in that order, from 0."""
    score = music21.converter.parseData(musicxml.decode(), format="musicxml", forceSource=True)
    tones: list[Tone] = []
    graces: list[Tone] = []
    for staff, part in enumerate(score.parts, 1):
        written = part if order is not None or _plain(part) else part.expandRepeats()
        measures = list(written.getElementsByClass("Measure"))
        measures = measures if order is None else [measures[place] for place in order]
        pieces: list[tuple[Fraction, Fraction, int, str]] = []
        for start, measure in zip(_starts(measures), measures, strict=True):
            for event in measure.recurse().notes:
                onset = start + _exact(event.getOffsetInHierarchy(measure))
                for note in event.notes if event.isChord else [event]:
                    if event.duration.isGrace:
                        graces.append(Tone(onset, onset, note.pitch.midi, staff))
                    else:
                        tie = note.tie.type if note.tie else ""
                        pieces.append((onset, onset + _exact(event.quarterLength), note.pitch.midi, tie))
        tones += [Tone(*piece, staff) for piece in _joined(pieces)]
    marks = score.flatten().getElementsByClass(music21.tempo.MetronomeMark)
    tempos = tuple((float(mark.offset), float(mark.number)) for mark in marks if mark.number is not None)
    return Heard(tuple(sorted(tones)), tuple(sorted(graces)), tempos)


def _plain(part: Any) -> bool:
    repeats = any(True for _ in part.recurse().getElementsByClass(("RepeatMark", "RepeatBracket")))
    return not repeats


def _starts(measures: Sequence[Any]) -> list[Fraction]:
    """Where each bar begins when short ones are filled: a first one in front, others at their end.

    Two short bars that make one whole stand together.
    """
    filled = [_exact(measure.highestTime) for measure in measures]
    whole = [_exact(measure.barDuration.quarterLength) for measure in measures]
    short = [0 < here < full for here, full in zip(filled, whole, strict=True)]
    starts: list[Fraction] = []
    now = Fraction(0)
    place = 0
    while place < len(measures):
        pair = place + 1 < len(measures) and short[place] and short[place + 1] and whole[place] == whole[place + 1]
        if pair and filled[place] + filled[place + 1] == whole[place]:
            starts += [now, now + filled[place]]
            place += 1
        elif place == 0 and short[place]:
            starts.append(now + whole[place] - filled[place])
        else:
            starts.append(now)
        now += whole[place]
        place += 1
    return starts


def _exact(quarters: float | Fraction) -> Fraction:
    return Fraction(quarters).limit_denominator(10_000)


def _joined(pieces: list[tuple[Fraction, Fraction, int, str]]) -> list[tuple[Fraction, Fraction, int]]:
    """Tied notes as one; music21's own joining leaves chords apart."""
    joined: list[tuple[Fraction, Fraction, int]] = []
    waiting: dict[tuple[Fraction, int], list[int]] = {}
    for start, end, key, tie in sorted(pieces):
        places = waiting.get((start, key), [])
        if tie in ("stop", "continue") and places:
            place = places.pop(0)
            joined[place] = (joined[place][0], end, key)
        else:
            place = len(joined)
            joined.append((start, end, key))
        if tie in ("start", "continue"):
            waiting.setdefault((end, key), []).append(place)
    return joined


def differences(source: Heard, delivered: Heard) -> list[str]:
    """What the delivered score sounds otherwise, beyond the named rewrites; empty where nothing."""
    expected, found = Counter(_one_key_once(source.tones)), Counter(delivered.tones)
    if not source.graces:
        return [f"lost {tone}" for tone in (expected - found)] + [f"new {tone}" for tone in (found - expected)]
    return _with_graces(sorted((expected - found).elements()), sorted((found - expected).elements()), source.graces)


def _one_key_once(tones: tuple[Tone, ...]) -> list[Tone]:
    """Of tones of one key struck together the longest, on the upper staff where equal; each ends at the next."""
    kept: list[Tone] = []
    by_key: dict[int, list[Tone]] = {}
    for tone in sorted(tones, key=lambda tone: (tone.start, -tone.end, tone.staff)):
        line = by_key.setdefault(tone.key, [])
        if not line or line[-1].start != tone.start:
            line.append(tone)
    for line in by_key.values():
        kept += [
            Tone(one.start, min(one.end, other.start), one.key, one.staff) for one, other in pairwise([*line, _NEVER])
        ]
    return kept


_NEVER = Tone(Fraction(10**9), Fraction(10**9), 0, 0)


def _with_graces(missing: list[Tone], extra: list[Tone], graces: tuple[Tone, ...]) -> list[str]:
    """Takes away what grace notes explain: each sounds near its place, and a neighbour gives the time for it.

    The neighbour begins later or ends earlier, by half its length at most; a grace on a key that sounds already cuts
    that tone, and one that falls on a struck key is merged with it.
    """
    troubles: list[str] = []
    sounding = list(extra)
    for grace in graces:
        near = [tone for tone in sounding if tone.key == grace.key and tone.staff == grace.staff]
        best = min(near, key=lambda tone: abs(tone.start - grace.start), default=None)
        if best is not None and abs(best.start - grace.start) <= 2:
            sounding.remove(best)
        elif not any(tone.key == grace.key and abs(tone.start - grace.start) <= 2 for tone in (*missing, *extra)):
            troubles.append(f"grace lost {grace}")
    for tone in missing:
        same = [
            other
            for other in sounding
            if other.key == tone.key
            and other.staff == tone.staff
            and tone.start <= other.start <= tone.start + (tone.end - tone.start) / 2
            and other.start < other.end <= tone.end
        ]
        if same:
            sounding.remove(same[0])
        else:
            troubles.append(f"lost {tone}")
    return troubles + [f"new {tone}" for tone in sounding]
