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
    """One cue within a delivery: which take under which approval, and the hash of its score.

    `state_sha256` is that of all files of the cue as they were then: another one now says that it has changed.
    """

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="cues")
    cue = models.ForeignKey(Cue, on_delete=models.PROTECT, related_name="delivered")
    take = models.ForeignKey(Take, on_delete=models.PROTECT, related_name="delivered")
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="delivered")
    filename = models.CharField(max_length=160)
    sha256 = models.CharField(max_length=64)
    state_sha256 = models.CharField(max_length=64, blank=True)
    notes = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "cue"], name="delivered_cue_once"),
        ]

    def __str__(self) -> str:
        return self.filename


class DeliverySettings(models.Model):
    """What the owner wants of a film's deliveries; the composer line stands in the film."""

    film = models.OneToOneField(Film, on_delete=models.CASCADE, related_name="delivery_settings")
    publisher = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=300, blank=True, help_text="said of generated music in credits and cue sheet")
    miscellaneous = models.BooleanField(default=True, help_text="checkpoint and seed stand in the score file")
    semicolon = models.BooleanField(default=False, help_text="tables are separated by semicolons")
    bom = models.BooleanField(default=False, help_text="tables begin with a byte order mark")

    def __str__(self) -> str:
        return f"deliveries of {self.film_id}"


class ApiToken(models.Model):
    """A token for scripts that fetch approved cues. Only its SHA-256 is kept.

    `scopes`: what it may do (curator.domain.tokens.Scope). `film`: the only one it sees, None for all. Calls are
    counted by the minute: `calls` since `counted_from`.
    """

    public_id = PublicIdField()
    name = models.CharField(max_length=80)
    token_sha256 = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    film = models.ForeignKey(Film, on_delete=models.CASCADE, null=True, blank=True, related_name="api_tokens")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    counted_from = models.DateTimeField(null=True, blank=True)
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name
