"""Several workers write one request: each takes its next candidate when it has room for it.

A request has one writing job for each worker that is to help. `CueRequest.job` is one of them, an open one as long as
any is open, so that it tells the state of the request. A candidate is held by the job that writes it, as long as that
job holds its lease; one that a killed worker held is free at once when its lease has run out.
"""

import time
from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.utils import timezone

from curator import crew, jobs
from curator.crew import GPU_QUEUE
from curator.domain.pauses import is_paused
from curator.jobs import Run
from curator.models.jobs import OPEN_STATES, Job, JobState
from generation.models.requests import Candidate, CandidateState, CueRequest

WRITE_JOB = "generation.write"
OPEN_CANDIDATES = (CandidateState.WAITING, CandidateState.WRITING)
LOOK_SECONDS = 0.5
"""A worker that found nothing to take, while it writes, looks again after so long."""


def writing_jobs(request: CueRequest) -> QuerySet[Job]:
    """All jobs that write or wrote a request."""
    return Job.objects.filter(kind=WRITE_JOB, queue=GPU_QUEUE, arguments__request=request.pk)


def ask_worker(request: CueRequest, *, number: int = 0) -> Job:
    """A job that writes what is left of a request; the open one of that number where there is one."""
    return jobs.enqueue(
        kind=WRITE_JOB,
        queue=GPU_QUEUE,
        arguments={"request": request.pk, "cue": request.cue_id},
        key=f"write:{request.public_id}" + (f":{number}" if number else ""),
        created_by=request.created_by,
    )


def call_helpers() -> int:
    """Ask workers that have nothing to do for help with the open requests, the first one first; how many were asked.

    Of a request of which a part has failed no further part is begun.
    """
    queued = Job.objects.filter(queue=GPU_QUEUE, state=JobState.QUEUED).count()
    spare = _spare_hands() - queued
    if spare <= 0 or is_paused(GPU_QUEUE):
        return 0
    asked = 0
    waiting = Candidate.objects.filter(state=CandidateState.WAITING).values("request")
    for request in CueRequest.objects.filter(job__state__in=OPEN_STATES, pk__in=waiting).order_by("pk"):
        parts = list(writing_jobs(request).values_list("state", "cancel_requested", "key"))
        if any(state == JobState.FAILED or cancelled for state, cancelled, _key in parts):
            continue
        keys = {key for state, _cancelled, key in parts if state in OPEN_STATES}
        free = request.candidates.filter(state__in=OPEN_CANDIDATES).count() - len(keys)
        number = 1
        while asked < spare and free > 0:
            if f"write:{request.public_id}:{number}" not in keys:
                ask_worker(request, number=number)
                asked, free = asked + 1, free - 1
            number += 1
    return asked


def _spare_hands() -> int:
    """How many workers have nothing to do and would make a request ready sooner.

    Where there are graphics cards, those are the cards that nobody uses: a processor is far slower.
    """
    ready = crew.ready_workers(GPU_QUEUE)
    idle = crew.idle_workers(GPU_QUEUE)
    cards = {(worker.machine, worker.gpu) for worker in ready if worker.gpu}
    if not cards:
        return len(idle)
    resting = {worker.pk for worker in idle}
    return len(cards - {(worker.machine, worker.gpu) for worker in ready if worker.pk not in resting})


class Claims:
    """The candidates of a request that one job takes, one after the other, when there is room for another.

    A job holds at most its share: what is open, divided among the workers that write the request. Where there are
    graphics cards, these share it, and a worker without one holds a single candidate.
    """

    def __init__(self, run: Run, request: CueRequest) -> None:
        self._run = run
        self._request = request
        self._empty_at: float | None = None
        self.taken: list[Candidate] = []
        self.share = 0
        self.open = 0
        held = request.candidates.filter(job=run.job, state=CandidateState.WRITING)
        held.update(state=CandidateState.WAITING, job=None)  # left by an attempt that was killed

    def seeds(self) -> Iterator[int | None]:
        """The seed of each candidate that is taken; None while there is none to take. The n-th is `taken[n]`."""
        while True:
            row = self._next()
            if row is None:
                yield None
            else:
                self.taken.append(row)
                yield row.seed

    def left(self) -> bool:
        """Whether a candidate waits that nobody writes."""
        return self._free().exists()

    def put_back(self) -> None:
        """Let others take what this job holds and has not finished. Raises LeaseLost where it holds nothing more."""
        with self._run.commit():
            self._held().update(state=CandidateState.WAITING, job=None)

    def _next(self) -> Candidate | None:
        now = time.monotonic()
        if self._empty_at is not None and now - self._empty_at < LOOK_SECONDS:
            return None
        row = None if is_paused(self._run.job.queue) else self._take()
        self._empty_at = now if row is None and self._held().exists() else None
        return row

    def _take(self) -> Candidate | None:
        self.open = self._request.candidates.filter(state__in=OPEN_CANDIDATES).count()
        ready = crew.ready_workers(self._run.job.queue)
        cards = sum(bool(worker.gpu) for worker in ready)
        worker = jobs.current_worker
        if cards and worker is not None and not worker.gpu:
            self.share = 1
        else:
            parts = writing_jobs(self._request).filter(state__in=OPEN_STATES).count()
            self.share = -(-self.open // max(1, min(cards or len(ready), parts)))
        if self._held().count() >= self.share:
            return None
        for row in self._free():
            mine = Candidate.objects.filter(pk=row.pk, state=row.state, job=row.job_id)
            if mine.update(
                state=CandidateState.WRITING, job=self._run.job, began_at=timezone.now(), bars_written=0
            ):  # else another worker was quicker
                return row
        return None

    def _held(self) -> QuerySet[Candidate]:
        return self._request.candidates.filter(job=self._run.job, state=CandidateState.WRITING)

    def _free(self) -> QuerySet[Candidate]:
        lost = Q(job=None) | ~Q(job__state=JobState.RUNNING) | Q(job__lease_expires_at__lt=timezone.now())
        free = Q(state=CandidateState.WAITING) | (Q(state=CandidateState.WRITING) & lost)
        return self._request.candidates.filter(free).order_by("index")
