"""Who may train, and what was confirmed of pieces in copyright. Both are append-only: the latest row holds."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from curator.models.library import Piece


class TrainingComposers(models.Model):
    """The composers whose pieces may train, as the owner saw fit at one time. The latest row holds.

    `composers`: [{"name": "Satie", "rights": "public_domain"}, ...]; the rights are presumed of a piece by this
    composer whose source names none.
    """

    composers = models.JSONField(default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return ", ".join(entry["name"] for entry in self.composers)


class Purpose(models.TextChoices):
    """What a piece in copyright is confirmed for."""

    TRAINING = "training", _("Training")
    LEAVING = "leaving", _("Leaving this machine")


class RightsConfirmation(models.Model):
    """Someone's word that pieces in copyright may train or leave the machine, or that they no longer may.

    Of each piece and purpose the latest row holds. `named` keeps what was confirmed in words, as it stood then:
    [{"piece": public id, "title", "composer", "source", "rights"}, ...].
    """

    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    granted = models.BooleanField(default=True)
    pieces = models.ManyToManyField(Piece, related_name="confirmations")
    named = models.JSONField(default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    channel = models.CharField(max_length=20, blank=True, help_text="page or command")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="confirmation_purpose")]

    def __str__(self) -> str:
        return f"{self.purpose}: {len(self.named)} pieces"
