"""Reads shot lists as tables write them: `;`, `,` or tab, decimal comma, seconds or timecode, German or English names.

A row becomes a shot; a row without any sign of one is told and left out. Columns nobody knows are kept as fields.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from curator.film.phrases import is_none, spoken
from curator.film.storyboard import (
    MOST_CODE,
    MOST_SHOTS,
    SHOT_CODE,
    Kind,
    ReadScene,
    ReadShot,
    Remark,
    Storyboard,
    StoryboardError,
    base_name,
    free_code,
    put_field,
)
from curator.film.timecode import LABEL, Clock, TimecodeError
from curator.notation.errors import Sentence

COLUMNS = {
    "code": "id shot shotid shotno shotnr shotnumber shotcode shotname code no nr number einstellung einstellungsnr "
    "einstellungsnummer einst shotnummer nummer",
    "scene": "scene sceneno scenenr scenenumber sceneid szene szenenr szenennr szenennummer szenenummer",
    "slug": "slug slugline heading sceneheading szenenüberschrift szenenkopf szenentitel scenename szenenname",
    "clip": "clip clipname name title titel bezeichnung file filename datei dateiname",
    "start": "in start tcin timecodein in tcstart starttc starttime start beginn anfang von recordin recin startzeit "
    "timecode tc sourcetimecode einstieg",
    "end": "out end tcout timecodeout tcend endtc endtime ende bis stop recordout recout endzeit ausstieg",
    "length": "duration length dur dauer länge laenge laufzeit zeit time runtime seconds secs sec sekunden sek frames "
    "bilder bildanzahl einzelbilder framecount durationframes lengthframes",
    "description": "description desc beschreibung action handlung inhalt bildinhalt composition content text shottext",
    "dialogue": "dialogue dialog dialoge sprechertext sprecher voiceover vo speech gesprochen spokentext",
    "audio": "audio ton sound",
    "transition": "transition übergang uebergang blende",
}
_BY_NAME = {name: kind for kind, names in COLUMNS.items() for name in names.split()}
_FRAMES = re.compile(r"\b(?:frames?|bilder|einzelbilder|fr)\b", re.IGNORECASE)
_SUM = re.compile(r"\s*(?:total|totals|sum|summe|gesamt|insgesamt|σ|∑)\b.*", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?P<number>\d{1,9}(?:[.,]\d{1,6})?)\s*(?P<unit>s|sec|secs|seconds?|sek\.?|sekunden?|f|fr|frames?|bilder|\"|″)?",
    re.IGNORECASE | re.ASCII,
)
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]?\d(?:[.,]\d{1,6})?)", re.ASCII)


@dataclass(frozen=True)
class _Head:
    """What the columns hold: a name each, and the kind of those that are known."""

    row: int
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    frames: bool


@dataclass
class _Scene:
    number: int
    slug: str
    line: int
    shots: list[ReadShot] = field(default_factory=list)


def _key(name: str) -> str:
    return re.sub(r"\(.*?\)|\[.*?\]|[\W_]", "", name[:80].casefold())


def _table(lines: list[str], delimiter: str) -> list[tuple[int, list[str]]]:
    """The rows that are not blank, with the number of the line each ends on."""
    reader = csv.reader(io.StringIO("\n".join(lines), newline=""), delimiter=delimiter)
    return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]


def _head(rows: list[tuple[int, list[str]]]) -> _Head | None:
    """The first of ten rows that names at least two columns, one of which tells a shot from others or its length."""
    for index, (_line, row) in enumerate(rows[:10]):
        found: list[str] = []
        for place, cell in enumerate(row):
            kind = _BY_NAME.get(_key(cell), "")
            if _key(cell) == "bild":  # a scene's number, or what is to be seen
                below = rows[index + 1][1][place : place + 1] if index + 1 < len(rows) else []
                kind = "scene" if re.fullmatch(r"\d*\w?", "".join(below).strip()) else "description"
            found.append("" if kind in found else kind)
        known = {kind for kind in found if kind}
        if len(known) >= 2 and known & {"code", "clip", "length", "start", "scene"}:
            names = tuple(cell.strip() or f"Column {place}" for place, cell in enumerate(row, start=1))
            lengths = [name for name, kind in zip(names, found, strict=True) if kind == "length"]
            return _Head(index, names, tuple(found), bool(lengths and _FRAMES.search(lengths[0])))
    return None


def _best(lines: list[str]) -> tuple[list[tuple[int, list[str]]], _Head] | None:
    """The table by the delimiter that finds the most known columns; "sep=;" in the first line is Excel's."""
    said = re.fullmatch(r"sep=(.)", lines[0].strip()) if lines else None
    tables = []
    for delimiter in said[1] if said else ";,\t":
        try:
            rows = _table(["", *lines[1:]] if said else lines, delimiter)
        except csv.Error:
            continue
        if head := _head(rows):
            tables.append((sum(map(bool, head.kinds)), rows, head))
    return max(tables, key=lambda table: table[0])[1:] if tables else None


