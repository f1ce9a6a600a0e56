"""What the desk shows of a cue: its takes, those still being written, and how far the work is."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.utils import timezone

from curator import jobs
from curator.domain.rendering import request_rendering
from curator.domain.sheets import Sheet, read_sheets
from curator.film.ruler import Hit, Line, Ruler, draw_ruler
from curator.film.tempo import TempoError, tempo_map_of
from curator.film.timecode import Clock
from curator.models.film import Cue, CueState
from curator.models.jobs import OPEN_STATES, JobState
from curator.models.library import PieceVersion
from curator.models.ranking import Take, TakeState
from generation.models.requests import Candidate, CandidateState, CueRequest

SILENT_WORKER = timedelta(seconds=15)
"""So long a request waits before the page says that no worker is there."""

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

    fit: seconds that the music is longer than the cue, None while not known; fitting_tempo: quarters a minute at
    which it would fit. density: struck notes of each bar.
    """

    number: int
    kind: CardKind
    take: Take | None = None
    sheet: Sheet | None = None
    candidate: Candidate | None = None
    fit: float | None = None
    fitting_tempo: float | None = None
    density: tuple[int, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether nothing on this card will change by itself."""
        if self.kind == CardKind.FAILED:
            return True
        if self.sheet is None:
            return False
        return (self.sheet.drawn or bool(self.sheet.trouble)) and (self.sheet.heard or bool(self.sheet.silence))

    @property
    def discarded(self) -> bool:
        """Whether it is a take that was put aside."""
        return self.take is not None and self.take.state == TakeState.DISCARDED

    @property
    def fits(self) -> bool:
        """Whether the music is as long as the cue."""
        return self.fit is not None and abs(self.fit) < FITS_SECONDS

    @property
    def notes_per_second(self) -> float | None:
        """How dense the music is."""
        seconds = self.sheet.seconds if self.sheet else None
        return sum(self.density) / seconds if self.density and seconds else None


@dataclass(frozen=True)
class Work:
    """How far the open request is; the newest one when several are open.

    at: the highest bar that a candidate at work has reached, and the number of its take. left: seconds that the
    rest will take at the speed so far, None while nobody knows. stuck: nobody has taken the work up. stopping: it
    was cancelled and ends at its next step.
    """

    count: int
    written: int
    failed: int
    at: tuple[int, int] | None
    left: float | None
    stuck: bool
    stopping: bool
    lights: tuple[tuple[int, str], ...]


NEXT_STEPS = {
    CueState.TO_RANK: "listen",
    CueState.DECIDED: "approve",
    CueState.APPROVED: "deliver",
    CueState.DELIVERED: "delivered",
}
"""What follows the desk, by the state of the cue."""


@dataclass(frozen=True)
class Desk:
    """Everything the desk says about a cue. `work` is None when nothing is being written."""

    cue: Cue
    cards: tuple[TakeCard, ...]
    work: Work | None
    ruler: Ruler | None
    seconds: float
    begin: str
    end: str
    counts: Counter[str]

    @property
    def live(self) -> bool:
        """Whether something on the wall changes by itself."""
        return any(not card.settled for card in self.cards)

    @property
    def ready(self) -> int:
        """How many takes are in the running."""
        return sum(card.kind == CardKind.TAKE and not card.discarded for card in self.cards)

    @property
    def next_step(self) -> str:
        """Where the cue leads on from here: listen, approve, deliver or delivered; "" while the desk is the place."""
        if self.work is not None or (self.cue.state == CueState.TO_RANK and self.ready < 2):
            return ""
        return NEXT_STEPS.get(CueState(self.cue.state), "")

    def shown(self, state: str) -> list[TakeCard]:
        """The cards for one of the filters: kept, discarded, fits; for any other what is not discarded."""
        if state in (TakeState.KEPT, TakeState.DISCARDED):
            return [card for card in self.cards if card.take and card.take.state == state]
        return [card for card in self.cards if not card.discarded and (card.fits or state != "fits")]


def read_desk(*, cue: Cue) -> Desk:
    """The desk of a cue, in a number of queries that does not depend on how many takes there are."""
    film = cue.film
    takes = list(cue.takes.select_related("version__piece"))
    candidates = list(Candidate.objects.filter(request__cue=cue, take__isnull=True).select_related("request__job"))
    requests = CueRequest.objects.filter(cue=cue).select_related("job")
    newest, working = requests.first(), requests.filter(job__state__in=OPEN_STATES).first()
    sheets = _sheets(cue, [take.version for take in takes])
    cards = [_take_card(cue, take, sheets[take.version_id]) for take in takes]
    cards += [card for row in candidates if (card := _candidate_card(row, newest))]
    cards.sort(key=lambda card: (card.number, card.kind != CardKind.TAKE))
    clock = Clock(film.fps, film.drop_frame, film.start_frame)
    counts: Counter[str] = Counter(card.take.state for card in cards if card.take)
    counts["all"] = len(cards) - counts[TakeState.DISCARDED]
    counts["fits"] = sum(card.fits and not card.discarded for card in cards)
    return Desk(
        cue=cue,
        cards=tuple(cards),
        work=_work(working),
        ruler=_ruler(cue),
        seconds=cue.seconds,
        begin=clock.label(cue.in_frame),
        end=clock.label(cue.out_frame),
        counts=counts,
    )


def _sheets(cue: Cue, versions: list[PieceVersion]) -> dict[int, Sheet]:
    """The sheets at the cue's tempo; what was never drawn at it is sent to a worker."""
    sheets = read_sheets(versions=versions, tempo_map=cue.tempo_map)
    missing = [sheet.version for sheet in sheets.values() if sheet.engraving is None or sheet.sound is None]
    for version in missing:
        request_rendering(version=version, tempo_map=cue.tempo_map)
    return read_sheets(versions=versions, tempo_map=cue.tempo_map) if missing else sheets


def _take_card(cue: Cue, take: Take, sheet: Sheet) -> TakeCard:
    fit = None if sheet.seconds is None or not sheet.drawn else sheet.seconds - cue.seconds
    fitting = cue.tempo * sheet.seconds / cue.seconds if sheet.seconds else None
    return TakeCard(
        number=take.number,
        kind=CardKind.TAKE,
        take=take,
        sheet=sheet,
        fit=fit,
        fitting_tempo=fitting,
        density=tuple(take.version.facts.get("density", ())),
    )


def _candidate_card(row: Candidate, newest: CueRequest | None) -> TakeCard | None:
    """Candidates at work and waiting; failed ones of the newest request only, so that old trouble goes away."""
    if row.state == CandidateState.FAILED and newest is not None and row.request_id == newest.pk:
        return TakeCard(number=row.number, kind=CardKind.FAILED, candidate=row)
    if row.state not in (CandidateState.WAITING, CandidateState.WRITING):
        return None
    at_work = row.state == CandidateState.WRITING and row.bars_written > 0
    kind = CardKind.WRITING if at_work else CardKind.WAITING
    return TakeCard(number=row.number, kind=kind, candidate=row)


LIGHTS = {
    CandidateState.WRITTEN: "decided",
    CandidateState.WRITING: "generating",
    CandidateState.WAITING: "spotted",
    CandidateState.FAILED: "failed",
    CandidateState.CANCELLED: "spotted",
}
"""The light that a candidate shows in the row of its request."""


def _work(request: CueRequest | None) -> Work | None:
    if request is None or request.job is None:
        return None
    rows = list(request.candidates.all())
    states = Counter(row.state for row in rows)
    writing = [row for row in rows if row.state == CandidateState.WRITING]
    leader = max(writing, key=lambda row: row.bars_written, default=None)
    job = request.job
    bars = sum(row.bars_written for row in rows)
    rest = sum(row.bars_asked - row.bars_written for row in writing) + sum(
        row.bars_asked for row in rows if row.state == CandidateState.WAITING
    )
    elapsed = (timezone.now() - job.started_at).total_seconds() if job.started_at else 0.0
    waiting = job.state == JobState.QUEUED and timezone.now() - job.created_at > SILENT_WORKER
    return Work(
        count=request.count,
        written=states[CandidateState.WRITTEN],
        failed=states[CandidateState.FAILED],
        at=(leader.number, leader.bars_written) if leader and leader.bars_written else None,
        left=elapsed * rest / bars if bars and elapsed > 1 else None,
        stuck=waiting and not jobs.live_workers(job.queue),
        stopping=job.cancel_requested,
        lights=tuple((row.number, LIGHTS[CandidateState(row.state)]) for row in rows),
    )


def _ruler(cue: Cue) -> Ruler | None:
    """The bars of the cue with its hits and dialogue; None for a metre or tempo that cannot be laid out."""
    film = cue.film
    fps = float(film.fps)
    lines, frame = [], 0
    for shot in film.shots.order_by("position"):
        start, frame = frame, frame + shot.length_frames
        words = " ".join(shot.dialogue.split())
        if words and start < cue.out_frame and frame > cue.in_frame:
            lines.append(Line((max(start, cue.in_frame) - cue.in_frame) / fps, (frame - cue.in_frame) / fps, words))
    hits = [Hit((hit.frame - cue.in_frame) / fps, hit.label, hit.hard) for hit in cue.hits.all()]
    try:
        return draw_ruler(
            tempo_map=tempo_map_of(cue.tempo_map, cue.metre), bars=cue.bars, seconds=cue.seconds, hits=hits, lines=lines
        )
    except (TempoError, ValueError):
        return None
