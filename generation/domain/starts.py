"""What a request may start from: the first bars of a take or piece, all of it, or one of its hands."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from curator.domain.errors import DomainError
from curator.domain.sentences import say
from curator.domain.themes import theme_bars
from curator.models.film import Cue
from curator.models.library import Origin, PieceVersion
from curator.models.ranking import Take, TakeState
from curator.models.themes import CueTheme, Theme
from curator.notation.errors import NotationError
from generation.notagen.themes import Theme as Bars
from generation.notagen.themes import read_theme

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
    _noop("The key changes before bar %(bar)d; choose an earlier one."),
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
    """A version to start from, how, and for FIRST how many of its bars; `first` is the bar that it begins with."""

    version: PieceVersion
    mode: StartMode
    bars: int = 4
    first: int = 1


@dataclass(frozen=True)
class Choice:
    """Music that may be started from. `version` is its id, for a theme with its bars: id@3-6.

    `group`: theme (of the film, those of the cue first), own (takes of the cue), film (kept takes of other cues),
    library.
    """

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
        theme = read_theme(start.version.abc, bars=start.first - 1 + wanted).since(start.first)
        if theme.metre != cue.metre:
            raise DomainError(
                _("The music is in %(metre)s and the cue in %(asked)s.") % {"metre": theme.metre, "asked": cue.metre}
            )
        given = _given(theme, start, cue)
    except NotationError as error:
        raise DomainError(say(error.sentence)) from error
    told = {"version": start.version.public_id, "mode": start.mode.value, "bars": wanted, "first": start.first}
    return {"key": theme.key, "staves": list(theme.staves), "start": told, **given}


def _given(theme: Bars, start: Start, cue: Cue) -> dict[str, Any]:
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
    start = find_start(version=told["version"], mode=StartMode(told["mode"]), bars=int(told["bars"]))
    return replace(start, first=int(told.get("first", 1)))


_BARS = re.compile(r"(?P<version>\w+)@(?P<first>\d{1,4})-(?P<last>\d{1,4})")


def find_start(*, version: str, mode: StartMode, bars: int = 4) -> Start:
    """The start from the version with this public id, or as a Choice names it. Raises DomainError.

    Of a choice with bars, FIRST goes on from just these.
    """
    named = _BARS.fullmatch(version)
    row = PieceVersion.objects.filter(public_id=named["version"] if named else version).first()
    if row is None or (named and not 1 <= int(named["first"]) <= int(named["last"])):
        raise DomainError(_("The music to start from is not here any more."))
    if named is None:
        return Start(row, mode, bars)
    first = int(named["first"])
    return Start(row, mode, int(named["last"]) - first + 1, first)


def start_of_theme(cue: Cue) -> Start | None:
    """The bars of the theme that a cue states first, to go on from; None for a cue without one."""
    for use in CueTheme.objects.filter(cue=cue).select_related("theme__version"):
        bars = theme_bars(use.theme)
        if bars is not None:
            return Start(bars.version, StartMode.FIRST, min(bars.count, cue.bars - 1), bars.first)
    return None


def starts_of(*, cue: Cue) -> list[Choice]:
    """What the desk's form offers to start from: themes of the film, takes of the cue, kept takes of other cues of the
    film, pieces of the library."""
    takes = (
        Take.objects.filter(cue__film=cue.film_id)
        .exclude(state=TakeState.DISCARDED)
        .select_related("version", "cue")
        .only("number", "state", "cue__number", "version__public_id")
        .order_by("cue__position", "number")
    )
    own, film, named = [], [], []
    uses = set(CueTheme.objects.filter(cue=cue).values_list("theme", flat=True))
    for theme in (
        Theme.objects.filter(film=cue.film_id, version__isnull=False)
        .select_related("version")
        .defer("version__abc", "version__musicxml")
    ):
        bars = theme_bars(theme)
        if bars is not None:
            place = f"{bars.version.public_id}@{bars.first}-{bars.last}"
            named.append((theme.pk not in uses, Choice(place, theme.name, "theme")))
    themes = [choice for _other, choice in sorted(named, key=lambda pair: pair[0])]
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
    return [*themes, *own, *film, *newest.values()]
