"""What was found out about takes when they arrived. All of it can be made anew."""

from django.db import models

from curator.models.library import PieceVersion
from curator.models.ranking import Take


class Trace(models.Model):
    """The steps of a version (curator.notation.runs), by which runs that it shares with others are found.

    `steps`: 64-bit numbers, little end first; `bars`: the bar of each moment, 16 bits each. `scheme` names the way.
    """

    version = models.OneToOneField(PieceVersion, on_delete=models.CASCADE, related_name="trace")
    scheme = models.CharField(max_length=20)
    steps = models.BinaryField()
    bars = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["scheme", "version"], name="trace_of_scheme")]

    def __str__(self) -> str:
        return f"trace of {self.version_id}"


class TakeMeasure(models.Model):
    """How a take fits its cue, and what it is like. Written by curator.domain.measures.

    `plan` is a hash of what was measured against: tempo map, metre, length and hits of the cue, and the way it was
    done. `facts`: density and mode a bar, hands, validity, landings. `run`: the longest run that it shares with a
    piece of the library, as in curator.notation.runs.Run, empty for none; `run_with` is the version it is shared with.
    `sibling` is the take of the same cue that is most like it, `sibling_share` how much, 0 to 1.
    """

    take = models.OneToOneField(Take, on_delete=models.CASCADE, related_name="measure")
    plan = models.CharField(max_length=64)
    facts = models.JSONField(default=dict)
    run = models.JSONField(default=dict, blank=True)
    run_with = models.ForeignKey(PieceVersion, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    sibling = models.ForeignKey(Take, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    sibling_share = models.FloatField(default=0.0)
    measured_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"measure of take {self.take_id}"
