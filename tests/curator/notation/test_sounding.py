"""What is heard of a score, however it is written."""

from fractions import Fraction

import pytest

from curator.notation.abc import parse
from curator.notation.bars import unreduce
from curator.notation.convert import abc_to_musicxml
from curator.notation.errors import NotationError
from curator.notation.fingerprint import fingerprint
from curator.notation.likeness import FEWEST, Likeness, likeness, sketch
from curator.notation.sounding import Sounding, sounding, sounding_of
from generation.etudes.composer import compose
from tests.curator.notation.scores import needs_shared
from tests.shared import SHARED


def score(*bars: str, divisions: int = 4) -> bytes:
    """One part; a bar is words such as `C4:4` or `C4+E4:8~` (starts a tie), `~C4:8` (ends one), `|:`, `:|`, `(1`.

    `<:8` goes back, `r:4` rests.
    """
    attributes = f"<attributes><divisions>{divisions}</divisions></attributes>"
    text = "".join(
        f'<measure number="{number}">{attributes if number == 1 else ""}{"".join(map(_element, bar.split()))}</measure>'
        for number, bar in enumerate(bars, 1)
    )
    head = '<score-partwise><part-list><score-part id="P1"><part-name/></score-part></part-list>'
    return f'{head}<part id="P1">{text}</part></score-partwise>'.encode()


def _element(word: str) -> str:
    if word == "|:":
        return '<barline location="left"><repeat direction="forward"/></barline>'
    if word == ":|":
        return '<barline location="right"><repeat direction="backward"/></barline>'
    if word.startswith("("):
        return f'<barline location="left"><ending number="{word[1:]}" type="start"/></barline>'
    if word.startswith("<:"):
        return f"<backup><duration>{word[2:]}</duration></backup>"
    held, tied = word.startswith("~"), word.endswith("~")
    heads, length = word.strip("~").split(":")
    ties = '<tie type="stop"/>' * held + '<tie type="start"/>' * tied
    rest = f"<note><rest/><duration>{length}</duration></note>"
    notes = [
        f"<note>{'<chord/>' if place else ''}{_pitch(head)}<duration>{length}</duration>{ties}</note>"
        for place, head in enumerate(heads.split("+"))
    ]
    return rest if heads == "r" else "".join(notes)


def _pitch(head: str) -> str:
    alter = "<alter>1</alter>" if "#" in head else ""
    return f"<pitch><step>{head[0]}</step>{alter}<octave>{head[-1]}</octave></pitch>"


def test_tones_are_counted_from_the_first_one_in_the_unit_of_the_score():
    heard = sounding(score("r:4 C4:4 E4+G4:8", "C5:16"))
    assert heard == Sounding(((0, 60, 1), (1, 64, 2), (1, 67, 2), (3, 72, 4)), Fraction(1, 4))


def test_repeats_and_endings_are_written_out():
    signs = score("|: C4:16", "(1 D4:16 :|", "(2 E4:16", "F4:16")
    written = score("C4:16", "D4:16", "C4:16", "E4:16", "F4:16")
    assert sounding(signs) == sounding(written)
    assert fingerprint(signs) == fingerprint(written)


def test_a_tie_joins_over_bar_lines_and_voices_and_a_repeated_note_stays_two():
    tied = score("C4:12 D4:4~", "~D4:8 E4:8")
    assert sounding(tied) == Sounding(((0, 60, 3), (3, 62, 3), (6, 64, 2)), Fraction(1, 4))
    across = score("C4:12 D4:4~", "r:8 E4:8 <:16 ~D4:8 r:8")
    assert sounding(across) == sounding(tied)
    assert len(sounding(score("C4:12 D4:4", "D4:8 E4:8")).tones) == 4


def test_tied_unisons_of_two_voices_are_one_tone():
    twice = score("C4:8~ <:8 C4:8~ ~C4:8 <:8 ~C4:8")
    assert sounding(twice) == Sounding(((0, 60, 2),), Fraction(1, 2))


