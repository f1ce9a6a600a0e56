import numpy as np
import pytest

from curator.preference.fit import fit
from curator.preference.listeners import (
    agreement,
    binomial_p,
    consistency,
    difference,
    repeats_of,
    side_bias,
    wilson,
)
from curator.preference.votes import Vote


def test_repeats_are_pairs_that_came_again_swapped_or_not():
    first, again = Vote(0, 1, "left"), Vote(1, 0, "right")
    history = [first, Vote(2, 1, "skip"), Vote(1, 2, "tie"), again, Vote(2, 1, "bad"), Vote(2, 1, "left")]
    assert repeats_of(history, after=0) == ((first, again), (Vote(1, 2, "tie"), Vote(2, 1, "left")))
    third = Vote(0, 1, "right")
    others = [Vote(2, 3, "left")] * 8
    assert repeats_of([first, *others, again, third]) == ((first, again),)
    assert repeats_of([first, *others[:7], again]) == ()
    assert repeats_of([first, again, third], after=0) == ((first, again), (again, third))


def test_consistency_counts_clips_not_sides():
    same = [Vote(0, 1, "left"), Vote(1, 0, "right")]
    reversed_ = [Vote(0, 1, "left"), Vote(1, 0, "left")]
    half = [Vote(0, 1, "left"), Vote(1, 0, "tie")]
    found = consistency([same] * 6 + [reversed_] * 2 + [half] * 2, after=0)
    assert (found.repeats, found.same, found.share) == (10, 7.0, 0.7)
    assert found.low < 0.7 < found.high
    assert found.reliability == pytest.approx(0.5 * (1 + 0.4**0.5))
    assert found.smoothing == pytest.approx(1 - found.reliability)
    # answers of the same taste with independent slips agree so often
    p = found.reliability
    assert p**2 + (1 - p) ** 2 == pytest.approx(0.7)


def test_consistency_of_a_guesser_and_of_nobody():
    guess = consistency([[Vote(0, 1, "left"), Vote(1, 0, "left")]] * 4, after=0)
    assert (guess.share, guess.reliability) == (0.0, 0.5)
    nobody = consistency([[Vote(0, 1, "left")]])
    assert (nobody.repeats, nobody.low, nobody.high) == (0, 0.0, 1.0)
    assert np.isnan(nobody.share)
    assert np.isnan(nobody.reliability)


def test_wilson_matches_the_published_example():
    # 81 of 263: Newcombe 1998, table I
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)


def test_binomial_p_is_exact():
    assert binomial_p(10, 14) == pytest.approx(0.17957, abs=1e-5)
    assert binomial_p(4, 14) == binomial_p(10, 14)
    assert (binomial_p(7, 14), binomial_p(0, 0)) == (1.0, 1.0)


def test_side_bias_is_pooled_over_cues():
    lefts = [Vote(0, 1, "left", "jan"), Vote(1, 0, "left", "jan"), Vote(0, 2, "left", "jan"), Vote(2, 0, "left", "jan")]
    fair = [Vote(0, 1, "left", "mia"), Vote(1, 0, "right", "mia"), Vote(1, 2, "tie", "mia"), Vote(0, 2, "skip", "mia")]
    one = side_bias([(3, lefts * 2 + fair)])
    many = side_bias([(3, lefts * 2 + fair), (200, lefts * 2 + fair), (3, lefts * 2)])
    assert [(bias.rater, bias.left, bias.sided) for bias in many] == [("jan", 24, 24), ("mia", 2, 4)]
    assert many[0].p_value == pytest.approx(2 / 2**24)
    assert many[0].pull > one[0].pull > 0
    assert many[0].alarm
    assert not many[1].alarm
    assert side_bias([]) == ()
    with pytest.raises(ValueError, match="a vote names the pair"):
        side_bias([(2, [Vote(0, 2, "left")])])


def krippendorff(units):
    """Nominal alpha by its definition over all pairs of values, for comparison."""
    units = [values for values in units if len(values) > 1]
    everything = [value for values in units for value in values]
    observed = sum(
        sum(one != other for i, one in enumerate(values) for j, other in enumerate(values) if i != j)
        / (len(values) - 1)
        for values in units
    ) / len(everything)
    expected = sum(one != other for one in everything for other in everything) / (
        len(everything) * (len(everything) - 1)
    )
    return 1 - observed / expected


def test_agreement_is_krippendorffs_alpha():
    random = np.random.default_rng(2)
    votes, units = [], []
    for low in range(12):
        said = random.choice(["left", "right", "tie"], size=int(random.integers(1, 5)), p=[0.6, 0.3, 0.1])
        for rater, answer in enumerate(said):
            # half of the listeners hear the pair the other way round
            left, right, swapped = (low, low + 1, answer) if rater % 2 else (low + 1, low, answer)
            if not rater % 2:
                swapped = {"left": "right", "right": "left", "tie": "tie"}[answer]
            votes.append(Vote(left, right, swapped, str(rater)))
        units.append(list(said))
    found = agreement({"1m1": votes})
    assert found.alpha == pytest.approx(krippendorff(units))
    assert found.pairs == sum(len(values) > 1 for values in units)


def test_agreement_of_krippendorffs_own_example():
    # two observers, ten units, binary: alpha = 0.095 (Krippendorff 2011, Computing alpha-reliability, B)
    one, other = "0100000000", "1110010010"
    votes = [
        Vote(unit, unit + 1, "left" if value == "1" else "right", rater)
        for rater, values in (("one", one), ("other", other))
        for unit, value in enumerate(values)
    ]
    found = agreement({"1m1": votes})
    assert found.alpha == pytest.approx(0.095, abs=5e-4)
    assert (found.pairs, found.same) == (10, 0.6)


def test_agreement_needs_two_listeners_and_takes_each_once():
    alone = [Vote(0, 1, "left", "mia"), Vote(1, 0, "right", "mia")]
    assert agreement({"1m1": alone}).pairs == 0
    assert np.isnan(agreement({}).alpha)
    both = [*alone, Vote(0, 1, "right", "jan"), Vote(1, 0, "bad", "kim")]
    found = agreement({"1m1": both, "1m2": [Vote(0, 1, "left", "mia"), Vote(0, 1, "left", "jan")]})
    assert (found.pairs, found.same) == (2, 0.5)
    # one and the same answer throughout: nothing to agree about
    assert np.isnan(agreement({"1m1": [Vote(0, 1, "left", "mia"), Vote(0, 1, "left", "jan")]}).alpha)


def test_difference_names_the_clip_that_is_heard_differently():
    mia = [Vote(2, clip, "left", "mia") for clip in (0, 1, 3)] * 10
    jan = [Vote(2, clip, "right", "jan") for clip in (0, 1, 3)] * 10
    found = difference(fit(4, mia), fit(4, jan))
    assert found.gap.sum() == pytest.approx(0.0, abs=1e-9)
    assert found.apart()[0] == 2
    assert difference(fit(4, mia), fit(4, mia)).apart() == ()
    with pytest.raises(ValueError, match="cannot be compared"):
        difference(fit(3, []), fit(4, []))
