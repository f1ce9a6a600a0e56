"""Pieces that may be the same music: sketches to find them by, and what the owner said of them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from curator.models.library import Piece, PieceVersion


class Sketch(models.Model):
    """What tells a version's music from others, whatever its key, layout, hands and repeats. Made anew at will.

    `scheme` names the way it was computed (curator.notation.likeness); `tune` is equal for equal music in any key;
    `values` are the smallest hashes of its shingles, in hexadecimal, 16 signs each.
    """

    version = models.OneToOneField(PieceVersion, on_delete=models.CASCADE, related_name="sketch")
    scheme = models.CharField(max_length=20)
    tune = models.CharField(max_length=64, blank=True, db_index=True)
    shingles = models.PositiveIntegerField(default=0)
    values = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"sketch of {self.version_id}"


class SketchBand(models.Model):
    """A piece of a sketch: versions that share one are worth comparing."""

    sketch = models.ForeignKey(Sketch, on_delete=models.CASCADE, related_name="bands")
    band = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"{self.band:x}"


class Resemblance(models.Model):
    """Two versions of different pieces that are much alike, found when the later one was sketched. Made anew at will.

    `likeness` is the estimated share of common shingles, 0 to 1. `kind` says how: the same notes, the same in another
    key or note values, or nearly the same.
    """

    SAME, MOVED, NEAR = "same notes", "transposed", "nearly the same notes"

    first = models.ForeignKey(Piece, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Piece, on_delete=models.CASCADE, related_name="+")
    first_version = models.ForeignKey(PieceVersion, on_delete=models.CASCADE, related_name="+")
    second_version = models.ForeignKey(PieceVersion, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=24, choices=[(kind, kind) for kind in (SAME, MOVED, NEAR)])
    likeness = models.FloatField()
    found_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["first_version", "second_version"], name="resemblance_unique"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="resemblance_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}: {self.kind}"


class TwinAnswer(models.TextChoices):
    """What the owner says of two pieces. UNDECIDED only takes an earlier answer back."""

    DIFFERENT = "different", _("Two pieces")
    BOTH = "both", _("The same music, both stay")
    MERGED = "merged", _("Merged")
    UNDECIDED = "undecided", _("Taken back")


class TwinDecision(models.Model):
    """One answer for one pair of pieces, never edited: of each pair the latest row holds.

    `first` is the older row of the two. With MERGED `kept` stays and the other was archived; `carried` says what of
    it the kept one took over, so that it can be given back. `found` says how alike they were: {"how", "likeness"}.
    """

    first = models.ForeignKey(Piece, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Piece, on_delete=models.PROTECT, related_name="+")
    answer = models.CharField(max_length=10, choices=TwinAnswer.choices)
    kept = models.ForeignKey(Piece, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    carried = models.JSONField(default=dict, blank=True)
    found = models.JSONField(default=dict, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="twins_in_order"),
            models.CheckConstraint(condition=Q(answer__in=TwinAnswer.values), name="twin_answer_known"),
            models.CheckConstraint(
                condition=Q(answer=TwinAnswer.MERGED, kept__isnull=False)
                | (~Q(answer=TwinAnswer.MERGED) & Q(kept__isnull=True)),
                name="twin_merge_keeps_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}: {self.answer}"
