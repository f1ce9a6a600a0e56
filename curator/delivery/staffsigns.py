"""Signs at the staves of the delivered file: dynamics on both staves, hairpins, pedal, octave lines, words, slurs."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

from curator.delivery.marks import SFORZATI, STEPS
from curator.delivery.score import Direction, Mark
from curator.delivery.timeline import Measure
from curator.delivery.tones import Tone

_SPANS = ("wedge", "octave-shift", "pedal")


def staff_signs(directions: Iterable[Direction], measures: Sequence[Measure], *, dynamic: str) -> tuple[Direction, ...]:
    """All signs in order, dynamics standing on both staves in bar 1 and at each change, as steps from pp to ff.

    The client applies a mark to its own staff only, so a mark also goes to the other staff; where that one has
    its own in the same bar, it says again what it has. `dynamic` is the first level where the score has none.
    """
    unique = sorted(set(directions), key=lambda d: (d.onset, d.staff, d.kind, d.value))
    levels = [d for d in unique if d.kind == "dynamics" and d.value not in SFORZATI]
    rest = [d for d in unique if d.kind not in ("dynamics", *_SPANS)]
    spans = _matched([d for d in unique if d.kind in _SPANS])
    return tuple(
        sorted(
            [*_on_both_staves(levels, measures, dynamic), *rest, *spans],
            key=lambda d: (d.onset, d.staff, _ORDER[d.kind], d.value != "stop", d.value),
        )
    )


_ORDER = {"dynamics": 0, "words": 1, "octave-shift": 2, "wedge": 3, "pedal": 4}


def _bar_of(onset: Fraction, measures: Sequence[Measure]) -> int:
    low, high = 0, len(measures) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if measures[middle].start <= onset:
            low = middle
        else:
            high = middle - 1
    return low


def _on_both_staves(levels: Sequence[Direction], measures: Sequence[Measure], dynamic: str) -> list[Direction]:
    """Both levels at every moment at which one of them changes; what changes nothing is not said again."""
    own: dict[Fraction, dict[int, str]] = {Fraction(0): {}}
    for level in levels:
        own.setdefault(level.onset, {}).setdefault(level.staff, STEPS[level.value])
    marked = {(level.staff, _bar_of(level.onset, measures)) for level in levels}
    result: list[Direction] = []
    in_force: dict[int, str] = {}
    for onset, said in sorted(own.items()):
        now = dict(in_force)
        for staff in (1, 2):
            follows = 3 - staff in said and (not in_force or (staff, _bar_of(onset, measures)) not in marked)
            now[staff] = said.get(staff) or (said[3 - staff] if follows else in_force.get(staff, dynamic))
        if now != in_force:
            result += [Direction(onset, staff, "dynamics", value) for staff, value in sorted(now.items())]
            in_force = now
    return result


def _matched(spans: Iterable[Direction]) -> list[Direction]:
    """Spans with both ends; a start without a stop, as a repeat may leave it, goes."""
    result: list[Direction] = []
    open_spans: dict[tuple[int, str, str], list[Direction]] = {}
    # At one moment an old span ends before a new one starts.
    for sign in sorted(spans, key=lambda d: (d.onset, d.value != "stop")):
        place = (sign.staff, sign.kind, sign.number)
        if sign.value == "stop":
            if place in open_spans:
                result += [*open_spans.pop(place), sign]
        elif sign.value == "change":
            if place in open_spans:
                open_spans[place].append(sign)
        else:
            open_spans[place] = [sign]
    return result


def accent_sforzati(tones: Sequence[Tone], directions: Iterable[Direction]) -> tuple[Tone, ...]:
    """The tones, those struck under a sforzato with an accent."""
    hits = {(d.onset, d.staff) for d in directions if d.kind == "dynamics" and d.value in SFORZATI}
    accent = Mark("articulations", "accent")
    return tuple(
        replace(tone, marks=(*tone.marks, (tone.start, accent)))
        if (tone.start, tone.staff) in hits and (tone.start, accent) not in tone.marks
        else tone
        for tone in tones
    )


def match_slurs(tones: Sequence[Tone]) -> tuple[Tone, ...]:
    """The tones without slur ends that have no other end (repeats and merged notes can leave such)."""
    ends = sorted(
        (when, mark.name != "stop", place, index)
        for place, tone in enumerate(tones)
        for index, (when, mark) in enumerate(tone.marks)
        if mark.group == "slur"
    )
    waiting: dict[str, tuple[int, int]] = {}
    good: set[tuple[int, int]] = set()
    for _, starts, place, index in ends:
        number = tones[place].marks[index][1].value
        if starts:
            waiting[number] = (place, index)
        elif number in waiting:
            good |= {waiting.pop(number), (place, index)}
    return tuple(
        replace(
            tone,
            marks=tuple(
                pair for index, pair in enumerate(tone.marks) if pair[1].group != "slur" or (place, index) in good
            ),
        )
        for place, tone in enumerate(tones)
    )
