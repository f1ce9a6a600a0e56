"""The files that the film team handed over, as they came, and what was told of them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from curator.models.accounts import User
from curator.models.film import Film
from curator.models.identity import PublicIdField


class ImportKind(models.TextChoices):
    """What a file is, by its content."""

    BREAKDOWN = "breakdown", _("Storyboard breakdown")
    SCRIPT = "script", _("Script")
    SHOT_LIST = "shot_list", _("Shot list")
    EDIT_LIST = "edit_list", _("Edit list")


class StoryboardImport(models.Model):
    """A file of the film team. It waits for a look (`saved_at` is null) until curator.domain.storyboard saves it.

    What waits gives way to the next file of the same film; what was saved stays. `report` then holds what was saved:
    counts, changes and remarks, as sentences of (pattern, values).
    """

    public_id = PublicIdField()
    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="imports")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=12, choices=ImportKind.choices)
    sha256 = models.CharField(max_length=64)
    data = models.BinaryField()
    report = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    saved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=ImportKind.values), name="import_kind_known"),
        ]

    def __str__(self) -> str:
        return self.name
