"""Makes one two-staff piano part of a score: finds it, joins two hands, mends what converters trip over."""

import re
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from lxml import etree

from curator.notation.errors import NotationError, Sentence
from curator.notation.musicxml import Event, Measure, measures_of

if TYPE_CHECKING:
    from lxml.etree import _Element

_HAND = re.compile(
    r"piano|klav|clav|keyb|rechte|linke|right|left|hand|main|droite|gauche|treble|bass clef|"
    r"\b[rl]\.?\s?h\.?\b|\bm\.?[dgsi]\.?\b|organ|harpsi|cembal|cemb|celest|pf\.?|pno",
    re.IGNORECASE,
)
# Where <staff> stands among the children of a note: before these.
_AFTER_STAFF = ("beam", "notations", "lyric", "play", "listen")
_AFTER_VOICE = ("type", "dot", "accidental", "time-modification", "stem", "notehead", "staff", *_AFTER_STAFF)


@dataclass(frozen=True, slots=True)
class Piano:
    """The score reduced to its piano part, and what a reader should know about that."""

    root: "_Element"
    measures: tuple[Measure, ...]
    warnings: tuple[str, ...]
    parts: tuple[str, ...]  # ids of the parts it was made of


def take_piano(root: "_Element") -> Piano:
    """Reduce the tree in place to one part with two staves. Raises NotationError with the reason it cannot.

    A part with two staves is the piano, and other parts (a singer) are left out; two parts with one staff
    each are its hands when their names say so or say nothing.
    """
    parts = root.findall("part")
    if not parts:
        raise NotationError("The score has no part.")
    names = _names(root)
    warnings: list[str] = []
    taken: tuple[str, ...]
    double = [part for part in parts if _staves(part) == 2]
    if len(parts) == 1 and not double:
        staves = _staves(parts[0])
        if staves == 1:
            raise NotationError("The score has one staff only; a piano score has two.")
        raise NotationError("The part has %(staves)d staves; a piano score has two.", staves=staves)
    if len(double) > 1:
        raise NotationError(
            "The score has %(parts)d keyboard parts; one piano can play one of them.", parts=len(double)
        )
    if double:
        part = double[0]
        taken = (part.get("id", ""),)
        others = [names.get(other.get("id", ""), "") or "another part" for other in parts if other is not part]
        if others:
            warnings.append(
                Sentence("Only the piano part was taken; left out: %(parts)s.", parts=", ".join(others)[:200])
            )
    elif len(parts) == 2:
        known = [names.get(part.get("id", ""), "") for part in parts]
        if not all(_HAND.search(name) or not name.strip() for name in known):
            raise NotationError("The score is for %(parts)s, not for piano.", parts=", ".join(known)[:100])
        taken = (parts[0].get("id", ""), parts[1].get("id", ""))
        part = _join_hands(parts[0], parts[1])
        warnings.append(Sentence("Two parts were joined as the two hands of the piano."))
    else:
        raise NotationError(
            "The score is for %(parts)d instruments and none of them is a piano with two staves.", parts=len(parts)
        )
    _keep_only(root, part)
    warnings += _mend(part)
    return Piano(root, tuple(measures_of(part)), tuple(warnings), taken)


def _names(root: "_Element") -> dict[str, str]:
    return {
        entry.get("id", ""): " ".join((entry.findtext("part-name") or "").split())
        for entry in root.findall("part-list/score-part")
    }


def _staves(part: "_Element") -> int:
    """The number of staves a part declares or uses."""
    declared = [int(text) for e in part.iter("staves") if (text := (e.text or "").strip()).isdigit()]
    used = [int(text) for e in part.iter("staff") if (text := (e.text or "").strip()).isdigit()]
    return max([1, *declared, *used])


def _keep_only(root: "_Element", part: "_Element") -> None:
    """Remove every other part, its entry and its group."""
    for other in root.findall("part"):
        if other is not part:
            root.remove(other)
    listed = root.find("part-list")
    if listed is None:
        raise NotationError("The score has no list of parts.")
    for entry in list(listed):
        if entry.tag != "score-part" or entry.get("id") != part.get("id"):
            listed.remove(entry)
        else:
            for child in list(entry):
                if child.tag in ("part-name-display", "part-abbreviation-display"):
                    entry.remove(child)
    if len(listed) == 0:
        raise NotationError("The list of parts does not name the piano part.")


# --- two hands in two parts --------------------------------------------------------------------


