"""Whatever stands in a file is in what was read of it, or a remark names its line."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.film.intake import read_storyboard
from curator.film.storyboard import StoryboardError
from curator.film.timecode import Clock
from tests.curator.film.storyboards import EDL, EXAMPLE, SCRIPT, lost

CLOCK = Clock(Fraction(25))
LIST = "Nr.;Szene;Beschreibung;Dauer;Objektiv;Dialog\nS01-001;1;Kisten;4,5;weit;\nS01-002;1;Laterne;6;lang;Ja\n"
KNOWN = {
    "breakdown": {"SCENE", "SZENE", "EMOTIONAL", "ARC"},
    "script": {"INT", "EXT"},
    "list": set(),
    "edl": {"FCM", "TITLE", "LOC", "FROM", "CLIP", "NAME"},
}

word = st.text("abcdefghijklmnopqrstuvwxyz", min_size=6, max_size=9).map(str.capitalize)  # hardly ever twice
words = st.lists(word, min_size=1, max_size=4).map(" ".join)
name = st.sampled_from(
    [
        "Camera",
        "Audio",
        "Audio (V.O.)",
        "Characters",
        "Lens",
        "Total Shots",
        "EMOTIONAL ARC",
        "KEY VISUAL THEMES",
        "Estimated Runtime",
    ]
)
code = st.builds("S{:02}-{:03}".format, st.integers(0, 5), st.integers(0, 5))
breakdown_line = st.one_of(
    st.just(""),
    words,
    st.just("---"),
    st.builds("## SCENE {:02}: INT. {} - TAG".format, st.integers(0, 4), words),
    st.builds("### {}".format, code),
    st.builds("### {} {}".format, code, words),
    st.builds("{} {}".format, st.sampled_from(["#", "##", "###", "####", "-", "*", "1."]), words),
    st.builds("**{}:** {}  ".format, name, st.one_of(words, st.just(""))),
    st.builds("**{}:** {}  **{}:** {}".format, name, words, name, words),
    st.builds("**{}**: {}".format, name, words),
    st.builds("**{}**".format, words),
    st.builds("{} → {}".format, words, words),
    st.just("**END OF BREAKDOWN**"),
)
script_line = st.one_of(
    st.just(""),
    words,
    words.map(str.upper),
    st.builds("({})".format, words),
    st.builds("{}: {}".format, word, words),
    st.builds("{}. {} - TAG".format, st.sampled_from(["INT", "EXT", "## EXT", "INT./EXT"]), words),
    st.builds("{} {}".format, st.sampled_from(["#", "=", ">", "!", "@", "~", "."]), words),
    st.builds("[[{}]]".format, words),
    st.sampled_from(["===", "BLACKOUT.", "FADE OUT.", "CUT TO:"]),
)
cell = st.one_of(
    st.just(""), words, code, st.sampled_from(["4,5", "00:00:04:12", "0:04", "12 f", "nix", "Summe", "1", "-3"])
)
event = st.builds(
    "{:03}  AX       {}     {}        00:00:00:00 00:00:04:12 01:00:0{}:00 01:00:0{}:12".format,
    st.integers(1, 5), st.sampled_from(["V", "AA", "B", "AA/V"]), st.sampled_from(["C", "D    012"]),
    st.integers(0, 9), st.integers(0, 9),
)  # fmt: skip
edl_line = st.one_of(
    event,
    event,
    st.builds("* FROM CLIP NAME: {}".format, words),
    st.builds("* TO CLIP NAME: {}".format, words),
    st.builds("* LOC: 01:00:0{}:00 RED {}".format, st.integers(0, 9), words),
    st.builds(" |C:Blue |M:{} |D:1".format, words),
    st.builds("* {}".format, words),
    st.builds("M2 {}".format, words),
    words,
)


def check(lines: list[str], known: set[str]) -> None:
    """Nothing is lost, or the file is refused as a whole, which is a sentence of its own."""
    try:
        board = read_storyboard("\n".join(lines).encode(), CLOCK)
    except StoryboardError:
        return
    assert lost(board, lines, known) == []


@given(st.lists(breakdown_line, max_size=25))
@settings(deadline=None)
def test_a_breakdown(lines):
    check(["### S01-001", *lines], KNOWN["breakdown"])


@given(st.lists(script_line, max_size=25))
@settings(deadline=None)
def test_a_script(lines):
    check(["Title: Laterne", "", "INT. DACHBODEN - TAG", *lines], KNOWN["script"])


@given(st.lists(st.lists(cell, max_size=8), max_size=10))
@settings(deadline=None)
def test_a_shot_list(rows):
    lines = ["id;Szene;Dauer;Beschreibung;Dialog;Objektiv;Audio", *(";".join(row) for row in rows)]
    check(lines, KNOWN["list"] | {"Szene", "Dauer", "Beschreibung", "Dialog", "Objektiv", "Audio"})


@given(st.lists(edl_line, max_size=15))
@settings(deadline=None)
def test_an_edit_list(lines):
    check(["TITLE: Laterne", "FCM: NON-DROP FRAME", *lines], KNOWN["edl"])


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (EXAMPLE, KNOWN["breakdown"]),
        (SCRIPT, KNOWN["script"] | {"Title"}),
        (LIST, set(LIST.split("\n")[0].split(";"))),
        (EDL, KNOWN["edl"] | {"NON", "DROP", "FRAME"}),
    ],
)
def test_whole_files(text, known):
    assert lost(read_storyboard(text.encode(), CLOCK), text.split("\n"), known) == []


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_bytes_are_read_or_refused_with_a_sentence(data):
    said = ""
    try:
        read_storyboard(data, CLOCK)
    except StoryboardError as error:
        said = str(error.sentence)
    assert said == "" or said.endswith(".")
