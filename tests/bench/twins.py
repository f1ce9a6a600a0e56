"""How many altered editions of a piece the library knows again, and how many pieces it mistakes for one another.

`python -m tests.bench.twins` imports pieces, sketches altered editions of each, asks the library what is like what, and
prints one JSON line. Every edition goes through the gate that files go through.
"""

import json
import os
import sys
import tempfile
from collections import Counter
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

from tests.shared import SATIE

ROOT = Path(__file__).resolve().parents[2]
TEXTURES = (("Gnossienne", "Dmin", "4/4"), ("Waltz", "C", "3/4"))
EACH = 20
"""So many études of each texture, all in one key, metre and length."""


def originals() -> dict[str, bytes]:
    """Name -> MusicXML of the Satie solos and of études that differ in their seed only."""
    from curator.notation.convert import abc_to_musicxml
    from generation.etudes.composer import compose
    from generation.etudes.stages import Stage, Texture

    found = {path.stem: path.read_bytes() for path in sorted(SATIE.glob("*.musicxml"))}
    for texture, key, metre in TEXTURES:
        for seed in range(EACH):
            manner = Texture(texture)
            etude = compose(seed, stage=Stage.PEACE, texture=manner, metre=metre, key=key, tempo=60, bars=24)
            found[f"etude_{texture}_{seed}"] = abc_to_musicxml(etude.stored).text.encode()
    return found


def editions(name: str, data: bytes) -> tuple[bytes, dict[str, bytes]]:
    """What the library gets first, and its altered editions by what was altered."""
    from lxml import etree

    from tests.bench.editions import misread, other_hands, relaid, repeated, transposed

    rng = Random(name)
    root = etree.fromstring(data)
    altered = {}
    if not list(root.iter("repeat")) and rng.random() < 0.5:
        root, written = repeated(root, rng)
        altered["repeats"] = written
        everything = other_hands(relaid(transposed(written, rng), rng), rng)
    else:
        everything = other_hands(relaid(transposed(root, rng), rng), rng)
    altered |= {
        "transposed": transposed(root, rng),
        "re-laid": relaid(root, rng),
        "hands": other_hands(root, rng),
        "all": everything,
        "misread": misread(relaid(root, rng), rng),
    }
    return etree.tostring(root), {kind: etree.tostring(one) for kind, one in altered.items()}


def measure() -> dict[str, Any]:
    """The counts. Needs Django set up over an empty database."""
    from curator.domain.sketches import sketch_version
    from curator.models.library import Origin, Piece, PieceVersion
    from curator.models.twins import Resemblance
    from curator.notation.intake import read_score

    works: dict[int, tuple[str, str]] = {}

    def shelve(work: str, kind: str, data: bytes) -> None:
        musicxml = read_score("a.musicxml", data).musicxml.decode()
        piece = Piece.objects.create(title=f"{work} {kind}", origin=Origin.CORPUS)
        works[piece.pk] = (work, kind)
        sketch_version(version=PieceVersion.objects.create(piece=piece, abc="", sha256="", musicxml=musicxml))

    for work, data in originals().items():
        given, altered = editions(work, data)
        shelve(work, "original", given)
        for kind, edition in altered.items():
            shelve(work, kind, edition)
    asked = Counter(kind for _work, kind in works.values() if kind != "original")
    found: Counter[str] = Counter()
    wrong = []
    for first, second, kind in Resemblance.objects.values_list("first", "second", "kind"):
        (one, original), (other, altered_by) = works[first], works[second]
        if one != other:
            wrong.append(f"{one} ({original}) and {other} ({altered_by}): {kind}")
        elif original == "original":
            found[altered_by] += 1
    pairs = sum(one[0] != other[0] for one, other in combinations(works.values(), 2))
    count = sum(kind == "original" for _work, kind in works.values())
    return {
        "bench": "twins",
        "asked": dict(asked),
        "found": dict(found),
        "works": count,
        "pairs_of_works": count * (count - 1) // 2,
        "pairs": pairs,
        "false": len(wrong),
        "wrong": wrong[:10],
    }


def main() -> int:
    """Set Django up over a throw-away database and measure."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    with tempfile.TemporaryDirectory(prefix="cuewright-twins-") as folder:
        os.environ["CUEWRIGHT_TEST_DATABASE_URL"] = f"sqlite:///{Path(folder) / 'db.sqlite3'}"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        print(json.dumps(measure(), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
