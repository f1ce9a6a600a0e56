"""Takes of a cue, blind judgements on pairs of them, what follows, and approval. Facts are append-only."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from curator.models.film import Cue
from curator.models.identity import PublicIdField
from curator.models.library import PieceVersion, Rendering


class TakeState(models.TextChoices):
    """UP <-> KEPT, UP <-> DISCARDED; a discarded take is not put into pairs."""

    UP = "up", _("In the running")
    KEPT = "kept", _("Kept")
    DISCARDED = "discarded", _("Discarded")


class TakeQuerySet(models.QuerySet["Take"]):
    """Named filters."""

    def in_the_running(self) -> "TakeQuerySet":
        """Takes that may be judged."""
        return self.exclude(state=TakeState.DISCARDED)


class Take(models.Model):
    """A piece version put up for a cue. `cohort` and `prior_*` are written down by whoever made it.

    `cue_version`: the version of the cue's plan that it was written for.
    """

    public_id = PublicIdField()
    cue = models.ForeignKey(Cue, on_delete=models.CASCADE, related_name="takes")
    version = models.ForeignKey(PieceVersion, on_delete=models.PROTECT, related_name="takes")
    number = models.PositiveIntegerField()
    cohort = models.CharField(max_length=80, blank=True)
    cue_version = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=10, choices=TakeState.choices, default=TakeState.UP)
    prior_mean = models.FloatField(default=0.0)
    prior_source = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TakeQuerySet.as_manager()

    class Meta:
        ordering = ["cue_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["cue", "number"], name="take_number_unique"),
            models.UniqueConstraint(fields=["cue", "version"], name="take_version_unique"),
            models.CheckConstraint(condition=Q(state__in=TakeState.values), name="take_state_known"),
        ]

    def __str__(self) -> str:
        return f"take {self.number} of cue {self.cue_id}"


class Pair(models.Model):
    """Two takes as they were handed out to a listener: open until answered or handed back, then closed.

    `public_id`, `left_token` and `right_token` are random and good for this one pair, so that nothing that the
    listener's browser sees tells the takes apart. `rater` is null for a pair asked for by a script for nobody yet.
    The policy and its probability stay here, not in the browser, until the judgement takes them over. A pair `ahead`
    is fetched while the one before it is still heard, and becomes the open one after it.
    """

    public_id = PublicIdField()
    cue = models.ForeignKey(Cue, on_delete=models.CASCADE, related_name="pairs")
    rater = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="pairs"
    )
    left = models.ForeignKey(Take, on_delete=models.CASCADE, related_name="+")
    right = models.ForeignKey(Take, on_delete=models.CASCADE, related_name="+")
    left_token = PublicIdField()
    right_token = PublicIdField()
    left_rendering = models.ForeignKey(Rendering, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    right_rendering = models.ForeignKey(Rendering, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    side_seed = models.CharField(max_length=64)
    policy = models.CharField(max_length=40)
    probability = models.FloatField()
    repeat_of = models.ForeignKey(
        "curator.Judgement", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    ahead = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(left=F("right")), name="pair_two_takes"),
            models.UniqueConstraint(
                fields=["cue", "rater", "ahead"], condition=Q(closed_at__isnull=True), name="pair_one_open"
            ),
            models.UniqueConstraint(
                fields=["rater"], condition=Q(closed_at__isnull=True, ahead=True), name="pair_one_ahead"
            ),
        ]

    def __str__(self) -> str:
        return f"pair {self.public_id}"


class Answer(models.TextChoices):
    """What a listener said. RETRACTED only takes an earlier judgement back."""

    LEFT = "left", _("Left")
    RIGHT = "right", _("Right")
    TIE = "tie", _("Equal")
    BAD = "bad", _("Neither")
    SKIP = "skip", _("Skipped")
    RETRACTED = "retracted", _("Taken back")


class JudgementQuerySet(models.QuerySet["Judgement"]):
    """Named filters."""

    def standing(self) -> "JudgementQuerySet":
        """Judgements that hold: not superseded, and not themselves a taking back."""
        return self.filter(superseded_by__isnull=True).exclude(answer=Answer.RETRACTED)


class Judgement(models.Model):
    """One answer to one pair. Never edited: a later row with `supersedes` replaces it."""

    public_id = PublicIdField()
    cue = models.ForeignKey(Cue, on_delete=models.PROTECT, related_name="judgements")
    rater = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="judgements")
    pair = models.CharField(max_length=64, help_text="the id of the pair as it was handed out; good for one answer")
    left = models.ForeignKey(Take, on_delete=models.PROTECT, related_name="judged_left")
    right = models.ForeignKey(Take, on_delete=models.PROTECT, related_name="judged_right")
    answer = models.CharField(max_length=10, choices=Answer.choices)
    side_seed = models.CharField(max_length=64, blank=True)
    first_played = models.CharField(max_length=5, blank=True, help_text="left, right or empty")
    heard_left = models.FloatField(default=0, help_text="seconds of distinct positions")
    heard_right = models.FloatField(default=0)
    positions = models.JSONField(default=dict, blank=True, help_text="{left: [[from, to], ...], right: ...}, seconds")
    events = models.JSONField(default=list, blank=True, help_text="[[milliseconds, event, side, position], ...]")
    decision_ms = models.PositiveIntegerField(null=True, blank=True)
    device_class = models.CharField(max_length=20, blank=True)
    heard_on = models.CharField(max_length=10, blank=True, help_text="headphones, speakers or empty")
    policy = models.CharField(max_length=40, blank=True)
    probability = models.FloatField(null=True, blank=True, help_text="of this pair under the policy")
    left_rendering = models.ForeignKey(Rendering, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    right_rendering = models.ForeignKey(Rendering, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    tags = models.JSONField(default=list, blank=True, help_text="reasons given with the answer; later ones: Reason")
    repeat_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="repeats")
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    reason = models.CharField(max_length=200, blank=True)
    app_version = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = JudgementQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(answer__in=Answer.values), name="judgement_answer_known"),
            models.CheckConstraint(condition=~Q(left=F("right")), name="judgement_two_takes"),
            models.CheckConstraint(
                condition=~Q(answer=Answer.RETRACTED) | Q(supersedes__isnull=False),
                name="judgement_retraction_names_what",
            ),
            models.UniqueConstraint(
                fields=["rater", "pair"], condition=Q(supersedes__isnull=True), name="judgement_pair_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.answer} on {self.left_id}/{self.right_id}"


class ReasonTag(models.TextChoices):
    """Why a listener answered as he did, in a word."""

    BUSY = "busy", _("too busy")
    THIN = "thin", _("too thin")
    MOOD = "mood", _("wrong mood")
    ENDING = "ending", _("ending")
    RHYTHM = "rhythm", _("rhythm")
    HARMONY = "harmony", _("harmony")
    MELODY = "melody", _("melody")


class Reason(models.Model):
    """A reason said after the answer: what spoke against the side that was not chosen (or against both).

    Append-only as the judgement itself: the newest row of a tag says whether it holds (`given`).
    """

    judgement = models.ForeignKey(Judgement, on_delete=models.PROTECT, related_name="reasons")
    tag = models.CharField(max_length=12, choices=ReasonTag.choices)
    given = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=Q(tag__in=ReasonTag.values), name="reason_tag_known")]

    def __str__(self) -> str:
        return f"{self.tag} on {self.judgement_id}"


class Standing(models.Model):
    """The fitted strengths of one cue's takes after `votes` judgements; rater null means all listeners.

    `strengths`: [{take, mean, sd, low, high, low50, high50, p_best, votes}]; append-only, the newest holds.
    """

    cue = models.ForeignKey(Cue, on_delete=models.CASCADE, related_name="standings")
    rater = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    last_judgement = models.ForeignKey(Judgement, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    votes = models.PositiveIntegerField(default=0)
    strengths = models.JSONField(default=list)
    expected_regret = models.FloatField(null=True, blank=True)
    sure_enough = models.BooleanField(default=False)
    estimator = models.CharField(max_length=60)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["cue", "-id"], name="standing_newest")]

    def __str__(self) -> str:
        return f"standing of {self.cue_id} after {self.votes}"


class Approval(models.Model):
    """The film maker's word that a take is the cue's music. At most one in force a cue."""

    public_id = PublicIdField()
    cue = models.ForeignKey(Cue, on_delete=models.PROTECT, related_name="approvals")
    take = models.ForeignKey(Take, on_delete=models.PROTECT, related_name="approvals")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    revoked_why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cue"], condition=Q(revoked_at__isnull=True), name="approval_one_in_force"),
        ]

    def __str__(self) -> str:
        return f"approval of take {self.take_id}"
