"""What stands between a round's result and its use: what was measured, and who promoted what. Facts are append-only."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from curator.models.identity import PublicIdField
from curator.models.jobs import Job
from generation.models.checkpoints import Checkpoint
from training.models.rounds import Round


class Measurement(models.Model):
    """Unguarded and guarded texts of a round's result and of its parent on the same prompts and seeds.

    `figures` is empty until all texts are written and measured, and is then written once (training.domain.measuring).
    `prompts`: [{period, composer, instrumentation, stage}]; `sampling` as in a request.
    """

    public_id = PublicIdField()
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="measurements")
    base = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="+")
    result = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="+")
    texts = models.PositiveIntegerField(help_text="unguarded texts of each")
    guarded = models.PositiveIntegerField(help_text="guarded texts of each")
    seed = models.PositiveBigIntegerField()
    sampling = models.JSONField(default=dict)
    prompts = models.JSONField(default=list)
    figures = models.JSONField(default=dict, blank=True)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(base=F("result")), name="measurement_two_checkpoints"),
            models.CheckConstraint(condition=Q(texts__gt=0), name="measurement_has_texts"),
        ]

    def __str__(self) -> str:
        return f"measurement of {self.round}"


class Sample(models.Model):
    """One text of a measurement. `done`: it ended by itself; of a guarded one that it became what was asked for."""

    measurement = models.ForeignKey(Measurement, on_delete=models.CASCADE, related_name="samples")
    of_result = models.BooleanField()
    guarded = models.BooleanField()
    place = models.PositiveIntegerField()
    seed = models.PositiveBigIntegerField()
    text = models.TextField()
    done = models.BooleanField()

    class Meta:
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(fields=["measurement", "of_result", "guarded", "place"], name="sample_place_unique")
        ]

    def __str__(self) -> str:
        return f"sample {self.place} of {self.measurement_id}"


class Promotion(models.Model):
    """The owner's word that a checkpoint is the one in use from then on; the newest row is what holds.

    `back`: the round was rolled back, and its parent is used again. `seen`: what the gate showed at that moment.
    """

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="promotions")
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="+")
    before = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="+")
    back = models.BooleanField(default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=300, blank=True)
    seen = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.checkpoint} after {self.before}"
