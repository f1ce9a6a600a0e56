"""What a library says of a piece."""

import pytest

from curator.notation.abc import parse
from curator.notation.facts import density_curve, facts_of, mode_curve
from tests.curator.notation.scores import HEADER


def test_facts():
    bars = "[V:1]d4 f4|[V:2]D,8|\n[V:1][M:3/4][Q:1/4=30]a6|[V:2][M:3/4]A,,6|\n[V:1]d6|[V:2]D,6|\n"
    assert facts_of(parse(HEADER + bars)) == {
        "bars": 3,
        "notes": 7,
        "metre": "3/4",
        "key": "Dmin",
        "certainty": 0.836,
        "major": -0.589,
        "tempo": 60.0,
        "marks": [(1, 60.0), (2, 30.0)],
        "seconds": 16.0,
        "per_second": 0.44,
        "ambitus": (45, 81),
        "register": 62.6,
        "repetition": 0.0,
    }


def test_a_bar_is_repeated_when_its_notes_are_whatever_the_words():
    bars = "".join(f"[V:1]{bar}|[V:2]C,8|\n" for bar in ("c8", "d8", '"again"c8', "c8", "c4 c4"))
    assert facts_of(parse(HEADER + bars))["repetition"] == 0.4


def test_no_key_is_as_certain_as_the_best_of_all():
    facts = facts_of(parse(HEADER.replace("Dmin", "C") + "[V:1]c^c d^d e f ^f g|[V:2]x8|\n"))
    assert (facts["key"], facts["certainty"]) == ("", 0.379)


def test_minor_keys_whose_tonic_has_no_major_are_as_certain_as_others():
    bar = "[V:1]A4 F4|[V:2]D,8|\n"
    plain = facts_of(parse(HEADER + bar))
    sharp = facts_of(parse(HEADER.replace("Dmin", "D#min") + bar))
    assert (sharp["key"], sharp["certainty"]) == ("D#min", plain["certainty"])


def test_modes_without_a_profile_have_no_certainty():
    facts = facts_of(parse(HEADER.replace("Dmin", "Ador") + "[V:1]A8|[V:2]x8|\n"))
    assert (facts["key"], facts["certainty"]) == ("Ador", None)


def test_no_tempo_no_seconds():
    facts = facts_of(parse(HEADER.replace("Q:1/4=60\n", "").replace("4/4", "none") + "[V:1]c8|[V:2]C,8|\n"))
    assert (facts["tempo"], facts["seconds"], facts["per_second"], facts["marks"]) == (None, None, None, [])
    assert facts["metre"] == "free"


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


def test_density_and_mode_go_bar_by_bar():
    bars = ["[V:1][ceg]4 [ceg]4|[V:2]C,8|"] * 4 + ["[V:1][c_eg]4- [c_eg]4|[V:2]C,8|"] * 4 + ["[V:1]z8|[V:2]z8|"] * 3
    score = parse(HEADER.replace("K:Dmin", "K:C") + "".join(f"{bar}\n" for bar in bars))
    assert density_curve(score) == [7] * 4 + [4] * 4 + [0] * 3
    curve = mode_curve(score)
    assert min(curve[:3]) > 0 > max(curve[5:8])
    assert curve[-2:] == [None, None]
