"""Encoders that turn pieces and texts into vectors, and the vectors that they made."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from curator.models.film import Film
from curator.models.identity import PublicIdField
from curator.models.library import Piece
from curator.models.ranking import Take


class Encoder(models.Model):
    """Weights of CLaMP, named by the content of the file they came from. Kept in settings.WEIGHTS as
    clamp-<sha256>.safetensors.

    The one that was chosen last is in use. `family`: CLaMP 2, CLaMP 3 or Demo; `facts`: sizes, precision, its card.
    """

    public_id = PublicIdField()
    name = models.CharField(max_length=80, unique=True)
    family = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveBigIntegerField()
    dim = models.PositiveSmallIntegerField()
    facts = models.JSONField(default=dict)
    chosen_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-chosen_at", "-id"]

    def __str__(self) -> str:
        return self.name


class VectorKind(models.TextChoices):
    """What a vector is of."""

    MUSIC = "music", _("Music")
    TEXT = "text", _("Text")


class Vector(models.Model):
    """The vector of one text or piece under one encoder. Never changed, and made once.

    `content` is the sha256 of exactly what the encoder read; `vector` holds the encoder's `dim` numbers as float32,
    little-endian, not normalised. Vectors of another encoder or another `pipeline` lie in another space.
    """

    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="vectors")
    pipeline = models.CharField(max_length=20)
    kind = models.CharField(max_length=5, choices=VectorKind.choices)
    content = models.CharField(max_length=64)
    vector = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["encoder", "pipeline", "kind", "content"], name="vector_made_once"),
            models.CheckConstraint(condition=Q(kind__in=VectorKind.values), name="vector_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.content[:12]}"


class Style(models.Model):
    """Which pieces of the library are a film's style: those of these composers, with all of these tags.

    Without a row, or with two empty lists, the house's own choice holds (generation.domain.ear).
    """

    film = models.OneToOneField(Film, on_delete=models.CASCADE, related_name="+")
    composers = models.JSONField(default=list, blank=True)
    tags = models.JSONField(default=list, blank=True)

    def __str__(self) -> str:
        return f"style of {self.film_id}"


class TakeScore(models.Model):
    """What an encoder says of a take: never a measure of how good it is. Written by the scoring job only.

    `likeness` and `nearest`: cosine to the mean reference of the film's style, mean cosine to the nearest five.
    `fit`: how much nearer to the cue's text than to neutral ones, None where texts cannot be read. `closest`: largest
    cosine to a piece of the library, `closest_piece`. `references`: sha256 over the contents of the style's pieces.
    """

    take = models.ForeignKey(Take, on_delete=models.CASCADE, related_name="+")
    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="+")
    pipeline = models.CharField(max_length=20)
    likeness = models.FloatField(null=True)
    nearest = models.FloatField(null=True)
    fit = models.FloatField(null=True)
    closest = models.FloatField(null=True)
    closest_piece = models.ForeignKey(Piece, on_delete=models.SET_NULL, null=True, related_name="+")
    references = models.CharField(max_length=64, blank=True)
    text = models.CharField(max_length=64, blank=True, help_text="sha256 of the cue's texts")
    made_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["take", "encoder"], name="take_score_once")]

    def __str__(self) -> str:
        return f"take {self.take_id} by encoder {self.encoder_id}"
