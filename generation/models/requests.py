"""Requests for takes of a cue, and every candidate that was written for them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from curator.models.film import Cue
from curator.models.identity import PublicIdField
from curator.models.jobs import Job
from curator.models.library import PieceVersion
from curator.models.ranking import Take
from generation.models.checkpoints import Checkpoint


class CueRequest(models.Model):
    """A request for `count` candidates. Its state is that of its job and its candidates.

    `job`: one of those that write it, an open one while any is open (generation.domain.sharing).

    `brief`: prompt, metre, key, tempo, bars as the engine got them, the words of the cue and the preset's name, and
    `like`, the candidate that it was asked for from. `sampling`: top_k, top_p, temperature.
    """

    public_id = PublicIdField()
    cue = models.ForeignKey(Cue, on_delete=models.CASCADE, related_name="+")
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="requests")
    count = models.PositiveSmallIntegerField()
    seed = models.PositiveBigIntegerField()
    sampling = models.JSONField(default=dict)
    brief = models.JSONField(default=dict)
    constraints = models.JSONField(default=dict, blank=True)
    best_of = models.JSONField(default=dict, blank=True)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(count__gte=1) & Q(count__lte=64), name="request_count_1_to_64")
        ]

    def __str__(self) -> str:
        return f"{self.count} for cue {self.cue_id}"


class CandidateState(models.TextChoices):
    """WAITING -> WRITING -> WRITTEN | FAILED | CANCELLED, moved by generation.domain only."""

    WAITING = "waiting", _("Waiting")
    WRITING = "writing", _("Being written")
    WRITTEN = "written", _("Written")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class Candidate(models.Model):
    """One candidate of a request, with all that is needed to make it again and to learn from it.

    `number`: the number its take has, promised when it was asked for. `job`: that which writes it or wrote it.
    `forced`: [[start, end], ...] spans of `raw` that the engine wrote, not the model.
    """

    public_id = PublicIdField()
    request = models.ForeignKey(CueRequest, on_delete=models.CASCADE, related_name="candidates")
    index = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField(default=0)
    seed = models.PositiveBigIntegerField()
    state = models.CharField(max_length=10, choices=CandidateState.choices, default=CandidateState.WAITING)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    raw = models.TextField(blank=True)
    abc = models.TextField(blank=True)
    ids_sha256 = models.CharField(max_length=64, blank=True)
    forced = models.JSONField(default=list, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    checkpoint_sha256 = models.CharField(max_length=64, blank=True)
    engine_version = models.CharField(max_length=40, blank=True)
    bars_asked = models.PositiveIntegerField(default=0)
    bars_written = models.PositiveIntegerField(default=0)
    lines_tried = models.PositiveIntegerField(default=0)
    lines_rolled_back = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True)
    verdict = models.JSONField(default=dict, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    version = models.ForeignKey(PieceVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    take = models.OneToOneField(Take, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    began_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["request_id", "index"]
        constraints = [
            models.UniqueConstraint(fields=["request", "index"], name="candidate_index_unique"),
            models.CheckConstraint(condition=Q(state__in=CandidateState.values), name="candidate_state_known"),
        ]
        indexes = [models.Index(fields=["checkpoint_sha256", "-id"], name="candidate_newest")]

    def __str__(self) -> str:
        return f"candidate {self.index} of request {self.request_id}"

    @property
    def rolled_back_share(self) -> float:
        """Share of the lines tried that were sampled again, 0..1."""
        return self.lines_rolled_back / self.lines_tried if self.lines_tried else 0.0
