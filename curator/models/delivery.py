"""What was handed over, to whom it can be proven by hashes."""

from django.conf import settings
from django.db import models

from curator.models.film import Cue, Film
from curator.models.identity import PublicIdField
from curator.models.library import MediaFile
from curator.models.ranking import Approval, Take


class Delivery(models.Model):
    """One hand-over: a single file or a package. Append-only."""

    public_id = PublicIdField()
    film = models.ForeignKey(Film, on_delete=models.PROTECT, related_name="deliveries")
    filename = models.CharField(max_length=160)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    media = models.ForeignKey(MediaFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    manifest = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    channel = models.CharField(max_length=20, default="page", help_text="page, command or api")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.filename


class DeliveredCue(models.Model):
    """One cue within a delivery: which take under which approval, and the hash of its file."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="cues")
    cue = models.ForeignKey(Cue, on_delete=models.PROTECT, related_name="delivered")
    take = models.ForeignKey(Take, on_delete=models.PROTECT, related_name="delivered")
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="delivered")
    filename = models.CharField(max_length=160)
    sha256 = models.CharField(max_length=64)
    notes = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "cue"], name="delivered_cue_once"),
        ]

    def __str__(self) -> str:
        return self.filename


class ApiToken(models.Model):
    """A token for scripts that fetch approved cues. Only its SHA-256 is kept."""

    name = models.CharField(max_length=80)
    token_sha256 = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    film = models.ForeignKey(Film, on_delete=models.CASCADE, null=True, blank=True, related_name="api_tokens")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
