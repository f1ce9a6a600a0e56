"""The gate for every file that wants to become a score: what comes in is a sound piano score or a reason."""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from lxml import etree

from curator.notation.archive import is_zip, unpack
from curator.notation.convert import clean_abc, run_abc2xml
from curator.notation.errors import NotationError, Sentence
from curator.notation.fingerprint import fingerprint
from curator.notation.lexer import Sound, elements
from curator.notation.musicxml import Measure, note_count, read_xml
from curator.notation.piano import take_piano
from curator.notation.schema import drop_odd_attributes, schema_errors
from curator.notation.tally import bars_shown, tally_of_measures

if TYPE_CHECKING:
    from lxml.etree import _Element

MOST_UPLOAD = 20_000_000
# The longest movements for piano have some 10,000 notes. More would keep a worker for half a minute.
MOST_BARS = 1500
MOST_NOTES = 15_000
MOST_NOTES_A_BAR = 2000
MOST_VOICES = 24
MOST_IN_A_CHORD = 48
MOST_TAGS = 900_000  # opening and closing; measured: the tree of so many takes 200 MB
LONGEST_BAR = 256  # whole notes
MOST_ABC = 300_000  # characters
ABC_CPU_SECONDS = 8.0
ENDINGS = (".mxl", ".musicxml", ".xml", ".abc")
_NOT_MUSIC: tuple[str, ...] = ("credit", "defaults", "identification/miscellaneous")
_NOT_MUSIC += tuple(f"part-list/score-part/{tag}" for tag in ("midi-device", "midi-instrument"))
_NOT_MUSIC += tuple(f".//{tag}" for tag in ("print", "link", "bookmark", "listening", "listen", "play"))
_NOT_MUSIC += tuple(f".//sound/{tag}" for tag in ("instrument-change", "midi-device", "midi-instrument"))
_BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_LOW, _HIGH = 21, 108  # MIDI numbers of a piano's keys


