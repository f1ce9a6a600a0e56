"""What is heard of a score bar by bar, checked on bars whose notes are counted by hand."""

from pathlib import Path

import pytest

from curator.notation.convert import abc_to_musicxml
from curator.notation.errors import NotationError
from curator.rendering.course import course_of

SCORES = Path(__file__).resolve().parents[2] / "golden" / "scores"

HEAD = '%%score { 1 | 2 }\nL:1/8\nM:3/4\nK:C\nV:1 treble nm="Piano"\nV:2 bass\n'


def course(body: str, head: str = HEAD):
    return course_of(abc_to_musicxml(head + body).text.encode())


def test_a_bar_is_counted_note_by_note():
    first, second = course("[V:1]c2 e2 g2|[V:2]C,6|\n[V:1]c6|[V:2]z6|\n")
    assert (first.bar, first.quarters, first.struck, second.struck) == (1, 3.0, 4, 1)
    # 72, 76, 79 for a quarter each and 48 for three
    assert first.register == round((72 + 76 + 79 + 3 * 48) / 6, 1)
    assert second.register == 72.0


def test_a_tied_note_is_struck_once_and_sounds_on():
    first, second = course("[V:1]c6-|[V:2]z6|\n[V:1]c6|[V:2]z6|\n")
    assert (first.struck, second.struck, second.energy, second.register) == (1, 0, 0.0, 72.0)


def test_marks_make_bars_louder():
    soft, loud = course("[V:1]!pp!c2 c2 c2|[V:2]z6|\n[V:1]!ff!c2 c2 c2|[V:2]z6|\n")
    assert soft.struck == loud.struck == 3
    assert 20 < loud.energy / soft.energy < 100  # 68 of 127 velocities apart, to the fourth power


def test_a_silent_bar_says_nothing_of_register():
    bars = course("[V:1]z6|[V:2]z6|\n[V:1]c6|[V:2]z6|\n")
    assert (bars[0].struck, bars[0].energy, bars[0].register) == (0, 0.0, None)


def test_the_mode_is_that_of_the_bars_around():
    major = course("[V:1]c2 e2 g2|[V:2]C,2 G,2 E,2|\n" * 4)
    minor = course("[V:1]A2 c2 e2|[V:2]A,,2 E,2 C,2|\n" * 4)
    assert all(bar.mode is not None and bar.mode > 0.05 for bar in major)
    assert all(bar.mode is not None and bar.mode < -0.05 for bar in minor)


def test_repeats_are_played_out_with_their_written_numbers():
    bars = course_of((SCORES / "repeat.musicxml").read_bytes())
    numbers = [bar.bar for bar in bars]
    assert len(numbers) > len(set(numbers))
    assert numbers[0] == 1
    again = [bar for bar in bars if bar.bar == 1]
    assert len({(bar.quarters, bar.struck, bar.energy, bar.register) for bar in again}) == 1


def test_what_is_no_score_raises():
    for data in (b"", b"<html/>", b"<score-partwise"):
        with pytest.raises(NotationError):
            course_of(data)
