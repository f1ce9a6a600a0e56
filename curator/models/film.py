"""A film, its scenes and shots, the emotional arc over it, and the cues that are to be scored."""

from fractions import Fraction

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from curator.models.identity import PublicIdField


class FilmQuerySet(models.QuerySet["Film"]):
    """Named filters."""

    def real(self) -> "FilmQuerySet":
        """Films, without the one that holds the practice briefs."""
        return self.filter(practice=False)


class Film(models.Model):
    """A film. All positions are whole frames, counted from `start_frame` at timecode of the first picture.

    `edited` names what the owner typed and no import changes: runtime.

    The one with `practice` is no film: its cues are practice briefs, a stage and a prompt without a scene.
    """

    public_id = PublicIdField()
    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=200)
    logline = models.CharField(max_length=300, blank=True)
    language = models.CharField(max_length=8, default="de")
    fps_numerator = models.PositiveIntegerField(default=24)
    fps_denominator = models.PositiveIntegerField(default=1)
    drop_frame = models.BooleanField(default=False)
    start_frame = models.PositiveBigIntegerField(default=0)
    length_frames = models.PositiveIntegerField(default=0)
    runtime_low = models.PositiveIntegerField(null=True, blank=True, help_text="estimated runtime, seconds")
    runtime_high = models.PositiveIntegerField(null=True, blank=True)
    picture = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the media file of the locked cut")
    composer_line = models.CharField(max_length=200, blank=True)
    fields = models.JSONField(default=dict, blank=True)
    edited = models.JSONField(default=list, blank=True)
    practice = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = FilmQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(fps_numerator__gt=0) & Q(fps_denominator__gt=0), name="film_fps_positive"
            ),
            models.CheckConstraint(
                condition=Q(drop_frame=False) | Q(fps_numerator__in=[30000, 60000], fps_denominator=1001),
                name="film_drop_frame_rate",
            ),
            models.CheckConstraint(
                condition=Q(runtime_low__isnull=True, runtime_high__isnull=True)
                | Q(runtime_low__lte=F("runtime_high"), runtime_high__gt=0),
                name="film_runtime_range",
            ),
            models.UniqueConstraint(fields=["practice"], condition=Q(practice=True), name="film_one_for_practice"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def fps(self) -> Fraction:
        """Frames a second, exact."""
        return Fraction(self.fps_numerator, self.fps_denominator)


class Scene(models.Model):
    """A scene of the script or storyboard."""

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="scenes")
    number = models.PositiveIntegerField()
    slug_line = models.CharField(max_length=200)
    fields = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["film", "number"], name="scene_number_unique")]

    def __str__(self) -> str:
        return f"{self.number} {self.slug_line}"


class Shot(models.Model):
    """A shot. `position` orders the shots of the whole film.

    `edited` names what the owner typed and no import changes: length, description, dialogue. `estimated` holds until a
    length is typed or imported. `fields` has what the files say of the shot, by their own names.
    """

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="shots")
    scene = models.ForeignKey(Scene, on_delete=models.CASCADE, related_name="shots")
    code = models.CharField(max_length=20)
    position = models.PositiveIntegerField()
    length_frames = models.PositiveIntegerField()
    estimated = models.BooleanField(default=True)
    description = models.TextField(blank=True)
    dialogue = models.TextField(blank=True)
    fields = models.JSONField(default=dict, blank=True)
    edited = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["film", "code"], name="shot_code_unique"),
            models.UniqueConstraint(fields=["film", "position"], name="shot_position_unique"),
        ]

    def __str__(self) -> str:
        return self.code


class ArcStage(models.Model):
    """One stage of the emotional arc. `curve` is the intended intensity, numbers 0..1 at even steps.

    It begins at `start_frame` (from the film's first picture) and ends where the next one begins. Null: not
    placed yet; the arc page then takes the first cue of the stage.
    """

    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="stages")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    start_frame = models.PositiveIntegerField(null=True, blank=True)
    colour = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(6)],
        help_text="stage colour 1-6 of the design",
    )
    curve = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["film", "position"], name="stage_position_unique"),
            models.CheckConstraint(condition=Q(colour__gte=1) & Q(colour__lte=6), name="stage_colour_known"),
        ]

    def __str__(self) -> str:
        return self.name