def looks_like_list(lines: list[str]) -> bool:
    """Whether there is a row of column names that are known."""
    return _best(lines) is not None


def read_list(lines: list[str], clock: Clock) -> Storyboard:
    """A shot list, read at the film's frame rate. Raises StoryboardError when it has no shot."""
    found = _best(lines)
    if found is None:
        raise StoryboardError("The table has no row of column names, such as: id; scene; duration.")
    rows, head = found
    reader = _Reader(head, clock)
    for line, row in rows[: head.row]:
        reader.before(line, row)
    for line, row in rows[head.row + 1 :]:
        reader.row(line, row)
    return reader.finish()


class _Reader:
    def __init__(self, head: _Head, clock: Clock) -> None:
        self.head = head
        self.clock = clock
        self.film: dict[str, str | list[str]] = {}
        self.scenes: list[_Scene] = []
        self.remarks: list[Remark] = []
        self.codes: set[str] = set()
        self.starts: list[int | None] = []

    def tell(self, line: int, pattern: str, **values: object) -> None:
        self.remarks.append(Remark(line, Sentence(pattern, **values)))

    def before(self, line: int, row: list[str]) -> None:
        """A row above the column names, such as the film's title."""
        text = " ".join(cell.strip() for cell in row if cell.strip())
        if not re.fullmatch("sep=.", text):
            self.film[f"Line {line}"] = text
            self.tell(line, "“%(words)s” stands above the table; it is kept as a note of the film.", words=text[:80])

    def row(self, line: int, row: list[str]) -> None:
        values: dict[str, str] = {}
        extra: dict[str, str] = {}
        for place, cell in enumerate(row):
            if not (text := cell.strip()):
                continue
            kind = self.head.kinds[place] if place < len(self.head.kinds) else ""
            name = self.head.names[place] if place < len(self.head.names) else f"Column {place + 1}"
            if kind in ("", "audio", "transition"):
                put_field(extra, kind.capitalize() or name, text)
            else:
                values[kind] = text
        told = {**values, **extra}
        if _SUM.fullmatch(next(iter(told.values()))) and not SHOT_CODE.search(" ".join(told.values())):
            self.tell(line, "The row “%(words)s” is a sum, no shot; it was left out.", words=_words(row))
        elif not set(values) - {"scene", "slug"} and not extra:
            self.scene(line, values)
        elif not set(values) & {"code", "clip", "length", "start", "description", "dialogue"}:
            self.tell(line, "The row “%(words)s” has neither an id nor a length; it was left out.", words=_words(row))
        else:
            self.shot(line, values, extra)

    def scene(self, line: int, values: dict[str, str]) -> _Scene:
        """The scene that these values name: the last one where they say nothing else."""
        told, slug = values.get("scene", ""), values.get("slug", "")
        number = int(found[0]) if (found := re.findall(r"\d{1,6}", told, re.ASCII)) else None
        if number is None and (code := SHOT_CODE.match(values.get("code", ""))):
            number = int(code.group()[1:].split("-")[0])
        slug = slug or ("" if number is not None and re.fullmatch(r"\D{0,8}\d+\D?", told) else told)
        known = [one for one in self.scenes if one.number == number] if number is not None else []
        if number is None:
            known = [one for one in self.scenes if one.slug == slug] if slug else self.scenes[-1:]
        if known:
            known[-1].slug = known[-1].slug or slug
            return known[-1]
        after = max((one.number for one in self.scenes), default=0) + 1
        made = _Scene(after if number is None else number, slug, line)
        self.scenes.append(made)
        return made

    def shot(self, line: int, values: dict[str, str], extra: dict[str, str]) -> None:
        scene = self.scene(line, values)
        for name, words in (("Scene", values.get("scene", "")), ("Slug line", values.get("slug", ""))):
            if words not in (scene.slug, str(scene.number), ""):
                put_field(extra, name, words)
        told = " ".join(values.get("code", "").split())
        plain = re.fullmatch(r"(\d{1,4})([a-zA-Z]?)", told, re.ASCII)
        if plain and "scene" in values:  # shot 2 of scene 1 is what a breakdown calls S01-002
            told = f"S{scene.number:02}-{plain[1]:>03}{plain[2].lower()}"
        code = told[:MOST_CODE]
        if len(told) > MOST_CODE:
            put_field(extra, "Id", told)
            self.tell(line, "The shot id “%(code)s” is too long; the shot is called %(taken)s.", code=told, taken=code)
        if code and code in self.codes:
            joined = f"S{scene.number:02}-{code}"
            taken = free_code(joined[:MOST_CODE], self.codes)
            self.tell(line, "The shot id %(code)s comes twice; the second is called %(taken)s.", code=code, taken=taken)
            code = taken
        if code:
            self.codes.add(code)
        if len(self.starts) >= MOST_SHOTS:
            raise StoryboardError("The file has more than %(most)d shots; no film has so many.", most=MOST_SHOTS)
        frames = self.length(line, values, extra)
        audio = [spoken(value, name) for name, value in extra.items() if base_name(name) == "Audio"]
        dialogue = values.get("dialogue") or "\n".join(text for text in audio if text)
        dialogue = "" if is_none(dialogue) else dialogue
        clip = values.get("clip", "")
        shot = ReadShot(code, line, values.get("description", ""), dialogue, clip, frames, extra)
        scene.shots.append(shot)

    def length(self, line: int, values: dict[str, str], extra: dict[str, str]) -> int | None:
        """The frames of a row, from its length or its in and out; what cannot be read stays as a field."""
        start, end = (self.time(line, values, extra, kind) for kind in ("start", "end"))
        self.starts.append(start)
        length = self.time(line, values, extra, "length")
        if length is not None and length <= 0:
            self.tell(line, "The row has a length of nothing; it gives none.")
            return None
        if length is None and start is not None and end is not None:
            if end > start:
                return end - start
            self.tell(line, "The row ends before it begins; it gives no length.")
        return length

    def time(self, line: int, values: dict[str, str], extra: dict[str, str], kind: str) -> int | None:
        text = values.get(kind, "")
        if not text:
            return None
        try:
            return frames_of(text, self.clock, frames=self.head.frames and kind == "length")
        except TimecodeError as error:
            name = self.head.names[self.head.kinds.index(kind)]
            put_field(extra, name, text)
            self.remarks.append(Remark(line, error.sentence))
            return None

    def finish(self) -> Storyboard:
        read = [(scene, shot) for scene in self.scenes for shot in scene.shots]
        if not read:
            raise StoryboardError("There is no shot in the table.")
        lengths = dict(self.from_starts([shot for _scene, shot in read]))
        scenes = []
        for scene in self.scenes:
            shots = tuple(
                ReadShot(one.code, one.line, one.description, one.dialogue, one.clip,
                         lengths.get(one.line, one.frames), one.fields)
                for one in scene.shots
            )  # fmt: skip
            scenes.append(ReadScene(scene.number, scene.slug, scene.line, {}, shots))
        names = [base_name(name) for _scene, shot in read for name, value in shot.fields.items() if not is_none(value)]
        return Storyboard(
            Kind.SHOT_LIST,
            fields=self.film,
            scenes=tuple(scenes),
            transitions=names.count("Transition"),
            audio=names.count("Audio"),
            remarks=tuple(sorted(self.remarks, key=lambda remark: remark.line)),
        )

    def from_starts(self, shots: list[ReadShot]) -> Iterator[tuple[int, int]]:
        """Lengths that follow from the beginning of the next shot, where the table has no column for them."""
        if {"length", "end"} & set(self.head.kinds) or len(self.starts) != len(shots):
            return
        by_line = sorted(shots, key=lambda shot: shot.line)
        for shot, start, after in zip(by_line, self.starts, self.starts[1:], strict=False):
            if start is not None and after is not None and after > start:
                yield shot.line, after - start
        if any(start is not None for start in self.starts):
            self.tell(by_line[-1].line, "The last shot has a beginning and no end; its length stays estimated.")


