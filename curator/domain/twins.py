"""Pieces that are the same music: found, decided on by the owner, and seen by training only once."""

from django.db.models import F, OuterRef, QuerySet, Subquery

from curator.models.library import Piece, PieceVersion


def distinct_pieces(pieces: QuerySet[Piece]) -> tuple[list[Piece], dict[int, Piece]]:
    """Each music once: the pieces kept, oldest first, and for each other one's id the kept piece whose notes it has."""
    rows = list(pieces.order_by("created_at", "pk"))
    latest = PieceVersion.objects.filter(piece=OuterRef("piece")).order_by("-number").values("pk")[:1]
    prints = dict(
        PieceVersion.objects.filter(piece__in=[piece.pk for piece in rows])
        .annotate(latest=Subquery(latest))
        .filter(pk=F("latest"))
        .exclude(fingerprint="")
        .values_list("piece_id", "fingerprint")
    )
    kept: list[Piece] = []
    left_out: dict[int, Piece] = {}
    seen: dict[str, Piece] = {}
    for piece in rows:
        music = prints.get(piece.pk)
        if music is not None and music in seen:
            left_out[piece.pk] = seen[music]
            continue
        if music is not None:
            seen[music] = piece
        kept.append(piece)
    return kept, left_out
