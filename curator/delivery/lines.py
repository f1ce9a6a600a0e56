"""Voices of a staff: at most two lines, each cut into slices in which the same notes sound."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from curator.delivery.score import Event, TupletSign
from curator.delivery.timeline import Measure
from curator.delivery.tones import Tone, Voice

MOST_LINES = 2

# Voices of the source that share a line, and what they sound.
Bundles = list[tuple[tuple[Voice, ...], list[Tone]]]


@dataclass(frozen=True)
class Line:
    """One voice of the delivered file: its tones, and the written events that tell tuplets and rests."""

    staff: int
    number: int
    tones: tuple[Tone, ...]
    skeleton: tuple[Event, ...]


@dataclass(frozen=True)
class Slice:
    """A stretch of one bar in which the same tones sound; none for a rest, which may be invisible."""

    start: Fraction
    end: Fraction
    tones: tuple[Tone, ...]
    ratio: tuple[int, int] = (1, 1)
    signs: tuple[TupletSign, ...] = ()
    visible: bool = True


def draw_lines(tones: Sequence[Tone], events: Iterable[Event], measures: Sequence[Measure]) -> tuple[Line, ...]:
    """The lines of both staves: voices 1 and 2 on staff 1, 5 and 6 on staff 2, in the order of the source.

    Lines are drawn anew wherever no note sounds across a barline, so a voice that is alone on its staff is the
    first one. Where more than two voices sound, those that get in each other's way least share a line; notes of
    different lengths are then cut and tied. Every staff has its first line, be it silent.
    """
    skeleton: dict[Voice, list[Event]] = {}
    for event in events:
        if event.length:
            skeleton.setdefault(event.voice, []).append(event)
    for written in skeleton.values():
        written.sort(key=lambda event: event.onset)
    lines: list[Line] = []
    for staff in (1, 2):
        own = sorted((tone for tone in tones if tone.staff == staff), key=lambda tone: tone.start)
        drawn: dict[int, tuple[list[Tone], list[Event]]] = {(1, 5)[staff - 1]: ([], [])}
        for start, end, sounding in _stretches(own, measures):
            bundles: Bundles = [((voice,), notes) for voice, notes in sorted(_by_voice(sounding).items())]
            while len(bundles) > MOST_LINES:
                bundles = _join_two(bundles)
            for number, (names, notes) in enumerate(bundles, (1, 5)[staff - 1]):
                line = drawn.setdefault(number, ([], []))
                line[0].extend(notes)
                for name in names:
                    line[1].extend(_between(skeleton.get(name, []), start, end))
        for number, (notes, written) in sorted(drawn.items()):
            notes.sort(key=lambda tone: (tone.start, tone.pitch.midi))
            written.sort(key=lambda event: event.onset)
            lines.append(Line(staff, number, tuple(notes), tuple(written)))
    return tuple(lines)


def _stretches(tones: Sequence[Tone], measures: Sequence[Measure]) -> Iterator[tuple[Fraction, Fraction, list[Tone]]]:
    """(start, end, tones) of runs of bars across whose borders nothing sounds; silent bars are left out."""
    left = list(reversed(tones))
    start = measures[0].start
    sounding: list[Tone] = []
    reach = start
    for measure in measures:
        while left and left[-1].start < measure.end:
            sounding.append(left.pop())
            reach = max(reach, sounding[-1].end)
        if reach <= measure.end:
            if sounding:
                yield start, measure.end, sounding
            start, sounding = measure.end, []


def _between(events: Sequence[Event], start: Fraction, end: Fraction) -> Sequence[Event]:
    low = bisect_left(events, start, key=lambda event: event.onset)
    return events[low : bisect_left(events, end, key=lambda event: event.onset)]


def _by_voice(tones: Iterable[Tone]) -> dict[Voice, list[Tone]]:
    voices: dict[Voice, list[Tone]] = {}
    for tone in tones:
        voices.setdefault(tone.voice, []).append(tone)
    return voices


def _join_two(bundles: Bundles) -> Bundles:
    pairs = [(i, j) for i in range(len(bundles)) for j in range(i + 1, len(bundles))]
    first, second = min(pairs, key=lambda pair: (_conflicts(bundles[pair[0]][1], bundles[pair[1]][1]), pair))
    joined = (
        bundles[first][0] + bundles[second][0],
        sorted(bundles[first][1] + bundles[second][1], key=lambda tone: tone.start),
    )
    # The first of the two comes earlier in the source, so the order of lines holds.
    return [joined if place == first else bundle for place, bundle in enumerate(bundles) if place != second]


def _conflicts(left: Sequence[Tone], right: Sequence[Tone]) -> int:
    """How many pairs overlap without being one chord; both sorted by start."""
    count = low = 0
    longest = max((tone.end - tone.start for tone in right), default=Fraction(0))
    for tone in left:
        while low < len(right) and right[low].start + longest <= tone.start:
            low += 1
        for other in right[low:]:
            if other.start >= tone.end:
                break
            if other.end > tone.start and (other.start, other.end) != (tone.start, tone.end):
                count += 1
    return count


def cut(line: Line, measures: Sequence[Measure]) -> list[tuple[Slice, ...]]:
    """The slices of every bar, without gaps; an empty tuple where the line is silent for the whole bar.

    Rests of the first line of a staff are always visible, those of the second only where the source shows them.
    """
    first = line.number in (1, 5)
    result: list[tuple[Slice, ...]] = []
    tones, events = list(line.tones), list(line.skeleton)
    sounding: list[Tone] = []
    written: list[Event] = []
    for measure in measures:
        sounding = [tone for tone in sounding if tone.end > measure.start]
        while tones and tones[0].start < measure.end:
            sounding.append(tones.pop(0))
        written = [event for event in written if event.end > measure.start]
        while events and events[0].onset < measure.end:
            written.append(events.pop(0))
        result.append(_cut_bar(measure, sounding, written, first) if sounding else ())
    return result


def _cut_bar(measure: Measure, sounding: Sequence[Tone], written: Sequence[Event], first: bool) -> tuple[Slice, ...]:
    moments = {measure.start, measure.end}
    for tone in sounding:
        moments |= {moment for moment in (tone.start, *tone.seams, tone.end) if measure.start < moment < measure.end}
    bounds = sorted(moments)
    slices: list[Slice] = []
    for start, end in pairwise(bounds):
        now = tuple(tone for tone in sounding if tone.start < end and tone.end > start)
        if now:
            slices.append(_dressed(Slice(start, end, now), written, first))
        else:
            inner = sorted({start, end} | {m for event in written for m in (event.onset, event.end) if start < m < end})
            slices += [_dressed(Slice(a, b, ()), written, first) for a, b in pairwise(inner)]
    return tuple(slices)


def _dressed(piece: Slice, written: Sequence[Event], first: bool) -> Slice:
    """The slice with the tuplet of the event it lies in, and its brackets."""
    around = [event for event in written if event.onset <= piece.start and piece.end <= event.end]
    if not around:
        return Slice(piece.start, piece.end, piece.tones, visible=first or bool(piece.tones))
    event = next((event for event in around if event.ratio != (1, 1)), around[0])
    signs = tuple(
        sign
        for sign in event.signs
        if (sign.kind == "start" and event.onset == piece.start) or (sign.kind == "stop" and event.end == piece.end)
    )
    visible = first or bool(piece.tones) or any(event.visible for event in around)
    return Slice(piece.start, piece.end, piece.tones, event.ratio, signs, visible)
