"""What manifest.json of a package says, as types: checked when it is written, described by docs/package.schema.json.

Another meaning of a key or a key less gets the schema another number; a new key does not.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class FilmFacts(_Told):
    """The film: frames a second as "24" or "30000/1001"; timecode of its first picture and its length in frames."""

    title: str
    slug: str
    fps: str
    drop_frame: bool
    start: str
    length_frames: int


class TempoChange(_Told):
    """Quarter notes a minute from a bar on, and when that is: seconds from the beginning of the music, the film's
    frame and timecode."""

    bar: int
    tempo: float
    seconds: float
    frame: int
    timecode: str


class MetreChange(_Told):
    """A metre from a bar on."""

    bar: int
    metre: str


class Hit(_Told):
    """A frame where the music must land, and the bar and beat that sound then, counted from 1.

    `place`: the nearest beat, as "3.2"; `miss_ms`: milliseconds by which it comes after the hit, below zero before.
    """

    label: str
    hard: bool
    frame: int
    timecode: str
    seconds: float
    bar: int
    beat: float
    place: str
    miss_ms: float


class Times(_Told):
    """Where the cue lies in the film, and how its music lasts.

    `music_seconds` to the end of the last bar that sounds, `length` the same to the second as cue sheets tell it.
    `timecode_end` is where the music should end, at the out or its named `tail`; `ends_after_ms` tells by how much it
    ends later. `place_out`: bar and beat at the out.
    """

    timecode_in: str
    timecode_out: str
    in_frame: int
    out_frame: int
    tail: str
    timecode_end: str
    place_out: str
    seconds: float
    music_seconds: float
    length: str
    ends_after_ms: float


class Notes(_Told):
    """Where the notes come from: delivered = written + repeated - merged."""

    delivered: int
    written: int
    repeated: int
    merged: int
    shortened: int
    graces: int
    bars_padded: int


class Music(_Told):
    """The delivered score: bars are those of the file, repeats written out."""

    bars: int
    metres: tuple[MetreChange, ...]
    tempo_map: tuple[TempoChange, ...]
    notes: Notes


class Source(_Told):
    """Where a piece of the library comes from."""

    name: str
    url: str
    licence: str
    rights: str
    attribution: str


class Ancestor(_Told):
    """A checkpoint of the line that wrote the music, the one itself first, the one it was trained from behind it.

    `made_by` is the round, `data_sha256` that of the training set or the preference set, whose judgements it learned.
    """

    name: str
    sha256: str
    kind: str
    made_by: str
    data_sha256: str


class Making(_Told):
    """How a model wrote the music. `candidate` and `request` are its ids at this installation, `forced` the spans of
    the text that the engine wrote and not the model."""

    checkpoint: str
    checkpoint_sha256: str
    ancestors: tuple[Ancestor, ...]
    seed: int | None
    prompt: tuple[str, ...]
    sampling: dict[str, float | int | str]
    engine: str
    candidate: str
    request: str
    forced: tuple[tuple[int, int], ...]


class Judgement(_Told):
    """One blind answer about two takes of this cue: take numbers, answer, who (an id, no name) and when."""

    id: str
    at: str
    listener: str
    left: int
    right: int
    answer: str


class Approval(_Told):
    """The word that made this take the cue's music."""

    id: str
    at: str
    by: str
    why: str


class Lineage(_Told):
    """Where the music comes from, down to the judgements that chose it. `making` is null for music by people."""

    piece: str
    version: str
    origin: str
    text_sha256: str
    source: Source | None
    making: Making | None
    take: int
    take_id: str
    takes: int
    approval: Approval
    judgements: tuple[Judgement, ...]


class Copy(_Told):
    """Whether the music is a near copy of a piece by people that this installation holds.

    `how`: in what they are alike, `share`: how much, 0 to 1; `bars` and `their_bars` are the first and last bar of
    the longest run that both share, as far as one is known.
    """

    verdict: Literal["clear", "near copy", "not compared"]
    piece: str
    composer: str
    how: str
    share: float
    bars: tuple[int, int] | None
    their_bars: tuple[int, int] | None


class ThemeHeard(_Told):
    """A theme of the film and how the cue uses it (statement, variation, fragment) from a bar of its plan on."""

    name: str
    how: str
    bar: int


class Credits(_Told):
    """What the film's paperwork wants. `use`: BI, background instrumental."""

    title: str
    composer: str
    publisher: str
    use: str
    note: str


class File(_Told):
    """A file with its path in the package."""

    name: str
    bytes: int
    sha256: str


class CueEntry(_Told):
    """One cue, its files in `folder`."""

    number: str
    title: str
    version: int
    stage: str | None
    themes: tuple[ThemeHeard, ...]
    times: Times
    music: Music
    hits: tuple[Hit, ...]
    credits: Credits
    copy_check: Copy
    lineage: Lineage
    folder: str = ""
    files: tuple[File, ...] = ()


class Manifest(_Told):
    """manifest.json."""

    schema_name: Literal["cuewright-package/2"] = Field(default="cuewright-package/2", alias="schema")
    film: FilmFacts
    cues: tuple[CueEntry, ...]
    files: tuple[File, ...]


def json_schema() -> dict[str, object]:
    """The JSON Schema of manifest.json."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Manifest.model_json_schema(by_alias=True)}
