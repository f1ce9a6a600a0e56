"""What stands beside a score: its numbers and its versions."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from curator.domain.sheets import Sheet
from curator.models.library import PieceVersion
from curator.models.ranking import Take
from curator.notation.abc import parse
from curator.notation.errors import NotationError
from curator.notation.facts import facts_of

CLEAR, FAIR = 0.8, 0.7
"""Correlations with a key's profile: from the first the key is clear, below the second it is not."""


@dataclass(frozen=True)
class Told:
    """A version of the piece and what it is, in words."""

    version: PieceVersion
    words: str
    newest: bool


def score_facts(version: PieceVersion, sheet: Sheet, take: Take | None) -> dict[str, Any]:
    """Numbers beside the sheet; what is not known is left out."""
    facts = version.facts if "certainty" in version.facts else {**_read_again(version), **version.facts}
    drawn = sheet.engraving.facts if sheet.engraving else {}
    at_cue = take.cue.tempo_map[0][1] if take and take.cue.tempo_map else None
    marks = facts.get("marks") or []
    seconds, notes = sheet.seconds, drawn.get("notes")
    return {
        "seconds": seconds,
        "bars": drawn.get("bars") or facts.get("bars"),
        "planned": take.cue.bars if take else None,
        "key": facts.get("key"),
        "certainty": _certainty(facts.get("certainty")),
        "metre": facts.get("metre"),
        "tempo": at_cue or facts.get("tempo"),
        "marks": marks if len(marks) > 1 and at_cue is None else [],
        "notes": notes,
        "per_second": notes / seconds if notes and seconds else None,
        "repetition": facts.get("repetition"),
        "ambitus": drawn.get("ambitus") or None,
    }


def _read_again(version: PieceVersion) -> dict[str, Any]:
    """The facts of a version from before all of them were kept."""
    try:
        return dict(facts_of(parse(version.abc)))
    except (NotationError, ValueError):
        return {}


def _certainty(fit: float | None) -> dict[str, Any] | None:
    if fit is None:
        return None
    words = _("clear") if fit >= CLEAR else _("fairly clear") if fit >= FAIR else _("unclear")
    return {"fit": fit, "words": words}


def history_of(version: PieceVersion) -> list[Told]:
    """All versions of the piece, the newest first, each with where it came from."""
    rows = list(
        PieceVersion.objects.filter(piece=version.piece_id)
        .select_related("created_by")
        .defer("abc", "musicxml", "facts", "warnings")
        .order_by("-number")
    )
    numbers = {row.pk: row for row in rows}
    return [Told(row, _words(row, numbers.get(row.parent_id or 0)), row is rows[0]) for row in rows]


def _words(row: PieceVersion, parent: PieceVersion | None) -> str:
    by = str(row.created_by) if row.created_by else ""
    if parent is None:
        told = row.original_name or _("first version")
    elif parent.sha256 == row.sha256:
        told = _("as version %(number)d") % {"number": parent.number}
    else:
        told = _("edited from version %(number)d") % {"number": parent.number}
    return f"{told}, {by}" if by else told
