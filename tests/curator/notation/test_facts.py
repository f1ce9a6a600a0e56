"""What a library says of a piece."""

import pytest

from curator.notation.abc import parse
from curator.notation.facts import facts_of
from tests.curator.notation.scores import HEADER


def test_facts():
    bars = "[V:1]d4 f4|[V:2]D,8|\n[V:1][M:3/4][Q:1/4=30]a6|[V:2][M:3/4]A,,6|\n[V:1]d6|[V:2]D,6|\n"
    assert facts_of(parse(HEADER + bars)) == {
        "bars": 3,
        "notes": 7,
        "metre": "3/4",
        "key": "Dmin",
        "tempo": 60.0,
        "seconds": 16.0,
        "ambitus": (45, 81),
    }


def test_no_tempo_no_seconds():
    facts = facts_of(parse(HEADER.replace("Q:1/4=60\n", "").replace("4/4", "none") + "[V:1]c8|[V:2]C,8|\n"))
    assert (facts["tempo"], facts["seconds"], facts["metre"]) == (None, None, "free")


@pytest.mark.parametrize(
    ("signature", "music", "key"),
    [
        ("C", "c2 d2 e2 f2 | g4 e4 | c8", "C"),
        ("C", "A2 B2 c2 d2 | e4 ^G4 | A8", "Amin"),
        ("Bb", "G2 A2 B2 c2 | d4 ^F4 | G8", "Gmin"),
        ("C", "c^c d^d e f ^f g ^g a ^a b", ""),
    ],
)
def test_a_signature_without_mode_is_named_by_the_notes(signature, music, key):
    bars = "".join(f"[V:1]{bar.strip()}|[V:2]x8|\n" for bar in music.split("|"))
    assert facts_of(parse(HEADER.replace("Dmin", signature) + bars))["key"] == key
