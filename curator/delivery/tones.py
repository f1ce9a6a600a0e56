"""Sounding notes: tied notes joined to one tone each, and unisons between voices resolved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from curator.delivery.score import Event, Head, Mark, Pitch

Voice = tuple[int, int, str]


@dataclass(frozen=True)
class Tone:
    """One sounding note from key down to key up, in absolute quarter notes.

    `seams` are moments at which the source wrote a tie; `marks` are signs with their moments.
    """

    start: Fraction
    end: Fraction
    pitch: Pitch
    staff: int
    voice: Voice
    seams: tuple[Fraction, ...] = ()
    marks: tuple[tuple[Fraction, Mark], ...] = ()


def join_ties(events: Iterable[Event]) -> tuple[Tone, ...]:
    """One tone per sounding note, ordered by start, staff, voice and pitch.

    A tie holds only when both ends say so, pitches agree and the second note begins where the first one ends;
    a tie into an ending that is not followed falls away and the note is struck.
    """
    heads = [(event, head) for event in events if event.length for head in event.heads]
    heads.sort(key=lambda pair: (pair[0].onset, pair[1].staff, pair[0].voice, pair[1].pitch))
    tones: list[Tone] = []
    waiting: dict[tuple[Fraction, Fraction], list[int]] = {}
    for event, head in heads:
        marks = tuple((event.onset, mark) for mark in head.marks)
        place = _waiting_tone(waiting, tones, event, head) if head.tie_stop else None
        if place is None:
            place = len(tones)
            tones.append(Tone(event.onset, event.end, head.pitch, head.staff, event.voice, (), marks))
        else:
            tone = tones[place]
            tones[place] = replace(tone, end=event.end, seams=(*tone.seams, event.onset), marks=(*tone.marks, *marks))
        if head.tie_start:
            waiting.setdefault((event.end, head.pitch.midi), []).append(place)
    return tuple(tones)


def _waiting_tone(
    waiting: dict[tuple[Fraction, Fraction], list[int]], tones: Sequence[Tone], event: Event, head: Head
) -> int | None:
    places = waiting.get((event.onset, head.pitch.midi), [])
    if not places:
        return None
    best = min(
        places,
        key=lambda place: (tones[place].voice != event.voice, tones[place].staff != head.staff, place),
    )
    places.remove(best)
    return best


@dataclass(frozen=True)
class Resolved:
    """Tones without unison overlap, and how many notes were merged into another or made shorter."""

    tones: tuple[Tone, ...]
    merged: int
    shortened: int


def resolve_unisons(tones: Sequence[Tone]) -> Resolved:
    """Let no key sound twice at once.

    Of notes struck together the longest stays (upper staff and first voice where equal); a note that is struck
    again elsewhere while it sounds ends there, as it does on a piano.
    """
    by_key: dict[Fraction, list[Tone]] = {}
    for tone in tones:
        by_key.setdefault(tone.pitch.midi, []).append(tone)
    kept: list[Tone] = []
    merged = shortened = 0
    for same in by_key.values():
        same.sort(key=lambda tone: (tone.start, -tone.end, tone.staff, tone.voice))
        line: list[Tone] = []
        for tone in same:
            if line and line[-1].start == tone.start:
                merged += 1
                continue
            if line and line[-1].end > tone.start:
                line[-1] = _end_at(line[-1], tone.start)
                shortened += 1
            line.append(tone)
        kept += line
    kept.sort(key=lambda tone: (tone.start, tone.staff, tone.voice, tone.pitch))
    return Resolved(tuple(kept), merged, shortened)


def _end_at(tone: Tone, moment: Fraction) -> Tone:
    return replace(
        tone,
        end=moment,
        seams=tuple(seam for seam in tone.seams if seam < moment),
        marks=tuple((when, mark) for when, mark in tone.marks if when < moment),
    )
