"""What stands on a piece and on its source: names, header words, rights, tags, stages."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.shelving import shelve_pieces
from curator.domain.tags import STAGE, set_tags
from curator.models.library import Piece, Rights, Source


@dataclass(frozen=True)
class SourceFacts:
    """Where pieces come from and on which terms."""

    name: str
    rights: str = Rights.UNKNOWN
    url: str = ""
    licence: str = ""
    attribution: str = ""
    note: str = ""


@dataclass(frozen=True)
class PieceFacts:
    """What the owner says of a piece. `tags` are free words, `stages` those of the arc that it fits."""

    title: str
    composer: str = ""
    period: str = ""
    instrumentation: str = ""
    source: Source | None = None
    tags: Sequence[str] = ()
    stages: Sequence[str] = ()


def describe_piece(*, piece: Piece, facts: PieceFacts) -> Piece:
    """Let these facts stand on a piece. Raises DomainError without a title and for what is no tag or stage."""
    title = _line(facts.title)
    if not title:
        raise DomainError(_("A piece needs a title."))
    with transaction.atomic():
        row = Piece.objects.select_for_update().get(pk=piece.pk)
        row.title, row.composer = title[:200], _line(facts.composer)[:200]
        row.period, row.instrumentation = _line(facts.period)[:60], _line(facts.instrumentation)[:60]
        row.source = facts.source
        row.save(update_fields=["title", "composer", "period", "instrumentation", "source"])
        set_tags(piece=row, words=facts.tags)
        set_tags(piece=row, words=facts.stages, kind=STAGE)
        shelve_pieces(pieces=[row])
    return row


def find_or_make_source(*, facts: SourceFacts) -> Source:
    """The source of this name and address, made where it is new; one that is there keeps what it says."""
    wanted = _checked(facts)
    source, _new = Source.objects.get_or_create(
        name=wanted.name, url=wanted.url, defaults={"rights": wanted.rights, "licence": wanted.licence}
    )
    return source


def describe_source(*, source: Source, facts: SourceFacts) -> Source:
    """Let these facts stand on a source, and so on all of its pieces. Raises DomainError for a name taken already."""
    wanted = _checked(facts)
    try:
        with transaction.atomic():
            row = Source.objects.select_for_update().get(pk=source.pk)
            for name, value in vars(wanted).items():
                setattr(row, name, value)
            row.save()
            shelve_pieces(pieces=row.pieces.all())
    except IntegrityError as error:
        raise DomainError(_("There is another source with this name and address.")) from error
    return row


def _checked(facts: SourceFacts) -> SourceFacts:
    name = _line(facts.name)[:200]
    if not name:
        raise DomainError(_("A source needs a name."))
    if facts.rights not in Rights.values:
        raise DomainError(_("These rights do not exist."))
    return SourceFacts(
        name=name,
        rights=facts.rights,
        url=facts.url.strip()[:500],
        licence=_line(facts.licence)[:120],
        attribution=facts.attribution.strip(),
        note=facts.note.strip(),
    )


def _line(text: str) -> str:
    """One line that can be printed; a header line of a training file must be."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
