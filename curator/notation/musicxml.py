"""Safe reading of MusicXML: no entities, no network, no huge trees; counts, lengths and validation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from lxml import etree

from curator.notation.abc import Score
from curator.notation.errors import NotationError, Sentence
from curator.notation.schema import schema_errors

if TYPE_CHECKING:
    from lxml.etree import _Element, _ElementTree

MOST_BYTES = 30_000_000


def read_xml(data: bytes) -> "_Element":
    """The root of a part-wise score. Raises NotationError for ill-formed or dangerous XML and other roots.

    A document type may name a DTD, which is never loaded; a document that declares entities is refused.
    """
    root = parse_tree(data)
    if root.tag == "score-timewise":
        raise NotationError("The score is time-wise MusicXML; save it as part-wise MusicXML.")
    if root.tag != "score-partwise":
        raise NotationError("This is XML, but not a score: its root is <%(tag)s>.", tag=str(root.tag)[:40])
    return root


def parse_tree(data: bytes) -> "_Element":
    """The root element of any XML, under the same bounds as `read_xml`."""
    if len(data) > MOST_BYTES:
        raise NotationError("The XML is larger than %(size)d MB.", size=MOST_BYTES // 1_000_000)
    if not data.strip():
        raise NotationError("The file is empty.")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
        remove_blank_text=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotationError(_damage(error)) from None
    tree: _ElementTree = root.getroottree()
    dtd = tree.docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):  # type: ignore[attr-defined] # not in the stubs
        raise NotationError("The XML declares entities, which a score never needs.")
    return root


def _damage(error: BaseException) -> Sentence:
    text = (str(error).splitlines() or [""])[0]
    if "entity" in text.lower():
        return Sentence("The XML declares entities, which a score never needs.")
    detail = re.sub(r"[(]<string>, line [0-9]+[)]$", "", text).strip()[:160]
    return Sentence("The XML is damaged: %(detail)s.", detail=detail)


def validate(data: bytes) -> tuple[str, ...]:
    """What breaks the MusicXML 4.0 schema, a few sentences; empty when valid. Raises as `read_xml`."""
    return schema_errors(read_xml(data))


def heads_by_bar(data: bytes) -> list[int]:
    """Written notes (grace notes and tied continuations too) in each bar, over all parts."""
    root = read_xml(data)
    counts: list[int] = []
    for part in root.findall("part"):
        for place, measure in enumerate(part.findall("measure")):
            if place == len(counts):
                counts.append(0)
            counts[place] += sum(1 for note in measure.findall("note") if note.find("pitch") is not None)
    return counts


def lost_notes(score: Score, data: bytes) -> Sentence | None:
    """In which bar `data` has not as many written notes as `score`, in one sentence; None where all are there.

    Raises NotationError for a file that cannot be read.
    """
    wanted = [sum(len(part.notes) for part in bar.parts) for bar in score.bars]
    found = heads_by_bar(data)
    if len(wanted) != len(found):
        return Sentence("The score has %(here)d bars, its MusicXML %(there)d.", here=len(wanted), there=len(found))
    for number, (here, there) in enumerate(zip(wanted, found, strict=True), start=1):
        if here != there:
            return Sentence(
                "Bar %(bar)d has %(here)d notes, its MusicXML %(there)d.", bar=number, here=here, there=there
            )
    return None


def note_count(data: bytes) -> int:
    """All written notes of a score, in every part."""
    return sum(heads_by_bar(data))


def struck_count(data: bytes) -> int:
    """The notes that are struck: written notes without the continuations of ties."""
    notes = [note for note in read_xml(data).iter("note") if note.find("pitch") is not None]
    return sum(all(tie.get("type") != "stop" for tie in note.findall("tie")) for note in notes)


@dataclass(frozen=True, slots=True)
class Event:
    """A note or rest element in time; a note of a chord begins with the first one."""

    element: "_Element"
    onset: Fraction  # whole notes from the start of the bar
    length: Fraction  # whole notes, 0 for a grace note
    voice: str
    staff: int
    chord: bool
    grace: bool

    @property
    def pitched(self) -> bool:
        """Whether it sounds with a pitch."""
        return self.element.find("pitch") is not None


@dataclass(slots=True)
class Measure:
    """One measure of one part."""

    element: "_Element"
    place: int  # from 1
    metre: Fraction | None  # whole notes; None in free time or before any time signature
    events: list[Event] = field(default_factory=list)
    length: Fraction = Fraction(0)  # the furthest point reached, whole notes


def measures_of(part: "_Element") -> Iterator[Measure]:
    """The measures of a part with every note placed in time. Raises NotationError where time is impossible."""
    divisions: Fraction | None = None
    metre: Fraction | None = None
    for place, element in enumerate(part.findall("measure"), start=1):
        measure = Measure(element, place, metre)
        now = Fraction(0)
        start = Fraction(0)  # of the chord being read
        for child in element:
            if child.tag == "attributes":
                if child.find("divisions") is not None:
                    divisions = _number(child.findtext("divisions"), place)
                    if divisions <= 0:
                        raise NotationError("Bar %(bar)d divides a quarter by zero.", bar=place)
                if child.find("time") is not None:
                    metre = measure.metre = _metre(child, place)
                continue
            if child.tag not in ("note", "backup", "forward"):
                continue
            text = child.findtext("duration")
            grace = child.find("grace") is not None
            if text is None and not grace:
                raise NotationError("Bar %(bar)d has a note without a duration.", bar=place)
            if divisions is None:
                if grace:
                    divisions_here = Fraction(1)
                else:
                    raise NotationError("The score does not say how long a quarter is (no divisions).")
            else:
                divisions_here = divisions
            length = Fraction(0) if grace else _whole_notes(text, divisions_here, place)
            if child.tag == "backup":
                now -= length
                if now < 0:
                    raise NotationError("Bar %(bar)d goes back before its own beginning.", bar=place)
            elif child.tag == "forward":
                now += length
            else:
                chord = child.find("chord") is not None
                if not chord:
                    start = now
                    now += length
                measure.events.append(
                    Event(
                        child,
                        start,
                        length,
                        child.findtext("voice", "1").strip(),
                        _staff(child),
                        chord,
                        grace,
                    )
                )
            measure.length = max(measure.length, now)
        yield measure


def _whole_notes(text: str | None, divisions: Fraction, place: int) -> Fraction:
    try:
        return _shared(text or "", divisions)
    except (ValueError, ZeroDivisionError):
        raise NotationError("Bar %(bar)d has a duration that is not a number.", bar=place) from None


@lru_cache(maxsize=1024)
def _shared(text: str, divisions: Fraction) -> Fraction:
    return Fraction(text.strip()) / (4 * divisions)


def _number(text: str | None, place: int) -> Fraction:
    try:
        return Fraction((text or "").strip())
    except (ValueError, ZeroDivisionError):
        raise NotationError("Bar %(bar)d has a duration that is not a number.", bar=place) from None


def _metre(attributes: "_Element", place: int) -> Fraction | None:
    beats, kinds = attributes.findall("time/beats"), attributes.findall("time/beat-type")
    total = Fraction(0)
    try:
        for beat, kind in zip(beats, kinds, strict=True):
            total += Fraction(sum(int(part) for part in (beat.text or "").split("+")), int(kind.text or ""))
    except (ValueError, ZeroDivisionError):
        raise NotationError("Bar %(bar)d has a time signature that cannot be read.", bar=place) from None
    return total if total > 0 else None


def _staff(element: "_Element") -> int:
    text = element.findtext("staff", "1").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 1
