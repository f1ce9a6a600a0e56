"""Writes the delivered MusicXML: element by element in the order of the schema, nothing taken over as text."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from lxml import etree

from curator.delivery.lines import Line, Slice, cut
from curator.delivery.score import Clef, ClefChange, Direction, Key, Mark, Metre, TupletSign
from curator.delivery.sheet import Sheet
from curator.delivery.spelling import Accidentals, Value, beam_words, beat_length, spell
from curator.delivery.timeline import FIRST_CLEFS, Measure
from curator.delivery.tones import Tone

DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">'
)


# On one line, as readers by regular expression want it.
_METRONOME = re.compile(r"<metronome>.*?</metronome>", re.DOTALL)


@dataclass(frozen=True)
class Piece:
    """A slice as it is written: one note value of it, tied to the others of its slice."""

    start: Fraction
    end: Fraction
    tones: tuple[Tone, ...]
    value: Value | None
    signs: tuple[TupletSign, ...]
    visible: bool


@dataclass(frozen=True)
class Music:
    """All that is written: bars, lines, signs at the staves, clef changes, tempo text by bar number."""

    measures: tuple[Measure, ...]
    lines: tuple[Line, ...]
    signs: tuple[Direction, ...]
    clefs: tuple[ClefChange, ...]
    tempos: Mapping[int, str]


def write(music: Music, sheet: Sheet) -> bytes:
    """The document as UTF-8 with declaration and document type."""
    root = etree.Element("score-partwise", version="4.0")
    _head(root, sheet)
    _Part(root, music).write()
    body = _METRONOME.sub(
        lambda mark: re.sub(r">\s+<", "><", mark[0]), etree.tostring(root, encoding="unicode", pretty_print=True)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{DOCTYPE}\n{body}'.encode()


def _add(parent: etree._Element, tag: str, text: object = None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, tag, attributes)
    if text is not None:
        element.text = _clean(str(text))
    return element


def _clean(text: str) -> str:
    """The text on one line and without characters that XML cannot hold."""
    allowed = "".join(c if c.isprintable() or c.isspace() else "" for c in text)
    return " ".join(allowed.split())


def _head(root: etree._Element, sheet: Sheet) -> None:
    work = _add(root, "work")
    _add(work, "work-number", sheet.number)
    _add(work, "work-title", f"{sheet.number} {sheet.title}".strip())
    identification = _add(root, "identification")
    _add(identification, "creator", sheet.composer, type="composer")
    encoding = _add(identification, "encoding")
    _add(encoding, "software", "Cuewright")
    _add(encoding, "encoding-date", sheet.encoded.isoformat())
    fields = {
        "cue": sheet.number,
        "film": sheet.film,
        "version": str(sheet.version),
        "checkpoint": sheet.checkpoint,
        "seed": "" if sheet.seed is None else str(sheet.seed),
        **dict(sheet.facts),
    }
    if sheet.miscellaneous:
        miscellaneous = _add(identification, "miscellaneous")
        for name, value in fields.items():
            if value:
                _add(miscellaneous, "miscellaneous-field", value, name=_clean(name))
    part = _add(_add(root, "part-list"), "score-part", id="P1")
    _add(part, "part-name", "Piano")
    instrument = _add(part, "score-instrument", id="P1-I1")
    _add(instrument, "instrument-name", "Piano")
    _add(instrument, "instrument-sound", "keyboard.piano")
    midi = _add(part, "midi-instrument", id="P1-I1")
    _add(midi, "midi-channel", 1)
    _add(midi, "midi-program", 1)


class _Part:
    """Writes the one part, bar by bar."""

    def __init__(self, root: etree._Element, music: Music) -> None:
        self.part = _add(root, "part", id="P1")
        self.music = music
        self.pieces = [(line, [_pieces(bar) for bar in cut(line, music.measures)]) for line in music.lines]
        self.divisions = math.lcm(
            *(
                moment.denominator
                for _, bars in self.pieces
                for bar in bars
                for piece in bar
                for moment in (piece.start, piece.end)
            ),
            *(measure.end.denominator for measure in music.measures),
        )
        self.clefs = dict(FIRST_CLEFS)

    def write(self) -> None:
        before: Measure | None = None
        for index, measure in enumerate(self.music.measures):
            element = _add(self.part, "measure", number=str(index + 1))
            last = index + 1 == len(self.music.measures)
            self._attributes(element, measure, before)
            if index + 1 in self.music.tempos:
                _tempo(element, self.music.tempos[index + 1])
            signs = [
                d
                for d in self.music.signs
                if measure.start <= d.onset < measure.end or (last and d.onset >= measure.end)
            ]
            at_bar = [d for d in signs if d.onset == measure.start and not _belongs_to_notes(d)]
            for sign in at_bar:
                self._sign(element, sign, Fraction(0))
            self._voices(element, index, measure, [d for d in signs if d not in at_bar])
            if last:
                barline = _add(element, "barline", location="right")
                _add(barline, "bar-style", "light-heavy")
            before = measure

    def _divisions(self, length: Fraction) -> str:
        return str(round(length * self.divisions))

    def _attributes(self, element: etree._Element, measure: Measure, before: Measure | None) -> None:
        clefs = self._new_clefs([c for c in self.music.clefs if c.onset == measure.start])
        key = before is None or before.key != measure.key
        metre = before is None or before.metre != measure.metre
        if not (clefs or key or metre):
            return
        attributes = _add(element, "attributes")
        if before is None:
            _add(attributes, "divisions", self.divisions)
        if key:
            _key(attributes, measure.key)
        if metre:
            _time(attributes, measure.metre)
        if before is None:
            _add(attributes, "staves", 2)
            clefs = dict(FIRST_CLEFS)
        for staff, clef in sorted(clefs.items()):
            _clef(attributes, staff, clef)

    def _new_clefs(self, changes: Sequence[ClefChange]) -> dict[int, Clef]:
        clefs = {c.staff: c.clef for c in changes if self.clefs[c.staff] != c.clef}
        self.clefs |= clefs
        return clefs

    def _voices(self, element: etree._Element, index: int, measure: Measure, signs: Sequence[Direction]) -> None:
        bars = [(line, bars[index]) for line, bars in self.pieces if bars[index] or line.number in (1, 5)]
        accidentals = _accidentals(bars, measure)
        for place, (line, pieces) in enumerate(bars):
            if place:
                _add(_add(element, "backup"), "duration", self._divisions(measure.metre.length))
            first = line.number in (1, 5)
            waiting = [d for d in signs if first and d.staff == line.staff]
            clefs = [
                c for c in self.music.clefs if first and c.staff == line.staff and measure.start < c.onset < measure.end
            ]
            if not pieces:
                for sign in waiting:
                    self._sign(element, sign, sign.onset - measure.start)
                rest = _add(element, "note")
                _add(rest, "rest", measure="yes")
                _add(rest, "duration", self._divisions(measure.metre.length))
                _add(rest, "voice", line.number)
                _add(rest, "staff", line.staff)
                continue
            words = beam_words(
                [(p.start - measure.start, p.value if p.tones else None) for p in pieces],
                beat_length(measure.metre),
            )
            for piece, beams in zip(pieces, words, strict=True):
                while clefs and clefs[0].onset <= piece.start:
                    for staff, clef in self._new_clefs([clefs.pop(0)]).items():
                        _clef(_add(element, "attributes"), staff, clef)
                while waiting and waiting[0].onset < piece.end:
                    sign = waiting.pop(0)
                    self._sign(element, sign, sign.onset - piece.start)
                self._notes(element, line, piece, beams, accidentals)
            for sign in waiting:
                self._sign(element, sign, Fraction(0))

    def _notes(
        self,
        element: etree._Element,
        line: Line,
        piece: Piece,
        beams: Sequence[str],
        accidentals: Mapping[tuple[int, Fraction, Tone], str],
    ) -> None:
        for place, tone in enumerate(piece.tones or (None,)):
            note = _add(element, "note")
            if place:
                _add(note, "chord")
            if tone is None:
                if not piece.visible:
                    note.set("print-object", "no")
                _add(note, "rest")
            else:
                pitch = _add(note, "pitch")
                _add(pitch, "step", tone.pitch.step)
                if tone.pitch.alter:
                    _add(pitch, "alter", f"{float(tone.pitch.alter):g}")
                _add(pitch, "octave", tone.pitch.octave)
            _add(note, "duration", self._divisions(piece.end - piece.start))
            ties = [] if tone is None else _ties(tone, piece)
            for tie in ties:
                _add(note, "tie", type=tie)
            _add(note, "voice", line.number)
            if piece.value is not None:
                _add(note, "type", piece.value.type)
                for _ in range(piece.value.dots):
                    _add(note, "dot")
            if tone is not None and (line.number, piece.start, tone) in accidentals:
                _add(note, "accidental", accidentals[line.number, piece.start, tone])
            if piece.value is not None and piece.value.ratio != (1, 1):
                modification = _add(note, "time-modification")
                _add(modification, "actual-notes", piece.value.ratio[1])
                _add(modification, "normal-notes", piece.value.ratio[0])
            _add(note, "staff", line.staff)
            if not place:
                for level, word in enumerate(beams, 1):
                    _add(note, "beam", word, number=str(level))
            marks = [] if tone is None else [m for when, m in tone.marks if piece.start <= when < piece.end]
            _notations(note, ties, () if place else piece.signs, marks)

    def _sign(self, element: etree._Element, sign: Direction, offset: Fraction) -> None:
        placement = "above" if sign.kind in ("words", "octave-shift") else "below"
        direction = _add(element, "direction", placement=placement)
        kind = _add(direction, "direction-type")
        if sign.kind == "dynamics":
            _add(_add(kind, "dynamics"), sign.value)
        elif sign.kind == "words":
            _add(kind, "words", sign.value)
        elif sign.kind == "pedal":
            _add(kind, "pedal", type=sign.value, line="yes")
        elif sign.kind == "wedge":
            _add(kind, "wedge", type=sign.value, number=sign.number)
        else:
            _add(kind, "octave-shift", type=sign.value, size=sign.size, number=sign.number)
        if offset:
            _add(direction, "offset", self._divisions(offset))
        _add(direction, "staff", sign.staff)


def _belongs_to_notes(sign: Direction) -> bool:
    # Some readers raise the next notes of the file by an octave line, whatever staff it names.
    return sign.kind == "octave-shift" and sign.staff == 2


def _pieces(bar: Sequence[Slice]) -> list[Piece]:
    """The note values of one bar of a line, tuplet brackets only where both ends stand in it."""
    pieces: list[Piece] = []
    for part in bar:
        values = spell(part.end - part.start, part.ratio)
        ends = [part.start]
        for value in values:
            ends.append(ends[-1] + value.length)
        spelled: Sequence[Value | None] = values or (None,)
        if not values:
            ends.append(part.end)
        last = len(spelled) - 1
        for place, spelled_value in enumerate(spelled):
            signs = tuple(
                sign
                for sign in part.signs
                if (sign.kind == "start" and place == 0) or (sign.kind == "stop" and place == last)
            )
            pieces.append(Piece(ends[place], ends[place + 1], part.tones, spelled_value, signs, part.visible))
    return _with_whole_brackets(pieces)


def _with_whole_brackets(pieces: Sequence[Piece]) -> list[Piece]:
    waiting: dict[str, tuple[int, TupletSign]] = {}
    good: set[tuple[int, TupletSign]] = set()
    for place, piece in enumerate(pieces):
        for sign in piece.signs:
            if sign.kind == "start":
                waiting[sign.number] = (place, sign)
            elif sign.number in waiting:
                good |= {waiting.pop(sign.number), (place, sign)}
    return [
        replace(piece, signs=tuple(sign for sign in piece.signs if (place, sign) in good))
        for place, piece in enumerate(pieces)
    ]


def _accidentals(
    bars: Sequence[tuple[Line, Sequence[Piece]]], measure: Measure
) -> dict[tuple[int, Fraction, Tone], str]:
    """The accidentals of one bar; voices of a staff are read together, in the order of time."""
    result: dict[tuple[int, Fraction, Tone], str] = {}
    for staff in (1, 2):
        memory = Accidentals(measure.key.fifths)
        struck = sorted(
            (piece.start, line.number, tone.pitch, place)
            for place, (line, piece, tone) in enumerate(_struck(bars, staff))
        )
        known = list(_struck(bars, staff))
        for start, number, pitch, place in struck:
            word = memory.needed(pitch)
            if word is not None:
                result[number, start, known[place][2]] = word
    return result


def _struck(bars: Sequence[tuple[Line, Sequence[Piece]]], staff: int) -> Iterator[tuple[Line, Piece, Tone]]:
    for line, pieces in bars:
        if line.staff == staff:
            for piece in pieces:
                for tone in piece.tones:
                    if tone.start >= piece.start:
                        yield line, piece, tone


def _ties(tone: Tone, piece: Piece) -> list[str]:
    return ["stop"] * (tone.start < piece.start) + ["start"] * (tone.end > piece.end)


def _notations(note: etree._Element, ties: Sequence[str], signs: Sequence[TupletSign], marks: Sequence[Mark]) -> None:
    if not (ties or signs or marks):
        return
    notations = _add(note, "notations")
    for tie in ties:
        _add(notations, "tied", type=tie)
    for sign in signs:
        bracket = {"bracket": sign.bracket} if sign.bracket and sign.kind == "start" else {}
        _add(notations, "tuplet", type=sign.kind, number=sign.number, **bracket)
    seen: set[Mark] = set()
    groups: dict[str, etree._Element] = {}
    for mark in marks:
        if mark in seen:
            continue
        seen.add(mark)
        if mark.group == "slur":
            _add(notations, "slur", type=mark.name, number=mark.value)
        elif mark.group == "fermata":
            _add(notations, "fermata", mark.name or None, type="upright")
        elif mark.group == "arpeggiate":
            _add(notations, "arpeggiate", **({"direction": mark.name} if mark.name else {}))
        else:
            if mark.group not in groups:
                groups[mark.group] = _add(notations, mark.group)
            attributes = {"type": "single"} if mark.name == "tremolo" else {}
            _add(groups[mark.group], mark.name, mark.value or None, **attributes)


def _tempo(element: etree._Element, tempo: str) -> None:
    direction = _add(element, "direction", placement="above")
    metronome = _add(_add(direction, "direction-type"), "metronome")
    _add(metronome, "beat-unit", "quarter")
    _add(metronome, "per-minute", tempo)
    _add(direction, "staff", 1)
    _add(direction, "sound", tempo=tempo)


def _key(attributes: etree._Element, key: Key) -> None:
    element = _add(attributes, "key")
    _add(element, "fifths", key.fifths)
    if key.mode:
        _add(element, "mode", key.mode)


def _time(attributes: etree._Element, metre: Metre) -> None:
    element = _add(attributes, "time")
    _add(element, "beats", metre.beats)
    _add(element, "beat-type", metre.beat_type)


def _clef(attributes: etree._Element, staff: int, clef: Clef) -> None:
    element = _add(attributes, "clef", number=str(staff))
    _add(element, "sign", clef.sign)
    _add(element, "line", clef.line)
    if clef.octave:
        _add(element, "clef-octave-change", clef.octave)
