import re
from dataclasses import astuple

import pytest

from generation.etudes.composer import compose
from training.recipes.variety import (
    Corpus,
    Examined,
    Range,
    adding,
    against,
    bars_of,
    examine,
    sketch_of,
    variety,
)

HEAD = "%x\n%%score { 1 | 2 }\nL:1/8\nM:3/4\nK:Amin\nV:1 treble\nV:2 bass\n"


def piece(bars: str, good: int | None = None, key: str = "C", *, copy: bool = False) -> Examined:
    """A text whose bars are the letters of `bars`."""
    return Examined(tuple(bars), len(bars) if good is None else good, key, valid=good is None, copy=copy)


def test_bars_that_add_up_are_counted_whatever_else_stands_there():
    found = examine(
        HEAD
        + "[r:0/5][V:1]a6|[V:2]A,6|\n"
        + "[r:1/4][V:1]a5|[V:2]A,6|\n"  # the right hand is short
        + "[r:2/3][V:1]a4|[V:2]A,4|\n"  # both are
        + "[r:3/2]nonsense\n"
        + "[r:4/1][V:1][M:4/4]a8|[V:2][M:4/4]A,8|\n"  # a change of metre
        + "[r:5/0][V:1]a8|]\n"
    )
    assert (len(found.bars), found.good, found.key, found.valid, found.copy) == (6, 3, "Amin", False, False)


def test_an_upbeat_and_what_it_takes_from_the_end_add_up():
    text = HEAD + "[r:0/2][V:1]a2|[V:2]A,2|\n[r:1/1][V:1]a6|[V:2]A,6|\n[r:2/0][V:1]a4|]\n"
    assert examine(text).good == 3
    assert examine(text).valid
    assert examine(text.replace("a2|[V:2]A,2|", "a6|[V:2]A,6|")).good == 2


@pytest.mark.parametrize("text", ["", "%x\n", "x" * 50, HEAD, "[V:1]\n[V:1]z|", "K:?\nM:0/0\nL:x\n[r:0/0][V:1]a8|"])
def test_anything_may_stand_in_a_text(text):
    found = examine(text)
    assert 0 <= found.good <= len(found.bars)
    assert not found.valid


def test_a_piece_of_the_corpus_is_found_in_any_key_and_with_a_broken_bar():
    known = re.sub(r"[\^_=]", "", compose(3, metre="3/4", key="C", bars=16).abc)
    corpus = Corpus([found for text in (compose(1).abc, known) if (found := sketch_of(text))])
    assert corpus.size == 2
    lines = known.splitlines(keepends=True)
    broken = "".join([*lines[:-2], "[r:14/1][V:1]a|[V:2]A,6|\n", lines[-1]])
    moved = known.replace("K:C\n", "K:C#\n")  # every note a semitone higher
    assert [examine(text, corpus).copy for text in (known, broken, moved)] == [True] * 3
    assert not any(examine(compose(5_000_000 + seed).abc, corpus).copy for seed in range(20))
    assert not examine(HEAD + "[r:0/0][V:1]a6|]\n", corpus).copy


def test_bars_are_compared_without_marker_and_final_barline():
    assert bars_of(HEAD + "[r:0/1][V:1]a6|[V:2]A,6|\n[r:1/0][V:1]a6|]\n") == ["[V:1]a6|[V:2]A,6|", "[V:1]a6|"]


def test_the_figures_of_a_model():
    found = variety([piece("abc"), piece("abd", 2, "G", copy=True), piece("", 0, "")])
    assert (found.texts, found.bars, found.distinct, found.keys) == (3, 6, 4, 2)
    assert found.adding == Range(5 / 6, 0.0, 1.0)
    assert (found.valid.at, found.copies.at) == (1 / 3, 1 / 3)
    assert found.copies.low < 1 / 3 < found.copies.high


def test_the_interval_knows_that_bad_bars_come_in_bad_pieces():
    # 10 of 100 bars are bad: one here and there, or ten in one piece
    spread = adding([piece("abcdefghij", 9) for _ in range(10)])
    lumped = adding([piece("abcdefghij", 0 if one == 4 else 10) for one in range(10)])
    assert spread.at == lumped.at == 0.9
    assert lumped.high - lumped.low > 1.5 * (spread.high - spread.low)


def test_a_model_that_repeats_itself_is_worse_than_its_parent():
    parent = [piece(chr(1000 + 4 * one) + chr(1001 + 4 * one) + "ab", key="CDEFGA"[one % 6]) for one in range(60)]
    result = [piece(chr(1000 + 4 * (one % 30)) + "xab", 3, key="CDE"[one % 3]) for one in range(60)]
    found = against(parent, result)
    assert found.adding.at == pytest.approx(-0.25)
    assert found.adding.high < -0.1
    assert found.distinct.at == pytest.approx(33 / 122)
    assert found.distinct.low < 33 / 122 < found.distinct.high < 0.4
    assert found.keys.at == 0.5
    same = against(parent, parent)
    assert astuple(same.distinct) == astuple(same.keys) == (1.0, 1.0, 1.0)
    assert same.adding.at == same.copies.at == 0.0
    assert same.adding.low < 0 < same.adding.high


def test_different_bars_are_counted_among_as_many_on_both_sides():
    short = [piece("ab") for _ in range(10)]
    long = [piece("abab") for _ in range(10)]
    assert against(long, short).distinct.at == pytest.approx(1.0, abs=1e-3)
    assert against(short, long).distinct.at == pytest.approx(1.0, abs=1e-3)


def test_lists_of_different_length_cannot_be_compared():
    with pytest.raises(ValueError, match="2 texts cannot be compared with 1"):
        against([piece("a")], [piece("a"), piece("b")])
