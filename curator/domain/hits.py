"""Hit points: frames where the music must land."""

from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.models.film import Cue, HitPoint

HEAVIEST = 10.0


def add_hit(*, cue: Cue, frame: int, label: str = "", hard: bool = True, weight: float = 1.0) -> HitPoint:
    """A new hit at a frame of the film. Raises DomainError outside the cue, for a second one there, for no weight."""
    hit = HitPoint(cue=cue)
    return _write(hit, frame, label, hard, weight)


def change_hit(*, hit: HitPoint, frame: int, label: str, hard: bool, weight: float) -> HitPoint:
    """Move a hit, name it, say whether it is hard and how much it weighs. Raises DomainError as add_hit."""
    return _write(hit, frame, label, hard, weight)


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
