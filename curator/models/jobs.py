"""Long work and who does it. The row owns the state; Celery only carries its id."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from curator.models.identity import PublicIdField


class JobState(models.TextChoices):
    """QUEUED -> RUNNING -> DONE | FAILED | CANCELLED."""

    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


OPEN_STATES = (JobState.QUEUED, JobState.RUNNING)


class Worker(models.Model):
    """One process that takes jobs. Alive while its heartbeat is young.

    `system`: system and processor cores. `gpu_memory_mb`: of the card, `gpu_used_mb`: used of it by all programs;
    `memory_mb`: held by the process. `checkpoint`: name of the one that is loaded.
    """

    name = models.CharField(max_length=120, unique=True)
    machine = models.CharField(max_length=120)
    process_id = models.IntegerField()
    queues = models.JSONField(default=list)
    system = models.CharField(max_length=60, blank=True)
    gpu = models.CharField(max_length=120, blank=True)
    gpu_memory_mb = models.IntegerField(null=True, blank=True)
    gpu_used_mb = models.IntegerField(null=True, blank=True)
    memory_mb = models.IntegerField(null=True, blank=True)
    checkpoint_sha256 = models.CharField(max_length=64, blank=True)
    checkpoint = models.CharField(max_length=80, blank=True)
    bars_per_second = models.FloatField(null=True, blank=True)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class JobQuerySet(models.QuerySet["Job"]):
    """Named filters."""

    def open(self) -> "JobQuerySet":
        """Jobs that are not in a final state."""
        return self.filter(state__in=OPEN_STATES)


class Job(models.Model):
    """One piece of long work, of any kind.

    curator.jobs is the only writer of `state`, `lease`, `attempt` and the times:
    enqueue -> QUEUED, claim -> RUNNING, finish -> DONE | FAILED | CANCELLED, sweep -> QUEUED again or FAILED.
    """

    public_id = PublicIdField()
    kind = models.CharField(max_length=80)
    queue = models.CharField(max_length=20)
    arguments = models.JSONField(default=dict)
    key = models.CharField(max_length=160, blank=True)
    priority = models.SmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    attempt = models.SmallIntegerField(default=0)
    max_attempts = models.SmallIntegerField(default=5)
    lease = models.CharField(max_length=36, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    worker = models.ForeignKey(Worker, on_delete=models.SET_NULL, null=True, blank=True, related_name="jobs")
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    progress_done = models.FloatField(default=0)
    progress_total = models.FloatField(default=0)
    progress_note = models.CharField(max_length=200, blank=True)
    cancel_requested = models.BooleanField(default=False)
    error = models.TextField(blank=True)
    result = models.JSONField(default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="jobs"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    dispatched_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state_known"),
            models.CheckConstraint(
                condition=~Q(state=JobState.RUNNING) | (~Q(lease="") & Q(lease_expires_at__isnull=False)),
                name="job_running_has_lease",
            ),
            models.UniqueConstraint(
                fields=["key"], condition=~Q(key="") & Q(state__in=OPEN_STATES), name="job_open_key_unique"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "queue", "-priority", "created_at"], name="job_next"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id} {self.state}"

    @property
    def is_open(self) -> bool:
        """True until a final state is reached."""
        return self.state in OPEN_STATES


class Turn(models.Model):
    """What one job of a machine holds at a time, such as its GPU. Only curator.domain.turns writes here.

    `holder` and `wanted_by` count only while that job runs and its lease holds, so a killed worker blocks nobody.
    `freed_at`: since when it was given to other programs; no job takes it until it is taken again.
    """

    name = models.CharField(max_length=160, unique=True)
    holder = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    wanted_by = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    freed_at = models.DateTimeField(null=True, blank=True)
    freed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return self.name


class Pause(models.Model):
    """A queue of which no work is begun. The row is there while it is paused; curator.jobs writes it."""

    queue = models.CharField(max_length=20, unique=True)
    since = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.queue
