import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.notation.errors import NotationError
from curator.notation.transpose import GAP, KEYS, major_of, movable, moved_key


def move(text: str, key: str, target: str) -> str:
    """A voice moved to another major key."""
    voice = movable(text, key)
    parts = voice.text.split(GAP)
    return parts[0] + "".join(one + rest for one, rest in zip(voice.fillings(target), parts[1:], strict=True))


@pytest.mark.parametrize(
    ("key", "major"),
    [
        ("C", "C"),
        ("Amin", "C"),
        ("Am", "C"),
        ("Ddor", "C"),
        ("C#lyd", "Ab"),
        ("G#min", "B"),
        ("Fbmin", "G"),
        ("Bbloc", "Cb"),
    ],
)
def test_major_keys_by_signature(key, major):
    assert major_of(key) == major


@pytest.mark.parametrize("key", ["", "HP", "Cmaj", "G ", "D minor", "H"])
def test_a_key_of_no_known_form_is_refused(key):
    with pytest.raises(NotationError, match="training data"):
        major_of(key)


def test_names_of_moved_keys_have_at_most_seven_signs():
    assert [moved_key("Amin", "C", key) for key in ("F#", "Gb", "C#", "Cb")] == ["Ebmin", "Ebmin", "Bbmin", "Abmin"]
    assert moved_key("Emix", "C", "D") == "F#mix"


def test_notes_take_the_spelling_of_the_new_key():
    assert move("CDEF GABc|^F_B", "C", "D") == "DEFG ABcd|^G=c"
    assert move("CDEF GABc", "C", "Gb") == "GABc defg"
    assert move("G,A,B,C", "C", "G") == "D,E,F,G,"


def test_an_accidental_lasts_until_the_barline_and_holds_for_its_octave_only():
    assert move("^F F f|F", "C", "G") == "^C C c|C"
    assert move("^C=C C|C", "D", "C") == "B,_B, B,|B,"


def test_words_decorations_and_fields_stay_and_chord_symbols_move():
    assert move('"^Cadence" "Am/C" !fermata! [M:3/4] [CE]2', "C", "D") == '"^Cadence" "Bm/D" !fermata! [M:3/4] [DF]2'


def test_a_change_of_key_moves_along():
    assert move("C[K:Amin]^G|A[K:none]", "C", "Eb") == "E[K:Cmin]=B|c[K:none]"


def test_a_note_with_too_many_accidentals_has_no_spelling():
    with pytest.raises(NotationError, match="accidentals"):
        move("^^^^^C", "C", "F#")
    with pytest.raises(NotationError, match="no score has"):
        movable("C\0", "C")


NOTES = st.text(alphabet=st.sampled_from(list("CDEFGABcdefgab|2 ")), max_size=30)
TWO_NAMES = {"Cb", "B", "C#", "Db", "F#", "Gb"}


@given(text=NOTES, origin=st.sampled_from(KEYS), target=st.sampled_from(KEYS))
def test_there_and_back_again_gives_the_same_notes(text, origin, target):
    """Six semitones up and six up again are an octave: the letters come back, with octave marks all the same."""
    if TWO_NAMES & {origin, target}:
        return  # letters may come back by their other name
    back = move(move(text, origin, target), target, origin)
    assert back.replace(",", "").replace("'", "").upper() == text.upper()
