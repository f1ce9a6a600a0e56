"""What a round learns from: frozen sets of pieces and of preferences."""

from django.db import models
from django.db.models import F, Q

from curator.models.film import Film
from curator.models.identity import PublicIdField
from curator.models.library import MediaFile, PieceVersion
from curator.models.ranking import Take


class TrainingSet(models.Model):
    """Pieces frozen for SFT, as the files that a round reads.

    `manifest` lists every version with hash, split, keys and prompt, and every piece left out with the reason; `totals`
    are the sizes. `sha256` is that of the files by path; `archive` holds them and can be made again from the manifest.
    """

    public_id = PublicIdField()
    name = models.CharField(max_length=80, unique=True)
    sha256 = models.CharField(max_length=64, unique=True)
    header = models.CharField(max_length=40)
    keys = models.JSONField(default=list)
    train_count = models.PositiveIntegerField(default=0)
    eval_count = models.PositiveIntegerField(default=0)
    totals = models.JSONField(default=dict)
    manifest = models.JSONField(default=dict)
    archive = models.ForeignKey(MediaFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    versions = models.ManyToManyField(PieceVersion, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class PreferenceSet(models.Model):
    """Preference pairs frozen for DPO. `manifest` names the judgements behind them and the held-out scenes."""

    public_id = PublicIdField()
    name = models.CharField(max_length=80, unique=True)
    film = models.ForeignKey(Film, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    sha256 = models.CharField(max_length=64, unique=True)
    votes = models.PositiveIntegerField(default=0)
    expected_correct = models.FloatField(null=True, blank=True)
    manifest = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class PreferencePair(models.Model):
    """Chosen over rejected for one cue, with a soft label and the judgements it rests on.

    soft_label: the chance that the listener says so if asked; margin: mean gap of strengths in log-odds. Of
    held-out pairs p_order and soft_label are the share of direct answers.
    """

    preference_set = models.ForeignKey(PreferenceSet, on_delete=models.CASCADE, related_name="pairs")
    chosen = models.ForeignKey(Take, on_delete=models.PROTECT, related_name="+")
    rejected = models.ForeignKey(Take, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=12, help_text="inferred, vote or clamp")
    p_order = models.FloatField()
    soft_label = models.FloatField(default=1.0)
    margin = models.FloatField(null=True, blank=True)
    weight = models.FloatField(default=1.0)
    held_out = models.BooleanField(default=False)
    judgements = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["preference_set", "chosen", "rejected"], name="preference_pair_unique"),
            models.CheckConstraint(condition=~Q(chosen=F("rejected")), name="preference_pair_two_takes"),
            models.CheckConstraint(condition=Q(p_order__gte=0) & Q(p_order__lte=1), name="preference_p_0_to_1"),
        ]

    def __str__(self) -> str:
        return f"{self.chosen_id} over {self.rejected_id}"
