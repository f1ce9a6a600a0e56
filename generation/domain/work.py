"""How far the writing is: of each candidate, of all that is open for a cue, and of what stands before it."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from curator.crew import live_workers, ready_workers
from curator.models.film import Cue
from curator.models.jobs import OPEN_STATES, JobState, Pause
from generation.domain.estimates import Span, requests_before, wait_for
from generation.models.requests import Candidate, CandidateState, CueRequest

SILENT_WORKER = timedelta(seconds=15)
"""So long a request waits before the page says that no worker is there."""

LIGHTS = {
    CandidateState.WRITTEN: "decided",
    CandidateState.WRITING: "generating",
    CandidateState.WAITING: "spotted",
    CandidateState.FAILED: "failed",
}
"""The light that a candidate shows in the row of its request."""


@dataclass(frozen=True)
class Work:
    """How far the open requests of a cue are, the first one first.

    at: the highest bar that a candidate at work has reached, and the number of its take. speed: bars a second of all
    that are at work, None before the first. left: seconds that the rest will take at that speed. before: requests of
    other cues in front of it, and wait: how long these take, None where nobody knows. paused: nothing is begun.
    freed: the machines that would write it, where the GPUs of all are given to other programs. stuck: nobody has taken
    the work up. stopping: it was cancelled and ends at its next step.
    """

    count: int
    written: int
    failed: int
    at: tuple[int, int] | None
    speed: float | None
    left: float | None
    before: int
    wait: Span | None
    paused: bool
    freed: tuple[str, ...]
    stuck: bool
    stopping: bool
    lights: tuple[tuple[int, str], ...]

    @property
    def waiting(self) -> bool:
        """Whether none of it is being written."""
        return self.at is None and self.speed is None


@dataclass(frozen=True)
class Opened:
    """The open requests of a cue with their jobs, the first one first, all candidates of them, whether it pauses."""

    requests: list[CueRequest]
    rows: list[Candidate]
    paused: bool


def read_opened(*, cue: Cue) -> Opened:
    """What is open for a cue, in two queries at most, without what no page tells of it."""
    asked = CueRequest.objects.filter(cue=cue, job__state__in=OPEN_STATES).select_related("job").order_by("pk")
    asked = asked.only(*(f"job__{name}" for name in ("state", "queue", "priority", "created_at", "cancel_requested")))
    requests = list(asked.annotate(paused=Exists(Pause.objects.filter(queue=OuterRef("job__queue")))))
    found = Candidate.objects.filter(request__in=requests).defer("raw", "abc", "forced", "settings", "verdict")
    found = found.order_by("request_id", "index")
    return Opened(list(requests), list(found) if requests else [], any(row.paused for row in requests))


def work_of(opened: Opened) -> Work | None:
    """The open requests of a cue together, without takes that were taken back; None where nothing is left."""
    requests = opened.requests
    rows = [row for row in opened.rows if row.state != CandidateState.CANCELLED]
    if not rows:
        return None
    states = Counter(row.state for row in rows)
    writing = [row for row in rows if row.state == CandidateState.WRITING]
    leader = max(writing, key=lambda row: row.bars_written, default=None)
    now = timezone.now()
    speeds = [found for row in writing if (found := speed_of(row, now)) is not None]
    rest = sum(row.bars_asked - row.bars_written for row in rows if row.state in _OPEN)
    first = requests[0].job
    assert first is not None  # noqa: S101 (narrows the type: the query asked for its state)
    queued = first.state == JobState.QUEUED
    before = requests_before(first) if queued else []
    live = live_workers(first.queue) if queued else []
    workers = ready_workers(first.queue) if live else []
    paused = opened.paused
    return Work(
        count=len(rows),
        written=states[CandidateState.WRITTEN],
        failed=states[CandidateState.FAILED],
        at=(leader.number, leader.bars_written) if leader and leader.bars_written else None,
        speed=sum(speeds) or None,
        left=rest / sum(speeds) if sum(speeds) else None,
        before=len(before),
        wait=wait_for(before, len(workers)) if before else None,
        paused=paused,
        freed=tuple(sorted({worker.machine for worker in live})) if live and not workers else (),
        stuck=queued and not live and not paused and now - first.created_at > SILENT_WORKER,
        stopping=any(row.job is not None and row.job.cancel_requested for row in requests),
        lights=tuple((row.number, LIGHTS[CandidateState(row.state)]) for row in rows),
    )


_OPEN = (CandidateState.WAITING, CandidateState.WRITING)


def speed_of(row: Candidate, now: datetime) -> float | None:
    """Bars a second of a candidate at work; None before its first bar."""
    if row.began_at is None or not row.bars_written:
        return None
    return row.bars_written / max((now - row.began_at).total_seconds(), 0.1)
