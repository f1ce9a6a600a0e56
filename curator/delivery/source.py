"""Reads a MusicXML piano score (one part with two staves, or two parts as two hands) into bars of plain values."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from lxml import etree

from curator.delivery.attributes import Attributes
from curator.delivery.marks import read_dynamics, read_marks
from curator.delivery.score import Bar, ClefChange, Direction, Event, Head, Pitch, TupletSign
from curator.delivery.sheet import DeliveryError
from curator.notation.errors import NotationError
from curator.notation.musicxml import read_xml
from curator.notation.road import RoadSigns, road_word

_WRITTEN = {
    name: Fraction(8) / 2**power
    for power, name in enumerate(
        ["breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th", "256th", "512th", "1024th"]
    )
} | {"long": Fraction(16)}
_PAIRED = {"wedge", "octave-shift", "pedal"}


@dataclass(frozen=True)
class Source:
    """A score as read: its bars in written order and the names it carries itself."""

    bars: tuple[Bar, ...]
    title: str
    composer: str


def read_source(musicxml: bytes) -> Source:
    """The bars of a piano score. Raises DeliveryError for anything that is not one, and for a bar that overflows."""
    try:
        root = read_xml(musicxml)
    except NotationError as error:
        raise DeliveryError(error.sentence.pattern, about="schema", **error.sentence.values) from None
    parts = root.findall("part")
    staves = [_staves(part) for part in parts]
    if not parts or (len(parts) > 1 and staves != [1, 1]):
        raise DeliveryError(
            "The score has %(parts)d parts with %(staves)d staves; a cue is one piano part with two staves.",
            about="names",
            parts=len(parts),
            staves=sum(staves),
        )
    read = [_Part(part, place).bars() for place, part in enumerate(parts)]
    if len({len(bars) for bars in read}) != 1:
        raise DeliveryError("The two hands have different numbers of bars.")
    bars = read[0] if len(read) == 1 else [_both_hands(left, right) for left, right in zip(*read, strict=True)]
    if not bars:
        raise DeliveryError("The score has no bars.")
    composer = next((e.text or "" for e in root.findall("identification/creator") if e.get("type") == "composer"), "")
    title = root.findtext("work/work-title") or root.findtext("movement-title") or ""
    return Source(bars=tuple(bars), title=title.strip(), composer=composer.strip())


def _staves(part: etree._Element) -> int:
    named = [int(e.text or 1) for e in part.findall("measure/attributes/staves") if (e.text or "").strip().isdigit()]
    used = [int(e.text or 1) for e in part.iter("staff") if (e.text or "").strip().isdigit()]
    return max([1, *named, *used])


def _both_hands(upper: Bar, lower: Bar) -> Bar:
    if upper.metre != lower.metre:
        raise DeliveryError("The hands disagree about the metre in bar %(bar)s.", bar=upper.label)
    return Bar(
        label=upper.label,
        metre=upper.metre,
        key=upper.key,
        events=upper.events + lower.events,
        directions=upper.directions + lower.directions,
        clefs=upper.clefs + lower.clefs,
        filled=max(upper.filled, lower.filled),
        road=upper.road,
    )


class _Part:
    """Walks one <part>; holds what carries over a barline (divisions, metre, key, open endings)."""

    def __init__(self, part: etree._Element, place: int) -> None:
        self.part = part
        self.place = place
        self.attributes = Attributes()
        self.signs = RoadSigns()

    def bars(self) -> list[Bar]:
        return [self._bar(measure, count) for count, measure in enumerate(self.part.findall("measure"), 1)]

    def _bar(self, measure: etree._Element, count: int) -> Bar:
        label = measure.get("number") or str(count)
        reader = _Measure(label, self.place, self.attributes)
        self.signs.open_bar()
        for element in measure:
            if element.tag == "barline":
                self.signs.barline(element)
            elif element.tag in ("direction", "sound"):
                self.signs.direction(element)
                reader.direction(element)
            else:
                reader.take(element)
        metre = self.attributes.metre_for(reader.filled, label)
        for event in reader.events:
            if event.end > metre.length:
                raise DeliveryError(
                    "Bar %(bar)s holds %(held)s quarter notes in voice %(voice)s, but %(metre)s has room for %(room)s.",
                    bar=label,
                    held=_plain(event.end),
                    voice=event.voice[2],
                    metre=str(metre),
                    room=_plain(metre.length),
                )
        bar = Bar(
            label=label,
            metre=metre,
            key=self.attributes.key,
            events=tuple(reader.events),
            directions=tuple(reader.directions),
            clefs=tuple(reader.clefs),
            filled=min(reader.filled, metre.length),
            road=self.signs.close_bar(),
        )
        self.attributes.next_bar()
        return bar


class _Measure:
    """Walks one <measure> with a cursor.

    The converter rounds lengths of rare tuplets down to whole divisions, so an event's length is taken from its
    written value where that is nearer than the rounding; `exact` maps cursor positions to true ones.
    """

    def __init__(self, label: str, place: int, attributes: Attributes) -> None:
        self.label = label
        self.place = place
        self.attributes = attributes
        self.raw = Fraction(0)
        self.exact = {Fraction(0): Fraction(0)}
        self.filled = Fraction(0)
        self.events: list[Event] = []
        self.directions: list[Direction] = []
        self.clefs: list[ClefChange] = []

    @property
    def now(self) -> Fraction:
        return self.exact.get(self.raw, self.raw / self.attributes.divisions)

    def take(self, element: etree._Element) -> None:
        if element.tag == "attributes":
            self.attributes.take(element, at_start=self.raw == 0, label=self.label)
            for staff, clef in self.attributes.read_clefs(element):
                self.clefs.append(ClefChange(self.now, self._staff_number(staff), clef))
        elif element.tag == "backup":
            self.raw -= self._duration(element)
            if self.raw < 0:
                raise DeliveryError("Bar %(bar)s steps back before its own beginning.", bar=self.label)
        elif element.tag == "forward":
            self._move(self._duration(element), None)
        elif element.tag == "note":
            self._note(element)

    def _duration(self, element: etree._Element) -> Fraction:
        text = (element.findtext("duration") or "").strip()
        if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text):
            raise DeliveryError(
                "Bar %(bar)s has a length that is no number: '%(length)s'.", bar=self.label, length=text[:20]
            )
        return Fraction(text)

    def _move(self, duration: Fraction, length: Fraction | None) -> Fraction:
        onset = self.now
        length = duration / self.attributes.divisions if length is None else length
        self.raw += duration
        self.exact[self.raw] = onset + length
        self.filled = max(self.filled, onset + length)
        return length

    def _note(self, note: etree._Element) -> None:
        if note.find("cue") is not None:
            if note.find("grace") is None and note.find("chord") is None:
                self._move(self._duration(note), None)
            return
        head = self._head(note)
        if note.find("chord") is not None:
            if head is not None and self.events:
                last = self.events[-1]
                self.events[-1] = _with_head(last, head)
            return
        grace = note.find("grace") is not None
        ratio = _ratio(note)
        length = Fraction(0)
        onset = self.now
        if not grace:
            duration = self._duration(note)
            length = self._move(duration, self._true_length(note, duration, ratio))
            if length == 0:
                return
        elif head is None:
            return
        name = (note.findtext("voice") or "1").strip()
        self.events.append(
            Event(
                onset=onset,
                length=length,
                voice=(self.place, int(name) if name.isdigit() else 99, name),
                staff=self._staff(note),
                heads=() if head is None else (head,),
                ratio=ratio,
                signs=() if grace else _signs(note),
                grace=grace,
                visible=note.get("print-object") != "no",
            )
        )
        for dynamics in note.findall("notations/dynamics"):
            for level in read_dynamics(dynamics):
                self.directions.append(Direction(onset, self._staff(note), "dynamics", level))

    def _true_length(self, note: etree._Element, duration: Fraction, ratio: tuple[int, int]) -> Fraction:
        rounded = duration / self.attributes.divisions
        value = _WRITTEN.get((note.findtext("type") or "").strip())
        if value is None:
            return rounded
        dots = len(note.findall("dot"))
        value *= (2 - Fraction(1, 2**dots)) * Fraction(*ratio)
        slack = min(1 / self.attributes.divisions, Fraction(1, 16))
        return value if abs(value - rounded) < slack else rounded

    def _head(self, note: etree._Element) -> Head | None:
        pitch = note.find("pitch")
        if pitch is None:
            return None
        step = (pitch.findtext("step") or "").strip()
        octave = (pitch.findtext("octave") or "").strip()
        alter = (pitch.findtext("alter") or "0").strip()
        if (
            step not in tuple("CDEFGAB")
            or not re.fullmatch(r"\d", octave)
            or not re.fullmatch(r"[+-]?\d(\.\d{1,3})?", alter)
        ):
            raise DeliveryError("Bar %(bar)s has a note without a readable pitch.", about="notes", bar=self.label)
        ties = {e.get("type") for e in (*note.findall("tie"), *note.findall("notations/tied"))}
        return Head(
            pitch=Pitch(step, Fraction(alter), int(octave)),
            staff=self._staff(note),
            tie_start="start" in ties,
            tie_stop="stop" in ties,
            marks=read_marks(note),
        )

    def _staff(self, element: etree._Element) -> int:
        return self._staff_number((element.findtext("staff") or "1").strip())

    def _staff_number(self, staff: str) -> int:
        # A third staff is more accompaniment: the client takes roles from two staves only.
        return 2 if self.place == 1 or staff not in ("", "1") else 1

    def direction(self, element: etree._Element) -> None:
        if element.tag == "sound":
            return
        offset = (element.findtext("offset") or "0").strip()
        shift = Fraction(offset) if re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", offset) else Fraction(0)
        onset = max(self.now + shift / self.attributes.divisions, Fraction(0))
        staff = self._staff(element)
        for sign in (child for kind in element.findall("direction-type") for child in kind):
            for kind, value, size in _direction(sign):
                number = sign.get("number", "1")
                number = number if number in tuple("123456") else "1"
                self.directions.append(Direction(onset, staff, kind, value, size, number))


def _direction(sign: etree._Element) -> Iterator[tuple[str, str, str]]:
    """(kind, value, size) of one child of <direction-type>; nothing for what a delivered score leaves out."""
    tag, value = str(sign.tag), sign.get("type", "")
    if tag == "dynamics":
        for level in read_dynamics(sign):
            yield "dynamics", level, ""
    elif tag == "words":
        words = " ".join((sign.text or "").split())
        if words and road_word(words) is None:
            yield "words", words, ""
    elif (tag == "wedge" and value in ("crescendo", "diminuendo", "stop")) or (
        tag == "pedal" and value in ("start", "stop", "change")
    ):
        yield tag, value, ""
    elif tag == "octave-shift" and value in ("up", "down", "stop"):
        size = sign.get("size", "8")
        yield tag, value, size if size in ("8", "15") else "8"


def _ratio(note: etree._Element) -> tuple[int, int]:
    actual = (note.findtext("time-modification/actual-notes") or "").strip()
    normal = (note.findtext("time-modification/normal-notes") or "").strip()
    if not re.fullmatch(r"[1-9]\d{0,2}", actual) or not re.fullmatch(r"[1-9]\d{0,2}", normal):
        return 1, 1
    return int(normal), int(actual)


def _signs(note: etree._Element) -> tuple[TupletSign, ...]:
    return tuple(
        TupletSign(
            kind=element.get("type", ""),
            number=element.get("number", "1") if element.get("number", "1") in tuple("123456") else "1",
            bracket=element.get("bracket", "") if element.get("bracket") in ("yes", "no") else "",
        )
        for element in note.findall("notations/tuplet")
        if element.get("type") in ("start", "stop")
    )


def _with_head(event: Event, head: Head) -> Event:
    return Event(
        onset=event.onset,
        length=event.length,
        voice=event.voice,
        staff=event.staff,
        heads=(*event.heads, head),
        ratio=event.ratio,
        signs=event.signs,
        grace=event.grace,
        visible=event.visible,
    )


def _plain(value: Fraction) -> str:
    whole, rest = divmod(value, 1)
    if not rest:
        return str(whole)
    return f"{whole} {rest}" if whole else str(rest)
