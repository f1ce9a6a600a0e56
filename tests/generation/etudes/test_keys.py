import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.notation.abc import parse
from generation.etudes.keys import MAJORS, MINORS, Pitch, Speller, key_of
from generation.notagen.header import header

KEYS = [*MAJORS, *(f"{name}min" for name in MINORS)]


def test_key_signatures_follow_the_circle_of_fifths():
    assert [sum(key_of(name).signature) for name in MAJORS] == list(range(-7, 8))
    assert [sum(key_of(f"{name}min").signature) for name in MINORS] == list(range(-7, 8))


def test_key_of_refuses_other_texts():
    with pytest.raises(ValueError, match="none of the fifteen"):
        key_of("G#")


@pytest.mark.parametrize("name", KEYS)
def test_the_tonic_lies_between_g3_and_f_sharp_4(name: str):
    assert 55 <= key_of(name).midi(Pitch(0)) <= 66


@given(
    name=st.sampled_from(KEYS),
    pitches=st.lists(st.builds(Pitch, st.integers(-14, 20), st.integers(-1, 1)), min_size=1, max_size=8),
)
def test_spelled_notes_are_read_back_as_the_same_pitches(name: str, pitches: list[Pitch]):
    key = key_of(name)
    pitches = [pitch for pitch in pitches if abs(key.signature[(key.tonic + pitch.step) % 7] + pitch.raised) < 2]
    speller = Speller(key)
    notes = " ".join(speller.note(pitch) for pitch in pitches) or "z"
    score = parse(header(metre="4/4", key=name, tempo=60) + f"[V:1]{notes}|[V:2]z8|\n")
    assert [note.pitch.midi for note in score.bars[0].parts[0].notes] == [key.midi(pitch) for pitch in pitches]


def test_an_accidental_is_written_again_in_another_octave():
    speller = Speller(key_of("Dmin"))
    raised, plain = Pitch(6, 1), Pitch(6)
    written = [speller.note(p) for p in (raised, raised, Pitch(-1, 1), plain)]
    assert written == ["^c", "c", "^C", "=c"]
