from fractions import Fraction

import pytest

from generation.notagen.guard import Guard

GUARD = Guard(metre=Fraction(3, 4))


@pytest.mark.parametrize(
    "line",
    [
        "[r:0/7][V:1]c2 d2 e2|[V:2]C,,2 [E,G,]4|\n",
        "[V:1]c6|",
        "[r:3/4][V:2]!p!!ped! (3C,2E,2G,2 C,2!ped-up!|\n",
        "[V:1]{d}c3/2d/ e4||[V:2]z6||\n",
        "[V:1][K:D]c6|[V:2][K:D]D,6|\n",
        '[V:1]"^rit."c6|[V:2]D,6-|\n',
    ],
)
def test_a_line_that_adds_up_may_stay(line):
    assert GUARD.refusal(line, last=False) == ""
    assert GUARD.refusal(line, last=True) == ""


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("[V:1]c2 d2|[V:2]C,6|\n", "add up"),
        ("[V:1]c6|[V:2]C,8|\n", "add up"),
        ("[V:1]c2 d2 e2|[V:2]C,2 [E,G,|\n", "be readable"),
        ("[V:1]c6\n", "be readable"),
        ("[V:1]c6|[V:1]c6|\n", "be readable"),
        ("c6|\n", "be readable"),
        ("[V:1]c3|c3|\n", "be readable"),
        ("[V:1]c6\x01|\n", "be plain text"),
        ("[V:2]C,6|[V:1]c6|\n", "keep to the two staves"),
        ("[V:1]c6|[V:3]C,6|\n", "keep to the two staves"),
        ("[V:1][Q:1/4=200]c6|\n", "keep its metre and tempo"),
        ("[V:1][L:1/16]c12|\n", "keep its metre and tempo"),
        ("[V:1][K:D]c6|[V:2]C,6|\n", "change key on both staves"),
        ("[V:1][K:D]c6|\n", "change key on both staves"),
        ("[V:1]|:c6|[V:2]C,6|\n", "close with one barline"),
        ("[V:1]c6:|[V:2]C,6:|\n", "close with one barline"),
        ("[V:1]c6|[V:2]C,6||\n", "close with one barline"),
        ("[V:1]c6|1[V:2]C,6|1\n", "close with one barline"),
    ],
)
def test_a_line_that_does_not_hold_is_refused(line, refusal):
    assert GUARD.refusal(line, last=False) == refusal
    assert GUARD.refusal(line, last=True) == refusal


def test_the_final_barline_stands_in_the_last_line_only():
    line = "[V:1]c6|][V:2]C,6|]\n"
    assert GUARD.refusal(line, last=True) == ""
    assert GUARD.refusal(line, last=False) == "close with one barline"
