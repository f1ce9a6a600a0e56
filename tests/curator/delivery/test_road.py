from fractions import Fraction
from typing import Any

import pytest

from curator.delivery.road import play_order
from curator.delivery.score import Bar, Key, Metre, Road
from curator.delivery.sheet import DeliveryError
from curator.delivery.source import read_source
from tests.curator.delivery.scores import GOLDEN, ending, left, repeat, right, score, voice

_BAR = voice("C4:64")


def _order(words: str) -> str:
    """Bars as letters with signs before and behind, such as `|:A B :|` or `(1 A :|) (2 B )`, in playing order."""
    roads: list[Road] = []
    signs: dict[str, Any] = {}
    now: tuple[int, ...] = ()
    letters = ""
    for word in words.split():
        if word == "|:":
            signs["forward"] = True
        elif word.startswith("("):
            now = tuple(int(digit) for digit in word[1:])
        elif word.isalpha() and word.isupper() and len(word) == 1:
            roads.append(Road(ending=now, **signs))
            letters += word
            signs = {}
        else:
            name, _, times = word.partition("=")
            extra = {"backward": True, "times": int(times or 2)} if name == ":|" else {name: True}
            if name == ")":
                now = ()
            else:
                roads[-1] = Road(**{**roads[-1].__dict__, **extra})
    bars = [Bar(str(i), Metre(4, 4), Key(0), (), filled=Fraction(4), road=road) for i, road in enumerate(roads)]
    return "".join(letters[place] for place in play_order(bars))


@pytest.mark.parametrize(
    ("words", "played"),
    [
        ("A B C", "ABC"),
        ("A B :| C", "ABABC"),
        ("A |: B :| C", "ABBC"),
        ("A |: B :|=3 C", "ABBBC"),
        ("A :| B :| C", "AABBC"),
        ("|: A :| |: B C :|", "AABCBC"),
        ("|: A (1 B :| ) (2 C ) D", "ABACD"),
        ("|: A (1 B :| ) (2 C :| ) D", "ABACD"),
        ("A (1 B :| ) C", "ABAC"),
        ("|: A (12 B :| ) (3 C ) D", "ABABACD"),
        ("|: A (1 B :| ) (2 C D ) |: E (1 F :| ) (2 G )", "ABACDEFEG"),
        ("A B fine C dacapo D", "ABCAB"),
        ("A segno B tocoda C dalsegno D coda E", "ABCABDE"),
        ("A B segno C dalsegno D", "ABCBCD"),
        ("|: A :| fine B dacapo", "AABA"),
        ("|: A (1 B :| ) (2 C fine ) D dacapo", "ABACDAC"),
        ("A dalsegno B", "AAB"),
    ],
)
def test_play_order_follows_the_road(words, played):
    assert _order(words) == played


def test_play_order_refuses_a_score_that_never_ends():
    bars = [Bar("1", Metre(4, 4), Key(0), (), road=Road(forward=True))] * 1999
    with pytest.raises(DeliveryError, match="more than 2000 bars"):
        play_order([*bars, Bar("2", Metre(4, 4), Key(0), (), road=Road(backward=True, times=19))])


def test_the_converters_barlines_count_once_however_many_voices_repeat_them():
    bars = read_source((GOLDEN / "converter_road.musicxml").read_bytes()).bars
    assert [bar.road for bar in bars] == [
        Road(),
        Road(forward=True),
        Road(),
        Road(backward=True, ending=(1,)),
        Road(ending=(2,)),
        Road(segno=True),
        Road(dalsegno=True),
    ]


def test_an_ending_holds_over_all_its_bars():
    bars = read_source(
        score(
            left(repeat("forward")) + _BAR,
            left(ending("1, 2", "start")) + _BAR,
            _BAR + right(ending("1, 2", "stop"), repeat("backward", 3)),
            left(ending("3", "start")) + _BAR + right(ending("3", "discontinue")),
            _BAR,
        )
    ).bars
    assert [bar.road.ending for bar in bars] == [(), (1, 2), (1, 2), (3,), ()]
    assert play_order(bars) == (0, 1, 2, 0, 1, 2, 0, 3, 4)


@pytest.mark.parametrize(
    ("words", "road"),
    [
        ("D.C. al Fine", Road(dacapo=True)),
        ("Da Capo", Road(dacapo=True)),
        ("D. S.", Road(dalsegno=True)),
        ("To Coda", Road(tocoda=True)),
        ("Fine", Road(fine=True)),
        ("Finesse", Road()),
        ("dolce", Road()),
    ],
)
def test_words_alone_are_read_as_signs_of_the_road(words, road):
    direction = f"<direction><direction-type><words>{words}</words></direction-type></direction>"
    assert read_source(score(_BAR + direction)).bars[0].road == road