def test_a_key_is_struck_once_a_moment():
    assert sounding(score("C4:4 D4:12 <:16 C4:16")) == Sounding(((0, 60, 4), (1, 62, 3)), Fraction(1, 4))


def test_a_road_that_never_ends_leaves_the_repeats_as_they_are():
    endless = sounding(score(*(["|: C4:16 :|"] * 1500)))
    assert len(endless.tones) == 1500


@pytest.mark.parametrize("data", [b"", b"<html/>", b"<score-partwise", score("C4:x"), score("Cx:4")])
def test_what_is_no_score_is_a_notation_error(data):
    with pytest.raises(NotationError):
        sounding(data)


MELODY = ["C4:4 E4:4 G4:8", "A4:6 G4:2 F4+D4:8", "B3:4 D4:4 C#4:4 E4:4", "F4:4 A4:4 G4:2 F4:2 E4:4", "C4+E4+G4:16"]


def moved(bars: list[str], by: int) -> list[str]:
    """The same as many semitones higher; the octave stands for every step that leaves it."""
    names = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]

    def head(name: str) -> str:
        number = names.index(name[:-1]) + 12 * int(name[-1]) + by
        return f"{names[number % 12]}{number // 12}"

    def word(text: str) -> str:
        heads, length = text.split(":")
        return "+".join(map(head, heads.split("+"))) + f":{length}"

    return [" ".join(map(word, bar.split())) for bar in bars]


def test_transposed_and_written_in_other_values_it_is_the_same_tune_with_another_print():
    one = score(*MELODY)
    for other in (score(*moved(MELODY, 3)), score(*moved(MELODY, -5)), score(*MELODY, divisions=8)):
        assert sketch(sounding(other)) == sketch(sounding(one))
        assert fingerprint(other) != fingerprint(one)
    assert fingerprint(score(*[bar.replace("C#4", "C4") for bar in MELODY])) != fingerprint(one)


def test_a_changed_note_costs_little_and_another_piece_has_nothing_in_common():
    one = sketch(sounding(score(*MELODY * 3)))
    changed = [*MELODY * 2, *MELODY[:4], "C4+E4+A4:16"]
    assert 0.6 < likeness(one, sketch(sounding(score(*changed)))) < 1
    backward = score(*[" ".join(reversed(bar.split())) for bar in reversed(MELODY * 3)])
    assert likeness(one, sketch(sounding(backward))) < 0.1
    assert one.shingles >= FEWEST


def test_the_estimate_keeps_to_the_truth_for_long_scores():
    truth = range(300), range(100, 400)
    hashes = [tuple(sorted((number * 0x9E3779B97F4A7C15) % 2**64 for number in numbers)) for numbers in truth]
    one, other = (Likeness("", 300, values[:128]) for values in hashes)
    assert abs(likeness(one, other) - 0.5) < 0.12
    assert likeness(one, one) == 1.0
    assert all(-(2**63) <= band < 2**63 for band in one.bands)
    assert len(one.bands) == 16


def test_a_score_without_tones_is_like_nothing():
    empty = sketch(Sounding((), Fraction(1)))
    assert (empty.tune, empty.shingles, likeness(empty, empty)) == ("", 0, 0.0)


@needs_shared
def test_the_duplicates_among_the_hostile_files():
    def read(name: str):
        return sounding(next((SHARED / "hostile").glob(f"{name}_*")).read_bytes())

    original = read("d01")
    assert {name: read(name) == original for name in ("d03", "d05", "d07", "d09")} == {
        "d03": True,
        "d05": False,
        "d07": False,
        "d09": True,
    }
    near = {name: likeness(sketch(read(name)), sketch(original)) for name in ("d05", "d07")}
    assert all(0.4 < value < 1 for value in near.values()), near


def test_abc_is_heard_as_its_musicxml_is():
    for seed in range(3):
        text = compose(seed).abc
        heard = sounding_of(parse(text))
        assert heard == sounding(abc_to_musicxml(unreduce(text)).text.encode())
        assert len(heard.tones) > 50
