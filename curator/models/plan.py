"""What a cue's plan was before it changed, and what the music of a stage or a cue should be like."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from curator.models.film import ArcStage, Cue


class CueVersion(models.Model):
    """The plan of a cue as it was in version `number`, kept when a later one replaced it. Never edited.

    `plan`: in_frame, out_frame, tail, tail_frame, tempo_map, metre, key, bars.
    """

    cue = models.ForeignKey(Cue, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    plan = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["cue", "number"], name="cue_version_number_unique")]

    def __str__(self) -> str:
        return f"version {self.number} of cue {self.cue_id}"


class Mode(models.TextChoices):
    """Whether the key is a major or a minor one."""

    MAJOR = "major", _("major")
    MINOR = "minor", _("minor")


class Dynamic(models.TextChoices):
    """How loud the music is as a whole."""

    PP = "pp", "pp"
    P = "p", "p"
    MP = "mp", "mp"
    MF = "mf", "mf"
    F = "f", "f"
    FF = "ff", "ff"


class Wishes(models.Model):
    """What the music of one stage, or of one cue, should be like. What is null or empty is inherited.

    A cue inherits from its stage, a stage from what is shipped for its name (curator.domain.briefs). Tempi in felt
    beats a minute, registers as MIDI numbers, density as most struck notes a second.
    """

    stage = models.OneToOneField(ArcStage, on_delete=models.CASCADE, null=True, blank=True, related_name="wishes")
    cue = models.OneToOneField(Cue, on_delete=models.CASCADE, null=True, blank=True, related_name="wishes")
    tempo_low = models.PositiveSmallIntegerField(null=True, blank=True)
    tempo_high = models.PositiveSmallIntegerField(null=True, blank=True)
    metre = models.CharField(max_length=8, blank=True)
    mode = models.CharField(max_length=8, choices=Mode.choices, blank=True)
    density = models.FloatField(null=True, blank=True)
    lowest = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(21), MaxValueValidator(108)]
    )
    highest = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(21), MaxValueValidator(108)]
    )
    dynamics = models.CharField(max_length=4, choices=Dynamic.choices, blank=True)
    words = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__isnull=True, cue__isnull=False) | Q(stage__isnull=False, cue__isnull=True),
                name="wishes_of_stage_or_cue",
            ),
            models.CheckConstraint(
                condition=Q(tempo_low__isnull=True, tempo_high__isnull=True)
                | Q(tempo_low__gt=0, tempo_high__gte=F("tempo_low")),
                name="wishes_tempo_range",
            ),
            models.CheckConstraint(
                condition=Q(lowest__isnull=True, highest__isnull=True) | Q(lowest__gte=21, highest__lte=108),
                name="wishes_register",
            ),
            models.CheckConstraint(condition=Q(density__isnull=True) | Q(density__gt=0), name="wishes_density"),
            models.CheckConstraint(condition=Q(mode__in=["", *Mode.values]), name="wishes_mode_known"),
            models.CheckConstraint(condition=Q(dynamics__in=["", *Dynamic.values]), name="wishes_dynamics_known"),
        ]

    def __str__(self) -> str:
        return f"wishes of {f'stage {self.stage_id}' if self.stage_id else f'cue {self.cue_id}'}"
