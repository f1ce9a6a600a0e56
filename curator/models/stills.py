"""Stills: one picture a shot, shown in the film strip and beside the shot's words."""

from django.db import models

from curator.models.film import Shot


class Still(models.Model):
    """The picture of a shot, as two files of the storage; another one takes its place (curator.domain.stills).

    `large` and `tile` are SHA-256 of media files, both WebP: one to be looked at, one for the strip.
    """

    shot = models.OneToOneField(Shot, on_delete=models.CASCADE, related_name="still")
    large = models.CharField(max_length=64)
    tile = models.CharField(max_length=64)
    original_name = models.CharField(max_length=255, blank=True)

    def __str__(self) -> str:
        return f"still of shot {self.shot_id}"
