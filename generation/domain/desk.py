"""What the desk shows of a cue: its takes, those still being written, and how far the work is."""

import hashlib
import json
import time
from collections import Counter
from dataclasses import dataclass, replace

from django.db.models import Count, Max, Sum
from django.utils import timezone

from curator.domain.cohorts import Cohort, read_cohorts
from curator.domain.copies import near_copies
from curator.domain.measures import MEASURE_JOB, being_measured, request_measures
from curator.domain.plans import is_fitted
from curator.domain.rendering import request_rendering
from curator.domain.sheets import Sheet, read_sheets
from curator.film.ruler import Hit, Line, Ruler, draw_ruler
from curator.film.tempo import TempoError, tempo_map_of
from curator.film.timecode import Clock
from curator.models.film import Cue, CueState
from curator.models.jobs import OPEN_STATES, Job, Pause, Turn
from curator.models.library import PieceVersion, Rendering
from curator.models.ranking import Take, TakeState
from generation.domain.cards import CardKind, TakeCard, candidate_card, take_card
from generation.domain.work import Work, read_opened, work_of
from generation.models.requests import Candidate, CueRequest

NEXT_STEPS = {
    CueState.TO_RANK: "listen",
    CueState.DECIDED: "approve",
    CueState.APPROVED: "deliver",
    CueState.DELIVERED: "delivered",
}
"""What follows the desk, by the state of the cue."""

BY_TIME = 15
"""Seconds after which a page is drawn anew though nothing was written."""

FILTERS = ("fits", "kept", "discarded", "near", "off", "failed")


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
    cohorts: tuple[Cohort, ...]

    @property
    def live(self) -> bool:
        """Whether something on the wall changes by itself."""
        return any(not card.settled for card in self.cards)

    @property
    def fitted(self) -> bool:
        """Whether the planned bars end with the picture."""
        return is_fitted(self.cue)

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

    def shown(self, show: str, cohort: str = "") -> list[TakeCard]:
        """The cards for one of FILTERS, for "" what is neither discarded nor old trouble; only of a cohort with one."""
        return [
            card
            for card in self.cards
            if _shows(card, show) and (not cohort or (card.take is not None and card.take.cohort == cohort))
        ]


def _shows(card: TakeCard, show: str) -> bool:
    if show in (TakeState.KEPT, TakeState.DISCARDED):
        return card.take is not None and card.take.state == show
    if show == "failed":
        return card.kind == CardKind.FAILED
    here = not card.discarded and not card.old
    if show == "fits":
        return here and card.fits
    if show == "near":
        return here and card.near is not None
    if show == "off":
        return here and card.off
    return here


def read_desk(*, cue: Cue, polling: bool = False, takes: bool = True) -> Desk:
    """The desk of a cue, in a number of queries that does not depend on how many takes there are.

    What was never drawn at the cue's tempo or measured by its plan is sent to a worker. polling: a page asks what has
    changed; nothing is measured anew for it, and there is no ruler. takes: False leaves them out, where only the
    writing has gone on.
    """
    film = cue.film
    rows = cue.takes.select_related("version__piece", "measure__sibling") if takes else cue.takes.none()
    found = list(rows.defer("version__abc", "version__musicxml"))
    opened = read_opened(cue=cue)
    candidates, newest = _candidates(cue) if takes else (opened.rows, None)
    if not polling:
        request_measures(cue=cue, takes=found)
    cards = _take_cards(cue, found) if found else []
    now = timezone.now()
    taken = {card.number for card in cards}  # a failed candidate that was mended gave its number to a take
    for row in candidates:
        card = candidate_card(row, newest=newest, now=now) if row.take_id is None else None
        if card is not None:
            cards.append(replace(card, old=True) if card.number in taken else card)
    cards.sort(key=lambda card: (card.number, card.kind != CardKind.TAKE))
    clock = Clock(film.fps, film.drop_frame, film.start_frame)
    return Desk(
        cue=cue,
        cards=tuple(cards),
        work=work_of(opened),
        ruler=None if polling else _ruler(cue),
        seconds=cue.seconds,
        begin=clock.label(cue.in_frame),
        end=clock.label(cue.out_frame),
        counts=Counter({show: sum(_shows(card, show) for card in cards) for show in ("", *FILTERS)}),
        cohorts=tuple(read_cohorts(cues=[cue])) if takes else (),
    )


def _candidates(cue: Cue) -> tuple[list[Candidate], int | None]:
    """The candidates of a cue that are no takes, and the key of its last request."""
    rows = Candidate.objects.filter(request__cue=cue, take__isnull=True).defer("raw", "abc")
    return list(rows), CueRequest.objects.filter(cue=cue).values_list("pk", flat=True).first()


def _take_cards(cue: Cue, takes: list[Take]) -> list[TakeCard]:
    sheets = _sheets(cue, [take.version for take in takes])
    near = near_copies(takes=takes)
    behind = Candidate.objects.filter(request__cue=cue, take__in=takes).defer("raw", "abc")
    written = {row.take_id: row for row in behind.select_related("request__checkpoint")}
    measuring = being_measured(takes=takes)
    return [
        take_card(
            cue,
            take,
            sheets[take.version_id],
            near=near.get(take.pk),
            written=written.get(take.pk),
            measuring=take.pk in measuring,
        )
        for take in takes
    ]


@dataclass(frozen=True)
class Stamp:
    """What a page saw: `wall` changes with takes, their pictures, sounds and measures, `work` with the writing."""

    wall: str
    work: str

    def __str__(self) -> str:
        return f"{self.wall}-{self.work}"


def read_stamp(*, cue: Cue) -> Stamp:
    """The stamp of a desk, in a few small queries: equal while nothing on it has changed.

    What changes by time alone, such as how long nobody has come, changes it every quarter of a minute.
    """
    takes = cue.takes.values("state").annotate(n=Count("pk"), last=Max("pk"), measured=Max("measure__measured_at"))
    drawn = Rendering.objects.filter(version__in=cue.takes.values("version")).values("state").annotate(n=Count("pk"))
    rows = Candidate.objects.filter(request__cue=cue).values("state").annotate(n=Count("pk"), bars=Sum("bars_written"))
    written = list(rows.order_by("state"))
    opened = CueRequest.objects.filter(job__state__in=OPEN_STATES).order_by("pk")
    queue = list(opened.values_list("pk", "job__state", "job__cancel_requested"))
    wall = [
        list(takes.order_by("state")),
        list(drawn.order_by("state")),
        [(row["state"], row["n"]) for row in written],
        Job.objects.open().filter(kind=MEASURE_JOB).count(),
    ]
    freed = Turn.objects.filter(freed_at__isnull=False).values_list("name", flat=True)
    resting = sorted(Pause.objects.values_list("queue", flat=True).union(freed))
    work = [written, queue, resting]
    if queue:
        work.append([int(time.time() // BY_TIME)])
    return Stamp(_digest(wall), _digest([wall, work]))


def _digest(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:12]


def _sheets(cue: Cue, versions: list[PieceVersion]) -> dict[int, Sheet]:
    """The sheets at the cue's tempo; what was never drawn at it is sent to a worker."""
    sheets = read_sheets(versions=versions, tempo_map=cue.tempo_map)
    missing = [sheet.version for sheet in sheets.values() if sheet.engraving is None or sheet.sound is None]
    for version in missing:
        request_rendering(version=version, tempo_map=cue.tempo_map)
    return read_sheets(versions=versions, tempo_map=cue.tempo_map) if missing else sheets


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
