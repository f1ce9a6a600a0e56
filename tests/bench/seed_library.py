"""Fills a library with thousands of synthetic pieces for measurements; never called by users.

    DJANGO_SETTINGS_MODULE=tests.settings CUEWRIGHT_TEST_DATABASE_URL=... python -m tests.bench.seed_library 10000

Études composed by rule, each used many times under other titles, tempi, composers and words; the first bars of a few of
them are really engraved and shared by all.
"""

import hashlib
import json
import sys
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

import django

COMPOSED = 300
ENGRAVED = 12
AT_ONCE = 1000
COMPOSERS = (
    "Erik Satie", "Ludovico Einaudi", "Claude Debussy", "Frédéric Chopin", "Clara Schumann", "Amy Beach",
    "Edvard Grieg", "Béla Bartók", "Scott Joplin", "Lili Boulanger", "Cuewright (composed by rule)",
)  # fmt: skip
KEYS = ("C", "G", "D", "A", "E", "F", "Bb", "Eb", "Ab", "Amin", "Emin", "Bmin", "Dmin", "Gmin", "Cmin", "Fmin")
METRES = ("3/4", "4/4", "2/4", "6/8")
NAMES = (
    "Waltz", "Prélude", "Gymnopédie", "Nocturne", "Rain", "Harbour", "Lamp", "Dust", "Attic", "Lantern",
)  # fmt: skip
_FIRST = ("slow", "sparse", "modal", "night", "bright", "broken", "rising", "still")
WORDS = tuple(f"{first} {second}" for first in _FIRST for second in ("waltz", "song", "pulse", "chorale", "piece"))
SOURCES = (("Mutopia Project", "public_domain"), ("OpenScore", "creative_commons"), ("IMSLP", "public_domain"),
           ("Own shelf", "own_copy"), ("Études composed by rule", "own_work"))  # fmt: skip


@dataclass(frozen=True)
class Text:
    """One composed text with its facts."""

    abc: str
    facts: dict[str, Any]


def compose_texts(count: int) -> list[Text]:
    """`count` études of all stages and textures in many keys and metres."""
    from curator.notation.abc import parse
    from curator.notation.facts import facts_of
    from generation.etudes.composer import compose

    texts = []
    for seed in range(count):
        drawn = Random(seed)
        etude = compose(seed, key=drawn.choice(KEYS), bars=drawn.choice((16, 20, 24, 32)))
        texts.append(Text(etude.stored, json.loads(json.dumps(facts_of(parse(etude.stored))))))
    return texts


def drawn_media(texts: list[Text]) -> list[dict[str, int]]:
    """Of each text its first bars, time map and a short sound in the storage: keys of MediaFile by role."""
    from curator.domain.media import store_media
    from curator.notation.convert import abc_to_musicxml
    from curator.rendering.engrave import engrave, timemap_document

    found = []
    for text in texts:
        made = engrave(abc_to_musicxml(text.abc).text.encode())
        timemap = json.dumps(timemap_document(made)).encode()
        found.append({
            "incipit": store_media(data=made.incipit.encode(), suffix=".svg").pk,
            "page": store_media(data=made.pages[0].encode(), suffix=".svg").pk,
            "timemap": store_media(data=timemap, suffix=".json").pk,
            "opus": store_media(data=b"OggS" + timemap[:64], suffix=".opus").pk,
        })  # fmt: skip
    return found


def seed_library(count: int, *, composed: int = COMPOSED, engraved: int = ENGRAVED) -> None:
    """Add `count` pieces with version, renderings and words, in bulk."""
    from django.db import transaction

    from curator.models.library import Source

    texts = compose_texts(min(composed, count))
    media = drawn_media(texts[:engraved])
    sources = [Source.objects.get_or_create(name=name, defaults={"rights": rights})[0] for name, rights in SOURCES]
    with transaction.atomic():
        tags = _tags()
        for start in range(0, count, AT_ONCE):
            _add(range(start, min(start + AT_ONCE, count)), texts, media, sources, tags)


def _tags() -> list[Any]:
    from curator.models.library import Tag

    return [Tag.objects.get_or_create(kind="", name=word)[0] for word in WORDS]


def _add(numbers: range, texts: list[Text], media: list[dict[str, int]], sources: list[Any], tags: list[Any]) -> None:
    from django.utils import timezone

    from curator.domain.shelving import shelve_pieces
    from curator.models.library import Origin, Piece, PieceVersion, Rendering, RenderingFile

    now = timezone.now()
    pieces, versions, renderings, files, words = [], [], [], [], []
    for number in numbers:
        drawn = Random(number)
        generated = number % 5 == 0
        title = f"{drawn.choice(NAMES)} {drawn.choice(NAMES).lower()} No. {number + 1}"
        pieces.append(
            Piece(
                title=title,
                composer="" if generated else drawn.choice(COMPOSERS),
                period=drawn.choice(("Romantic", "Minimal", "Impressionist")),
                instrumentation="Keyboard",
                origin=Origin.GENERATED if generated else drawn.choice((Origin.CORPUS, Origin.UPLOADED)),
                source=None if generated else drawn.choice(sources),
                making={"seed": number, "checkpoint": "0" * 64} if generated else {},
            )
        )
    Piece.objects.bulk_create(pieces)
    for place, (number, piece) in enumerate(zip(numbers, pieces, strict=True)):
        drawn = Random(-number)
        piece.created_at = now - timedelta(minutes=number)
        text = texts[number % len(texts)]
        pace = drawn.choice((0.5, 0.75, 1.0, 1.25, 1.5, 2.0))
        facts = {**text.facts, "tempo": round(text.facts["tempo"] * pace), "seconds": text.facts["seconds"] / pace}
        facts["per_second"] = text.facts["per_second"] * pace
        abc = f"% {number}\n{text.abc}"
        versions.append(
            PieceVersion(piece=piece, abc=abc, sha256=hashlib.sha256(abc.encode()).hexdigest(), facts=facts)
        )
        words += [
            Piece.tags.through(piece_id=piece.pk, tag_id=tag.pk) for tag in drawn.sample(tags, drawn.randrange(4))
        ]
        drawn_facts = {"notes": facts["notes"], "bars": facts["bars"]}
        renderings += [
            Rendering(key=f"{target}{piece.public_id}", target=target, renderer="bench", state="ready",
                      seconds=facts["seconds"], facts=drawn_facts)
            for target in ("engraving", "sound")
        ]  # fmt: skip
        files.append(media[place % len(media)])
    Piece.objects.bulk_update(pieces, ["created_at"])
    PieceVersion.objects.bulk_create(versions)
    Piece.tags.through.objects.bulk_create(words)
    for place, row in enumerate(renderings):
        row.version = versions[place // 2]
    Rendering.objects.bulk_create(renderings)
    roles = {"engraving": ("incipit", "page", "timemap"), "sound": ("opus",)}
    RenderingFile.objects.bulk_create(
        RenderingFile(rendering=row, role=role, media_id=files[place // 2][role])
        for place, row in enumerate(renderings)
        for role in roles[row.target]
    )
    shelve_pieces(pieces=pieces)


if __name__ == "__main__":
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    seed_library(int(sys.argv[1]))
