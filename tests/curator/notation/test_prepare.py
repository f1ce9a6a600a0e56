"""The reference's preparation, byte for byte on its golden files; other inputs: `run.py figures dataset`."""

import json
from pathlib import Path

import pytest

from curator.notation.errors import NotationError
from curator.notation.prepare import prepare, standard_of
from curator.notation.transpose import KEYS

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "notagen" / "preprocess"
PIECES = ("p1_simple", "p3_tuplets_grace", "p5_trio_minor")
EDGES = json.loads((GOLDEN / "edge_cases.json").read_text())
PROMPTS = json.loads((GOLDEN / "prompt_header_cases.json").read_text())
HEADER = 'X:1\nT:A title\n%%score { 1 | 2 }\nL:1/8\nM:4/4\nK:G\nV:1 treble nm="Piano"\nV:2 bass\n'


def standard(name: str) -> str:
    return (GOLDEN / "abc_standard" / f"{name}.abc").read_text()


def reason(text: str) -> str:
    with pytest.raises(NotationError) as refused:
        prepare(text)
    return str(refused.value)


@pytest.mark.parametrize("name", PIECES)
def test_a_golden_piece_has_the_same_bytes_interleaved_and_in_all_fifteen_keys(name):
    piece = prepare(standard(name))
    expected = json.loads((GOLDEN / f"augmented_{name}.json").read_text())
    assert piece.interleaved == (GOLDEN / "interleaved" / f"{name}.abc").read_text()
    assert {key: piece.in_key(key) for key in KEYS} == expected
    assert piece.lost == ()


@pytest.mark.parametrize("name", EDGES)
def test_odd_texts_come_out_as_in_the_reference_or_are_refused_with_a_reason(name):
    case = EDGES[name]
    if case["ok"]:
        assert prepare(case["input"]).in_key("C") == case["aug_C"]
    else:
        assert reason(case["input"])


@pytest.mark.parametrize("name", PROMPTS)
def test_prompt_lines_on_top_survive(name):
    case = PROMPTS[name]
    piece = prepare(case["header"] + standard("p1_simple"))
    assert (piece.interleaved, piece.in_key("D")) == (case["interleaved"], case["aug_D"])
    assert [name, piece.key] == case["ret"]


@pytest.mark.parametrize("name", PIECES)
def test_an_interleaved_text_made_standard_gives_itself_again(name):
    interleaved = prepare(standard(name)).interleaved
    assert prepare(standard_of(interleaved)).interleaved == interleaved


def test_titles_lyrics_bar_numbers_and_long_words_go():
    text = HEADER + 'V:1\n"^......" G2 "^a | b"A2 B4 |%1\nw: la la\n"_' + "so " * 20 + '"c8 |] %2\nV:2\nG,8|z8|]\n'
    piece = prepare(text)
    assert piece.interleaved.splitlines()[-2:] == ['[V:1]"^." G2 A2 B4|[V:2]G,8|', "[V:1]c8|][V:2]z8|]"]
    assert "T:" not in piece.interleaved
    assert piece.in_key("G").splitlines()[-2:] == ['[V:1]"^." G2 A2 B4|[V:2]G,8|', "[V:1]c8|]"]


def test_a_bar_in_which_all_rest_is_an_empty_line():
    piece = prepare(HEADER + "V:1\nz8|G8|]\nV:2\nz8|z8|]\n")
    assert piece.in_key("G").endswith("V:2 bass\n\n[V:1]G8|]\n")


def test_the_reason_names_what_is_wrong():
    music = "V:1\nG8|A8|]\nV:2\n"
    assert reason(HEADER + music + "G,8|]\n") == "Voice 1 has 2 bars, voice 2 1."
    assert reason(HEADER + music) == "Voice 2 has no music."
    assert reason(HEADER + "V:1\n|:G8\nV:2\n|:G,8\n") == "The last bar of voice 1 has no barline."
    assert reason(HEADER.replace("K:G", "K:Gmaj") + music + "G,8|A,8|]\n") == (
        "The key Gmaj is not one that NotaGen's training data knows."
    )
    assert reason(HEADER.replace("K:G\n", "") + music + "G,8|A,8|]\n") == "The header names no key before its voices."
    assert reason(HEADER + "V:1\n[G2B]8|A8|]\nV:2\nG,8|A,8|]\n") == (
        "Bar 1 of voice 1 has a chord of unusual signs: [G2B]."
    )
    assert reason(HEADER.replace("V:2 bass\n", "") + music + "G,8|A,8|]\n") == "Voice 2 is not declared in the header."
    assert reason("G8|A8|]\n") == "The text has no line V:1 at which the music begins."


def test_music_that_the_reference_loses_is_told():
    swapped = prepare(HEADER + "V:1\nG8:| |:A8|B8|\nV:2\nG,8:| |:A,8|B,8|\n")
    assert [str(one) for one in swapped.lost] == [
        "Two barlines follow each other in voice 1, bar 2.",
        "Two barlines follow each other in voice 2, bar 2.",
    ]
    cut = prepare(HEADER + "V:1\nG8|A8\nV:2\nG,8|A,8\n")
    assert [str(one) for one in cut.lost] == [
        "The last bar of voice 1 has no barline.",
        "The last bar of voice 2 has no barline.",
    ]


def test_a_chord_that_cannot_be_measured_is_not_looked_at_behind_a_bar_that_cannot():
    music = "V:1\n(5GABcd G4|[G2B]8|\nV:2\nG,8|A,8|\n"
    assert prepare(HEADER + music).bars == 2
    assert reason(HEADER + music.replace("(5GABcd G4", "G8")).startswith("Bar 2 of voice 1")


def test_a_percussion_voice_and_a_piece_without_key_stay_where_they_are():
    text = HEADER.replace("V:2 bass", "V:2 perc") + "V:1\nG8|A8|]\nV:2\nC8|D8|]\n"
    assert prepare(text).in_key("A").splitlines()[-1] == "[V:1]B8|][V:2]D8|]"
    free = prepare(text.replace("K:G", "K:none"))
    assert free.key == "C"
    assert "K:none\n" in free.in_key("D")
    assert free.in_key("D").splitlines()[-2:] == ["[V:1]A8|[V:2]C8|", "[V:1]B8|][V:2]D8|]"]


def test_a_line_without_a_voice_is_no_interleaved_music():
    with pytest.raises(NotationError, match="names no voice"):
        standard_of("L:1/8\nK:C\n[V:1]C8|\nD8|\n")