class Refused(NotationError):
    """The file cannot become a piano score; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Intake:
    """A checked piano score: one part, two staves, valid MusicXML 4.0 without document type."""

    musicxml: bytes
    title: str  # empty when the file names none
    composer: str
    bars: int
    notes: int  # written notes, grace notes and continuations of ties included
    fingerprint: str
    warnings: tuple[str, ...]
    original: bytes = b""  # as it was before the piano part was taken out and mended, UTF-8, for a second reader
    parts: tuple[str, ...] = ()  # ids of the parts of `original` that were taken


def read_score(name: str, data: bytes) -> Intake:
    """The piano score in a file called `name`. Raises Refused, whatever the bytes are; never anything else."""
    try:
        return _read_score(name, data)
    except Refused:
        raise
    except NotationError as error:
        raise Refused(error.sentence) from None
    except (RecursionError, MemoryError, OverflowError):
        raise Refused("The score is built in a way that cannot be read.") from None


def _read_score(name: str, data: bytes) -> Intake:
    ending = next((end for end in ENDINGS if name.lower().endswith(end)), None)
    if ending is None:
        raise Refused("The file name has none of the endings .musicxml, .mxl, .xml and .abc.")
    if len(data) > MOST_UPLOAD:
        raise Refused("The file is larger than %(size)d MB.", size=MOST_UPLOAD // 1_000_000)
    if not data.strip(b"\0 \t\r\n"):
        raise Refused("The file is empty.")
    warnings: list[str] = []
    if len(name) > 200:
        warnings.append(Sentence("The file name is very long and was cut."))
    if is_zip(data):
        if ending != ".mxl":
            warnings.append(Sentence("The file is compressed, although its name does not end in .mxl."))
        unpacked = unpack(data)
        data = unpacked.data
        warnings += unpacked.warnings
    elif ending == ".mxl":
        if not _looks_like_xml(data):
            raise Refused("The file is named .mxl, but it is neither compressed nor MusicXML.")
        warnings.append(Sentence("The file is named .mxl, but it is not compressed."))
    if ending == ".abc" and not _looks_like_xml(data):
        data, said = _from_abc(data)
        warnings += said
    elif not _looks_like_xml(data):
        raise Refused(_what_else(data))
    if re.match(rb"\s*<(?:!doctype\s+)?html", data[:200], re.IGNORECASE):
        raise Refused("The file is a web page, not a score.")
    root, said = _decode(data)
    warnings += said
    _bounds(root)
    title, composer = _title(root), _composer(root)
    _strip(root)
    odd = drop_odd_attributes(root)
    if odd:
        warnings.append(
            Sentence("Details that break the rules of MusicXML were left out; no notes: %(details)d.", details=odd)
        )
    broken = schema_errors(root, most=1)
    if broken:
        raise Refused("The file breaks the rules of MusicXML. %(detail)s", detail=broken[0])
    _playable(root)
    original = etree.tostring(root, encoding="utf-8")
    piano = take_piano(root)
    warnings += piano.warnings
    warnings += _metres(piano.measures)
    broken = schema_errors(root, most=1)
    if broken:
        raise Refused("The piano part could not be taken out of the score cleanly. %(detail)s", detail=broken[0])
    _readable(piano.measures)
    tally = tally_of_measures(piano.measures)
    if tally.notes == 0:
        raise Refused("The score has no notes.")
    beyond = sum(not _LOW <= tone.midi <= _HIGH for bar in tally.bars for tone in bar)
    if beyond:
        warnings.append(Sentence("Notes beyond the keys of a piano: %(notes)d.", notes=beyond))
    if len(piano.measures) == 1:
        warnings.append(Sentence("The score has one bar only."))
    musicxml = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return Intake(
        musicxml,
        title,
        composer,
        len(piano.measures),
        tally.notes,
        fingerprint(musicxml),
        tuple(warnings),
        original,
        piano.parts,
    )


def _looks_like_xml(data: bytes) -> bool:
    start = data[:200]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    start = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith((b"<", b"<\0", b"\0<"))


def _what_else(data: bytes) -> str:
    start = data[:200].lstrip()
    if start.startswith(b"%PDF"):
        return "The file is a PDF; a picture of notes cannot be read as a score."
    if start.startswith(b"MThd"):
        return "The file is MIDI; save the score as MusicXML."
    if re.match(rb"(?:%[^\n]*\n)*X:\s*\d", start):
        return "The file holds ABC notation, although its name says MusicXML; name it .abc."
    return "The file is not MusicXML: it does not begin with a tag."


def _decode(data: bytes) -> tuple["_Element", list[str]]:
    """The tree, also where the declared encoding contradicts the bytes."""
    if data.count(b"<") > MOST_TAGS:
        raise Refused("The XML has more tags than any score for piano.")
    try:
        return read_xml(data), []
    except NotationError:
        declared = re.match(rb"<\?xml[^>]*encoding=[\"'](utf-?16|ucs-?2)[^>]*\?>", data.lstrip(), re.IGNORECASE)
        if declared is None:
            raise
        body = data.lstrip()[declared.end() :]
        root = read_xml(body)
        return root, [Sentence("The file declares an encoding that it does not have; it was read as UTF-8.")]


def _from_abc(data: bytes) -> tuple[bytes, list[str]]:
    """The MusicXML of an uploaded ABC file, by the converter, with every include and directive removed."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if "\0" in text:
        raise Refused("The file is no text.")
    if text.count("\nX:") > 1 or (text.startswith("X:") and "\nX:" in text):
        raise Refused("The file holds several tunes; a score is one piece.")
    if len(text) > MOST_ABC:
        raise Refused("The ABC text is too long.")
    lines = []
    for line in text.splitlines():
        if re.match(r"\s*(?:%%|I:)\s*abc-include", line, re.IGNORECASE):
            raise Refused("A score must not include another file.")
        if line.startswith(("%", "w:", "W:", "I:", "U:", "m:")) and not line.startswith(("%%score", "%%staves")):
            continue
        lines.append(re.sub(r"(?<!\\)%.*$", "", line) if not line.startswith("%%") else line)
    cleaned = "\n".join(line for line in lines if line.strip())
    if not cleaned.startswith("X:"):
        cleaned = "X:1\n" + re.sub(r"(?m)^X:.*\n?", "", cleaned)
    if cleaned.splitlines()[-1].startswith("[V:") or "\n[V:" in cleaned or "\n[r:" in cleaned:
        cleaned = clean_abc(cleaned)
    xml, complaints = run_abc2xml(cleaned, cpu_seconds=ABC_CPU_SECONDS)
    warnings: list[str] = (
        [Sentence("The ABC text was not read without doubt: %(detail)s", detail=complaints[0])] if complaints else []
    )
    counted, written = _heads_in(cleaned), note_count(xml)
    if counted is None and complaints:
        raise Refused("The ABC text was not read without doubt: %(detail)s", detail=complaints[0])
    if counted is None:
        warnings.append(Sentence("The notes of the ABC text could not be counted a second time."))
    elif counted != written:
        raise Refused("The ABC text has %(here)d notes, but %(there)d could be read.", here=counted, there=written)
    return xml, warnings


def _heads_in(abc: str) -> int | None:
    """Written notes of any ABC text by our own reading; None where it is not ours to read."""
    music = [line for line in abc.splitlines() if not re.match(r"%|[A-Za-z+]:", line)]
    try:
        return sum(len(e.heads) for line in music for e in elements(line.rstrip("\\ ")) if isinstance(e, Sound))
    except NotationError:
        return None


def _bounds(root: "_Element") -> None:
    parts = root.findall("part")
    longest = max((len(part.findall("measure")) for part in parts), default=0)
    if longest == 0:
        raise Refused("The score has no bars.")
    if longest > MOST_BARS:
        raise Refused("The score has %(bars)d bars; at most %(most)d are taken.", bars=longest, most=MOST_BARS)
    notes = sum(1 for _ in root.iter("note"))
    if notes > MOST_NOTES:
        raise Refused("The score has %(notes)d notes; at most %(most)d are taken.", notes=notes, most=MOST_NOTES)


