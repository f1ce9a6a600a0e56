"""Bar lengths of one line, and rests put back."""

import contextlib
import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.notation.bars import line_lengths, mend_score, metre_of, read_line, unreduce
from curator.notation.errors import NotationError
from tests.curator.notation.scores import GOLDEN, quick, voices

EIGHTH, COMMON = Fraction(1, 8), Fraction(1)
UNREDUCED = json.loads((GOLDEN / "unreduce.json").read_text())


def lengths(line: str, metre: Fraction = COMMON) -> dict[int, Fraction]:
    return line_lengths(line, unit=EIGHTH, metre=metre)


@pytest.mark.parametrize(
    ("music", "eighths"),
    [
        ("c|", 1),
        ("c2 d/ e// f3/2|", Fraction(2) + Fraction(1, 2) + Fraction(1, 4) + Fraction(3, 2)),
        ("|:c8:|", 8),
        ("|1c8:|2", 8),
        ("z4 x4 z/|", Fraction(17, 2)),
        ("Z|", 8),
        ("[CEG]4 [C2E2G2]2|", 8),
        ("(3cde (3:2:2c2e (5:4:5cdefg|", 2 + 2 + 4),
        ("(2cd|", 3),
        ("c>d e2<f2 c>>d|", 2 + 4 + 2),
        ("(3c>de f|", 3),
        ("{/a}c4{bc'[ce]}d4|", 8),
        ('!p!"^poco rit." .c2 !<(!(d2 e2-!<)!e2)|', 8),
        ("+trill+c4 Tc4 uvc|", 9),
        ("[K:G]c4[L:1/16]d8|", 8),
        ("[M:3/4][K:bass]z6|", 6),
        ("[I:staff +1]c4 [I:staff -1]c4|", 8),
        ("c4y2 c4`|]", 8),
    ],
)
def test_length_of_a_bar(music, eighths):
    assert lengths(f"[V:1]{music}") == {1: Fraction(eighths) / 8}


def test_lengths_of_all_voices_with_a_marker():
    assert lengths("[r:3/12][V:1]A2 c2 [Bd]2 c2|[V:2][G,,D,]8|[V:3]D,4|\n") == {
        1: Fraction(1),
        2: Fraction(1),
        3: Fraction(1, 2),
    }


def test_line_tells_the_metre_unit_key_and_sounding_voices_after_it():
    line = read_line("[V:1][K:G][M:3/4]c6|[V:2][K:G][M:3/4]z6|", unit=EIGHTH, metre=COMMON)
    assert (line.metre, line.unit, line.key, line.sounding) == (Fraction(3, 4), EIGHTH, "G", frozenset({1}))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[V:1]c8", "no barline"),
        ("[V:1]c4|c4|", "goes on after its barline"),
        ("[V:1]c8|[V:2]C?8|", "not music"),
        ("c8|", "before a voice"),
        ("", "no voice"),
        ("[V:1]c8|[V:1]d8|", "twice"),
        ("[V:1](3cd|", "not complete"),
        ("[V:1](3(3cdecd|", "tuplet begins inside"),
        ("[V:1](5cdefg|", "in the time of"),
        ("[V:1][c2d]4|", "different lengths"),
        ("[V:1][c?]4|", "not a note"),
        ("[V:1]c>d>e|", "broken rhythm"),
        ("[V:1]>c|", "broken rhythm"),
        ("[V:1]c>|", "not complete"),
        ("[V:1]c>{a}d|", "not complete"),
        ("[V:1]c8| % and more", "comment"),
        ('[V:1]"50%"c8|', "comment"),
        ("[V:1]c8|\\", "not music"),
        ("[V:1]c0|", "zero"),
        ("[V:1]c/0|", "zero"),
        ("[V:1]c99999999|", "proportion"),
        ("[V:1]{}c8|", "braces"),
        ("[V:1]Z4|", "several bars"),
        ("[V:1][I:abc-include /etc/passwd]c8|", "another file"),
        ("[V:1][T:title]c8|", "does not belong"),
        ("[V:x]c8|", "no number"),
        ("[V:1]c4[M:3/4]c4|", "inside a bar"),
        ("[V:1][M:3/4]c6|[V:2][M:2/4]c4|", "different metres"),
        ("[V:1]c8&c8|", "not music"),
        ("[V:1]é8|", "not music"),
    ],
)
def test_what_is_not_a_bar_is_refused_with_a_sentence(line, reason):
    with pytest.raises(NotationError, match=reason):
        lengths(line)


