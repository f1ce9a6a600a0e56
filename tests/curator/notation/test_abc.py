"""Whole pieces read into bars and notes."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.notation.abc import parse, tempo_of
from curator.notation.errors import NotationError
from curator.notation.keys import key_of
from tests.curator.notation.scores import HEADER, PIECE, quick, voices


def pitches(music: str, key: str = "C") -> list[int]:
    text = HEADER.replace("K:Dmin", f"K:{key}") + f"[V:1]{music}[V:2]z8|\n"
    return [note.pitch.midi for note in parse(text).bars[0].parts[0].notes]


def test_header():
    header = parse(PIECE).header
    assert header.prompt == ("%Minimal", "%Etude, Waltz")
    assert (header.unit, header.metre, header.metre_text) == (Fraction(1, 8), Fraction(1), "4/4")
    assert (header.key, header.tempo, header.staves) == ("Dmin", Fraction(60), ((1,), (2,)))
    assert [(v.number, v.clef, v.name) for v in header.voices] == [(1, "treble", "Piano"), (2, "bass", "")]


def test_counts():
    score = parse(PIECE)
    assert (len(score.bars), score.heads, score.sounding) == (3, 36, 36 - 5)


def test_onsets_and_lengths():
    notes = parse(HEADER + "[V:1]c2 {g}[ce]4 z2|[V:2]z8|\n").bars[0].parts[0]
    assert [(n.onset, n.length, n.grace) for n in notes.notes] == [
        (Fraction(0), Fraction(1, 4), False),
        (Fraction(1, 4), Fraction(0), True),
        (Fraction(1, 4), Fraction(1, 2), False),
        (Fraction(1, 4), Fraction(1, 2), False),
    ]
    assert notes.rests == ((Fraction(3, 4), Fraction(1, 4)),)


@pytest.mark.parametrize(
    ("music", "key", "expected"),
    [
        ("C c C, c'|", "C", [60, 72, 48, 84]),
        ("^F _B =c ^^f __b|", "C", [66, 70, 72, 79, 81]),
        ("f c g|", "D", [78, 73, 79]),
        ("b e a|", "Cmin", [82, 75, 80]),
        ("f ^f f f' =f f|", "C", [77, 78, 78, 89, 77, 77]),
        ("[K:G]f|", "C", [78]),
        ("[K:bass]f|", "D", [78]),
        ("f|", "Ddor", [77]),
        ("f|", "C ^f", [78]),
    ],
)
def test_pitches_follow_key_and_accidentals(music, key, expected):
    assert pitches(music, key) == expected


def test_accidental_ends_with_the_bar_and_lasts_over_a_tie():
    score = parse(HEADER.replace("Dmin", "C") + "[V:1]^f8-|[V:2]z8|\n[V:1]f4 f4|[V:2]z8|\n")
    notes = [(n.pitch.midi, n.held) for bar in score.bars for n in bar.parts[0].notes]
    assert notes == [(78, False), (78, True), (77, False)]


def test_tie_reaches_the_next_note_only():
    score = parse(HEADER + "[V:1]c2-d2c2-c2|[V:2]z8|\n")
    assert [n.held for n in score.bars[0].parts[0].notes] == [False, False, False, True]


def test_rest_ends_a_tie():
    score = parse(HEADER + "[V:1]c2-z2c4|[V:2]z8|\n")
    assert score.sounding == 2


def test_metre_key_and_tempo_change_inside_the_piece():
    text = HEADER + "[V:1][M:3/4][K:G][Q:1/8=90]c6|[V:2][M:3/4][K:G]z6|\n[V:1]c6|[V:2]z6|\n"
    bars = parse(text).bars
    assert [(b.metre, b.metre_text, b.key, b.tempo) for b in bars] == [
        (Fraction(3, 4), "3/4", "G", Fraction(45)),
        (Fraction(3, 4), "3/4", "G", None),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no bar"),
        (HEADER, "no bar"),
        (HEADER + "[V:3]c8|\n", "not declared"),
        (HEADER + "[V:1]c8|[V:2]?|\n", "Bar 1"),
        (HEADER.replace("V:2 bass\n", "") + "[V:1]c8|\n", "not declared"),
        (HEADER.replace("V:2", "V:1") + "[V:1]c8|\n", "twice"),
        (HEADER.replace("K:Dmin\n", "") + "[V:1]c8|\n", "no key"),
        (HEADER.replace("Dmin", "Hmin") + "[V:1]c8|\n", "key"),
        (HEADER.replace("L:1/8", "L:1/7") + "[V:1]c8|\n", "length unit"),
        ("%%abc-include /etc/passwd\n" + HEADER + "[V:1]c8|\n", "another file"),
        ("I:abc-include /etc/passwd\n" + HEADER + "[V:1]c8|\n", "another file"),
        ("hello\n" + HEADER + "[V:1]c8|\n", "no field"),
        (HEADER + "[V:1]c8|[V:2]z8|\n%%abc-include x\n", "comment"),
    ],
)
def test_what_is_not_a_piece_is_refused_with_a_sentence(text, reason):
    with pytest.raises(NotationError, match=reason):
        parse(text)


@quick
@given(st.lists(st.tuples(voices(), voices()), min_size=1, max_size=4))
def test_parse_counts_every_note_and_keeps_every_text(bars):
    text = HEADER + "".join(f"[V:1]{upper[0]}[V:2]{lower[0]}\n" for upper, lower in bars)
    score = parse(text)
    assert score.heads == sum(upper[2] + lower[2] for upper, lower in bars)
    assert [tuple(part.text for part in bar.parts) for bar in score.bars] == [(u[0], v[0]) for u, v in bars]
    assert [tuple(part.length * 8 for part in bar.parts) for bar in score.bars] == [(u[1], v[1]) for u, v in bars]
    for bar in score.bars:
        for part in bar.parts:
            assert all(note.onset >= 0 and note.onset + note.length <= part.length for note in part.notes)


@pytest.mark.parametrize(
    ("text", "tempo"),
    [
        ("1/4=60", 60),
        ("3/8=50", 75),
        ('"Lent" 1/4=ca. 76', 76),
        ("1/2=60.5", 121),
        ("Lent", None),
        ("1/0=60", None),
    ],
)
def test_tempo(text, tempo):
    assert tempo_of(text) == (None if tempo is None else Fraction(tempo))


@pytest.mark.parametrize(
    ("text", "fifths"),
    [("C", 0), ("Dmin", -1), ("F#", 6), ("Cb", -7), ("A dor", 1), ("Bbm", -5), ("E phr", 0), ("Fmaj treble", -1)],
)
def test_fifths(text, fifths):
    key = key_of(text, None)
    assert (key.fifths, len(key.alters)) == (fifths, abs(fifths))
