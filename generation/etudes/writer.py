"""From events to interleaved ABC: one line a bar, rests reduced, line markers as the reference trains with."""

from collections.abc import Sequence
from dataclasses import dataclass

from generation.etudes.keys import Key, Speller
from generation.etudes.textures import Event


@dataclass(frozen=True)
class Hand:
    """One staff in one bar: its events, a dynamic mark or nothing, and the pedal.

    `pedal_up` is the number of the event before which the pedal rises (the number of events: at the bar's end),
    None for a bar without pedal.
    """

    events: tuple[Event, ...]
    dynamic: str = ""
    pedal_up: int | None = None


@dataclass(frozen=True)
class Bar:
    """Both hands of one bar."""

    right: Hand
    left: Hand


def body(bars: Sequence[Bar], *, key: Key, metre: str, reduced: bool) -> str:
    """The tune of `bars`, each line with its end.

    `reduced`: with the marker ``[r:i/n]`` and without the voices that only rest (what a checkpoint is trained
    with); else every voice of every bar and no markers (what is stored and shown).
    """
    lines = []
    for number, bar in enumerate(bars):
        line = f"[r:{number}/{len(bars) - 1 - number}]" if reduced else ""
        bar_line = "|]" if number == len(bars) - 1 else "|"
        for voice, hand in ((1, bar.right), (2, bar.left)):
            silent = not hand.dynamic and hand.pedal_up is None and not any(notes for notes, _ in hand.events)
            if not (reduced and silent):
                line += f"[V:{voice}]{_hand(hand, key, metre)}{bar_line}"
        lines.append(f"{line}\n")
    return "".join(lines)


def _hand(hand: Hand, key: Key, metre: str) -> str:
    speller = Speller(key)
    marks = f"!{hand.dynamic}!" if hand.dynamic else ""
    marks += "!ped!" if hand.pedal_up is not None else ""
    text = f"{marks} " if marks else ""
    onset = 0
    for number, (notes, length) in enumerate(hand.events):
        if number and hand.pedal_up == number:
            text += "!ped-up!"
        if number and not _beamed(hand.events[number - 1], (notes, length), onset, metre):
            text += " "
        names = [speller.note(pitch) for pitch in notes]
        text += ("z" if not names else names[0] if len(names) == 1 else f"[{''.join(names)}]") + _length(length)
        onset += length
    return text + ("!ped-up!" if hand.pedal_up == len(hand.events) else "")


def _length(sixteenths: int) -> str:
    whole, half = divmod(sixteenths, 2)
    if half:
        return "/" if sixteenths == 1 else f"{sixteenths}/2"
    return "" if whole == 1 else str(whole)


def _beamed(before: Event, event: Event, onset: int, metre: str) -> bool:
    """Whether a beam joins the two: both notes shorter than a quarter within one group of the metre."""
    if not before[0] or not event[0] or before[1] >= 4 or event[1] >= 4:
        return False
    even = before[1] == event[1] == 2
    group = {"6/8": 6, "4/4": 8 if even else 4, "3/4": 12 if even else 4}.get(metre, 4)
    return onset % group != 0
