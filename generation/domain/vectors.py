"""Vectors that are kept: read by content, made where they are missing. Reading loads no torch."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from curator.jobs import Run
from generation.clamp.space import PIPELINE, content_key
from generation.domain.encoders import load_music, load_text
from generation.domain.loading import empty_cache
from generation.models.encoders import Encoder, Vector, VectorKind

Floats = NDArray[np.float32]
_AT_ONCE = 400
"""Contents asked for in one query, below the limit of variables of SQLite."""
_WRITTEN = 64
"""Vectors made between two writes, so that a killed job loses little."""


def read_vectors(*, encoder: Encoder, kind: VectorKind, texts: Iterable[str]) -> dict[str, Floats]:
    """The vectors (D,) of these texts that are there, by text."""
    by_key = {content_key(text): text for text in texts}
    keys = list(by_key)
    found: dict[str, Floats] = {}
    for start in range(0, len(keys), _AT_ONCE):
        rows = Vector.objects.filter(
            encoder=encoder, pipeline=PIPELINE, kind=kind, content__in=keys[start : start + _AT_ONCE]
        ).values_list("content", "vector")
        found |= {by_key[key]: np.frombuffer(bytes(vector), dtype="<f4") for key, vector in rows}
    return found


def make_vectors(*, encoder: Encoder, music: Sequence[str], texts: Sequence[str], run: Run) -> int:
    """Make the vectors of pieces and of texts that are missing; how many were made. Raises DomainError.

    An encoder's side is only loaded when something is missing for it.
    """
    wanted = {VectorKind.MUSIC: music, VectorKind.TEXT: texts}
    missing = {kind: _missing(encoder, kind, asked) for kind, asked in wanted.items()}
    total, done = sum(map(len, missing.values())), 0
    try:
        for kind, ways in ((VectorKind.MUSIC, load_music), (VectorKind.TEXT, load_text)):
            if not missing[kind]:
                continue
            vectors_of: Callable[..., Floats] = ways(encoder).vectors
            for start in range(0, len(missing[kind]), _WRITTEN):
                some = missing[kind][start : start + _WRITTEN]
                made = vectors_of(some, look=run.check)
                with run.commit():
                    _write(encoder, kind, dict(zip(some, made, strict=True)))
                done += len(some)
                run.progress(done, total)
            del vectors_of
    finally:
        empty_cache()
    return total


def _missing(encoder: Encoder, kind: VectorKind, texts: Sequence[str]) -> list[str]:
    known = read_vectors(encoder=encoder, kind=kind, texts=texts)
    return [text for text in dict.fromkeys(texts) if text and text not in known]


def _write(encoder: Encoder, kind: VectorKind, made: Mapping[str, Floats]) -> None:
    rows = [
        Vector(encoder=encoder, pipeline=PIPELINE, kind=kind, content=content_key(text), vector=_bytes(vector))
        for text, vector in made.items()
    ]
    Vector.objects.bulk_create(rows, ignore_conflicts=True)


def _bytes(vector: Floats) -> bytes:
    return np.asarray(vector, dtype="<f4").tobytes()
