import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.notation.abc import parse
from curator.notation.bars import unreduce
from curator.notation.errors import NotationError
from curator.notation.validity import validity
from generation.etudes.composer import compose
from generation.notagen.header import PIANO, header
from generation.notagen.themes import marked, read_theme

HEAD = header(metre="3/4", key="G", tempo=72)
PIECE = (
    HEAD
    + """[V:1]|:"^Lent" (B2 d2 g2)|[V:2]G,,2 [D,G,]4|
[V:1]z6|[V:2]A,,2 [E,G,]4|1
[V:1]b6-:|2[V:2]z6:|2
[V:1][Q:1/4=90](b6-||[V:2]D,,2 ([D,F,]4-||
[V:1]b6)|][V:2][D,F,]6)|]
"""
)


def test_a_theme_is_whole_bars_without_repeats_tempo_and_resting_voices():
    theme = read_theme(PIECE, bars=4)
    assert (theme.metre, theme.key, theme.staves, theme.voices, theme.upbeat) == ("3/4", "G", PIANO, (1, 2), False)
    assert theme.lines == (
        '[V:1]"^Lent" (B2 d2 g2)|[V:2]G,,2 [D,G,]4|',
        "[V:2]A,,2 [E,G,]4|",
        "[V:1]b6-|",
        "[V:1](b6-|[V:2]D,,2 ([D,F,]4-|",
    )
    assert read_theme(PIECE, bars=99).lines[:4] == theme.lines
    assert theme.first(2).lines == theme.lines[:2]


def test_a_bar_in_which_all_rest_keeps_its_place():
    text = HEAD + "[V:1]c6|[V:2]C,6|\n[V:1]z6|[V:2]x6|\n[V:1]c6|][V:2]C,6|]\n"
    assert read_theme(text, bars=3).lines[1] == "[V:1]z6|[V:2]x6|"


def test_markers_are_those_of_the_new_length_and_the_last_bar_closes():
    theme = read_theme(PIECE, bars=2)
    assert marked(theme.lines, total=12)[1] == "[r:1/10][V:2]A,,2 [E,G,]4|\n"
    assert marked(theme.lines, total=2)[1] == "[r:1/0][V:2]A,,2 [E,G,]4|]\n"
    assert len(marked(theme.lines, total=1)) == 1


def test_what_leads_out_of_the_last_bar_is_let_go():
    lines = read_theme(PIECE, bars=4).closed().lines
    assert lines[3] == "[V:1]b6|[V:2]D,,2 [D,F,]4|"
    assert lines[:3] == read_theme(PIECE, bars=4).lines[:3]
    assert read_theme(PIECE, bars=5).closed().lines[4] == "[V:1]b6)|[V:2][D,F,]6)|"


def test_a_kept_voice_is_its_bars_and_nothing_where_it_rests():
    theme = read_theme(PIECE, bars=3)
    assert theme.kept(1) == ('"^Lent" (B2 d2 g2)', "", "b6-")
    assert theme.kept(2) == ("G,,2 [D,G,]4", "A,,2 [E,G,]4", "")


FOUR = HEAD.replace("%%score { 1 | 2 }", "%%score { ( 1 2 ) | 3 }") + "V:3 bass\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PIECE.replace("L:1/8", "L:1/4"), "does not add up|eighths"),
        (PIECE.replace("M:3/4", "M:none"), "free time"),
        (PIECE.replace("K:G", "K:none"), "cannot go on in this metre or key"),
        (HEAD + "[V:1]c6|[V:2]C,6|\n[V:1][M:2/4]c4|[V:2][M:2/4]C,4|\n", "Bar 2 changes the metre"),
        (HEAD + "[V:1]c6|[V:2]C,6|\n[V:1]c4|[V:2]C,4|\n", "Bar 2 does not add up"),
        (HEAD + "[V:1][L:1/4]c3|[V:2][L:1/4]C,3|\n", "length unit"),
        ("nothing", "no bar"),
    ],
)
def test_what_cannot_be_gone_on_from_is_said_in_a_sentence(text, reason):
    with pytest.raises(NotationError, match=reason):
        read_theme(text, bars=5)


def test_only_one_voice_a_hand_can_be_kept_and_no_upbeat():
    with pytest.raises(NotationError, match="one voice a hand"):
        read_theme(FOUR + "[V:1]c6|[V:2]E6|[V:3]C,6|\n", bars=1).kept(1)
    upbeat = HEAD + "[V:1]c2|[V:2]C,2|\n[V:1]c6|[V:2]C,6|\n"
    assert read_theme(upbeat, bars=2).upbeat
    with pytest.raises(NotationError, match="upbeat"):
        read_theme(upbeat, bars=2).kept(1)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_trimmed_etudes_keep_every_note_of_their_bars_and_stay_valid(seed, data):
    etude = compose(seed)
    count = data.draw(st.integers(1, etude.bars))
    theme = read_theme(data.draw(st.sampled_from([etude.abc, etude.stored])), bars=count).closed()
    made = marked(theme.lines, total=count)
    assert [line.partition("]")[0] for line in made] == [f"[r:{i}/{count - 1 - i}" for i in range(count)]
    text = header(metre=theme.metre, key=theme.key, tempo=etude.tempo, staves=theme.staves) + "".join(made)
    before, after = parse(etude.stored).bars[:count], parse(unreduce(text)).bars
    pitches = [[[(n.pitch, n.onset, n.length) for n in p.notes] for p in bar.parts] for bar in before]
    assert [[[(n.pitch, n.onset, n.length) for n in p.notes] for p in bar.parts] for bar in after] == pitches
    if count == etude.bars:
        assert unreduce(text) == etude.stored
    assert validity(unreduce(text)).reason in ("", "Staff 1 has no note at all.", "Staff 2 has no note at all.")
    assert not any(n.tied for p in after[-1].parts for n in p.notes if n.onset + n.length == p.length)
