"""Settings of the draw under names: a checkpoint's own, those of NotaGen-X, and what the owner kept."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from generation.domain.sampling import PUBLISHED, checked_sampling
from generation.models.checkpoints import Checkpoint, Preset

OWN, NOTAGEN = "own", "notagen-x"


@dataclass(frozen=True)
class Named:
    """A preset as it is offered. `row` is None for those that come with the program."""

    value: str
    label: str
    sampling: Mapping[str, float]
    row: Preset | None = None


def presets_of(checkpoint: Checkpoint) -> list[Named]:
    """What is offered for a checkpoint: its own settings first, then NotaGen-X's, then what was kept, by name."""
    kept = Preset.objects.filter(Q(checkpoint=None) | Q(checkpoint=checkpoint)).order_by("name", "pk")
    return [
        Named(OWN, _("Its own"), checked_sampling(checkpoint.sampling)),
        Named(NOTAGEN, "NotaGen-X", PUBLISHED),
        *(Named(row.public_id, row.name, row.sampling, row) for row in kept),
    ]


def find_preset(*, checkpoint: Checkpoint, value: str) -> Named | None:
    """The preset of this value among those of a checkpoint; None where it has none such."""
    return next((one for one in presets_of(checkpoint) if one.value == value), None)


def keep_preset(*, name: str, sampling: Mapping[str, float], checkpoint: Checkpoint | None = None) -> Preset:
    """Keep settings under a name, for one checkpoint or for all; the same name again is changed. Raises DomainError."""
    name = " ".join(name.split())
    if not name or len(name) > 60:
        raise DomainError(_("A preset has a name of at most 60 characters."))
    row, _new = Preset.objects.update_or_create(
        name=name, checkpoint=checkpoint, defaults={"sampling": checked_sampling(sampling)}
    )
    return row


def forget_preset(*, preset: Preset) -> None:
    """Take a preset away; requests keep the numbers that they were made with."""
    preset.delete()
