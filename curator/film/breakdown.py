"""Reads the storyboard breakdown in Markdown: scenes, shots, footer, arc.

Every line either becomes part of a field or is kept as a note and told. Totals in the footer are a cross-check.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from curator.film.phrases import is_none, runtime_range, split_arc, split_list, spoken
from curator.film.storyboard import (
    MOST_CODE,
    MOST_SHOTS,
    NOTES,
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
    put_note,
)
from curator.notation.errors import Sentence

SCENE = re.compile(r"##\s+(?:SCENE|SZENE)\s+(\d{1,6})\s*:\s*(\S.*)", re.IGNORECASE | re.ASCII)
SHOT = re.compile(r"###\s+(S\d{2,}-\d{3,})", re.ASCII)

_RULE = re.compile(r"[-*_]{3,}|={3,}")
_ITEM = re.compile(r"(?:[-*•]|\d{1,3}[.)])\s+(\S.*)")
_DATED = re.compile(r"(?P<label>[^:|]*):\s*(?P<date>\d{4}-\d{2}-\d{2})")
_ODD_CODE = re.compile(r"\bS(\d{1,6})\s*[-_ ]\s*(\d{1,6})([a-z]?)\b", re.IGNORECASE | re.ASCII)

_SHOT_FIELDS = {
    *("camera", "movement", "composition", "characters", "location", "props", "tone", "audio", "transition"),
    *("scene", "description", "action"),
}
_TOTALS = {"total scenes": "scenes", "total shots": "shots", "szenen gesamt": "scenes", "einstellungen gesamt": "shots"}
_RUNTIME = {"estimated runtime", "runtime", "geschätzte laufzeit", "laufzeit"}
_ARC = {"emotional arc", "emotionaler bogen"}
_LISTS = {"key visual themes", "visual themes", "color palette", "colour palette", "visuelle themen", "farbpalette"}
_SEEN = ("composition", "description", "action", "beschreibung", "bildinhalt")


@dataclass
class _Part:
    """A shot or scene while its lines come in. A scene is `told` its number by the file and may get another."""

    name: str
    line: int
    number: int = 0
    told: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    shots: list["_Part"] = field(default_factory=list)


def looks_like_breakdown(lines: list[str]) -> bool:
    """Whether these lines are a breakdown: headings of scenes or shots as it writes them, or many of its fields."""
    if any(SCENE.fullmatch(line.strip()) or SHOT.fullmatch(line.strip()) for line in lines):
        return True
    names = {name.casefold() for line in lines for name, _value in statements(line) if name}
    return len(names & (_SHOT_FIELDS | set(_TOTALS) | _RUNTIME | _ARC | _LISTS)) >= 2


def statements(line: str) -> list[tuple[str, str]]:
    """The fields of a line as (name, value); ("", text) for text that is none.

    A field begins at the start of the line or after two blanks: **Name:** value, with the colon inside the bold.
    """
    pieces: list[str] = []
    for piece in line.strip().split("  "):
        if pieces and not piece.lstrip().startswith("**"):
            pieces[-1] += f"  {piece}"
        else:
            pieces.append(piece)
    return [_statement(piece.strip()) for piece in pieces if piece.strip()]


def _statement(text: str) -> tuple[str, str]:
    end = text.find("**", 2) if text.startswith("**") else -1
    if end < 0:
        return "", text
    name, value = text[2:end].strip(), text[end + 2 :].strip()
    if name.endswith(":"):
        name = name[:-1].strip()
    elif value.startswith(":"):  # the colon behind the bold, as other programs write it
        value = value[1:].strip()
    else:
        return "", text
    return (name, value) if name and ":" not in name and "*" not in name else ("", text)


def read_breakdown(lines: list[str]) -> Storyboard:
    """A breakdown, read. Raises StoryboardError when there is no shot in it, or more than any film has."""
    reader = _Reader()
    for number, line in enumerate(lines, start=1):
        if line.strip():
            reader.take(number, line.strip())
        else:
            reader.pause()
    return reader.finish()


class _Reader:
    """Takes one line after the other; `shot`, `scene` or neither (the film itself) is what fields belong to."""

    def __init__(self) -> None:
        self.title = ""
        self.film: dict[str, str] = {}
        self.lists: dict[str, list[str]] = {}
        self.scenes: list[_Part] = []
        self.scene: _Part | None = None
        self.shot: _Part | None = None
        self.stages: tuple[str, ...] = ()
        self.runtime: tuple[int, int] | None = None
        self.claimed: dict[str, int] = {}
        self.remarks: list[Remark] = []
        self.open = ""  # the field of the film whose list or next line may follow
        self.last: tuple[dict[str, str], str] | None = None  # the field that a line without markup goes on with
        self.codes: set[str] = set()
        self.numbers: set[int] = set()
        self.strange: dict[str, tuple[int, int]] = {}

    def tell(self, line: int, pattern: str, **values: object) -> None:
        self.remarks.append(Remark(line, Sentence(pattern, **values)))

    def pause(self) -> None:
        """A blank line: nothing goes on after it."""
        self.last = None

    @property
    def fields(self) -> dict[str, str]:
        part = self.shot or self.scene
        return part.fields if part else self.film

    def take(self, line: int, text: str) -> None:
        """One line that is not blank."""
        if _RULE.fullmatch(text):
            self.last = None
        elif text.startswith("#"):
            self.heading(line, text)
        else:
            for name, value in statements(text):
                if name:
                    self.field(line, name, value)
                else:
                    self.text(line, value)

    def heading(self, line: int, text: str) -> None:
        self.last, self.open = None, ""
        scene = SCENE.fullmatch(text)
        words = text.lstrip("#").strip()
        if scene:
            self.start_scene(line, int(scene[1]), scene[2].strip())
        elif text.startswith("###") and not text.startswith("####") and words:
            self.start_shot(line, words)
        elif text.startswith("# ") and not self.title and not self.scenes:
            before, colon, after = words.partition(":")
            self.title = after.strip() if after.strip() else words.rstrip(": ")
            if colon and after.strip():
                self.film["Document"] = before.strip()
        else:
            self.shot = None
            if self.scene and text.startswith("##"):
                self.scene = None  # a chapter of its own, no part of the scene before
            self.keep(line, text)

    def start_scene(self, line: int, number: int, slug: str) -> None:
        self.shot = None
        same = next((one for one in self.scenes if (one.told, one.name) == (number, slug)), None)
        if same:
            self.tell(line, "Scene %(number)d comes twice; its shots stand together.", number=number)
            self.scene = same
            return
        told = number
        if any(one.number == number for one in self.scenes):
            self.tell(line, "Two scenes have the number %(number)d; both are kept.", number=number)
            number = max(one.number for one in self.scenes) + 1
        self.scene = _Part(slug, line, number, told)
        self.scenes.append(self.scene)

    def start_shot(self, line: int, words: str) -> None:
        if self.scene is None:
            found = SHOT_CODE.match(words)
            number = int(words[1:].split("-")[0]) if found else len(self.scenes) + 1
            self.tell(line, "A shot stands before any scene; a scene without a slug line was made for it.")
            self.start_scene(line, number, "")
        scene = self.scene
        if scene is None:  # pragma: no cover (start_scene sets it)
            raise AssertionError
        exact = SHOT_CODE.match(words)
        odd = _ODD_CODE.search(words)
        if exact:
            code, rest = exact.group(), words[exact.end() :]
        elif odd:
            code, rest = f"S{odd[1]:>02}-{odd[2]:>03}{odd[3].lower()}", words[: odd.start()] + words[odd.end() :]
        else:
            code, rest = f"S{scene.number:02}-{len(scene.shots) + 1:03}", words
        rest = rest.strip(" :–—-")
        if not exact:
            self.tell(line, "“%(words)s” is no shot id; the shot is called %(code)s.", words=words[:80], code=code)
        elif not code.startswith(f"S{scene.number:02}-"):
            self.tell(line, "%(code)s stands in scene %(number)d.", code=code, number=scene.number)
        taken = free_code(code[:MOST_CODE], self.codes)
        if taken != code:
            self.tell(line, "The shot id %(code)s comes twice; the second is called %(taken)s.", code=code, taken=taken)
        self.codes.add(taken)
        if len(self.codes) > MOST_SHOTS:
            raise StoryboardError("The file has more than %(most)d shots; no film has so many.", most=MOST_SHOTS)
        self.shot = _Part(taken, line)
        if rest:
            put_note(self.shot.fields, rest)
        if rest and (exact or odd):
            self.tell(line, "“%(words)s” stands behind the id of a shot; it is kept as a note.", words=rest[:80])
        scene.shots.append(self.shot)

    def field(self, line: int, name: str, value: str) -> None:
        key = name.casefold()
        self.last, self.open = None, ""
        if key in _TOTALS or key in _RUNTIME or key in _ARC or key in _LISTS:
            self.footer(line, name, value)
            return
        part = self.shot or self.scene
        if part is None and key in _SHOT_FIELDS and self.scenes:
            self.tell(line, "%(name)s stands outside of any scene; it is kept with the film.", name=name)
        if part is None and not value:
            self.open = name
            self.lists.setdefault(name, [])
            return
        if part and base_name(key) not in _SHOT_FIELDS:
            first, times = self.strange.get(name, (line, 0))
            self.strange[name] = (first, times + 1)
        taken = put_field(self.fields, name, value)
        if taken != name:
            self.tell(line, "%(name)s comes twice in one place; both are kept.", name=name)
        self.last = (self.fields, taken)

    def footer(self, line: int, name: str, value: str) -> None:
        """A field of the film's end, wherever it stands."""
        self.shot = self.scene = None
        key = name.casefold()
        self.open = name
        if key in _LISTS:
            self.lists.setdefault(name, [])
            if value:
                self.lists[name].append(value)
            return
        if key in _ARC:
            self.arc(value)
            return
        put_field(self.film, name, value)
        number = re.fullmatch(r"[^\d]{0,10}(\d{1,6})\b.{0,60}", value, re.ASCII)
        if key in _TOTALS and number:
            self.claimed[_TOTALS[key]] = int(number[1])
        elif key in _RUNTIME and (found := runtime_range(value)):
            self.runtime = found
        else:
            self.tell(line, "%(name)s “%(value)s” cannot be read.", name=name, value=value[:80])

    def arc(self, value: str) -> None:
        if not value:
            return
        self.stages += split_arc(value)
        kept = self.film.get("Emotional arc")
        self.film["Emotional arc"] = f"{kept}\n{value}" if kept else value

    def text(self, line: int, text: str) -> None:
        """A line, or a part of one, that is no field."""
        bold = text[2:-2].strip() if text.startswith("**") and text.endswith("**") and len(text) > 4 else ""
        item = _ITEM.fullmatch(text)
        if bold and re.fullmatch(r"(?:END|ENDE)\b.{0,80}", bold):
            self.shot = self.scene = self.last = None
            self.open = ""
            self.film.setdefault("End", bold)
        elif bold and not self.scenes and "Team" not in self.film:
            self.masthead(bold)
        elif self.open and self.open.casefold() in _ARC:
            self.arc(item[1] if item else text)
        elif self.open and item:
            self.lists[self.open].append(item[1]) if self.open in self.lists else self.keep(line, text)
        elif self.open in self.lists and not self.lists[self.open]:
            self.lists[self.open].append(text)  # one line instead of a list
        elif self.last and not bold and not item:
            fields, name = self.last
            fields[name] = f"{fields[name]} {text}".strip()
            self.tell(line, "The line goes on with %(name)s and was joined to it.", name=name)
        else:
            self.keep(line, text)

    def masthead(self, bold: str) -> None:
        """**Team | Draft: 2026-01-01**"""
        team, _bar, rest = (part.strip() for part in bold.partition("|"))
        self.film["Team"] = team
        dated = _DATED.fullmatch(rest)
        if dated:
            self.film[dated["label"].strip() or "Draft"] = dated["date"]
        elif rest:
            self.film["Draft"] = rest

    def keep(self, line: int, text: str) -> None:
        put_note(self.fields, text)
        where = self.shot.name if self.shot else f"{self.scene.number}" if self.scene else ""
        words = text[:80]
        if self.shot:
            self.tell(line, "“%(words)s” is no field; it is kept as a note of %(where)s.", words=words, where=where)
        elif self.scene:
            self.tell(
                line, "“%(words)s” is no field; it is kept as a note of scene %(where)s.", words=words, where=where
            )
        else:
            self.tell(line, "“%(words)s” is no field; it is kept as a note of the film.", words=words)

    def finish(self) -> Storyboard:
        """The whole, with what only the end can tell."""
        scenes = tuple(_scene(part) for part in self.scenes)
        shots = [shot for scene in scenes for shot in scene.shots]
        if not shots:
            raise StoryboardError("There is no shot in the file; a shot begins with a line like ### S01-001.")
        for name, (line, times) in self.strange.items():
            self.tell(
                line, "The field %(name)s is kept beside the usual ones (%(times)d times).", name=name, times=times
            )
        self.remarks += _strangers(shots)
        for what, found in (("scenes", len(scenes)), ("shots", len(shots))):
            said = self.claimed.get(what, found)
            if said != found and what == "shots":
                self.tell(0, "The footer says %(said)d shots, found %(found)d.", said=said, found=found)
            elif said != found:
                self.tell(0, "The footer says %(said)d scenes, found %(found)d.", said=said, found=found)
        if not self.runtime:
            self.tell(0, "The file names no runtime; the lengths are estimated from the texts alone.")
        if not self.stages:
            self.tell(0, "The file names no emotional arc.")
        film: dict[str, str | list[str]] = {**self.film, **self.lists}
        return Storyboard(
            Kind.BREAKDOWN,
            title=self.title,
            fields=film,
            scenes=scenes,
            stages=self.stages,
            runtime=self.runtime,
            claimed=self.claimed,
            transitions=_count(shots, "transition"),
            audio=_count(shots, "audio"),
            remarks=tuple(sorted(self.remarks, key=lambda remark: remark.line)),
        )