class CueState(models.TextChoices):
    """The light of a cue: SPOTTED -> GENERATING -> TO_RANK -> DECIDED -> APPROVED -> DELIVERED."""

    SPOTTED = "spotted", _("Spotted")
    GENERATING = "generating", _("Generating")
    TO_RANK = "to_rank", _("To rank")
    DECIDED = "decided", _("Decided")
    APPROVED = "approved", _("Approved")
    DELIVERED = "delivered", _("Delivered")


IN_PLAN = Q(practice=False, set_aside_at__isnull=True)
"""Filters the cues that a film is to have: no practice briefs, none that were set aside."""


class Cue(models.Model):
    """A stretch of film that gets music. `number` is the film's name for it, such as 1m1.

    `state` is written down by curator.domain.cues.refresh_cue_state, from facts, by whoever changes one.
    The plan is in_frame, out_frame, tail, tempo_map, metre, key and bars; curator.domain.plans changes it and counts
    `version` up when takes were written for the old one, which a CueVersion keeps.
    `tempo_map` is [[bar, quarters a minute], ...]; the first entry is bar 1. The music ends at out_frame, or at
    `tail_frame` after it where a `tail` is named. A cue with takes is never deleted: `set_aside_at` takes it out of
    the plan.
    """

    public_id = PublicIdField()
    film = models.ForeignKey(Film, on_delete=models.CASCADE, related_name="cues")
    number = models.CharField(max_length=12)
    position = models.PositiveIntegerField(default=0)
    title = models.CharField(max_length=120, blank=True)
    stage = models.ForeignKey(ArcStage, on_delete=models.SET_NULL, null=True, blank=True, related_name="cues")
    first_shot = models.ForeignKey(Shot, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    last_shot = models.ForeignKey(Shot, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    in_frame = models.PositiveIntegerField()
    out_frame = models.PositiveIntegerField()
    tail = models.CharField(max_length=60, blank=True)
    tail_frame = models.PositiveIntegerField(null=True, blank=True)
    brief = models.TextField(blank=True)
    question = models.CharField(max_length=200, blank=True)
    texture = models.CharField(max_length=60, blank=True)
    tempo_map = models.JSONField(default=list)
    metre = models.CharField(max_length=8, default="3/4")
    key = models.CharField(max_length=12, default="C")
    bars = models.PositiveIntegerField()
    notes = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    practice = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=CueState.choices, default=CueState.SPOTTED)
    set_aside_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position", "number"]
        constraints = [
            models.UniqueConstraint(fields=["film", "number"], name="cue_number_unique"),
            models.CheckConstraint(condition=Q(out_frame__gt=F("in_frame")), name="cue_out_after_in"),
            models.CheckConstraint(
                condition=Q(tail_frame__isnull=True) | Q(tail_frame__gt=F("out_frame")), name="cue_tail_after_out"
            ),
            models.CheckConstraint(condition=Q(bars__gt=0), name="cue_has_bars"),
            models.CheckConstraint(condition=Q(state__in=CueState.values), name="cue_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def tempo(self) -> float:
        """Quarters a minute at bar 1."""
        return float(self.tempo_map[0][1]) if self.tempo_map else 60.0

    @property
    def seconds(self) -> float:
        """Length between in and out, seconds."""
        return float((self.out_frame - self.in_frame) / self.film.fps)

    @property
    def end_frame(self) -> int:
        """The frame by which the music ends: the tail's where there is one, else the out."""
        return self.out_frame if self.tail_frame is None else self.tail_frame


class HitPoint(models.Model):
    """A frame where the music must land."""

    cue = models.ForeignKey(Cue, on_delete=models.CASCADE, related_name="hits")
    frame = models.PositiveIntegerField()
    label = models.CharField(max_length=120, blank=True)
    hard = models.BooleanField(default=False)
    weight = models.FloatField(default=1.0)

    class Meta:
        ordering = ["frame"]
        constraints = [models.CheckConstraint(condition=Q(weight__gt=0), name="hit_weight_positive")]

    def __str__(self) -> str:
        return f"{self.label} @ {self.frame}"
