"""What a request may start from: the first bars of a take or piece, all of it, or one of its hands."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from curator.domain.errors import DomainError
from curator.domain.sentences import say
from curator.models.film import Cue
from curator.models.library import Origin, PieceVersion
from curator.models.ranking import Take, TakeState
from curator.notation.errors import NotationError
from generation.notagen.themes import Theme, read_theme

MOST_PIECES = 300
"""So many pieces of the library stand in the form's list; any other can be named by its id."""


# What generation.notagen.themes can say; here so that the catalogues hold it.
SENTENCES = (
    _noop("Bar %(bar)d changes the metre; choose fewer bars."),
    _noop("Bar %(bar)d does not add up."),
    _noop("Only a piece of one voice a hand can be varied with one of them kept."),
    _noop("A piece that begins with an upbeat cannot be varied bar by bar."),
    _noop("The engine writes in eighths (L:1/8), this piece does not."),
    _noop("The engine cannot go on from music in free time."),
    _noop("The engine cannot go on in this metre or key: %(reason)s"),
)


class StartMode(StrEnum):
    """How a piece version is used."""

    FIRST = "first"  # go on from its first bars
    WHOLE = "whole"  # made as long as the cue: gone on from, or cut
    KEEP_RIGHT = "keep-right"  # a variation: the right hand stays
    KEEP_LEFT = "keep-left"


_KEPT_VOICE = {StartMode.KEEP_RIGHT: 1, StartMode.KEEP_LEFT: 2}


@dataclass(frozen=True)
class Start:
    """A version to start from, how, and for FIRST how many of its bars."""

    version: PieceVersion
    mode: StartMode
    bars: int = 4


@dataclass(frozen=True)
class Choice:
    """A version that may be started from. `group`: own (takes of the cue), film (kept takes of other cues), library."""

    version: str
    label: str
    group: str


def start_brief(*, cue: Cue, start: Start) -> dict[str, Any]:
    """What a start adds to the brief of a request: key, staves and the bars that are given. Raises DomainError.

    The music keeps its own key; tempo and length are the cue's.
    """
    wanted = start.bars if start.mode == StartMode.FIRST else cue.bars
    if start.mode == StartMode.FIRST and not 1 <= wanted < cue.bars:
        raise DomainError(
            _("The cue has %(bars)d bars. Start from 1 to %(most)d of them.")
            % {"bars": cue.bars, "most": max(1, cue.bars - 1)}
        )
    try:
        theme = read_theme(start.version.abc, bars=wanted)
        if theme.metre != cue.metre:
            raise DomainError(
                _("The music is in %(metre)s and the cue in %(asked)s.") % {"metre": theme.metre, "asked": cue.metre}
            )
        given = _given(theme, start, cue)
    except NotationError as error:
        raise DomainError(say(error.sentence)) from error
    told = {"version": start.version.public_id, "mode": start.mode.value, "bars": wanted}
    return {"key": theme.key, "staves": list(theme.staves), "start": told, **given}


def _given(theme: Theme, start: Start, cue: Cue) -> dict[str, Any]:
    if start.mode in _KEPT_VOICE:
        voice = _KEPT_VOICE[start.mode]
        return {"kept": list(theme.kept(voice)), "kept_voice": voice}
    if len(theme.bars) == cue.bars:
        theme = theme.closed()
    return {"theme": list(theme.lines)}


def is_complete(brief: Mapping[str, Any]) -> bool:
    """Whether the bars given are all that was asked for, so that nothing is left to write: the music is cut."""
    return len(brief.get("theme", ())) >= int(brief["bars"])


def start_again(brief: Mapping[str, Any]) -> Start | None:
    """The start of an earlier request by its brief; None where it had none. Raises DomainError when it is gone."""
    told = brief.get("start")
    if not told:
        return None
    return find_start(version=told["version"], mode=StartMode(told["mode"]), bars=int(told["bars"]))


def find_start(*, version: str, mode: StartMode, bars: int = 4) -> Start:
    """The start from the version with this public id. Raises DomainError."""
    row = PieceVersion.objects.filter(public_id=version).first()
    if row is None:
        raise DomainError(_("The music to start from is not here any more."))
    return Start(row, mode, bars)


def starts_of(*, cue: Cue) -> list[Choice]:
    """What the desk's form offers to start from: takes of the cue, kept takes of the film, pieces of the library."""
    takes = (
        Take.objects.filter(cue__film=cue.film_id)
        .exclude(state=TakeState.DISCARDED)
        .select_related("version", "cue")
        .order_by("cue__position", "number")
    )
    own, film = [], []
    for take in takes:
        if take.cue_id == cue.pk:
            own.append(Choice(take.version.public_id, _("Take %(number)d") % {"number": take.number}, "own"))
        elif take.state == TakeState.KEPT:
            label = _("%(cue)s, take %(number)d") % {"cue": take.cue.number, "number": take.number}
            film.append(Choice(take.version.public_id, label, "film"))
    newest: dict[int, Choice] = {}
    versions = PieceVersion.objects.filter(piece__archived_at=None).exclude(piece__origin=Origin.GENERATED)
    for row in versions.order_by("piece__title", "piece_id", "number").values(
        "public_id", "piece_id", "piece__title", "piece__composer"
    )[:MOST_PIECES]:
        label = ", ".join(part for part in (row["piece__title"], row["piece__composer"]) if part)
        newest[row["piece_id"]] = Choice(row["public_id"], label, "library")
    return [*own, *film, *newest.values()]