def _count(shots: list[ReadShot], name: str) -> int:
    return sum(
        base_name(key).casefold() == name and not is_none(value) for shot in shots for key, value in shot.fields.items()
    )


def _scene(part: _Part) -> ReadScene:
    return ReadScene(part.number, part.name, part.line, part.fields, tuple(_shot(shot) for shot in part.shots))


def _shot(part: _Part) -> ReadShot:
    by_name = {name.casefold(): value for name, value in reversed(part.fields.items())}
    description = next((by_name[name] for name in _SEEN if by_name.get(name)), by_name.get("camera", ""))
    told = [spoken(value, name) for name, value in part.fields.items() if base_name(name).casefold() == "audio"]
    dialogue = "\n".join(text for text in told if text)
    return ReadShot(part.name, part.line, description or part.fields.get(NOTES, ""), dialogue, fields=part.fields)


def _strangers(shots: list[ReadShot]) -> Iterator[Remark]:
    """Shots that others refer to ("Same as S01-003, but …") and that are not there."""
    known = {shot.code for shot in shots}
    for shot in shots:
        named = {code for value in shot.fields.values() for code in SHOT_CODE.findall(value)}
        for code in sorted(named - known):
            pattern = "%(shot)s refers to %(other)s, which is not in the file."
            yield Remark(shot.line, Sentence(pattern, shot=shot.code, other=code))


def people(fields: dict[str, str]) -> tuple[str, ...]:
    """The names in the Characters of a shot or scene, without their states."""
    value = next((value for name, value in fields.items() if name.casefold() == "characters"), "")
    return tuple(entry.name for entry in split_list(value))
