import pytest

from curator.film.phrases import Listed, is_none, runtime_range, split_arc, split_list, spoken


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Laterne (small, cracked), Koffer", (Listed("Laterne", "small, cracked"), Listed("Koffer"))),
        ("A (x, y), B (z)", (Listed("A", "x, y"), Listed("B", "z"))),
        ("Rope,, tin box ,", (Listed("Rope"), Listed("tin box"))),
        ("A (open, B", (Listed("A (open, B"),)),
        ("None visible yet", ()),
        ("None prominent", ()),
        ("None but the lantern", (Listed("None but the lantern"),)),
        ("Nonne (alt)", (Listed("Nonne", "alt"),)),
    ],
)
def test_lists_are_split_outside_brackets(value, found):
    assert split_list(value) == found


def test_nothing_has_many_names():
    assert [is_none(text) for text in ("", "None", "none.", "None visible", "–", "keine", "N/A")] == [True] * 7
    assert [is_none(text) for text in ("Nothing moves", "None except rain", "Noise")] == [False] * 3


@pytest.mark.parametrize(
    ("value", "name", "found"),
    [
        ('"Noch einmal..."', "Audio", "Noch einmal..."),
        ('(leise) "Ja." Wind. "Nein."', "Audio", "Ja.\nNein."),
        ("„Komm“, sagt sie", "Audio", "Komm"),
        ("Mara internal: Wo bist du?", "Audio", "Wo bist du?"),
        ("Ich war nur ein Licht.", "Audio (V.O.)", "Ich war nur ein Licht."),
        ("Wind, a distant bell", "Audio", ""),
        ("SFX: rain", "Audio", ""),
        ("Musik: leise", "Audio", ""),
        ("None", "Audio (V.O.)", ""),
    ],
)
def test_speech_is_told_from_sound(value, name, found):
    assert spoken(value, name) == found


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1-2 minutes", (60, 120)),
        ("8–10 minutes", (480, 600)),
        ("~8 to 10 min", (480, 600)),
        ("1,5 bis 2 Minuten", (90, 120)),
        ("1:30 - 2:00", (90, 120)),
        ("90 s", (90, 90)),
        ("45 seconds - 2 minutes", (45, 120)),
        ("3-4 Std.", (10800, 14400)),
        ("10-8 minutes", (480, 600)),
        ("about 9", (540, 540)),
        ("0 minutes", None),
        ("long", None),
        ("3000 minutes", None),
    ],
)
def test_a_runtime_is_a_range_of_seconds(value, seconds):
    assert runtime_range(value) == seconds


def test_arrows_of_any_make():
    assert split_arc("A → B -> C => D –> E.") == ("A", "B", "C", "D", "E")
    assert split_arc(" → ") == ()
