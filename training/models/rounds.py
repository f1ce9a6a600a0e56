"""Training rounds and the rented machines they ran on."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from curator.models.identity import PublicIdField
from curator.models.jobs import Job
from generation.models.checkpoints import Checkpoint
from training.models.sets import PreferenceSet, TrainingSet


class Recipe(models.TextChoices):
    """What a round does."""

    SFT = "sft", _("Fine-tune on the library")
    DPO = "dpo", _("Fine-tune on rankings")


class RoundState(models.TextChoices):
    """DRAFT -> RUNNING -> MEASURED -> PROMOTED | REFUSED, or STOPPED | FAILED."""

    DRAFT = "draft", _("Draft")
    RUNNING = "running", _("Running")
    MEASURED = "measured", _("Measured")
    PROMOTED = "promoted", _("Promoted")
    REFUSED = "refused", _("Not better")
    STOPPED = "stopped", _("Stopped")
    FAILED = "failed", _("Failed")


class Round(models.Model):
    """One SFT or DPO run from a base checkpoint to a result, with its budget and what it measured."""

    public_id = PublicIdField()
    number = models.PositiveIntegerField(unique=True)
    recipe = models.CharField(max_length=4, choices=Recipe.choices)
    training_set = models.ForeignKey(
        TrainingSet, on_delete=models.PROTECT, null=True, blank=True, related_name="rounds"
    )
    preference_set = models.ForeignKey(
        PreferenceSet, on_delete=models.PROTECT, null=True, blank=True, related_name="rounds"
    )
    base = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="+")
    result = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    executor = models.CharField(max_length=10, default="local")
    settings = models.JSONField(default=dict)
    budget_eur = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    eur_per_usd = models.DecimalField(max_digits=8, decimal_places=5, null=True, blank=True)
    cost_eur = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    state = models.CharField(max_length=10, choices=RoundState.choices, default=RoundState.DRAFT)
    metrics = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=RoundState.values), name="round_state_known"),
            models.CheckConstraint(
                condition=(
                    Q(recipe=Recipe.SFT, training_set__isnull=False, preference_set__isnull=True)
                    | Q(recipe=Recipe.DPO, preference_set__isnull=False)
                ),
                name="round_has_its_data",
            ),
        ]

    def __str__(self) -> str:
        return f"round {self.number}"


class RoundMetric(models.Model):
    """One row of what a run wrote of itself: a step, or with `eval_…` values the end of an epoch.

    `line`: its place in the run's metrics.jsonl; a run that is taken up again writes the lines behind its last state
    anew. `values`: numbers by name as training.recipes writes them, None where one is not finite.
    """

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    step = models.PositiveIntegerField()
    values = models.JSONField(default=dict)

    class Meta:
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["round", "line"], name="round_metric_line_unique")]

    def __str__(self) -> str:
        return f"step {self.step} of {self.round_id}"


class PodState(models.TextChoices):
    """PLANNED -> ASKED -> RUNNING -> GONE; PLANNED -> GONE when none was to be had."""

    PLANNED = "planned", _("Planned")
    ASKED = "asked", _("Asked for")
    RUNNING = "running", _("Running")
    GONE = "gone", _("Gone")


class RemotePodQuerySet(models.QuerySet["RemotePod"]):
    """Named filters."""

    def living(self) -> "RemotePodQuerySet":
        """Machines that are there or may be there, as far as is known."""
        return self.exclude(state=PodState.GONE)


class RemotePod(models.Model):
    """A rented machine. The row is written before the machine is asked for; `name` finds it again.

    `deadline_at`: when the money for it is used up. `cost_usd`: price times time so far; once it is gone, its cost.
    `saved_step`: of the newest state that it laid down. `error`: why it ended, when not by its own success.
    """

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="pods")
    attempt = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=80, unique=True)
    provider_id = models.CharField(max_length=60, blank=True)
    gpu = models.CharField(max_length=60, blank=True)
    data_centre = models.CharField(max_length=40, blank=True)
    usd_per_hour = models.DecimalField(max_digits=8, decimal_places=4, null=True, blank=True)
    state = models.CharField(max_length=20, choices=PodState.choices, default=PodState.PLANNED)
    asked_at = models.DateTimeField(null=True, blank=True)
    deadline_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)
    cost_usd = models.DecimalField(max_digits=10, decimal_places=6, default=0)
    saved_step = models.PositiveIntegerField(default=0)
    called_at = models.DateTimeField(null=True, blank=True)
    token_sha256 = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RemotePodQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "attempt"], name="pod_attempt_unique"),
            models.UniqueConstraint(fields=["round"], condition=~Q(state=PodState.GONE), name="pod_one_living_a_round"),
            models.CheckConstraint(condition=Q(state__in=PodState.values), name="pod_state_known"),
        ]

    def __str__(self) -> str:
        return self.name
