"""Versions of a piece: a text is never changed, a new one stands beside it and names its parent."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from importlib.metadata import version as version_of

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.rendering import request_rendering
from curator.domain.sentences import say
from curator.domain.shelving import shelve_pieces
from curator.domain.sketches import sketch_version
from curator.models.accounts import User
from curator.models.library import Piece, PieceVersion
from curator.notation.abc import parse
from curator.notation.convert import abc_to_musicxml
from curator.notation.errors import NotationError
from curator.notation.facts import facts_of
from curator.notation.fingerprint import fingerprint
from curator.notation.validity import validity

MOST_TEXT = 500_000
"""Signs of a text from the editor; the longest scores of the library have a tenth of that."""

_INCLUDE = re.compile(r"abc-include", re.IGNORECASE)


@dataclass(frozen=True)
class Checked:
    """A text that is a playable piece: as it will be kept, its MusicXML, and what is worth knowing of it."""

    abc: str
    musicxml: str
    bars: int
    notes: int
    remarks: tuple[str, ...]


def check_text(*, abc: str, piece: Piece | None = None) -> Checked:
    """Whether `abc` can be a version of a piece. Raises DomainError with the sentence that says what is wrong.

    piece: the one that it would be a version of, where there is one. Bars off their metre are told of and let
    through, as in imports. The text is looked at and converted, nothing that it names is ever read.
    """
    text = clean_text(abc)
    verdict = validity(text)
    if not (verdict.valid or verdict.importable):
        raise DomainError(say(verdict.reason))
    try:
        made = abc_to_musicxml(text, title=piece.title if piece else "", composer=piece.composer if piece else "")
    except NotationError as error:
        raise DomainError(say(error.sentence)) from error
    remarks = tuple(say(remark) for remark in made.warnings)
    if verdict.irregular:
        remarks = (say(verdict.reason), *remarks)
    return Checked(text, made.text, verdict.bars, verdict.notes, remarks)


def clean_text(abc: str) -> str:
    """The text as it would be kept. Raises DomainError for one that nobody should look into."""
    if len(abc) > MOST_TEXT:
        raise DomainError(_("The text is longer than %(most)d signs.") % {"most": MOST_TEXT})
    if "\0" in abc:
        raise DomainError(_("The file is no text."))
    if _INCLUDE.search(abc):
        raise DomainError(_("A score must not include another file."))
    return "".join(f"{line.rstrip()}\n" for line in abc.splitlines() if line.strip())


def revise_piece(*, version: PieceVersion, abc: str, created_by: User | None = None) -> PieceVersion:
    """A new version of the piece with the text `abc`, made from `version`. Raises DomainError as `check_text`."""
    checked = check_text(abc=abc, piece=version.piece)
    if checked.abc == version.abc:
        raise DomainError(_("Nothing has changed."))
    return _add(
        version,
        abc=checked.abc,
        musicxml=checked.musicxml,
        converter=f"abctoolkit {version_of('abctoolkit')}",
        warnings=list(checked.remarks),
        fingerprint=fingerprint(checked.musicxml.encode()),
        facts=facts_of(parse(checked.abc)),
        created_by=created_by,
    )


def bring_back(*, version: PieceVersion, created_by: User | None = None) -> PieceVersion:
    """Make an old version the newest again: a new one with the same text, whose parent is the old one.

    Raises DomainError when the newest has this text already.
    """
    newest = PieceVersion.objects.filter(piece=version.piece_id).order_by("-number").first()
    if newest is not None and newest.abc == version.abc and newest.musicxml == version.musicxml:
        raise DomainError(_("The newest version has this text already."))
    return _add(
        version,
        abc=version.abc,
        musicxml=version.musicxml,
        converter=version.converter,
        warnings=version.warnings,
        fingerprint=version.fingerprint,
        facts=version.facts,
        created_by=created_by,
    )


def _add(parent: PieceVersion, *, created_by: User | None, **fields: object) -> PieceVersion:
    abc = str(fields["abc"])
    with transaction.atomic():
        Piece.objects.select_for_update().get(pk=parent.piece_id)  # two editors get two numbers
        last = PieceVersion.objects.filter(piece=parent.piece_id).aggregate(last=Max("number"))["last"]
        version = PieceVersion.objects.create(
            piece=parent.piece,
            parent=parent,
            number=last + 1,
            sha256=hashlib.sha256(abc.encode()).hexdigest(),
            created_by=created_by,
            **fields,
        )
        shelve_pieces(pieces=[parent.piece])
        sketch_version(version=version)
        request_rendering(version=version, created_by=created_by, priority=5)
    return version


@dataclass(frozen=True)
class Change:
    """A place where two texts differ. `bar` counts from 1, in the newer text; None is the header."""

    bar: int | None
    before: str
    after: str


def changes_between(*, before: str, after: str) -> list[Change]:
    """The lines in which two texts differ, a bar a line; a removed bar stands at the number it had."""
    old, new = _lines(before), _lines(after)
    return list(_changes(*old, *new))


def _lines(text: str) -> tuple[list[str], int]:
    """All lines, and how many of them are header."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return lines, next((place for place, line in enumerate(lines) if line.startswith(("[V:", "[r:"))), len(lines))


def _changes(old: list[str], old_header: int, new: list[str], new_header: int) -> Iterator[Change]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, start, end, to, until in matcher.get_opcodes():
        if kind == "equal":
            continue
        for place in range(max(end - start, until - to)):
            before = old[start + place] if start + place < end else ""
            after = new[to + place] if to + place < until else ""
            bar = to + place - new_header if after else start + place - old_header
            yield Change(bar + 1 if bar >= 0 else None, before, after)
