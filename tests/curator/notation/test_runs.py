"""The longest run that two scores share."""

import re
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curator.notation.abc import parse
from curator.notation.runs import COPIED, SHORTEST, Run, Shelf, longest_run, steps_of
from generation.etudes.composer import compose

HEADER = '%%score { 1 | 2 }\nL:1/8\nQ:1/4=60\nM:3/4\nK:C\nV:1 treble nm="Piano" snm="Pno."\nV:2 bass\n'
TUNE = (("e2 d2 c2", "C,2 [E,G,]2 [E,G,]2"), ("g4 f2", "B,,2 [D,G,]2 F,2"), ("a2 b2 c'2", "A,,2 C,2 E,2"))
OTHER = (("c6", "G,,6"), ("d3 e3", "F,,3 A,,3"), ("f6", "D,6"))


def steps(*bars):
    return steps_of(parse(HEADER + "".join(f"[V:1]{right}|[V:2]{left}|\n" for right, left in bars)))


def semitone_up(bars):
    return [tuple(re.sub("([A-Ga-g])", r"^\1", hand) for hand in bar) for bar in bars]


def test_a_run_is_found_in_another_key_with_its_bars():
    mine = steps(*OTHER[:2], *TUNE, OTHER[2])
    theirs = steps(OTHER[2], *semitone_up(TUNE), *OTHER[:2])
    found = longest_run(mine, [steps(*OTHER[:1]), theirs])
    assert found == Run(strokes=9, notes=20, mine=(3, 5), theirs=(2, 4), place=1, kinds=8)


def test_rhythm_and_the_other_hand_belong_to_a_run():
    mine = steps(*TUNE)
    slower = [(right.replace("2", "4").replace("44", "8"), left) for right, left in TUNE]
    dotted = [("e3 d1 c2", TUNE[0][1]), *TUNE[1:]]
    accompanied = [(right, "C,6") for right, _left in TUNE]
    assert longest_run(mine, [steps(*accompanied)]) is None
    assert slower != TUNE
    assert longest_run(mine, [steps(*dotted)]) == Run(7, 15, (1, 3), (1, 3), 0, 7)


def test_hands_repeated_notes_and_grace_notes_do_not_matter():
    swapped = [(left, right) for right, left in TUNE]
    graced = [("{a}e2 d2 c2", TUNE[0][1]), *TUNE[1:]]
    tied = [("e2 d2 c2-", TUNE[0][1]), ("c2 g2 f2", "B,,2 [D,G,]2 F,2")]
    whole = Run(9, 20, (1, 3), (1, 3), 0, 9)
    assert longest_run(steps(*TUNE), [steps(*swapped)]) == whole
    assert longest_run(steps(*TUNE), [steps(*graced)]) == whole
    assert steps(*tied).notes == (2, 3, 3, 1, 3, 2)


def test_scores_without_enough_in_common_share_nothing():
    few = steps(TUNE[0])
    assert longest_run(few, [few]) is None
    assert longest_run(steps(*TUNE), []) is None
    silent = steps(("z6", "z6"))
    assert (len(silent.values), longest_run(silent, [steps(*TUNE)])) == (0, None)
    assert longest_run(steps(*TUNE), [silent, steps(*TUNE)], without=frozenset({1})) is None


def naive(mine, scores, without):
    best = 0
    for place, theirs in enumerate(scores):
        if place in without:
            continue
        for start in range(len(mine)):
            for there in range(len(theirs)):
                length = 0
                while mine[start + length : start + length + 1] == theirs[there + length : there + length + 1] != []:
                    length += 1
                best = max(best, length)
    return best if best >= SHORTEST else 0


@given(st.integers(0, 10_000))
def test_the_shelf_finds_what_looking_at_everything_finds(seed):
    drawn = Random(seed)
    alphabet = drawn.choice((2, 3, 5))
    scores = [[drawn.randrange(alphabet) for _ in range(drawn.randrange(25))] for _ in range(drawn.randrange(5))]
    mine = [drawn.randrange(alphabet) for _ in range(drawn.randrange(25))]
    without = frozenset(place for place in range(len(scores)) if drawn.random() < 0.3)
    shelf = Shelf([np.array(score, dtype=np.uint64) for score in scores])
    found = shelf.longest(np.array(mine, dtype=np.uint64), without=without)
    assert (found[0] if found else 0) == naive(mine, scores, without)
    if found:
        length, start, position = found
        place = int(shelf.place_of(np.array([position]))[0])
        there = position - int(shelf.starts[place])
        assert place not in without
        assert mine[start : start + length] == scores[place][there : there + length]


def test_different_etudes_of_one_rule_are_no_copies_of_each_other():
    known = [steps_of(parse(compose(seed, key="C", bars=16).stored)) for seed in range(60)]
    found = [longest_run(one, known, without=frozenset({place})) for place, one in enumerate(known)]
    assert max(run.kinds for run in found if run) < COPIED
    again = longest_run(known[7], known)
    assert again is not None
    assert (again.place, again.mine, again.kinds >= COPIED) == (7, (1, 16), True)