def _join_hands(right: "_Element", left: "_Element") -> "_Element":
    """The right-hand part with the left hand written under it, bar by bar, as staff 2."""
    upper, lower = list(measures_of(right)), list(measures_of(left))
    if len(upper) != len(lower):
        raise NotationError("The hands have %(right)d and %(left)d bars.", right=len(upper), left=len(lower))
    divisions = lcm(*_divisions(right), *_divisions(left))
    for part in (right, left):
        _set_divisions(part, divisions)
    for place, (above, below) in enumerate(zip(upper, lower, strict=True)):
        measure = above.element
        _number_staff(measure, 1, "")
        _number_staff(below.element, 2, "2")
        ending = [child for child in measure if child.tag == "barline" and child.get("location") != "left"]
        for barline in ending:
            measure.remove(barline)
        back = _position(measure)
        if back:
            backup = etree.SubElement(measure, "backup")
            etree.SubElement(backup, "duration").text = str(back)
        for child in list(below.element):
            if child.tag in ("barline", "print", "sound"):
                continue
            if child.tag == "attributes":
                for inner in list(child):
                    if inner.tag != "clef":
                        child.remove(inner)
                if len(child) == 0:
                    continue
            measure.append(child)
        behind = _position(measure)
        longest = int(max(above.length, below.length) * 4 * divisions)
        if behind < longest:
            forward = etree.SubElement(measure, "forward")
            etree.SubElement(forward, "duration").text = str(longest - behind)
        measure.extend(ending)
        if place == 0:
            _two_staves(measure)
    return right


def _divisions(part: "_Element") -> list[int]:
    found = [_whole(e.text) for e in part.iter("divisions")]
    if not found:
        raise NotationError("The score does not say how long a quarter is (no divisions).")
    return found


def _whole(text: str | None) -> int:
    try:
        value = Fraction((text or "").strip())
    except (ValueError, ZeroDivisionError):
        raise NotationError("The score divides a quarter by something that is not a number.") from None
    if value.denominator != 1 or value < 1 or value > 1_000_000:
        raise NotationError("The score divides a quarter into an impossible number of parts.")
    return int(value)


def _set_divisions(part: "_Element", divisions: int) -> None:
    """Rewrite all durations of a part so that a quarter has `divisions` parts throughout."""
    now = 1
    first = True
    for element in list(part.iter("divisions", "duration", "offset")):
        if element.tag == "divisions":
            now = _whole(element.text)
            element.text = str(divisions)
            parent = element.getparent()
            if not first and parent is not None:
                parent.remove(element)
            first = False
        else:
            value = Fraction((element.text or "0").strip()) * divisions / now
            element.text = str(value.numerator if value.denominator == 1 else round(value))


def _number_staff(measure: "_Element", staff: int, voice_prefix: str) -> None:
    for child in measure:
        if child.tag == "note":
            voice = child.find("voice")
            if voice is None:
                voice = etree.Element("voice")
                voice.text = "1"
                _insert_before(child, voice, _AFTER_VOICE)
            voice.text = voice_prefix + (voice.text or "1").strip()
            for old in child.findall("staff"):
                child.remove(old)
            element = etree.Element("staff")
            element.text = str(staff)
            _insert_before(child, element, _AFTER_STAFF)
        elif child.tag in ("direction", "harmony"):
            for old in child.findall("staff"):
                child.remove(old)
            element = etree.Element("staff")
            element.text = str(staff)
            _insert_before(child, element, ("sound", "listening"))
        elif child.tag == "attributes":
            for clef in child.findall("clef"):
                clef.set("number", str(staff))


def _insert_before(parent: "_Element", element: "_Element", tags: tuple[str, ...]) -> None:
    place = next((i for i, child in enumerate(parent) if child.tag in tags), len(parent))
    parent.insert(place, element)


def _position(measure: "_Element") -> int:
    """Where the measure's cursor stands at its end, in divisions."""
    now = 0
    for child in measure:
        amount = int(Fraction((child.findtext("duration") or "0").strip()))
        if child.tag == "backup":
            now -= amount
        elif child.tag == "forward" or (child.tag == "note" and child.find("chord") is None):
            now += amount
    return now


def _two_staves(measure: "_Element") -> None:
    attributes = measure.find("attributes")
    if attributes is None:
        raise NotationError("The first bar says nothing about key, metre and clef.")
    for old in attributes.findall("staves"):
        attributes.remove(old)
    staves = etree.Element("staves")
    staves.text = "2"
    _insert_before(
        attributes,
        staves,
        ("part-symbol", "instruments", "clef", "staff-details", "transpose", "measure-style"),
    )


