"""Signs of the road are read from a score as it stands."""

import pytest

from curator.delivery.source import read_source
from curator.notation.road import Road, play_order
from tests.curator.delivery.scores import GOLDEN, ending, left, repeat, right, score, voice

_BAR = voice("C4:64")


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
    assert play_order([bar.road for bar in bars]) == (0, 1, 2, 0, 1, 2, 0, 3, 4)


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
