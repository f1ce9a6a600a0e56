"""What the workers page shows: who is there, what each did in the last hour, what waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from curator.domain.library import IMPORT_JOBS
from curator.jobs import WORKER_ALIVE_SECONDS
from curator.models.film import Cue
from curator.models.jobs import Job, JobState, Worker
from curator.models.library import Rendering

WINDOW = timedelta(hours=1)


@dataclass(frozen=True)
class Stroke:
    """A stretch of work within the last hour, in shares 0..1 of it."""

    start: float
    end: float
    now: bool

    @property
    def width(self) -> float:
        """Share of the hour, never too thin to be seen."""
        return max(self.end - self.start, 0.004)


@dataclass(frozen=True)
class WorkerFacts:
    """A worker, how long it has been silent, its last hour and its present job."""

    worker: Worker
    alive: bool
    silent: timedelta
    strokes: list[Stroke]
    job: Job | None

    @property
    def silent_seconds(self) -> int:
        """Seconds since the last heartbeat."""
        return int(self.silent.total_seconds())


@dataclass(frozen=True)
class JobFacts:
    """An open job and the cue, piece or file it is for, "" where it is for none."""

    job: Job
    subject: str


@dataclass(frozen=True)
class WorkersFacts:
    """All workers that were heard in the last day, and the open jobs, the next one first.

    A worker that was started anew stands here once, with the work of its predecessors. `failed` is without refused
    uploads: the library tells of those.
    """

    workers: list[WorkerFacts]
    jobs: list[JobFacts]
    failed: list[Job]

    @property
    def alive(self) -> int:
        """How many workers are up."""
        return sum(facts.alive for facts in self.workers)

    @property
    def running(self) -> int:
        """How many jobs are being done."""
        return sum(item.job.state == JobState.RUNNING for item in self.jobs)

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return len(self.jobs) - self.running

    @property
    def without_worker(self) -> list[str]:
        """Queues in which jobs wait and which no living worker serves."""
        served = {queue for facts in self.workers if facts.alive for queue in facts.worker.queues}
        return sorted({item.job.queue for item in self.jobs} - served)


def workers_facts(*, now: datetime | None = None) -> WorkersFacts:
    """Workers and queue as they are `now`, in a constant number of queries."""
    now = now or timezone.now()
    workers = list(
        Worker.objects.filter(heartbeat_at__gte=now - timedelta(days=1))
        .filter(Q(stopped_at__isnull=True) | Q(stopped_at__gte=now - WINDOW))
        .order_by("stopped_at", "name")
    )
    recent = Job.objects.filter(worker__in=workers, started_at__isnull=False).filter(
        Q(finished_at__gte=now - WINDOW) | Q(state=JobState.RUNNING)
    )
    by_worker: dict[int, list[Job]] = {}
    for job in recent.order_by("started_at"):
        by_worker.setdefault(job.worker_id or 0, []).append(job)
    heirs = _heirs(workers)
    for worker in workers:
        if worker.pk in heirs:
            by_worker.setdefault(heirs[worker.pk], []).extend(by_worker.pop(worker.pk, []))
    return WorkersFacts(
        workers=[_facts(worker, by_worker.get(worker.pk, []), now) for worker in workers if worker.pk not in heirs],
        jobs=_open_jobs(),
        failed=list(
            Job.objects.filter(state=JobState.FAILED, finished_at__gte=now - timedelta(days=1))
            .exclude(kind__in=IMPORT_JOBS)
            .order_by("-finished_at")[:5]
        ),
    )


def _heirs(workers: list[Worker]) -> dict[int, int]:
    """Each worker that ended before another one began with its queues on its machine, and the newest such one."""
    heirs = {}
    for worker in workers:
        ended = worker.stopped_at or worker.heartbeat_at
        after = [
            other
            for other in workers
            if other.pk != worker.pk
            and (other.machine, other.queues) == (worker.machine, worker.queues)
            and other.started_at >= ended
        ]
        if after:
            heirs[worker.pk] = max(after, key=lambda other: (other.started_at, other.pk)).pk
    return heirs


def _open_jobs() -> list[JobFacts]:
    jobs = list(Job.objects.open().order_by("-state", "-priority", "created_at")[:100])
    cues = Cue.objects.in_bulk({job.arguments["cue"] for job in jobs if "cue" in job.arguments})
    sounds = {job.pk: job.arguments.get("engraving_id") or job.arguments.get("sound_id") for job in jobs}
    drawn = Rendering.objects.select_related("version__piece").in_bulk({pk for pk in sounds.values() if pk})

    def subject(job: Job) -> str:
        if cue := cues.get(job.arguments.get("cue")):
            return str(cue)
        if rendering := drawn.get(sounds[job.pk]):
            return rendering.version.piece.title
        return str(job.arguments.get("name", ""))

    return [JobFacts(job, subject(job)) for job in jobs]


def _facts(worker: Worker, jobs: list[Job], now: datetime) -> WorkerFacts:
    silent = now - worker.heartbeat_at
    alive = worker.stopped_at is None and silent.total_seconds() < WORKER_ALIVE_SECONDS
    present = next((job for job in jobs if job.state == JobState.RUNNING and job.worker_id == worker.pk), None)
    return WorkerFacts(worker, alive, silent, [_stroke(job, now) for job in jobs], present if alive else None)


def _stroke(job: Job, now: datetime) -> Stroke:
    assert job.started_at is not None  # noqa: S101 (narrows the type: the query asked for it)
    ended = job.finished_at or job.heartbeat_at or now
    start, end = (max(0.0, 1 - (now - moment) / WINDOW) for moment in (job.started_at, ended))
    return Stroke(start, max(end, start), job.state == JobState.RUNNING)
