"""What was learned of a film maker's taste, and whether it may help."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from curator.models.identity import PublicIdField
from curator.models.ranking import Judgement
from generation.models.encoders import Encoder


class TasteModel(models.Model):
    """A taste learned from the judgements of one film maker over vectors of one space. Append-only; the newest holds.

    `metrics`: right, answers, low, high (what it was right about in cues it had not seen, with the 95 % interval),
    ridge, scene_share. `told`: what it says of itself: traits, liked and disliked takes by public id. `proved`: the
    whole interval lies above chance; only then it writes Take.prior_mean.
    """

    public_id = PublicIdField()
    rater = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="+")
    pipeline = models.CharField(max_length=20)
    with_facts = models.BooleanField(default=False)
    last_judgement = models.ForeignKey(Judgement, on_delete=models.PROTECT, null=True, related_name="+")
    proved = models.BooleanField(default=False)
    metrics = models.JSONField(default=dict)
    told = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"taste of {self.rater_id}, {self.created_at:%Y-%m-%d}"


class TasteSetting(models.Model):
    """What a film maker wants of his taste model. `helps`: it may start the ranking of new takes; one may at a time.

    `with_facts`: facts of the score count beside the vectors. `by_itself`: it is learned anew after some judgements.
    """

    rater = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    helps = models.BooleanField(default=True)
    with_facts = models.BooleanField(default=False)
    by_itself = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["helps"], condition=Q(helps=True), name="taste_one_helps"),
        ]

    def __str__(self) -> str:
        return f"taste of {self.rater_id}: {'helps' if self.helps else 'off'}"
