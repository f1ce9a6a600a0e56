"""What the workers page shows: who is there, what each did in the last hour, what waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from curator.crew import GPU_QUEUE, WORKER_ALIVE_SECONDS, gpu_of
from curator.domain.library import IMPORT_JOBS
from curator.models.film import Cue
from curator.models.jobs import Job, JobState, Turn, Worker
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
    """A worker, how long it has been silent, its last hour, its present job and the cue or piece that is for.

    freed: since when its machine's GPU belongs to other programs; ending: something of ours is still on it.
    """

    worker: Worker
    alive: bool
    silent: timedelta
    strokes: list[Stroke]
    job: Job | None
    subject: str
    freed: datetime | None
    ending: bool

    @property
    def silent_seconds(self) -> int:
        """Seconds since the last heartbeat; never less than 0, though another machine's clock may be ahead."""
        return max(0, int(self.silent.total_seconds()))

    @property
    def can_be_freed(self) -> bool:
        """Whether it is one of those that use the GPU, and its machine answers."""
        return self.alive and GPU_QUEUE in self.worker.queues

    @property
    def memory_gb(self) -> float | None:
        """Memory that the process holds."""
        return _gb(self.worker.memory_mb)

    @property
    def gpu_used_gb(self) -> float | None:
        """What all programs use of the card's memory."""
        return _gb(self.worker.gpu_used_mb)

    @property
    def gpu_memory_gb(self) -> float | None:
        """The card's memory."""
        return _gb(self.worker.gpu_memory_mb)


def _gb(megabytes: int | None) -> float | None:
    return None if megabytes is None else megabytes / 1024


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
    workers = list(Worker.objects.filter(heartbeat_at__gte=now - timedelta(days=1)).order_by("name"))
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
    jobs = _open_jobs()
    subjects = {item.job.pk: item.subject for item in jobs}
    turns = {turn.name: turn for turn in Turn.objects.filter(freed_at__isnull=False).select_related("holder")}
    facts = [
        _facts(worker, by_worker.get(worker.pk, []), turns.get(gpu_of(worker.machine)), subjects, now)
        for worker in workers
        if worker.pk not in heirs
    ]
    return WorkersFacts(
        workers=sorted(facts, key=lambda item: not item.alive),
        jobs=jobs,
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


def _facts(worker: Worker, jobs: list[Job], turn: Turn | None, subjects: dict[int, str], now: datetime) -> WorkerFacts:
    silent = now - worker.heartbeat_at
    alive = worker.stopped_at is None and silent.total_seconds() < WORKER_ALIVE_SECONDS
    running = [job for job in jobs if job.state == JobState.RUNNING and job.worker_id == worker.pk]
    present = running[0] if running and alive else None
    held = turn is not None and turn.holder is not None and turn.holder.state == JobState.RUNNING
    writing = present is not None and present.queue == GPU_QUEUE
    return WorkerFacts(
        worker=worker,
        alive=alive,
        silent=silent,
        strokes=[_stroke(job, now) for job in jobs],
        job=present,
        subject=subjects.get(present.pk, "") if present else "",
        freed=turn.freed_at if turn and GPU_QUEUE in worker.queues else None,
        ending=held or writing or bool(worker.checkpoint_sha256),
    )


def _stroke(job: Job, now: datetime) -> Stroke:
    assert job.started_at is not None  # noqa: S101 (narrows the type: the query asked for it)
    ended = job.finished_at or job.heartbeat_at or now
    start, end = (max(0.0, 1 - (now - moment) / WINDOW) for moment in (job.started_at, ended))
    return Stroke(start, max(end, start), job.state == JobState.RUNNING)
