"""What the API answers, as types; docs/openapi.json is made from them."""

from ninja import Schema


class FilmTold(Schema):
    """A film that the token sees, and how many of its cues are approved."""

    slug: str
    title: str
    fps: str
    cues_url: str
    package_url: str
    approved: int


class FileTold(Schema):
    """A file of a cue. `sha256` is also its ETag."""

    kind: str
    name: str
    bytes: int
    sha256: str
    url: str


class CueTold(Schema):
    """An approved cue. `fits`: its music ends with it, to the frame."""

    number: str
    title: str
    version: int
    approved_at: str
    bars: int
    seconds: float
    fits: bool
    files: list[FileTold]


class ProblemTold(Schema):
    """An approved cue that cannot be fetched, and why."""

    number: str
    about: str
    sentence: str


class CuesTold(Schema):
    """The approved cues of a film, in its order."""

    film: str
    cues: list[CueTold]
    problems: list[ProblemTold]


class Refusal(Schema):
    """Why there is no answer."""

    detail: str
