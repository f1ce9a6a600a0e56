"""Jobs: long work that survives a killed worker, a lost message and a closed browser.

The Job row owns the state. A job is enqueued (row first, message after the commit), claimed by one conditional
UPDATE that takes a lease, kept alive by heartbeats, and finished by an UPDATE that only the holder of the lease can
make. The sweeper brings back what lost its worker or its message. Handlers are therefore safe to run twice.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from celery import current_app, shared_task
from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from kombu.exceptions import ChannelError, KombuError
from kombu.exceptions import ConnectionError as BrokerGone

from curator.crew import GPU_QUEUE, gpu_is_freed, idle_workers, live_workers
from curator.domain.errors import DomainError
from curator.models.accounts import User
from curator.models.jobs import Job, JobQuerySet, JobState, Pause, Worker
from curator.storage import disk_is_full

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 0.4


class Cancelled(Exception):
    """The user asked for the end of this job."""


class Interrupted(Exception):
    """This worker is going down; the job goes back into the queue without losing an attempt."""


class Freed(Interrupted):
    """The GPU was given to other programs; the job goes back for who else can do it, or until it is taken again."""


class LeaseLost(Exception):
    """Another worker holds the job now; this one must not write any more."""


Handler = Callable[..., dict[str, Any] | None]


@dataclass(frozen=True)
class Kind:
    """A registered kind of job: its handler, what to do when it ended without being done, and when it is done."""

    handler: Handler
    on_end: Callable[[Job], None] | None
    on_done: Callable[[Job], None] | None = None


KINDS: dict[str, Kind] = {}


# Set when this worker process was asked to stop; running handlers see it at their next step.
stopping = threading.Event()

# The Worker row of this process, set by curator.workers; None in the web process and in commands.
current_worker: Worker | None = None


def job(
    kind: str, *, on_end: Callable[[Job], None] | None = None, on_done: Callable[[Job], None] | None = None
) -> Callable[[Handler], Handler]:
    """Register `handler(run, **arguments)` under the task name `kind`.

    `on_end` is called with a job that ended FAILED or CANCELLED, wherever that was noticed, `on_done` with one that
    is DONE; both in the transaction that writes its state.
    """

    def register(handler: Handler) -> Handler:
        KINDS[kind] = Kind(handler, on_end, on_done)
        shared_task(execute, name=kind)
        return handler

    return register


def enqueue(
    *,
    kind: str,
    queue: str,
    arguments: dict[str, Any] | None = None,
    key: str = "",
    priority: int = 0,
    created_by: User | None = None,
    max_attempts: int = 5,
) -> Job:
    """Create a job and send its id to `queue` after the commit. With `key`, an open job of that key is returned."""
    for last in (False, False, True):
        try:
            with transaction.atomic():
                row = Job.objects.create(
                    kind=kind,
                    queue=queue,
                    arguments=arguments or {},
                    key=key,
                    priority=priority,
                    created_by=created_by,
                    max_attempts=max_attempts,
                )
        except IntegrityError:
            # None when that job ended between the two statements: its key is free now.
            present = Job.objects.open().filter(key=key).first() if key else None
            if present:
                return present
            if last or not key:
                raise
        else:
            transaction.on_commit(partial(dispatch, row))
            return row
    raise AssertionError("unreachable")


def dispatch(row: Job) -> bool:
    """Send the id of `row` to its queue; whether the broker took it.

    A broker that does not answer costs time only: the sweeper tries again.
    """
    Job.objects.filter(pk=row.pk).update(dispatched_at=timezone.now())
    try:
        current_app.send_task(row.kind, args=[row.pk], queue=row.queue)
    except (OSError, KombuError, ChannelError, BrokerGone) as error:
        log.warning("job %s not sent, the sweeper will try again: %s", row.public_id, error)
        return False
    return True


def cancel(row: Job) -> None:
    """Ask for the end of `row`. A waiting job ends at once, a running one at its next step."""
    Job.objects.open().filter(pk=row.pk).update(cancel_requested=True)
    _end(Job.objects.filter(pk=row.pk, state=JobState.QUEUED), row, JobState.CANCELLED)


def settle(row: Job) -> bool:
    """End a job that waits for work which is done already; False when it is not waiting any more."""
    return _end(Job.objects.filter(pk=row.pk, state=JobState.QUEUED), row, JobState.DONE)


class Run:
    """One attempt at a job, holding its lease. Handlers report progress through it and ask it whether to go on."""

    def __init__(self, row: Job) -> None:
        self.job = row
        self._lost = False
        self._cancelled = False
        self._freed = False
        self.gpu: Callable[[], bool] | None = None  # set while the handler has the GPU: whether it is wanted back
        self._written_at = 0.0
        self._done = threading.Event()

    @property
    def should_stop(self) -> bool:
        """True when the handler should end at its next safe point and call `check`."""
        return self._lost or self._cancelled or self._freed or stopping.is_set()

    def check(self) -> None:
        """Raise LeaseLost, Cancelled or Interrupted when the handler must not go on."""
        if self._lost:
            raise LeaseLost(self.job.public_id)
        if self._cancelled:
            raise Cancelled(self.job.public_id)
        if stopping.is_set():
            raise Interrupted(self.job.public_id)
        if self._freed:
            raise Freed(self.job.public_id)

    def progress(self, done: float, total: float, note: str = "") -> None:
        """Show `done` of `total` (written at most about twice a second, the last step always). Raises as `check`."""
        now = time.monotonic()
        if now - self._written_at >= PROGRESS_SECONDS or done >= total:
            self._written_at = now
            self._renew(progress_done=done, progress_total=total, progress_note=note[:200])
        self.check()

    @contextmanager
    def commit(self) -> Iterator[None]:
        """A transaction that only the holder of the lease can make: results are written inside it."""
        with transaction.atomic():
            self._renew()
            if self._lost:
                raise LeaseLost(self.job.public_id)
            yield

    def _renew(self, **changes: Any) -> None:
        now = timezone.now()
        mine = Job.objects.filter(pk=self.job.pk, lease=self.job.lease, state=JobState.RUNNING)
        kept = mine.update(heartbeat_at=now, lease_expires_at=now + _lease(), **changes)
        self._lost = self._lost or not kept
        if kept:
            self._cancelled = mine.filter(cancel_requested=True).exists()
            self._freed = self.gpu is not None and self.gpu()

    def _beat(self) -> None:
        try:
            while not self._done.wait(settings.JOB_LEASE_SECONDS / 3):
                try:
                    self._renew()
                except DatabaseTrouble as error:
                    log.warning("job %s: heartbeat not written: %s", self.job.public_id, error)
                    # After a restart of the database the old connection would fail for ever.
                    connection.close_if_unusable_or_obsolete()
        finally:
            connection.close()

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Renew the lease from a thread of its own while the handler works."""
        thread = threading.Thread(target=self._beat, name=f"heartbeat-{self.job.pk}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._done.set()
            thread.join(5)


def _lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


def _kind(name: str) -> Kind | None:
    if name not in KINDS:
        # Workers load the tasks when they start; the web process and commands have not yet.
        current_app.loader.import_default_modules()
    return KINDS.get(name)


def claim(job_id: int) -> Run | None:
    """Take the job if it waits or its lease has run out.

    None when someone else has it, it has ended, its queue is paused or the GPU that it needs is freed.
    """
    now = timezone.now()
    lease = str(uuid.uuid4())
    free = Q(state=JobState.QUEUED, cancel_requested=False) | Q(state=JobState.RUNNING, lease_expires_at__lt=now)
    taken = (
        Job.objects.filter(free, pk=job_id)
        .exclude(queue__in=Pause.objects.values("queue"))
        .exclude(queue__in=[GPU_QUEUE] if gpu_is_freed() else [])
        .update(
            state=JobState.RUNNING,
            lease=lease,
            lease_expires_at=now + _lease(),
            heartbeat_at=now,
            attempt=F("attempt") + 1,
            worker=current_worker,
            started_at=Coalesce("started_at", now),
            error="",
        )
    )
    return Run(Job.objects.get(pk=job_id, lease=lease)) if taken else None


def execute(job_id: int) -> None:
    """Claim the job and run its handler to a final state. Does nothing when the job is not free."""
    run = claim(job_id)
    if run is None:
        _hand_on(job_id)
        return
    row = run.job
    kind = _kind(row.kind)
    if kind is None:
        log.error("job %s: no handler for %r", row.public_id, row.kind)
        sentence = _("This version of Cuewright does not know work of the kind %(kind)s.")
        _finish(run, JobState.FAILED, error=sentence % {"kind": row.kind})
        return
    log.info("job %s %s starts, attempt %d", row.public_id, row.kind, row.attempt)
    try:
        with run.heartbeat():
            result = kind.handler(run, **row.arguments)
        _finish(run, JobState.DONE, result=result or {})
    except Cancelled:
        _finish(run, JobState.CANCELLED)
    except Freed:
        _release(run, "")
        _hand_on(row.pk)
    except Interrupted:
        _release(run, "", at_once=True)
    except LeaseLost:
        log.warning("job %s: lease lost, nothing written", row.public_id)
    except Exception as error:
        if isinstance(error, DatabaseTrouble) and not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        if disk_is_full(error):
            log.exception("job %s waits for space on the disk", row.public_id)
            _release(run, _("The disk is full. The work goes on when there is space again."))
        elif isinstance(error, DomainError):
            _finish(run, JobState.FAILED, error=str(error))
        elif isinstance(error, (OperationalError, InterfaceError)) and row.attempt < row.max_attempts:
            # A long backup of SQLite, a restart of PostgreSQL: the work is sound and is tried again.
            log.exception("job %s: the database did not answer", row.public_id)
            _release(run, _("The database did not answer. The work is tried again."), counted=True)
        else:
            _fail_inside(run)


def _hand_on(job_id: int) -> None:
    """Where this machine's GPU is freed: send a job that needs one to who has another."""
    row = Job.objects.filter(pk=job_id, queue=GPU_QUEUE, state=JobState.QUEUED).first()
    if row is not None and gpu_is_freed() and idle_workers(GPU_QUEUE):
        dispatch(row)


def _fail_inside(run: Run) -> None:
    log.exception("job %s %s failed", run.job.public_id, run.job.kind)
    sentence = _("Something went wrong inside. The log of the worker has the details under %(id)s.")
    _finish(run, JobState.FAILED, error=sentence % {"id": run.job.public_id})


def _finish(run: Run, state: JobState, *, error: str = "", result: dict[str, Any] | None = None) -> None:
    mine = Job.objects.filter(pk=run.job.pk, lease=run.job.lease, state=JobState.RUNNING)
    if _end(mine, run.job, state, error=error, **({} if result is None else {"result": result})):
        log.info("job %s %s", run.job.public_id, state)


def _end(mine: JobQuerySet, row: Job, state: JobState, **changes: Any) -> bool:
    """Bring `row` to a final state together with what follows from it; False when it is not in `mine` any more.

    A database that does not answer undoes both, and whoever called tries again or leaves it to the sweeper.
    """
    kind = _kind(row.kind)
    changes = {"state": state, "finished_at": timezone.now(), "lease": "", **changes}
    try:
        with transaction.atomic():
            if not mine.update(**changes):
                return False
            follow = kind and (kind.on_done if state == JobState.DONE else kind.on_end)
            if follow:
                follow(Job.objects.get(pk=row.pk))
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # (as in execute: a bug in what follows must not keep the job open, nor end the sweeper)
        log.exception("job %s %s: what follows from its end failed", row.public_id, row.kind)
        return bool(mine.update(**changes))
    return True


def _release(run: Run, error: str, *, counted: bool = False, at_once: bool = False) -> None:
    """Back into the queue, by default with the attempt not counted; the sweeper sends it again, after a while."""
    released = Job.objects.filter(pk=run.job.pk, lease=run.job.lease, state=JobState.RUNNING).update(
        state=JobState.QUEUED,
        lease="",
        lease_expires_at=None,
        attempt=F("attempt") - (0 if counted else 1),
        error=error,
        dispatched_at=None if at_once else timezone.now(),
    )
    if released and Job.objects.filter(pk=run.job.pk, cancel_requested=True).exists():
        cancel(run.job)


def sweep() -> int:
    """Bring back jobs whose worker or message was lost. Returns how many were sent again or ended."""
    now = timezone.now()
    touched = 0
    for row in Job.objects.filter(state=JobState.RUNNING, lease_expires_at__lt=now):
        mine = Job.objects.filter(pk=row.pk, lease=row.lease, state=JobState.RUNNING)
        if row.cancel_requested:
            touched += _end(mine, row, JobState.CANCELLED)
        elif row.attempt >= row.max_attempts:
            error = _("The work was started %(count)d times and its worker was lost each time.")
            touched += _end(mine, row, JobState.FAILED, error=error % {"count": row.attempt})
        elif mine.update(state=JobState.QUEUED, lease="", lease_expires_at=None, dispatched_at=None):
            log.warning("job %s lost its worker, back into the queue", row.public_id)
    for row in Job.objects.filter(state=JobState.QUEUED, cancel_requested=True):
        cancel(row)
        touched += 1
    unsent = Q(dispatched_at__isnull=True, created_at__lt=now - timedelta(seconds=2))
    stale = Q(dispatched_at__lt=now - timedelta(seconds=settings.JOB_RESEND_SECONDS))
    waiting = Job.objects.filter(unsent | stale, state=JobState.QUEUED).exclude(queue__in=Pause.objects.values("queue"))
    for row in waiting.order_by("-priority", "created_at"):
        # A job that waits behind a busy worker has not lost its message.
        if row.dispatched_at is None or idle_workers(row.queue):
            if not dispatch(row):
                break  # the broker is away: the others wait for it too
            touched += 1
    return touched


def wait_for(row: Job, *, poll: Callable[[Job], None] = lambda _row: None) -> Job:
    """Return `row` in its final state: done by a live worker of its queue, or in this process when there is none."""
    while True:
        row.refresh_from_db()
        if not row.is_open:
            return row
        # A job of a worker that died is taken over when its lease has run out: there may be no sweeper either.
        lost = row.lease_expires_at is not None and row.lease_expires_at < timezone.now()
        if (row.state == JobState.QUEUED or lost) and not live_workers(row.queue):
            execute(row.pk)
            row.refresh_from_db()
        if row.is_open:
            poll(row)
            time.sleep(0.2)


def work_through(*, queue: str) -> int:
    """Run each waiting job of `queue` in this process once. Returns how many were run."""
    seen: set[int] = set()
    waiting = Job.objects.filter(state=JobState.QUEUED, queue=queue).order_by("-priority", "created_at")
    while row := waiting.exclude(pk__in=seen).first():
        seen.add(row.pk)
        execute(row.pk)
    return len(seen)
