"""Handing approved cues over: the file of a cue, the package of a film or a selection, what went out before.

What is handed over is kept with its hash as a Delivery, and the cue's light gets its tick.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from curator.delivery.names import slug as ascii_slug
from curator.delivery.package import pack
from curator.domain.cues import refresh_cue_state
from curator.domain.errors import DomainError
from curator.domain.media import store_media
from curator.domain.packing import package_files
from curator.domain.preparing import Prepared, Problem, prepare_film
from curator.models.accounts import User
from curator.models.delivery import DeliveredCue, Delivery
from curator.models.film import Cue, Film
from curator.models.ranking import Approval


@dataclass(frozen=True)
class Handed:
    """What was handed over, and its bytes."""

    delivery: Delivery
    data: bytes
    cues: tuple[Prepared, ...]
    problems: tuple[Problem, ...] = ()


def deliver_cue(*, cue: Cue, by: User | None, channel: str = "page", suffix: str = ".musicxml") -> Handed:
    """Hand over one file of an approved cue, its score where nothing else is asked for.

    Raises DomainError when none is approved, it cannot be written, or there is no such file.
    """
    good, bad = prepare_film(film=cue.film, numbers=[cue.number])
    if bad:
        raise DomainError(bad[0].sentence)
    if not good:
        raise DomainError(_("No take of %(cue)s is approved yet.") % {"cue": cue.number})
    data = good[0].files.get(suffix)
    if data is None:
        raise DomainError(_("There is no such file."))
    return _hand_over(cue.film, f"{good[0].stem}{suffix}", data, good, (), {}, by=by, channel=channel)


def deliver_film(
    *, film: Film, by: User | None, channel: str = "page", numbers: Collection[str] | None = None
) -> Handed:
    """Hand over all approved cues of a film, or those of these `numbers`, as one package.

    Cues that cannot be written are named in `problems`. Raises DomainError when no cue is left to pack.
    """
    ready, unready = prepare_film(film=film)
    prepared = tuple(each for each in ready if numbers is None or each.cue.number in numbers)
    whole = len(prepared) == len(ready)
    problems = tuple(each for each in unready if whole or numbers is None or each.cue.number in numbers)
    if not prepared:
        raise DomainError(problems[0].sentence if problems else _("No cue is approved, so there is nothing to pack."))
    files = package_files(film=film, prepared=prepared)
    manifest = json.loads(next(file.data for file in files if file.name == "manifest.json"))
    name = package_name(film, prepared, whole=whole)
    return _hand_over(film, name, pack(files), prepared, problems, manifest, by=by, channel=channel)


def package_name(film: Film, prepared: Sequence[Prepared], *, whole: bool = True) -> str:
    """Name of the package: the film, the cues of a selection, and the day of its latest approval.

    So equal packages have equal names.
    """
    some = "" if whole else "_" + "-".join(each.stem.partition("_")[0] for each in prepared)[:40].strip("-")
    return f"{ascii_slug(film.title)}{some}_{max(each.sheet.encoded for each in prepared).isoformat()}.zip"


def _hand_over(
    film: Film,
    filename: str,
    data: bytes,
    prepared: Sequence[Prepared],
    problems: tuple[Problem, ...],
    manifest: Mapping[str, object],
    *,
    by: User | None,
    channel: str,
) -> Handed:
    """Keep the file and write down what went out; the same file again is the same delivery."""
    media = store_media(data=data, suffix=filename[filename.rindex(".") :])
    with transaction.atomic():
        # Approvals are taken and revoked under the lock of their cue.
        list(Cue.objects.select_for_update().filter(pk__in=[each.cue.pk for each in prepared]))
        if Approval.objects.filter(pk__in=[each.approval.pk for each in prepared], revoked_at__isnull=False).exists():
            raise DomainError(_("An approval was withdrawn meanwhile. Look again before you hand this over."))
        delivery = Delivery.objects.filter(film=film, filename=filename, sha256=media.sha256).first()
        if delivery is None:
            delivery = Delivery.objects.create(
                film=film,
                filename=filename,
                sha256=media.sha256,
                size=media.size,
                media=media,
                manifest=dict(manifest),
                by=by,
                channel=channel,
            )
            DeliveredCue.objects.bulk_create(
                DeliveredCue(
                    delivery=delivery,
                    cue=each.cue,
                    take=each.approval.take,
                    approval=each.approval,
                    filename=each.filename,
                    sha256=each.sha256,
                    state_sha256=each.state_sha256,
                    notes=each.exported.account.delivered,
                )
                for each in prepared
            )
        for each in prepared:
            refresh_cue_state(cue=each.cue)
    return Handed(delivery, data, tuple(prepared), problems)