@quick
@given(voices(), voices())
def test_length_is_the_sum_of_what_stands_in_the_bar(upper, lower):
    found = lengths(f"[r:1/2][V:1]{upper[0]}[V:2]{lower[0]}\n")
    assert found == {1: upper[1] / 8, 2: lower[1] / 8}


@quick
@given(st.text(alphabet="[]V:12|cDz(3/>{}!p\"'-,^ KML%\\", max_size=60))
def test_any_text_gives_lengths_or_a_sentence(text):
    with contextlib.suppress(NotationError):
        assert all(length >= 0 for length in lengths("[V:1]" + text).values())


@pytest.mark.parametrize("name", sorted(UNREDUCED))
def test_unreduce_gives_the_reference_text(name):
    assert unreduce(UNREDUCED[name]["raw"]).rstrip("\n") == UNREDUCED[name]["stored"].rstrip("\n")


@quick
@given(
    st.lists(st.sets(st.integers(1, 3), min_size=1), min_size=1, max_size=6),
    st.sampled_from(["|", "||", "|]", ":|"]),
)
def test_unreduce_puts_every_voice_into_every_line(present, barline):
    head = "%%score { 1 | ( 2 3 ) }\nL:1/8\nM:4/4\nK:C\nV:1 treble\nV:2 bass\nV:3 bass\n"
    body = "".join(
        f"[r:{i}/0]" + "".join(f"[V:{v}]c8{barline}" for v in sorted(here)) + "\n" for i, here in enumerate(present)
    )
    made = unreduce(head + body)
    rests = {1: "z8", 2: "z8", 3: "x8"}
    assert made.splitlines()[7:] == [
        "".join(f"[V:{v}]{'c8' if v in here else rests[v]}{barline}" for v in (1, 2, 3)) for here in present
    ]
    assert unreduce(made) == made


@pytest.mark.parametrize(
    ("text", "metre"),
    [
        ("3/4", Fraction(3, 4)),
        ("C", Fraction(1)),
        ("C|", Fraction(1)),
        ("2+3/8", Fraction(5, 8)),
        ("(2+2+3)/16", Fraction(7, 16)),
        ("none", None),
    ],
)
def test_metre(text, metre):
    assert metre_of(text) == metre


@pytest.mark.parametrize("text", ["", "3", "0/4", "3/5", "3/4/4", "a/b", "9999/4"])
def test_metre_that_does_not_exist(text):
    with pytest.raises(NotationError, match="metre"):
        metre_of(text)


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        ("%%score { 1 | 2 }", "%%score { 1 | 2 }"),
        ("%%score { 1 | 2", "%%score { 1 | 2 }"),
        ("%%score { ( 1 2 ) | ( 3 4 }", "%%score { ( 1 2 ) | ( 3 4 )}"),
        ("%%score [ { ( 1 2 ) | 3 ]", "%%score [ { ( 1 2 ) | 3 }]"),
        ("%%score 1 | 2 ) }", "%%score 1 | 2  "),
        ("%%score ( 1 2 ", "%%score ( 1 2 )"),
    ],
)
def test_brackets_of_a_score_line_get_their_partners(line, mended):
    assert mend_score(line) == mended


def test_unreduce_mends_the_score_line_so_that_staves_are_told_right():
    text = "%%score { ( 1 2 ) | 3\nL:1/8\nM:3/4\nK:C\nV:1\nV:2\nV:3\n[V:1]c6|\n"
    assert unreduce(text).splitlines()[0] == "%%score { ( 1 2 ) | 3 }"
    assert unreduce(text).splitlines()[-1] == "[V:1]c6|[V:2]x6|[V:3]z6|"
