"""Reads a script in Fountain: scenes by their slug lines, action in paragraphs, speeches by name.

A paragraph of action with the speeches after it becomes a shot, so that cues have something to lie on before there
is a storyboard. Headings may also be written `## EXT. PLACE - TIME`, as in files called .md.
"""

import re
from dataclasses import dataclass, field

from curator.film.storyboard import (
    MOST_SHOTS,
    SETTING,
    Kind,
    ReadScene,
    ReadShot,
    Remark,
    Speech,
    Storyboard,
    StoryboardError,
    put_field,
    put_note,
)
from curator.notation.errors import Sentence

SCRIPT_CODE = re.compile(r"S\d{2,}-P\d{3,}(?:[b-z]|\.\d+)?", re.ASCII)
"""The id of a shot that was made from a paragraph of a script: S01-P001, or S01-P001b where that one was taken."""

_KEY = re.compile(r"([^\W\d_][\w /-]{0,39}):\s*(.*)")
_TURN = re.compile(
    r"(?:(?:FADE|CUT|SMASH CUT|DISSOLVE|MATCH CUT|IRIS)\b[A-ZÄÖÜ ]{0,30}"
    r"|BLACKOUT|(?:AB|AUF|ÜBER)BLENDE|SCHWARZBLENDE)[.:]?"
)
_NAME = re.compile(r"([^()]{1,60}?)\s*((?:\([^()]{0,60}\)\s*){0,3})\^?")
_NUMBERED = re.compile(r"\s*#[\w.-]{1,12}#$")
_NOTE = re.compile(r"\[\[.*\]\]|/\*.*\*/")


def heading(line: str) -> str:
    """The slug line that a line is, without marks before it and a number behind; "" for any other line."""
    text = line.strip().lstrip("#").strip() if line.lstrip().startswith("#") else line.strip()
    if text.startswith(".") and text[1:2].isupper():  # forced
        return _NUMBERED.sub("", text[1:].strip())
    return _NUMBERED.sub("", text) if SETTING.match(text) else ""


def looks_like_script(lines: list[str]) -> bool:
    """Whether there is at least one slug line with INT. or EXT."""
    return any(SETTING.match(line.strip().lstrip("#").strip()) for line in lines)


def read_script(lines: list[str]) -> Storyboard:
    """A script, read. Raises StoryboardError when it has no scene, or more paragraphs than any film."""
    reader = _Reader([line.strip() for line in lines])
    reader.title_page()
    while reader.at < len(reader.lines):
        reader.step()
    return reader.finish()


@dataclass
class _Beat:
    line: int
    text: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    speeches: list[Speech] = field(default_factory=list)