def _words(row: list[str]) -> str:
    return " ".join(cell.strip() for cell in row if cell.strip())[:80]


def frames_of(text: str, clock: Clock, *, frames: bool = False) -> int:
    """The frames of "00:00:04:12", "4.5", "4,5 s", "0:04,5", "108 frames"; a plain number is seconds unless `frames`.

    Timecode counts from 00:00:00:00. Raises TimecodeError for anything else.
    """
    text = text.strip()
    if LABEL.fullmatch(text):
        return Clock(clock.fps, clock.drop).frame(text)
    number = _NUMBER.fullmatch(text)
    told = _CLOCK.fullmatch(text)
    if number:
        value = Fraction(number["number"].replace(",", "."))
        unit = (number["unit"] or "").lower()
        if not (unit.startswith(("f", "b")) or (frames and not unit)):
            value *= clock.fps
        elif value.denominator != 1:
            raise TimecodeError("“%(text)s” is no whole number of frames.", text=text[:40])
    elif told:
        minutes = int(told[1] or 0) * 60 + int(told[2])
        value = (minutes * 60 + Fraction(told[3].replace(",", "."))) * clock.fps
    else:
        pattern = "“%(text)s” is no length that can be read; write seconds or 00:00:04:12."
        raise TimecodeError(pattern, text=text[:40])
    if value > 86400 * clock.fps:
        raise TimecodeError("“%(text)s” is longer than a day.", text=text[:40])
    return (value + Fraction(1, 2)).__floor__()
