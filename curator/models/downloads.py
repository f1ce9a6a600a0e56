"""What became of the addresses on lists of scores."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from curator.models.library import Piece


class DownloadState(models.TextChoices):
    """IMPORTED, DUPLICATE and REFUSED are final; FAILED is tried again by the next run."""

    IMPORTED = "imported", _("Imported")
    DUPLICATE = "duplicate", _("Duplicate")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("To be tried again")


class Download(models.Model):
    """One address of a list, written by curator.domain.manifests when it has been dealt with.

    `asked` is the line of the list as it was; `piece` what the score became or repeats; `how` says how it is
    like the piece with the public id `like`; `sha256` is that of what came from the address.
    """

    url = models.CharField(max_length=500, unique=True)
    asked = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=DownloadState.choices)
    reason = models.TextField(blank=True)
    how = models.CharField(max_length=24, blank=True)
    like = models.CharField(max_length=16, blank=True)
    piece = models.ForeignKey(Piece, on_delete=models.SET_NULL, null=True, blank=True, related_name="downloads")
    warnings = models.JSONField(default=list, blank=True)
    notes_in = models.PositiveIntegerField(null=True, blank=True)
    notes_out = models.PositiveIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    tries = models.PositiveSmallIntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(state__in=DownloadState.values), name="download_state_known")]

    def __str__(self) -> str:
        return f"{self.url}: {self.state}"
