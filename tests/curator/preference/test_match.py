from collections import Counter

import pytest

from curator.preference.match import Duel, Won, choose_across, won_by_newer
from curator.preference.votes import Vote

OLDER, NEWER = [0, 2, 4], [1, 3, 5]
NAMES = [11, 12, 13, 14, 15, 16]


def heard_all(rater: str = "a", *, busy: tuple[tuple[int, int], ...] = ()) -> list[Vote]:
    history: list[Vote] = []
    while choice := choose_across(OLDER, NEWER, history, seed="cue", rater=rater, names=NAMES, busy=busy):
        assert choice.policy == "match"
        assert (choice.occurrence, choice.repeat_of) == (0, None)
        history.append(Vote(choice.left, choice.right, "left"))
    return history


def test_every_pair_across_is_heard_once_and_none_within():
    pairs = [vote.pair for vote in heard_all()]
    assert sorted(pairs) == sorted((min(one, other), max(one, other)) for one in OLDER for other in NEWER)
    assert len(pairs) == 9


def test_every_take_is_heard_before_one_comes_again():
    first = heard_all()[:3]
    assert sorted(clip for vote in first for clip in vote.pair) == [0, 1, 2, 3, 4, 5]


def test_sides_are_a_coin_and_every_listener_has_an_own_order():
    histories = [heard_all(f"listener {number}") for number in range(20)]
    left = Counter(vote.left in NEWER for history in histories for vote in history)
    assert 60 <= left[True] <= 120
    assert len({tuple(vote.pair for vote in history) for history in histories}) > 10


def test_the_same_listener_gets_the_same_pair_with_its_probability():
    one = choose_across(OLDER, NEWER, [], seed="cue", rater="a", names=NAMES)
    assert one is not None
    assert one == choose_across(OLDER, NEWER, [], seed="cue", rater="a", names=NAMES)
    assert one.probability == pytest.approx(1 / 9)
    after = choose_across(OLDER, NEWER, [Vote(one.left, one.right, "skip")], seed="cue", rater="a", names=NAMES)
    assert after is not None
    assert after.probability == pytest.approx(1 / 4)


def test_a_pair_in_other_ears_waits_while_there_are_others():
    busy = tuple((min(o, n), max(o, n)) for o in OLDER for n in NEWER if (o, n) != (4, 5))
    choice = choose_across(OLDER, NEWER, [], seed="cue", rater="a", names=NAMES, busy=busy)
    assert choice is not None
    assert {choice.left, choice.right} == {4, 5}
    everything = ((0, 1), *busy, (4, 5))
    assert choose_across(OLDER, NEWER, [], seed="cue", rater="a", names=NAMES, busy=everything) is not None


def test_one_side_alone_is_no_match():
    assert choose_across([], NEWER, [], seed="cue", rater="a", names=NAMES) is None


def test_wins_are_counted_with_ties_as_halves():
    duels = [Duel(1, 2, 1.0), Duel(3, 4, 0.5), Duel(5, 6, 0.0), Duel(7, 8, 1.0)]
    found = won_by_newer(duels)
    assert (found.answers, found.won, found.share) == (4, 2.5, 0.625)
    assert found.low < 0.3
    assert found.high > 0.85
    nothing = won_by_newer([])
    assert (nothing.answers, nothing.low, nothing.high) == (0, 0.0, 1.0)
    assert isinstance(nothing, Won)


def test_all_won_is_not_all_known():
    found = won_by_newer([Duel(number, 100 + number, 1.0) for number in range(10)])
    assert (found.share, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.722, abs=0.001)  # Wilson of 10 in 10


def test_few_takes_leave_more_doubt_than_many_answers_say():
    # the newer side wins with one of its two takes and loses with the other, over and over
    few = won_by_newer([Duel(old, new, float(new == 1)) for old in (11, 12, 13, 14) for new in (1, 2)] * 4)
    many = won_by_newer([Duel(100 + at, 200 + at, float(at % 2)) for at in range(32)])
    assert few.answers == many.answers == 32
    assert few.high - few.low > 1.8 * (many.high - many.low)
