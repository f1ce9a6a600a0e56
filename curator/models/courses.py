"""What the notes of a text do over time. Made once a text, and anew at will."""

from django.db import models


class Course(models.Model):
    """What is heard bar by bar of every version whose text has this SHA-256; see curator.rendering.course.

    `scheme` names the way it was computed. `bars` are rows in playing order: written bar, quarters, struck notes,
    energy, register, mode. Empty for a text that cannot be read.
    """

    sha256 = models.CharField(max_length=64)
    scheme = models.CharField(max_length=20)
    bars = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sha256", "scheme"], name="course_once_a_text")]

    def __str__(self) -> str:
        return f"course of {self.sha256[:8]}"
