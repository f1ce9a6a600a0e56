"""What is measured of a round, on numbers that can be counted by hand."""

import json

import numpy as np
import pytest

from generation.notagen.header import prompt_lines
from generation.notagen.piece import Brief
from tests.demo_round.drawing import histogram, table
from tests.demo_round.measuring import Fresh, foresight, gain, load, log_probs, scaled, write_fresh
from tests.demo_round.processes import processes
from tests.generation.writing import SMALL

BRIEF = Brief(prompt_lines("Minimal", "Etude, Waltz", "Keyboard", "Peace"), "3/4", "G", 60, 3)


def take(cue: int, value: float, stage: str = "Peace") -> Fresh:
    """A take whose text is its value."""
    return Fresh(cue, stage, "", str(value), (), 1)


def test_the_gain_is_counted_cue_by_cue_in_the_spread_of_one_cue():
    parent = [take(0, 0), take(0, 2), take(1, 10, "Chosen"), take(1, 12, "Chosen")]
    result = [take(0, 2), take(0, 4), take(1, 9, "Chosen"), take(1, 11, "Chosen"), Fresh(1, "Chosen", "", "", (), 1)]
    found = gain(parent, result, lambda one: float(one.abc))
    spread = 2**0.5
    assert found.whole == pytest.approx(0.5 / spread)
    assert found.stages == pytest.approx({"Chosen": -1 / spread, "Peace": 2 / spread})
    assert found.wide == pytest.approx(0.5 / 26**0.5)
    assert found.error == pytest.approx((4 * 2 / 2) ** 0.5 / 2 / spread)
    before, after = scaled(parent, result, lambda one: float(one.abc))
    assert (before, after) == (
        pytest.approx([-1 / spread, 1 / spread] * 2),
        pytest.approx([1 / spread, 3 / spread, -2 / spread, 0]),
    )


def test_foresight_counts_pairs_of_one_cue_whose_takes_differ():
    takes = [take(0, 0), take(0, 1), take(0, 3), take(1, 5), take(1, 5)]
    found = foresight(takes, [0, 1, 3, 5, 5], np.array([0.0, 2.0, 1.0, 0.0, 9.0]))
    assert (found.true, found.pairs, found.clear, found.clear_pairs) == (pytest.approx(2 / 3), 3, 0.5, 2)


def test_fresh_takes_are_written_once_and_scored_as_they_were_drawn(tmp_path):
    def write() -> list[Fresh]:
        return [one for cue in write_fresh(SMALL, [(BRIEF, "Peace")], each=2, seed=1, keep=tmp_path) for one in cue]

    first = write()
    assert [one.cue for one in first] == [0, 0]
    assert first[0].raw != first[1].raw
    kept = tmp_path / "0.json"
    kept.write_text(json.dumps(json.loads(kept.read_text())[:1]))
    assert write() == first[:1]
    assert (log_probs(load(SMALL), first) < 0).all()


def test_other_processes_write_the_same_takes(tmp_path):
    briefs = [(BRIEF, "Peace"), (BRIEF, "Chosen")]
    with processes(2) as pool:
        others = list(write_fresh(SMALL, briefs, each=2, seed=1, keep=tmp_path / "others", pool=pool))
    assert others == list(write_fresh(SMALL, briefs, each=2, seed=1, keep=tmp_path / "own"))
    assert [of_cue[0].stage for of_cue in others] == ["Peace", "Chosen"]


def test_drawing():
    assert table(["", "notes"], [["Peace", "3"], ["Forgotten", "12"]]) == (
        "              notes\n   Peace          3\n   Forgotten     12\n"
    )
    lines = histogram([0.1, 0.2], [9.0], titles=("parent", "result")).splitlines()
    assert [line.split() for line in lines if "#" in line] == [
        ["+2.5", "to", "+3.0", "#" * 28],
        ["+0.0", "to", "+0.5", "#" * 28],
    ]
