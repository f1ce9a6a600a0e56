"""Writes down on each piece what the library searches, narrows and sorts by, so that it need not be read up."""

import unicodedata
from collections.abc import Iterable
from typing import Any

from django.db.models import Case, IntegerField, Value, When

from curator.models.library import Piece, PieceVersion, Rendering, RenderingState

WRITTEN = (
    "words", "key", "metre", "bars", "tempo", "seconds", "per_second", "register", "major", "repetition",
)  # fmt: skip
_AT_ONCE = 500


def fold(text: str) -> str:
    """The text as it is searched: small letters without accents, so that "gymnopedie" finds "Gymnopédie"."""
    apart = unicodedata.normalize("NFKD", text)
    return " ".join("".join(sign for sign in apart if not unicodedata.combining(sign)).casefold().split())


def shelve_pieces(*, pieces: Iterable[Piece | int]) -> None:
    """Write down names and facts of these pieces (or their keys) anew: after a new version, name, source or drawing.

    Length and density are those of the engraving where there is one, with repeats and at the tempo it was drawn at;
    else those of the text, which knows none where no tempo is written.
    """
    given = list(pieces)
    keys = list(dict.fromkeys(piece.pk if isinstance(piece, Piece) else piece for piece in given))
    fresh: dict[int, Piece] = {}
    for start in range(0, len(keys), _AT_ONCE):
        fresh |= _shelve(keys[start : start + _AT_ONCE])
    for piece in given:
        if isinstance(piece, Piece) and piece.pk in fresh:
            # A caller that saves its own copy afterwards must not bring old values back.
            for name in WRITTEN:
                setattr(piece, name, getattr(fresh[piece.pk], name))


def _shelve(keys: list[int]) -> dict[int, Piece]:
    rows = list(Piece.objects.filter(pk__in=keys).select_related("source"))
    newest = {
        version.piece_id: version
        for version in PieceVersion.objects.filter(piece__in=keys).order_by("number").defer("abc", "musicxml")
    }
    drawn = _drawings([version.pk for version in newest.values()])
    for piece in rows:
        version = newest.get(piece.pk)
        written = _written(piece, version.facts if version else {}, drawn.get(version.pk) if version else None)
        for name, value in written.items():
            setattr(piece, name, value)
    Piece.objects.bulk_update(rows, WRITTEN)
    return {piece.pk: piece for piece in rows}


def _drawings(versions: list[int]) -> dict[int, Rendering]:
    """The engraving of each version: the one at the written tempi before others, then the newest."""
    ready = Rendering.objects.filter(version__in=versions, target="engraving", state=RenderingState.READY)
    at_written = Case(When(tempo_map=[], then=Value(1)), default=Value(0), output_field=IntegerField())
    return {row.version_id: row for row in ready.order_by(at_written, "pk")}


def _written(piece: Piece, facts: dict[str, Any], drawing: Rendering | None) -> dict[str, Any]:
    names = (
        piece.title,
        piece.composer,
        piece.period,
        piece.instrumentation,
        piece.source.name if piece.source else "",
    )
    seconds, per_second = facts.get("seconds"), facts.get("per_second")
    if drawing is not None and drawing.seconds:
        seconds = round(drawing.seconds, 1)
        per_second = round(drawing.facts.get("notes", 0) / drawing.seconds, 2)
    return {
        "words": fold(" ".join(names)),
        "key": str(facts.get("key") or "")[:40],
        "metre": str(facts.get("metre") or "")[:20],
        "bars": facts.get("bars"),
        "tempo": facts.get("tempo"),
        "seconds": seconds,
        "per_second": per_second,
        "register": facts.get("register"),
        "major": facts.get("major"),
        "repetition": facts.get("repetition"),
    }