def _readable(measures: tuple[Measure, ...]) -> None:
    """Refuse bars that are valid one by one and yet beyond every reader of scores."""
    voices = {event.voice for measure in measures for event in measure.events}
    if len(voices) > MOST_VOICES:
        raise Refused(
            "The score has %(voices)d voices; at most %(most)d are taken.", voices=len(voices), most=MOST_VOICES
        )
    for measure in measures:
        if len(measure.events) > MOST_NOTES_A_BAR:
            raise Refused(
                "Bar %(bar)d has %(notes)d notes; at most %(most)d are taken.",
                bar=measure.place,
                notes=len(measure.events),
                most=MOST_NOTES_A_BAR,
            )
        together = 0
        for event in measure.events:
            if event.element.find("unpitched") is not None:
                raise Refused("The score has notes without a pitch, as for drums; a piano has none.")
            together = together + 1 if event.chord else 1
            if together > MOST_IN_A_CHORD:
                raise Refused(
                    "Bar %(bar)d has a chord of more than %(most)d notes.", bar=measure.place, most=MOST_IN_A_CHORD
                )
        if max(measure.length, measure.metre or 0) > LONGEST_BAR:
            raise Refused("Bar %(bar)d lasts longer than %(most)d whole notes.", bar=measure.place, most=LONGEST_BAR)


def _playable(root: "_Element") -> None:
    """Refuse what twelve tones on 88 keys cannot play."""
    for alter in root.iter("alter"):
        try:
            value = Fraction((alter.text or "0").strip())
        except (ValueError, ZeroDivisionError):
            raise Refused("A note has an alteration that is not a number.") from None
        if value.denominator != 1:
            raise Refused("The score has quarter tones, which a piano does not have.")
        if abs(value) > 2:
            raise Refused("A note is altered by more than two semitones.")
    for fifths in root.iter("fifths"):
        if abs(int((fifths.text or "0").strip())) > 7:
            raise Refused("A key signature has more than seven sharps or flats; write it enharmonically.")


def _metres(measures: tuple[Measure, ...]) -> list[str]:
    """Give bars of free time a metre as long as they are; tell of bars off their metre."""
    warnings: list[str] = []
    freed = 0
    off: list[int] = []
    before: Fraction | None = None
    for measure in measures:
        free = measure.element.find("attributes/time/senza-misura") is not None
        if measure.metre is None and measure.length > 0:
            if free or before != measure.length:
                _write_metre(measure, measure.length)
            before = measure.length
            freed += 1
        elif measure.metre is not None:
            before = measure.metre
            if measure.length != measure.metre:
                off.append(measure.place)
    last = len(measures)
    upbeat = bool(off) and off[0] == 1 and measures[0].length < (measures[0].metre or 0)
    off = [place for place in off if not (upbeat and place in (1, last))]
    if freed:
        warnings.append(Sentence("Bars in free time were given a metre as long as they are (%(bars)d).", bars=freed))
    if off:
        warnings.append(Sentence("Bars longer or shorter than their metre: %(bars)s.", bars=bars_shown(off)))
    return warnings


def _write_metre(measure: Measure, length: Fraction) -> None:
    kind = max(4, length.denominator)
    if kind not in (4, 8, 16, 32, 64):
        raise Refused("Bar %(bar)d in free time has a length that no metre can name.", bar=measure.place)
    attributes = measure.element.find("attributes")
    if attributes is None:
        attributes = etree.Element("attributes")
        measure.element.insert(0, attributes)
    for old in attributes.findall("time"):
        attributes.remove(old)
    time = etree.Element("time")
    etree.SubElement(time, "beats").text = str(length * kind)
    etree.SubElement(time, "beat-type").text = str(kind)
    before = ("footnote", "level", "divisions", "key")
    place = sum(1 for child in attributes if child.tag in before)
    attributes.insert(place, time)


def _strip(root: "_Element") -> None:
    """Take out page layout, credits and whatever speaks to other programs: there exporters often err."""
    for path in _NOT_MUSIC:
        for element in root.findall(path):
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)


def _title(root: "_Element") -> str:
    work, movement = root.findtext("work/work-title", ""), root.findtext("movement-title", "")
    titles = [clean for text in (work, movement) if (clean := clean_text(text))]
    if len(titles) == 2 and titles[1].casefold() not in titles[0].casefold():
        return f"{titles[0]}: {titles[1]}"[:200]
    if titles:
        return titles[0]
    for credit in root.findall("credit"):
        if credit.findtext("credit-type") == "title":
            return clean_text(credit.findtext("credit-words", ""))
    return ""


def _composer(root: "_Element") -> str:
    creators = root.findall("identification/creator")
    named = [clean_text(c.text or "") for c in creators if c.get("type") == "composer"]
    return next((name for name in named if name), "")


def clean_text(text: str) -> str:
    """A name from a file as one plain line: no control or direction characters, at most 200 characters."""
    plain = _BIDI.sub("", unicodedata.normalize("NFC", text))
    plain = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in plain)
    return " ".join(plain.split())[:200]
