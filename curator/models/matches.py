"""Matches: the takes of two cohorts of a cue heard against each other."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from curator.models.film import Cue
from curator.models.identity import PublicIdField


class Match(models.Model):
    """While it is open, pairs of the cue that are handed out have one take of `older` and one of `newer` (cohorts).

    Only takes put up since `created_at` play. `key` says what it is for and is alike for the cues of one match;
    `wanted`: how many answers about order are enough, after which it is over; `ended_at`: it was ended before.
    """

    public_id = PublicIdField()
    key = models.CharField(max_length=80)
    cue = models.ForeignKey(Cue, on_delete=models.CASCADE, related_name="matches")
    older = models.CharField(max_length=80)
    newer = models.CharField(max_length=80)
    wanted = models.PositiveSmallIntegerField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "matches"
        constraints = [
            models.UniqueConstraint(fields=["cue"], condition=Q(ended_at__isnull=True), name="match_one_a_cue"),
            models.CheckConstraint(condition=~Q(older=F("newer")), name="match_two_cohorts"),
        ]

    def __str__(self) -> str:
        return f"match of cue {self.cue_id}"
