"""Puts a few composed études into the library, so that a fresh one is not empty."""

from collections.abc import Mapping
from typing import Any

from curator.domain.library import About, import_score
from curator.models.library import Origin, Piece, Source
from generation.etudes.composer import compose
from generation.etudes.stages import Stage, Texture


def seed_pieces(*, data: Mapping[str, Any]) -> list[Piece]:
    """The pieces that `data` (data/demo/etudes.json) asks for, composed and imported where they are missing.

    A piece that the owner archived is not brought back.
    """
    told = dict(data["source"])
    source, _new = Source.objects.get_or_create(name=told.pop("name"), defaults=told)
    return [_seed_piece(piece, source) for piece in data["pieces"]]


def _seed_piece(told: Mapping[str, Any], source: Source) -> Piece:
    making = {"recipe": "generation.etudes", **told}
    known = Piece.objects.filter(source=source, making=making).first()
    if known is not None:
        return known
    etude = compose(
        told["seed"],
        stage=Stage(told["stage"]),
        texture=Texture(told["texture"]),
        metre=told["metre"],
        key=told["key"],
        tempo=told["tempo"],
        bars=told["bars"],
    )
    about = About(
        title=told["title"],
        composer="Cuewright (composed by rule)",
        period="Minimal",
        instrumentation="Keyboard",
        tags=(etude.stage.value, etude.texture.value),
    )
    name = f"etude-{told['seed']}.abc"
    imported = import_score(name=name, data=etude.stored.encode(), about=about, source=source, origin=Origin.CORPUS)
    if imported.status == "imported":
        imported.piece.making = making
        imported.piece.save(update_fields=["making"])
    return imported.piece
