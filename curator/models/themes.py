"""Themes of a film: bars of music with a name, and which cue uses which."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from curator.models.film import Cue, Film
from curator.models.library import PieceVersion


class Theme(models.Model):
    """A motif that several cues may share: whole bars of a piece version, or only a name so far."""

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="themes")
    name = models.CharField(max_length=80)
    version = models.ForeignKey(PieceVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="themes")
    first_bar = models.PositiveIntegerField(null=True, blank=True, help_text="written bars, counted from 1")
    last_bar = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["film", "name"], name="theme_name_unique"),
            models.CheckConstraint(
                condition=Q(version__isnull=True, first_bar__isnull=True, last_bar__isnull=True)
                | Q(version__isnull=False, first_bar__isnull=False, last_bar__isnull=False)
                & Q(first_bar__gte=1, last_bar__gte=F("first_bar")),
                name="theme_bars_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ThemeUse(models.TextChoices):
    """How a cue uses a theme."""

    STATEMENT = "statement", _("stated")
    VARIATION = "variation", _("varied")
    FRAGMENT = "fragment", _("fragment")


class CueTheme(models.Model):
    """A theme is heard in a cue, from `bar` of the cue's plan on. Written by curator.domain.themes."""

    cue = models.ForeignKey(Cue, on_delete=models.CASCADE, related_name="theme_uses")
    theme = models.ForeignKey(Theme, on_delete=models.CASCADE, related_name="uses")
    how = models.CharField(max_length=10, choices=ThemeUse.choices, default=ThemeUse.STATEMENT)
    bar = models.PositiveIntegerField(default=1, validators=[MinValueValidator(1)])

    class Meta:
        ordering = ["cue_id", "bar"]
        constraints = [
            models.UniqueConstraint(fields=["cue", "theme", "bar"], name="cue_theme_once_a_bar"),
            models.CheckConstraint(condition=Q(how__in=ThemeUse.values), name="cue_theme_use_known"),
            models.CheckConstraint(condition=Q(bar__gte=1), name="cue_theme_bar_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.theme_id} in {self.cue_id} from bar {self.bar}: {self.how}"
