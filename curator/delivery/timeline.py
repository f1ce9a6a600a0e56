"""Played bars on one time line: short bars joined or filled, events moved to absolute time, grace notes made real."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from curator.delivery.score import Bar, Clef, ClefChange, Direction, Event, Head, Key, Metre, TupletSign
from curator.delivery.sheet import DeliveryError

# The length of a grace note: a 32nd, as written inside its tuplet; shorter where many stand before a short note.
GRACE = Fraction(1, 8)


# Every delivered score begins with these, whatever the source begins with.
FIRST_CLEFS = {1: Clef("G", 2), 2: Clef("F", 4)}


@dataclass(frozen=True)
class Measure:
    """One delivered bar: where it starts (quarters from the beginning), its metre and its key."""

    start: Fraction
    metre: Metre
    key: Key

    @property
    def end(self) -> Fraction:
        return self.start + self.metre.length


@dataclass(frozen=True)
class Timeline:
    """Everything that is played, in absolute quarter notes.

    `padded` counts the bars that were filled with rests, `merged` the notes that fell together with the same key of
    another voice before a grace note came between them.
    """

    measures: tuple[Measure, ...]
    events: tuple[Event, ...]
    directions: tuple[Direction, ...]
    clefs: tuple[ClefChange, ...]
    padded: int
    merged: int = 0

    @property
    def end(self) -> Fraction:
        return self.measures[-1].end


def lay_out(bars: Sequence[Bar], order: Sequence[int]) -> Timeline:
    """Put the bars end to end in the order of playing.

    A short first bar (a pickup) is filled in front. Two neighbouring short bars that make one whole bar, as around
    a repeat of a pickup, are joined; any other short bar is filled at its end.
    """
    measures: list[Measure] = []
    events: list[Event] = []
    directions: list[Direction] = []
    clefs: list[ClefChange] = []
    padded = 0
    now = Fraction(0)
    place = 0
    in_force = _clefs_at_start(bars)
    while place < len(order):
        bar = bars[order[place]]
        joined = [(bar, now)]
        if _is_short(bar):
            follower = bars[order[place + 1]] if place + 1 < len(order) else None
            if (
                follower is not None
                and _is_short(follower)
                and follower.metre == bar.metre
                and bar.filled + follower.filled == bar.metre.length
            ):
                joined.append((follower, now + bar.filled))
            else:
                padded += 1
                if place == 0:
                    joined = [(bar, now + bar.metre.length - bar.filled)]
        for part, start in joined:
            events += [replace(event, onset=event.onset + start) for event in part.events]
            latest = now + bar.metre.length
            directions += [replace(d, onset=min(d.onset + start, latest)) for d in part.directions]
            clefs += [replace(c, onset=c.onset + start) for c in part.clefs if c.onset or part is not bars[0]]
        if place and order[place] != order[place - 1] + 1:
            own = {c.staff for c in bar.clefs if not c.onset}
            clefs += [
                ClefChange(now, staff, clef) for staff, clef in in_force[order[place]].items() if staff not in own
            ]
        measures.append(Measure(now, bar.metre, bar.key))
        now += bar.metre.length
        place += len(joined)
    return Timeline(tuple(measures), tuple(events), tuple(directions), tuple(clefs), padded)


def _clefs_at_start(bars: Sequence[Bar]) -> list[dict[int, Clef]]:
    """For every written bar the clefs in force before it: what a jump back must restore."""
    result: list[dict[int, Clef]] = []
    now = dict(FIRST_CLEFS)
    for bar in bars:
        result.append(dict(now))
        for change in sorted(bar.clefs, key=lambda c: c.onset):
            if change.onset or bar is not bars[0]:
                now[change.staff] = change.clef
    return result


def _is_short(bar: Bar) -> bool:
    # A bar without anything in it is a bar of rest, not a short one.
    return 0 < bar.filled < bar.metre.length


def sound_graces(timeline: Timeline) -> Timeline:
    """The same with every grace note as a short real note that takes its time from the note (or rest) after it.

    At the very end of a voice it is taken from the note before. Raises DeliveryError where neither stands.
    """
    voices: dict[tuple[int, int, str], list[Event]] = {}
    for event in timeline.events:
        voices.setdefault(event.voice, []).append(event)
    merged = _merge_before_graces(voices)
    events = [event for written in voices.values() for event in _sound_voice(written)]
    return replace(timeline, events=tuple(events), merged=merged)


def _merge_before_graces(voices: dict[tuple[int, int, str], list[Event]]) -> int:
    """Take the shorter of two notes of one key away that are struck together, where one of them has a grace note.

    That one would come later by the grace note, and the key be struck twice. Returns how many were taken away.
    """
    struck: dict[Fraction, list[tuple[tuple[int, int, str], int]]] = {}
    for voice, events in voices.items():
        for place, event in enumerate(events):
            if event.heads and not event.grace:
                struck.setdefault(event.onset, []).append((voice, place))
    merged = 0
    for voice, events in voices.items():
        for place, event in enumerate(events):
            if event.grace or not event.heads or not place or not events[place - 1].grace:
                continue
            for other_voice, other_place in struck[event.onset]:
                if other_voice != voice:
                    merged += _merge(voices, (voice, place), (other_voice, other_place))
    return merged


def _merge(
    voices: dict[tuple[int, int, str], list[Event]],
    mine: tuple[tuple[int, int, str], int],
    theirs: tuple[tuple[int, int, str], int],
) -> int:
    """Merge the common keys of two events; tied notes stay, of two that are not tied the longer one."""
    merged = 0
    for key in {head.pitch.midi for head in voices[mine[0]][mine[1]].heads}:
        both = [(place, _untied(voices[place[0]][place[1]], key)) for place in (mine, theirs)]
        if not any(head.pitch.midi == key for head in voices[theirs[0]][theirs[1]].heads):
            continue
        loose = [(voices[voice][at].length, voice, at) for (voice, at), untied in both if untied]
        if loose:
            _length, voice, at = min(loose)
            event = voices[voice][at]
            voices[voice][at] = replace(event, heads=tuple(h for h in event.heads if h.pitch.midi != key))
            merged += 1
    return merged


def _untied(event: Event, key: Fraction) -> bool:
    return any(h.pitch.midi == key and not h.tie_start and not h.tie_stop for h in event.heads)


def _sound_voice(events: Sequence[Event]) -> list[Event]:
    result: list[Event] = []
    graces: list[Event] = []
    for event in events:
        if event.grace:
            graces.append(event)
        elif graces:
            result += _before(graces, event)
            graces = []
        else:
            result.append(event)
    if graces:
        result += _after(result.pop() if result else None, graces)
    return result


def _each(count: int, written: Fraction) -> Fraction:
    """Written length of one of `count` grace notes: together they take at most half of their note."""
    each = GRACE
    while count * each > written / 2:
        each /= 2
    return each


def _before(graces: Sequence[Event], event: Event) -> list[Event]:
    ratio = Fraction(*event.ratio)
    each = _each(len(graces), event.length / ratio) * ratio
    taken = each * len(graces)
    starts = tuple(sign for sign in event.signs if sign.kind == "start")
    stops = tuple(sign for sign in event.signs if sign.kind != "start")
    result = [
        _sounding(grace, event.onset + index * each, each, event, starts if index == 0 else ())
        for index, grace in enumerate(graces)
    ]
    held = tuple(head for head in event.heads if head.tie_stop and not _tied_from(graces, head))
    struck = tuple(head for head in event.heads if head not in held)
    if held:
        # What still sounds from before keeps its length; only newly struck notes make room.
        result.append(replace(event, heads=held, signs=()))
    if struck or not event.heads:
        result.append(replace(event, onset=event.onset + taken, length=event.length - taken, heads=struck, signs=stops))
    return result


def _after(event: Event | None, graces: Sequence[Event]) -> list[Event]:
    if event is None or not event.length:
        raise DeliveryError("A voice consists of grace notes only, with no note to belong to.", about="notes")
    ratio = Fraction(*event.ratio)
    each = _each(len(graces), event.length / ratio) * ratio
    kept = event.length - each * len(graces)
    starts = tuple(sign for sign in event.signs if sign.kind == "start")
    stops = tuple(sign for sign in event.signs if sign.kind != "start")
    last = len(graces) - 1
    return [
        replace(event, length=kept, signs=starts),
        *(
            _sounding(grace, event.onset + kept + index * each, each, event, stops if index == last else ())
            for index, grace in enumerate(graces)
        ),
    ]


def _sounding(grace: Event, onset: Fraction, length: Fraction, event: Event, signs: tuple[TupletSign, ...]) -> Event:
    return replace(grace, onset=onset, length=length, ratio=event.ratio, signs=signs, grace=False)


def _tied_from(graces: Sequence[Event], head: Head) -> bool:
    return any(g.tie_start and g.pitch == head.pitch for grace in graces for g in grace.heads)
