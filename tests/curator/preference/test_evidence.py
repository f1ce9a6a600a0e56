from math import exp, log
from random import Random

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from curator.preference.choose import choose
from curator.preference.evidence import DOUBTFUL, SPREADS, log_factor
from curator.preference.fit import LAPSE, chance
from curator.preference.raters import fit_raters
from curator.preference.votes import Vote

CLIPS = 8


def answers(strengths: np.ndarray, count: int, *, seed: str) -> list[Vote]:
    """What a listener with these strengths says of actively chosen pairs; with equal ones each answer is a coin."""
    random, said = Random(seed), list[Vote]()
    for _ in range(count):
        pair = choose(fit_raters(CLIPS, said).posterior, said, seed=seed, rater="r", aim="teach")
        assert pair is not None
        gap = np.array(strengths[pair.left] - strengths[pair.right])
        said.append(
            Vote(pair.left, pair.right, "left" if random.random() < float(chance(gap, LAPSE)) else "right", "r")
        )
    return said


def film(spread: float, *, seed: int, cues: int = 12, count: int = 20) -> list[tuple[int, list[Vote]]]:
    rng = np.random.default_rng(seed)
    return [
        (CLIPS, answers(rng.normal(0.0, spread, CLIPS), count, seed=f"{seed}/{cue}/{spread}")) for cue in range(cues)
    ]


@pytest.mark.parametrize("won", [1, 3, 6])
def test_two_clips_as_by_numerical_integration(won):
    lost = 1
    said = [Vote(0, 1, "left")] * won + [Vote(0, 1, "right")] * lost

    def likelihood(gap: float, spread: float) -> float:
        odds = [float(chance(np.array(sign * gap), LAPSE)) for sign in (1.0, -1.0)]
        density = float(norm.pdf(gap, scale=spread * 2**0.5))
        return float(odds[0] ** won * odds[1] ** lost * density)

    exact = np.mean([quad(likelihood, -20, 20, args=(spread,))[0] for spread in SPREADS]) / 0.5 ** (won + lost)
    assert log_factor([(2, said)]) == pytest.approx(log(exact), abs=0.01)


def test_nothing_about_order_says_nothing():
    assert log_factor([]) == 0.0
    assert log_factor([(3, []), (2, [Vote(0, 1, "tie"), Vote(0, 1, "bad"), Vote(0, 1, "skip")])]) == 0.0
    assert log_factor([(2, [Vote(0, 1, "left")])]) == pytest.approx(0.0, abs=0.01)  # either answer was as likely


def test_coins_are_told_from_a_taste_however_the_pairs_were_chosen():
    coins = [log_factor(film(0.0, seed=seed)) for seed in range(4)]
    assert max(coins) < DOUBTFUL
    assert sum(value < 0 for value in coins) >= 3
    tastes = [log_factor(film(1.75, seed=seed)) for seed in range(2)]
    assert min(tastes) > DOUBTFUL


def test_coins_pass_no_more_often_than_the_factor_says():
    """Of 400 pairs of clips heard four times each a factor of x or more comes up at most once in x times."""
    random = Random(5)
    factors = [
        exp(log_factor([(2, [Vote(0, 1, random.choice(["left", "right"])) for _ in range(4)])])) for _ in range(400)
    ]
    assert np.mean(factors) == pytest.approx(1.0, abs=0.15)
    for times in (1.5, 2.0, 2.5):
        assert np.mean([factor >= times for factor in factors]) <= 1 / times


def test_a_clip_that_is_not_there():
    with pytest.raises(ValueError, match="among 2 clips"):
        log_factor([(2, [Vote(0, 2, "left")])])