@dataclass
class _Scene:
    slug: str
    line: int
    fields: dict[str, str] = field(default_factory=dict)
    beats: list[_Beat] = field(default_factory=list)


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = 0
        self.title = ""
        self.film: dict[str, str] = {}
        self.scenes: list[_Scene] = []
        self.remarks: list[Remark] = []
        self.transitions = 0
        self.beats = 0

    def tell(self, line: int, pattern: str, **values: object) -> None:
        self.remarks.append(Remark(line, Sentence(pattern, **values)))

    def title_page(self) -> None:
        """`Key: value` lines at the very top; a line without a key goes on with the one before."""
        while self.at < len(self.lines) and not self.lines[self.at]:
            self.at += 1
        name = ""
        while self.at < len(self.lines) and (text := self.lines[self.at]):
            found = _KEY.fullmatch(text)
            if found and not _TURN.fullmatch(text) and not heading(text):
                name = put_field(self.film, found[1], found[2].strip("* _"))
            elif name and not heading(text) and not text.startswith(("#", "=")):
                self.film[name] = f"{self.film[name]}\n{text}".strip()
            else:
                break
            self.at += 1
        keys = {key.casefold(): value for key, value in self.film.items()}
        self.title = " ".join((keys.get("title") or keys.get("titel") or "").replace("*", "").replace("_", " ").split())

    def block(self) -> list[str]:
        """The lines from here to the next blank line or heading; goes behind them."""
        start = self.at
        self.at += 1
        while self.at < len(self.lines) and self.lines[self.at] and not heading(self.lines[self.at]):
            self.at += 1
        return self.lines[start : self.at]

    def step(self) -> None:
        """The next element of the script."""
        text, line = self.lines[self.at], self.at + 1
        if not text or re.fullmatch(r"={3,}|-{3,}|\*{3,}|_{3,}", text):
            self.at += 1
        elif slug := heading(text):
            self.at += 1
            self.scenes.append(_Scene(slug, line))
        elif text.startswith("#"):
            self.at += 1
            self.chapter(line, text)
        elif text.startswith("=") and self.scenes:
            self.at += 1
            put_field(self.scenes[-1].fields, "Synopsis", text.lstrip("= "))
        elif _NOTE.fullmatch(text):
            self.at += 1
            self.keep(line, text)
        elif self.scenes and self.is_name(text) and self.goes_on():
            self.speech(line, self.block())
        else:
            self.action(line, self.block())

    def chapter(self, line: int, text: str) -> None:
        words = text.lstrip("#").strip()
        if not self.title and not self.scenes and words:
            self.title = words
        else:
            self.keep(line, text)

    def keep(self, line: int, text: str) -> None:
        put_note(self.scenes[-1].fields if self.scenes else self.film, text)
        words = text[:80]
        if self.scenes:
            pattern = "“%(words)s” is no part of a script; it is kept as a note of scene %(number)d."
            self.tell(line, pattern, words=words, number=len(self.scenes))
        else:
            self.tell(line, "“%(words)s” stands before the first scene; it is kept as a note of the film.", words=words)

    def goes_on(self) -> bool:
        """Whether the next line belongs to this one: a name is followed by what is said."""
        return self.at + 1 < len(self.lines) and bool(self.lines[self.at + 1]) and not heading(self.lines[self.at + 1])

    def is_name(self, text: str) -> bool:
        """A name in capitals, with or without (V.O.), or one that is forced with @."""
        if text.startswith("@"):
            return len(text) > 1
        found = _NAME.fullmatch(text)
        name = found[1] if found else ""
        capitals = name and not any(letter.islower() and letter != "ß" for letter in name)
        return bool(capitals and any(letter.isalpha() for letter in name) and name[-1] not in ".!?:,;<")

    def speech(self, line: int, block: list[str]) -> None:
        found = _NAME.fullmatch(block[0].lstrip("@"))
        name, manner = (found[1].strip(), found[2]) if found else (block[0].lstrip("@"), "")
        manner = " ".join(manner.replace("(", " ").replace(")", " ").split())
        beats = self.scenes[-1].beats
        if not beats:
            self.new_beat(line, "")
        beats[-1].speeches.append(Speech(name, manner, "\n".join(block[1:]), line))

    def action(self, line: int, block: list[str]) -> None:
        forced = block[0].startswith(">") and not block[0].endswith("<")
        text = "\n".join(block)
        text = text[1:].strip() if text.startswith(("!", ">", "~")) else text
        turn = forced or bool(_TURN.fullmatch(text)) or bool(re.fullmatch(r"[A-ZÄÖÜ ]{1,40} TO:", text))
        self.transitions += turn
        if not self.scenes:
            if turn:
                put_field(self.film, "Transition", text)
            else:
                self.keep(line, text)
        elif turn:
            if not self.scenes[-1].beats:
                self.new_beat(line, "")
            put_field(self.scenes[-1].beats[-1].fields, "Transition", text)
        else:
            self.new_beat(line, text)

    def new_beat(self, line: int, text: str) -> None:
        self.beats += 1
        if self.beats > MOST_SHOTS:
            raise StoryboardError("The file has more than %(most)d paragraphs; no film has so many.", most=MOST_SHOTS)
        self.scenes[-1].beats.append(_Beat(line, text))

    def finish(self) -> Storyboard:
        if not self.scenes:
            raise StoryboardError("There is no scene in the script; a scene begins with INT. or EXT.")
        scenes = tuple(_scene(number, scene) for number, scene in enumerate(self.scenes, start=1))
        return Storyboard(
            Kind.SCRIPT,
            title=self.title,
            fields={**self.film},
            scenes=scenes,
            transitions=self.transitions,
            audio=sum(len(scene.speeches) for scene in scenes),
            remarks=tuple(self.remarks),
        )


def _scene(number: int, scene: _Scene) -> ReadScene:
    beats = scene.beats or [_Beat(scene.line, "")]
    shots = []
    for count, beat in enumerate(beats, start=1):
        names = dict.fromkeys(speech.character for speech in beat.speeches)
        fields = {**({"Characters": ", ".join(names)} if names else {}), **beat.fields}
        dialogue = "\n".join(str(speech) for speech in beat.speeches)
        shots.append(ReadShot(f"S{number:02}-P{count:03}", beat.line, beat.text, dialogue, fields=fields))
    speeches = tuple(speech for beat in beats for speech in beat.speeches)
    return ReadScene(number, scene.slug, scene.line, scene.fields, tuple(shots), speeches)
