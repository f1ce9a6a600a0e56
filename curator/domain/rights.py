"""What may train and what may leave the machine: the allow-list of composers, rights, and confirmations."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.models.accounts import User
from curator.models.library import Piece, Rights
from curator.models.rights import Purpose, RightsConfirmation, TrainingComposers


@dataclass(frozen=True)
class AllowedComposer:
    """A composer on the allow-list, and the rights presumed of his pieces where their source names none."""

    name: str
    rights: str


DEFAULT_COMPOSERS = (
    AllowedComposer("Satie", Rights.PUBLIC_DOMAIN),  # died in 1925
    AllowedComposer("Einaudi", Rights.OWN_COPY),  # born in 1955
)


def training_composers() -> tuple[AllowedComposer, ...]:
    """The allow-list in force."""
    row = TrainingComposers.objects.last()
    if row is None:
        return DEFAULT_COMPOSERS
    return tuple(AllowedComposer(entry["name"], entry["rights"]) for entry in row.composers)


def set_training_composers(*, composers: Sequence[AllowedComposer], by: User | None) -> None:
    """Put another allow-list in force; the same list again changes nothing. Raises DomainError for what is no name."""
    names = [" ".join(entry.name.split()) for entry in composers]
    for name, entry in zip(names, composers, strict=True):
        if not _words(name) or len(name) > 200 or not name.isprintable():
            raise DomainError(_("\u201c%(name)s\u201d is no name of a composer.") % {"name": name[:40]})
        if entry.rights not in Rights.values:
            raise DomainError(_("These rights do not exist."))
    twice = next((name for place, name in enumerate(names) if _words(name) in map(_words, names[:place])), None)
    if twice is not None:
        raise DomainError(_("%(name)s stands on the list twice.") % {"name": twice})
    wanted = tuple(AllowedComposer(name, entry.rights) for name, entry in zip(names, composers, strict=True))
    if wanted != training_composers():
        rows = [{"name": entry.name, "rights": str(entry.rights)} for entry in wanted]
        TrainingComposers.objects.create(composers=rows, by=by)


def training_bar(piece: Piece) -> str:
    """Why a piece may not train, in one sentence; "" when it may."""
    return training_bars([piece])[piece.pk]


def training_bars(pieces: Iterable[Piece]) -> dict[int, str]:
    """Piece id -> why it may not train, "" when it may; a constant number of queries when sources are joined."""
    rows = list(pieces)
    allowed = training_composers()
    confirmed = _granted(rows, Purpose.TRAINING)
    return {piece.pk: _bar(piece, allowed, confirmed) for piece in rows}


def _bar(piece: Piece, allowed: tuple[AllowedComposer, ...], confirmed: set[int]) -> str:
    if piece.merged_into_id is not None:
        return _("It was merged into another piece.")
    if piece.archived_at is not None:
        return _("It was put away.")
    if not piece.composer.strip():
        return _("No composer is named, so nobody knows whether it may train.")
    if _entry(piece.composer, allowed) is None:
        return _("%(composer)s is not on the list of composers that train.") % {"composer": piece.composer}
    if _in_copyright(piece, allowed) and piece.pk not in confirmed:
        return _("It is in copyright, and nobody has confirmed that it may train.")
    return ""


def awaiting_confirmation(pieces: Iterable[Piece]) -> list[Piece]:
    """Those of the pieces that only a confirmation keeps from training."""
    allowed = training_composers()
    listed = [piece for piece in pieces if piece.archived_at is None and _entry(piece.composer, allowed) is not None]
    return unconfirmed(pieces=listed, purpose=Purpose.TRAINING)


def in_copyright(pieces: Iterable[Piece]) -> list[Piece]:
    """Those of the pieces that are in copyright, by their source or, where that names no rights, by their composer."""
    allowed = training_composers()
    return [piece for piece in pieces if _in_copyright(piece, allowed)]


def unconfirmed(*, pieces: Iterable[Piece], purpose: Purpose) -> list[Piece]:
    """Those in copyright that nobody has confirmed for this purpose."""
    rows = in_copyright(pieces)
    granted = _granted(rows, purpose)
    return [piece for piece in rows if piece.pk not in granted]


def confirm_rights(
    *, pieces: Iterable[Piece], purpose: Purpose, by: User | None, granted: bool = True, channel: str = "page"
) -> RightsConfirmation:
    """Write down who confirmed which pieces for what, or took that back (`granted=False`).

    Raises DomainError without a piece and where one is not in copyright: nothing is to be confirmed of that.
    """
    rows = list({piece.pk: piece for piece in pieces}.values())
    if not rows:
        raise DomainError(_("No piece is named."))
    bound = {piece.pk for piece in in_copyright(rows)}
    free = next((piece for piece in rows if piece.pk not in bound), None)
    if free is not None and granted:
        raise DomainError(_("%(title)s is not in copyright; nothing has to be confirmed.") % {"title": free.title})
    row = RightsConfirmation.objects.create(
        purpose=purpose, granted=granted, named=[_named(piece) for piece in rows], by=by, channel=channel
    )
    row.pieces.set(rows)
    return row


def _named(piece: Piece) -> dict[str, str]:
    source = piece.source
    return {
        "piece": piece.public_id,
        "title": piece.title,
        "composer": piece.composer,
        "source": source.name if source else "",
        "rights": source.rights if source else Rights.UNKNOWN.value,
    }


def _granted(pieces: Iterable[Piece], purpose: Purpose) -> set[int]:
    """Ids of the pieces whose latest word for this purpose is a confirmation."""
    link = RightsConfirmation.pieces.through
    rows = link.objects.filter(
        piece_id__in=[piece.pk for piece in pieces], rightsconfirmation__purpose=purpose
    ).order_by("rightsconfirmation_id")
    latest = dict(rows.values_list("piece_id", "rightsconfirmation__granted"))
    return {piece for piece, granted in latest.items() if granted}


def _in_copyright(piece: Piece, allowed: tuple[AllowedComposer, ...]) -> bool:
    return rights_of(piece, allowed) == Rights.OWN_COPY


def rights_of(piece: Piece, allowed: tuple[AllowedComposer, ...]) -> str:
    """The rights in a piece: those of its source, else those presumed of its composer, else unknown."""
    if piece.source is not None and piece.source.rights != Rights.UNKNOWN:
        return piece.source.rights
    entry = _entry(piece.composer, allowed)
    return entry.rights if entry else Rights.UNKNOWN


def _entry(composer: str, allowed: tuple[AllowedComposer, ...]) -> AllowedComposer | None:
    """The entry all of whose words stand in the composer's name: Satie for Satie, Erik and for Erik Satie."""
    words = _words(composer)
    return next((entry for entry in allowed if _words(entry.name) <= words), None)


def _words(name: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii") or name
    return frozenset(re.findall(r"\w+", plain.casefold()))
