"""A few small pieces by composers who may and may not train."""

from typing import Any

from curator.domain.sketches import sketch_missing
from curator.models.library import Piece, PieceVersion
from curator.models.twins import Resemblance
from tests.factories import ABC, make_version

STEPS = "cdefgab"


def small_piece(number: int, *, composer: str = "Satie, Erik", title: str = "", **fields: Any) -> PieceVersion:
    """A piece of two bars whose notes no other number has."""
    tune = "".join(f"{STEPS[number // 7**place % 7]}2 " for place in range(3)).strip()
    abc = ABC.replace("e2 d2 c2", tune)
    piece = Piece.objects.create(
        **{"title": title or f"Piece {number:02}", "composer": composer, "origin": "uploaded"} | fields
    )
    facts = {"bars": 2, "seconds": 6.0, "key": "C"}
    return make_version(piece=piece, abc=abc, fingerprint=f"{number:064}", facts=facts)


def resemble(one: PieceVersion, other: PieceVersion, *, kind: str = Resemblance.SAME) -> None:
    """Let two pieces have been found to be much the same music."""
    sketch_missing()  # what is compared later would forget it
    first, second = sorted((one, other), key=lambda version: version.piece_id)
    Resemblance.objects.create(
        first=first.piece, second=second.piece, first_version=first, second_version=second, kind=kind, likeness=0.9
    )
