import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.preference.fit import chance, fit
from curator.preference.raters import fit_raters
from curator.preference.votes import Vote

clips = st.integers(0, 4)
votes_of_two = st.lists(
    st.builds(
        Vote, clips, clips, st.sampled_from(["left", "right", "tie", "bad", "skip"]), st.sampled_from(["mia", "jan"])
    ).filter(lambda vote: vote.left != vote.right),
    max_size=40,
)


def panel(count: int, *, scales: dict[str, float], sides: dict[str, float], seed: int = 1) -> list[Vote]:
    """Answers of listeners with these sharpnesses and leanings about six clips, 1 apart."""
    random = np.random.default_rng(seed)
    votes = []
    for name, scale in scales.items():
        for _ in range(count):
            left, right = (int(clip) for clip in random.choice(6, 2, replace=False))
            ahead = random.random() < chance(np.array(scale * (left - right) + sides.get(name, 0.0)), 0.05)
            votes.append(Vote(left, right, "left" if ahead else "right", name))
    return votes


@given(votes_of_two)
@settings(max_examples=40, deadline=None)
def test_raters_without_peculiarities_are_the_plain_fit(votes):
    alike = fit_raters(5, votes, scale_sd=1e-6, side_sd=1e-6).posterior
    plain = fit(5, votes)
    np.testing.assert_allclose(alike.mean, plain.mean, atol=1e-6)
    np.testing.assert_allclose(alike.cov, plain.cov, atol=1e-6)


@given(votes_of_two, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_raters_do_not_depend_on_the_order_of_votes(votes, random):
    shuffled = list(votes)
    random.shuffle(shuffled)
    one, other = fit_raters(5, votes), fit_raters(5, shuffled)
    assert one.posterior.mean.tolist() == other.posterior.mean.tolist()
    assert one.posterior.cov.tolist() == other.posterior.cov.tolist()
    assert one.side.tolist() == other.side.tolist()


@given(votes_of_two)
@settings(max_examples=40, deadline=None)
def test_raters_sit_on_a_mode_with_a_sound_covariance(votes):
    found = fit_raters(5, votes)
    assert np.isfinite(found.posterior.mean).all()
    assert (np.linalg.eigvalsh(found.posterior.cov) > 0).all()
    scale, side = dict(zip(found.raters, found.scale, strict=True)), dict(zip(found.raters, found.side, strict=True))

    # the log posterior, written out again, falls in every direction from the answer
    def value(theta, scale, side):
        total = -0.5 * np.sum(theta**2) / 1.5**2 - 0.5 * sum(h**2 for h in side.values()) / 0.3**2
        total -= 0.5 * sum(a**2 for a in scale.values()) / 0.3**2
        for vote in votes:
            if vote.orders:
                logit = np.exp(scale[vote.rater]) * (theta[vote.left] - theta[vote.right]) + side[vote.rater]
                ahead = 0.95 / (1 + np.exp(-logit)) + 0.025
                share = {"left": 1.0, "tie": 0.5, "right": 0.0}[vote.answer]
                total += share * np.log(ahead) + (1 - share) * np.log(1 - ahead)
        return total

    best = value(found.posterior.mean, scale, side)
    for step in (-1e-3, 1e-3):
        for clip in range(5):
            assert value(found.posterior.mean + step * np.eye(5)[clip], scale, side) <= best + 1e-9
        for name in found.raters:
            assert value(found.posterior.mean, scale, side | {name: side[name] + step}) <= best + 1e-9
            if len(found.raters) > 1:
                assert value(found.posterior.mean, scale | {name: scale[name] + step}, side) <= best + 1e-9


def test_one_listener_alone_has_no_scale():
    found = fit_raters(3, [Vote(0, 1, "left", "mia")] * 5)
    assert (found.raters, found.scale.tolist(), found.scale_sd.tolist()) == (("mia",), [0.0], [0.0])
    assert fit_raters(3, [Vote(0, 1, "skip", "mia")]).raters == ()


def test_a_leaning_to_the_left_is_found_and_taken_out():
    found = fit_raters(6, panel(400, scales={"mia": 1.0, "jan": 1.0}, sides={"jan": 0.8}))
    mia, jan = found.raters.index("mia"), found.raters.index("jan")
    assert found.side[jan] > 2 * found.side_sd[jan]
    assert abs(found.side[mia]) < 2 * found.side_sd[mia]
    # always left, whatever plays there: nobody is better for it
    stuck = [Vote(*pair, "left", "jan") for pair in ((0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0))] * 4
    leaning = fit_raters(3, stuck)
    np.testing.assert_allclose(leaning.posterior.mean, 0.0, atol=1e-9)
    assert leaning.side[0] > 0.5


def test_a_listener_who_guesses_moves_the_clips_less():
    votes = panel(300, scales={"mia": 1.5, "jan": 1.5, "kim": 0.1}, sides={})
    found = fit_raters(6, votes)
    scale = dict(zip(found.raters, found.scale, strict=True))
    assert scale["kim"] < -0.5 < scale["mia"]
    assert sorted(range(6), key=lambda clip: found.posterior.mean[clip]) == [0, 1, 2, 3, 4, 5]


def test_raters_stay_finite_when_everybody_agrees_for_ever():
    votes = [Vote(0, clip, "left", name) for clip in (1, 2, 3) for name in ("mia", "jan") for _ in range(200)]
    found = fit_raters(4, votes)
    assert np.isfinite(found.posterior.mean).all()
    assert found.posterior.mean.argmax() == 0
    assert np.isfinite(found.scale).all()


@pytest.mark.parametrize("vote", [Vote(0, 3, "left"), Vote(-1, 0, "tie"), Vote(1, 1, "left")])
def test_raters_refuse_a_pair_that_is_not_one(vote):
    with pytest.raises(ValueError, match="a vote names the pair"):
        fit_raters(3, [Vote(0, 1, "left"), vote])
    with pytest.raises(ValueError, match="prior_mean has shape"):
        fit_raters(2, [], prior_mean=[0.0])
