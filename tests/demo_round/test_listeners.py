"""Scripted listeners: what they hear, what they like, how they answer."""

from random import Random

import pytest

from generation.notagen.header import PIANO, header
from tests.demo_round.listeners import LISTENERS, SLIPS, Heard, answer, chance, hear

HEADER = header(metre="3/4", key="C", tempo=60, staves=PIANO)
SPARSE = HEADER + "[V:1]c6|[V:2]C,,6|\n" * 2
FULL = HEADER + "[V:1]c2 [eg]2 c'2|[V:2]C,2 [E,G,]2 [E,G,]2|\n" * 2


def test_grace_notes_and_held_notes_are_not_struck_and_the_melody_is_on_top():
    text = HEADER + "[V:1]{d}[ce]4- [ce]2|[V:2]C,6|\n[V:1]z6|[V:2]C,6|\n"
    assert hear(text) == Heard(density=1.0, pitch=(60 + 12 + 64 + 12 + 48 + 48) / 4, melody_pitch=76, melody_length=-1)


def test_the_tastes_tell_sparse_from_full():
    values = {
        (name, stage): LISTENERS[name].likes(SPARSE, stage) - LISTENERS[name].likes(FULL, stage)
        for name in LISTENERS
        for stage in ("Forgotten", "Salvation")
    }
    assert {key for key, value in values.items() if value > 0} == {
        ("sparse-low", "Forgotten"),
        ("sparse-low", "Salvation"),
        ("singing", "Forgotten"),
        ("singing", "Salvation"),
        ("by-stage", "Forgotten"),
    }
    assert values["by-stage", "Salvation"] == -values["by-stage", "Forgotten"]
    assert values["coin", "Salvation"] == 0


def test_one_answer_in_twenty_is_a_coin():
    assert [chance(left, 0.0) for left in (-99.0, 0.0, 99.0)] == pytest.approx([SLIPS / 2, 0.5, 1 - SLIPS / 2])


def test_answers_follow_the_chance_and_the_seed():
    said = [answer(1.0, 0.0, Random(f"{number}")) for number in range(2000)]
    assert said == [answer(1.0, 0.0, Random(f"{number}")) for number in range(2000)]
    assert said.count("left") / 2000 == pytest.approx(chance(1.0, 0.0), abs=0.02)
