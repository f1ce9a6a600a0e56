"""Hit points: frames where the music must land; some are proposed by the markers of an edit list."""

from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.film.storyboard import Marker
from curator.models.film import Cue, HitPoint

HEAVIEST = 10.0


def add_hit(*, cue: Cue, frame: int, label: str = "", hard: bool = True, weight: float = 1.0) -> HitPoint:
    """A new hit at a frame of the film. Raises DomainError outside the cue, for a second one there, for no weight."""
    hit = HitPoint(cue=cue)
    return _write(hit, frame, label, hard, weight)


def change_hit(*, hit: HitPoint, frame: int, label: str, hard: bool, weight: float) -> HitPoint:
    """Move a hit, name it, say whether it is hard and how much it weighs. Raises DomainError as add_hit."""
    return _write(hit, frame, label, hard, weight)


def markers_of(*, cue: Cue) -> list[Marker]:
    """The film's markers (locators of its edit list) in a cue at which it has no hit yet, one a frame, in order.

    Their frames count as the film's do.
    """
    kept = cue.film.fields.get("markers", [])
    taken = set(cue.hits.values_list("frame", flat=True)) if kept else set()
    found: dict[int, Marker] = {}
    for one in kept:
        marker = Marker(one["frame"], one["colour"], one["label"])
        if cue.in_frame <= marker.frame <= cue.end_frame and marker.frame not in taken:
            found.setdefault(marker.frame, marker)
    return [found[frame] for frame in sorted(found)]


@transaction.atomic
def make_hits(*, cue: Cue, frames: Collection[int], hard: bool) -> list[HitPoint]:
    """Make hits of those markers of a cue that lie at these frames."""
    return [
        add_hit(cue=cue, frame=marker.frame, label=marker.label, hard=hard)
        for marker in markers_of(cue=cue)
        if marker.frame in frames
    ]


def delete_hit(*, hit: HitPoint) -> None:
    """Take a hit away."""
    hit.delete()


def _write(hit: HitPoint, frame: int, label: str, hard: bool, weight: float) -> HitPoint:
    cue = hit.cue
    if not cue.in_frame <= frame <= cue.end_frame:
        raise DomainError(_("A hit lies between the in and the end of its cue."))
    if cue.hits.filter(frame=frame).exclude(pk=hit.pk).exists():
        raise DomainError(_("There is a hit at this frame already."))
    if not 0 < weight <= HEAVIEST:
        raise DomainError(_("A hit weighs more than 0 and at most 10."))
    hit.frame, hit.label, hit.hard, hit.weight = frame, label.strip()[:120], hard, weight
    hit.save()
    return hit