# --- mending -----------------------------------------------------------------------------------


def _mend(part: "_Element") -> list[str]:
    """Number voices plainly, move overlapping notes to voices of their own, drop notes nobody hears."""
    warnings: list[str] = []
    _integral_durations(part)
    hidden = _drop_unheard(part)
    if hidden:
        warnings.append(Sentence("Hidden or cue notes were left out: %(notes)d.", notes=hidden))
    measures = list(measures_of(part))
    _renumber_voices(measures)
    return warnings


def _integral_durations(part: "_Element") -> None:
    """Decimal durations, which the schema allows, become whole numbers of finer divisions."""
    finer = 1
    for element in part.iter("divisions", "duration"):
        try:
            finer = lcm(finer, Fraction((element.text or "").strip()).denominator)
        except (ValueError, ZeroDivisionError):
            raise NotationError("The score has a duration that is not a number.") from None
    if finer > 1_000_000:
        raise NotationError("The score has durations of endless decimals.")
    if finer > 1:
        for element in part.iter("divisions", "duration"):
            element.text = str(int(Fraction((element.text or "0").strip()) * finer))


def _drop_unheard(part: "_Element") -> int:
    """Replace cue notes and hidden notes by time that passes; the number of notes dropped."""
    dropped = 0
    for note in list(part.iter("note")):
        if note.find("rest") is not None:
            continue
        if note.find("cue") is None and note.get("print-object") != "no":
            continue
        parent = note.getparent()
        if parent is None:
            continue
        dropped += 1
        following = note.getnext()
        if following is not None and following.tag == "note" and following.find("chord") is not None:
            heads = following.find("cue") is None and following.get("print-object") != "no"
            if heads and note.find("chord") is None:
                # The first note of a chord gives it its time; the next one takes that over.
                chord = following.find("chord")
                if chord is not None:
                    following.remove(chord)
                parent.remove(note)
                continue
            if note.find("chord") is None:
                # The whole chord goes; its time stays with this element.
                while following is not None and following.tag == "note":
                    if following.find("chord") is None:
                        break
                    after = following.getnext()
                    parent.remove(following)
                    following = after
        duration = note.findtext("duration")
        if duration is not None and note.find("chord") is None and note.find("grace") is None:
            forward = etree.Element("forward")
            etree.SubElement(forward, "duration").text = duration
            parent.replace(note, forward)
        else:
            parent.remove(note)
    return dropped


def _renumber_voices(measures: list[Measure]) -> None:
    """Give every voice a small number, staff by staff, and no voice two notes at a time.

    Exporters write voices as words, use one number on both staves at once, or let a long note lie under
    short ones in the same voice; the converter turns the last into wrong chords.
    """
    split = _voices_on_both_staves(measures)
    numbers: dict[tuple[str, int], int] = {}
    for measure in measures:
        ends: dict[int, Fraction] = {}
        chord_voice = 0
        for event in measure.events:
            if event.chord:
                number = chord_voice
            else:
                number = _free_voice(event, split, numbers, ends)
                if not event.grace:
                    ends[number] = event.onset + event.length
                chord_voice = number
            _set_voice(event.element, number)
        for element in measure.element.iter("direction", "forward"):
            for voice in element.findall("voice"):
                element.remove(voice)


def _voices_on_both_staves(measures: list[Measure]) -> set[str]:
    """Voices that play on two staves at the same time, so that they are two voices in truth."""
    split: set[str] = set()
    for measure in measures:
        ends: dict[tuple[str, int], Fraction] = {}
        for event in measure.events:
            if event.chord or event.grace:
                continue
            other = 2 if event.staff == 1 else 1
            if event.onset < ends.get((event.voice, other), Fraction(0)):
                split.add(event.voice)
            ends[event.voice, event.staff] = event.onset + event.length
    return split


def _free_voice(event: Event, split: set[str], numbers: dict[tuple[str, int], int], ends: dict[int, Fraction]) -> int:
    name = event.voice
    staff = event.staff if name in split else 0
    layer = 0
    while True:
        number = numbers.setdefault((f"{name}/{layer}" if layer else name, staff), len(numbers) + 1)
        if event.onset >= ends.get(number, Fraction(0)):
            return number
        layer += 1


def _set_voice(note: "_Element", number: int) -> None:
    voice = note.find("voice")
    if voice is None:
        voice = etree.Element("voice")
        _insert_before(note, voice, _AFTER_VOICE)
    voice.text = str(number)
