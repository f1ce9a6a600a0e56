"""How long a request will take and when it begins: told from what was written here before, as a range."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet, Sum

from curator.crew import GPU_QUEUE, ready_workers
from curator.domain.pauses import is_paused
from curator.models.jobs import OPEN_STATES, Job, JobState
from generation.models.checkpoints import Checkpoint
from generation.models.requests import Candidate, CandidateState, CueRequest

REMEMBERED = 40
"""So many of the newest candidates of a checkpoint tell its speed."""
FEWEST_BARS = 3
"""Of fewer bars the speed is mostly chance."""
UNSURE = 0.3
"""A range is at least so much of its middle to either side: speeds differ from day to day."""

_WRITTEN = (CandidateState.WRITTEN, CandidateState.FAILED)


@dataclass(frozen=True)
class Span:
    """From `low` to `high` seconds."""

    low: float
    high: float

    def __add__(self, other: "Span") -> "Span":
        return Span(self.low + other.low, self.high + other.high)


@dataclass(frozen=True)
class Estimate:
    """What is known before a request starts.

    work: how long it is written, by all workers that are up; None where the checkpoint has never written here.
    before: requests in front of it. wait: until it begins, None where nobody knows. workers: how many are up for it;
    paused: the queue stands still.
    """

    work: Span | None
    before: int
    wait: Span | None
    workers: int
    paused: bool


@dataclass(frozen=True)
class Pace:
    """How long a bar took while `rows` pieces were written side by side."""

    rows: int
    seconds: float


def estimate(*, checkpoint: Checkpoint, pieces: Sequence[tuple[int, int]]) -> Estimate:
    """What to expect of a request, or of several at once, that come behind all others.

    pieces: for each request how many candidates of how many bars.
    """
    rows = list(_open_requests().order_by("pk"))
    workers = len(ready_workers(GPU_QUEUE))
    paces = paces_of(checkpoint)
    return Estimate(
        work=spread([(paces, count, bars) for count, bars in pieces], workers),
        before=len(rows),
        wait=wait_for(rows, workers),
        workers=workers,
        paused=is_paused(GPU_QUEUE),
    )


def paces_of(checkpoint: Checkpoint) -> list[Pace]:
    """The speeds of the newest candidates of a checkpoint that wrote without given bars."""
    rows = Candidate.objects.filter(checkpoint_sha256=checkpoint.sha256, state__in=_WRITTEN, seconds__gt=0)
    rows = rows.filter(bars_written__gte=FEWEST_BARS, request__brief__start__isnull=True).order_by("-pk")
    found = rows.values_list("settings__beside", "request__count", "seconds", "bars_written")[:REMEMBERED]
    # Those of before workers shared a request do not say how many were written beside them.
    return [
        Pace(beside or min(count, settings.WRITE_BESIDE), float(seconds or 0) / bars)
        for beside, count, seconds, bars in found
    ]


def spread(requests: Sequence[tuple[Sequence[Pace], int, int]], workers: int) -> Span | None:
    """How long requests (paces, count and bars of each) take so many workers; None where a pace is not known.

    Where there are more workers than requests, several share one.
    """
    workers, side = max(workers, 1), max(len(requests), 1)
    hands = max(1, workers // side)
    found = total([span_of(paces, ceil(count / hands), bars) for paces, count, bars in requests])
    side = min(side, workers)
    return None if found is None else Span(found.low / side, found.high / side)


def span_of(paces: Sequence[Pace], count: int, bars: int) -> Span | None:
    """How long `count` pieces of `bars` bars take one worker; None without a measured pace."""
    if not paces or not count:
        return None if count else Span(0, 0)
    most = settings.WRITE_BESIDE
    full, rest = divmod(count, most)
    spans = [_wave(paces, most, bars)] * full + ([_wave(paces, rest, bars)] if rest else [])
    return sum(spans[1:], spans[0])


def _wave(paces: Sequence[Pace], rows: int, bars: int) -> Span:
    """One round of pieces side by side. More of them take longer, at most as much longer as they are more."""
    same = [pace for pace in paces if pace.rows == rows]
    lows, highs = [], []
    for pace in same or paces:
        scaled = pace.seconds * rows / pace.rows
        lows.append(min(pace.seconds, scaled))
        highs.append(max(pace.seconds, scaled))
    low, high = _share(sorted(lows), 0.1), _share(sorted(highs), 0.9)
    middle = (low + high) / 2
    return Span(bars * min(low, middle * (1 - UNSURE)), bars * max(high, middle * (1 + UNSURE)))


def _share(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, max(0, ceil(share * len(values)) - 1))]


def wait_for(requests: Iterable[CueRequest], workers: int) -> Span | None:
    """How long what is left of these requests takes with so many workers; None where a speed is not known."""
    requests = list(requests)
    checkpoints = Checkpoint.objects.in_bulk({row.checkpoint_id for row in requests})
    paces = {key: paces_of(row) for key, row in checkpoints.items()}
    states = (CandidateState.WAITING, CandidateState.WRITING)
    rest = {
        row["request"]: (row["bars"] or 0, row["n"])
        for row in Candidate.objects.filter(request__in=requests, state__in=states)
        .values("request")
        .annotate(bars=Sum(F("bars_asked") - F("bars_written")), n=Count("pk"))
    }
    left = [(row, *rest.get(row.pk, (0, 0))) for row in requests]
    return spread(
        [(paces[row.checkpoint_id], count, ceil(bars / count) if count else 0) for row, bars, count in left], workers
    )


def total(spans: Sequence[Span | None]) -> Span | None:
    """One after the other; None where one is not known."""
    known = [span for span in spans if span is not None]
    return sum(known, Span(0, 0)) if len(known) == len(spans) else None


def requests_before(job: Job) -> list[CueRequest]:
    """The open requests that are written before this one: at work, or further in front in the queue."""
    front = Q(job__state=JobState.RUNNING) | Q(job__priority__gt=job.priority)
    front |= Q(job__priority=job.priority, job__pk__lt=job.pk)
    return list(_open_requests().filter(front, job__queue=job.queue).exclude(job=job).order_by("pk"))


def _open_requests() -> QuerySet[CueRequest]:
    return CueRequest.objects.filter(job__state__in=OPEN_STATES).only("checkpoint_id", "cue_id", "job_id")
