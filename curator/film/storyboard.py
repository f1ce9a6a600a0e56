"""What the readers of the film team's files find: scenes, shots, the arc, and a line for all that is odd.

The readers keep everything: a field that nobody knows stays under its name, a line that fits nowhere is kept as a
note and told. Reading never decides what is saved.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from curator.notation.errors import Sentence

MOST_SHOTS = 5000
MOST_CODE = 20
MOST_NAME = 60
MOST_SLUG = 200
NOTES = "Notes"
"""The field that takes lines which fit no other."""

SHOT_CODE = re.compile(r"S\d{2,6}-\d{3,6}", re.ASCII)


class StoryboardError(ValueError):
    """A file that is none of those the readers know; `sentence` says so in plain words."""

    def __init__(self, pattern: str, **values: object) -> None:
        self.sentence = Sentence(pattern, **values)
        super().__init__(str(self.sentence))


class Kind(StrEnum):
    """The four kinds of file."""

    BREAKDOWN = "breakdown"
    SCRIPT = "script"
    SHOT_LIST = "shot_list"
    EDIT_LIST = "edit_list"


@dataclass(frozen=True)
class Remark:
    """Something to be told about a file; `line` counts from 1, 0 means the file as a whole."""

    line: int
    sentence: Sentence


@dataclass(frozen=True)
class Speech:
    """One speech of a script. `manner` is what stands in brackets behind the name, such as V.O."""

    character: str
    manner: str
    text: str
    line: int

    def __str__(self) -> str:
        name = f"{self.character} ({self.manner})" if self.manner else self.character
        return f"{name}: {self.text}"


@dataclass(frozen=True)
class ReadShot:
    """A shot as a file tells it.

    `code` is its id ("" where the file has none), `clip` the name of its clip in an edit, `frames` its length where
    the file gives one. `fields` has every field of the file by its own name, in order.
    """

    code: str
    line: int
    description: str = ""
    dialogue: str = ""
    clip: str = ""
    frames: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReadScene:
    """A scene as a file tells it. `speeches` are those of a script, in order."""

    number: int
    slug_line: str
    line: int
    fields: Mapping[str, str] = field(default_factory=dict)
    shots: tuple[ReadShot, ...] = ()
    speeches: tuple[Speech, ...] = ()


@dataclass(frozen=True)
class Marker:
    """A locator of an edit list; `frame` counts from the list's first frame."""

    frame: int
    colour: str
    label: str


@dataclass(frozen=True)
class Storyboard:
    """A file, read. `runtime` is the estimated range in seconds; `claimed` are the totals the file states itself."""

    kind: Kind
    title: str = ""
    fields: Mapping[str, str | list[str]] = field(default_factory=dict)
    scenes: tuple[ReadScene, ...] = ()
    stages: tuple[str, ...] = ()
    runtime: tuple[int, int] | None = None
    claimed: Mapping[str, int] = field(default_factory=dict)
    markers: tuple[Marker, ...] = ()
    transitions: int = 0
    audio: int = 0
    remarks: tuple[Remark, ...] = ()

    @property
    def shots(self) -> tuple[ReadShot, ...]:
        """All shots in the order of the film, which is that of the file but for edit lists."""
        shots = [shot for scene in self.scenes for shot in scene.shots]
        return tuple(shots if self.kind == Kind.EDIT_LIST else sorted(shots, key=lambda shot: shot.line))

    @property
    def dialogues(self) -> int:
        """Speeches of a script, else shots in which somebody speaks."""
        if self.kind == Kind.SCRIPT:
            return sum(len(scene.speeches) for scene in self.scenes)
        return sum(bool(shot.dialogue) for shot in self.shots)


def base_name(name: str) -> str:
    """The name of a field without what stands in brackets: "Audio (V.O.)" is Audio."""
    return name.partition("(")[0].strip()


def put_field(fields: dict[str, str], name: str, value: str) -> str:
    """Put a field beside those of the same name, and return the name it got: Audio, Audio (2).

    The ninth takes all that follow, a line each.
    """
    taken = next((made for made in (name, *(f"{name} ({count})" for count in range(2, 9))) if made not in fields), "")
    if not taken:
        taken = f"{name} (9)"
        value = f"{fields[taken]}\n{value}" if taken in fields else value
    fields[taken] = value
    return taken


def put_note(fields: dict[str, str], text: str) -> None:
    """Add a line to the notes of a shot, scene or film."""
    fields[NOTES] = f"{fields[NOTES]}\n{text}" if fields.get(NOTES) else text


def free_code(code: str, taken: set[str]) -> str:
    """`code`, or with a letter or number behind it where it is taken; at most 20 signs."""
    if code not in taken:
        return code
    return next(made for tail in _tails() if (made := code[: MOST_CODE - len(tail)] + tail) not in taken)


def _tails() -> Iterator[str]:
    yield from "bcdefghijklmnopqrstuvwxyz"
    number = 2
    while True:
        yield f".{number}"
        number += 1


@dataclass(frozen=True)
class Slug:
    """The parts of a slug line: INT. or EXT., the place, the time of day ("" where it has none)."""

    setting: str
    place: str
    time: str


SETTING = re.compile(
    r"(INT\.?/EXT|EXT\.?/INT|I/E|INT|EXT|EST(?=\.)|(?-i:INNEN/AU(?:SS|ß)EN|AU(?:SS|ß)EN|INNEN))(?:[.:]\s*|\s+)(?=\S)",
    re.IGNORECASE,
)


def split_slug(line: str) -> Slug:
    """The parts of "INT. DACHBODEN - TAG"; the time stands after the last dash with blanks around it."""
    match = SETTING.match(line)
    rest = line[match.end() :] if match else line
    at = max(rest.rfind(f" {dash} ") for dash in "-–—")
    place, time = (rest[:at], rest[at + 3 :]) if at >= 0 else (rest, "")
    return Slug(match[1].upper() if match else "", place.strip(), time.strip())


def plain_slug(line: str) -> str:
    """A slug line reduced to what tells it from others: the same scene in two files has the same."""
    slug = split_slug(" ".join(line.split()))
    parts = (slug.setting.replace(".", ""), slug.place, slug.time.strip(". "))
    return "|".join(part.casefold() for part in parts)
