import numpy as np

from curator.preference.best import odds
from curator.preference.fit import Posterior, chance, fit
from curator.preference.rules import about_best, most_informative
from curator.preference.votes import Vote

FIRST, SECOND = np.triu_indices(5, 1)
EVERY = np.ones(FIRST.size, dtype=np.bool_)


def belief() -> Posterior:
    """Clips 0 and 1 far above the rest, next to each other."""
    votes = [Vote(best, clip, "left") for best in (0, 1) for clip in (2, 3, 4)] * 6
    return fit(5, [*votes, Vote(0, 1, "tie")])


def entropy(p):
    return -p * np.log(p) - (1 - p) * np.log(1 - p)


def test_about_best_asks_the_leaders():
    share = about_best(odds(belief()), FIRST, SECOND, EVERY, 0.05)
    assert share.tolist() == [1.0] + [0.0] * 9
    # without that pair one of the two against somebody else
    rest = EVERY.copy()
    rest[0] = False
    asked = int(np.argmax(about_best(odds(belief()), FIRST, SECOND, rest, 0.05)))
    assert FIRST[asked] in (0, 1)


def test_about_best_is_the_mutual_information_of_answer_and_best():
    posterior = fit(5, [Vote(0, 1, "left"), Vote(1, 2, "left"), Vote(3, 4, "tie"), Vote(0, 3, "left")])
    draws = np.random.default_rng(3).multivariate_normal(posterior.mean, posterior.cov, 200_000)
    best = draws.argmax(axis=1)
    gain = []
    for one, other in zip(FIRST, SECOND, strict=True):
        ahead = chance(draws[:, one] - draws[:, other], 0.05)
        told = sum((best == clip).mean() * entropy(ahead[best == clip].mean()) for clip in range(5))
        gain.append(entropy(ahead.mean()) - told)
    asked = int(np.argmax(about_best(odds(posterior), FIRST, SECOND, EVERY, 0.05)))
    assert gain[asked] >= 0.9 * max(gain)


def test_rules_keep_to_what_is_allowed():
    posterior = belief()
    only = np.zeros(FIRST.size, dtype=np.bool_)
    only[9] = True
    for share in (
        most_informative(posterior, FIRST, SECOND, only, 0.05),
        about_best(odds(posterior), FIRST, SECOND, only, 0.05),
    ):
        assert share.tolist() == [0.0] * 9 + [1.0]
