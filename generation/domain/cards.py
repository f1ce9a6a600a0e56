"""One card of the desk's wall: a take with what is known of it, or a candidate that is no take (yet)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from curator.domain.copies import NearCopy
from curator.domain.measures import measure_of
from curator.domain.sheets import Sheet
from curator.models.film import Cue
from curator.models.measures import TakeMeasure
from curator.models.ranking import Take, TakeState
from curator.notation.likeness import ALIKE
from generation.domain.work import speed_of
from generation.models.requests import Candidate, CandidateState

FITS_SECONDS = 0.5
"""A take that ends so near to the cue's end fits."""


class CardKind(StrEnum):
    """What stands on a card."""

    TAKE = "take"
    WRITING = "writing"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True)
class TakeCard:
    """One card of the wall. A take has its sheet; the others are candidates that are no take (yet).

    goal: seconds that the music has, to the cue's out or its tail. fit: seconds that it is longer than that, None
    while not known; fitting_tempo: quarters a minute at
    which it would fit; frames: `fit` in whole frames. near: the piece of the library that it copies. old: it failed
    in an earlier request. written: the candidate behind a take, None where it was put up or edited. measuring: a
    worker is about to measure it. speed and left: bars a second and seconds to go of a candidate at work.
    """

    number: int
    kind: CardKind
    take: Take | None = None
    sheet: Sheet | None = None
    candidate: Candidate | None = None
    written: Candidate | None = None
    near: NearCopy | None = None
    goal: float = 1.0
    fit: float | None = None
    frames: int | None = None
    fitting_tempo: float | None = None
    measuring: bool = False
    old: bool = False
    speed: float | None = None
    left: float | None = None

    @property
    def measure(self) -> TakeMeasure | None:
        """What was measured of a take."""
        return measure_of(self.take) if self.take is not None else None

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that were measured of it; empty before."""
        return self.measure.facts if self.measure else {}

    @property
    def density(self) -> tuple[int, ...]:
        """Struck notes of each bar."""
        told = self.facts.get("density") or (self.take.version.facts.get("density", ()) if self.take else ())
        return tuple(told)

    @property
    def settled(self) -> bool:
        """Whether nothing on this card will change by itself."""
        if self.kind == CardKind.FAILED:
            return True
        if self.sheet is None or self.measuring:
            return False
        return (self.sheet.drawn or bool(self.sheet.trouble)) and (self.sheet.heard or bool(self.sheet.silence))

    @property
    def discarded(self) -> bool:
        """Whether it is a take that was put aside."""
        return self.take is not None and self.take.state == TakeState.DISCARDED

    @property
    def fits(self) -> bool:
        """Whether the music is as long as it is to be."""
        return self.fit is not None and abs(self.fit) < FITS_SECONDS

    @property
    def off(self) -> bool:
        """Whether its bars do not add up to their metre."""
        return self.facts.get("valid") is False

    @property
    def like_sibling(self) -> bool:
        """Whether another take of the cue is much the same music."""
        return self.measure is not None and self.measure.sibling_id is not None and self.measure.sibling_share >= ALIKE

    @property
    def notes_per_second(self) -> float | None:
        """How dense the music is."""
        seconds = self.sheet.seconds if self.sheet else None
        return sum(self.density) / seconds if self.density and seconds else None


def take_card(
    cue: Cue,
    take: Take,
    sheet: Sheet,
    *,
    near: NearCopy | None = None,
    written: Candidate | None = None,
    measuring: bool = False,
) -> TakeCard:
    """The card of a take; it comes with its version and measure."""
    goal = float((cue.end_frame - cue.in_frame) / cue.film.fps)
    fit = None if sheet.seconds is None or not sheet.drawn else sheet.seconds - goal
    return TakeCard(
        number=take.number,
        kind=CardKind.TAKE,
        take=take,
        sheet=sheet,
        written=written,
        near=near,
        goal=goal,
        fit=fit,
        frames=None if fit is None else round(fit * cue.film.fps),
        fitting_tempo=cue.tempo * sheet.seconds / goal if sheet.seconds else None,
        measuring=measuring,
    )


def candidate_card(row: Candidate, *, newest: int | None, now: datetime) -> TakeCard | None:
    """The card of a candidate at work, waiting or failed; None for any other. newest: key of the last request."""
    if row.state == CandidateState.FAILED:
        old = row.request_id != newest
        return TakeCard(number=row.number, kind=CardKind.FAILED, candidate=row, old=old)
    if row.state not in (CandidateState.WAITING, CandidateState.WRITING):
        return None
    speed = speed_of(row, now) if row.state == CandidateState.WRITING else None
    kind = CardKind.WRITING if row.state == CandidateState.WRITING and row.began_at else CardKind.WAITING
    left = (row.bars_asked - row.bars_written) / speed if speed else None
    return TakeCard(number=row.number, kind=kind, candidate=row, speed=speed, left=left)
