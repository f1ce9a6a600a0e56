import numpy as np
import pytest

from curator.preference.taste import Clips, Heard, Proof, learn

CUES, TAKES, DIM = 8, 10, 24


def clips(*, seed=0, scenes=1, facts=None):
    random = np.random.default_rng(seed)
    middle = np.repeat(random.normal(size=(CUES, DIM)), TAKES, axis=0)
    vectors = middle + 0.5 * random.normal(size=(CUES * TAKES, DIM))
    names = tuple(f"cue {at // TAKES}" for at in range(CUES * TAKES))
    return Clips(vectors, names, tuple(f"scene {at // TAKES % scenes}" for at in range(CUES * TAKES)), facts)


def answers(values, count, *, seed=1, sharp=3.0):
    random = np.random.default_rng(seed)
    heard = []
    for _ in range(count):
        cue = random.integers(CUES)
        one, other = cue * TAKES + random.choice(TAKES, 2, replace=False)
        first = random.random() < 1 / (1 + np.exp(sharp * (values[other] - values[one])))
        heard.append(Heard(int(one), int(other)) if first else Heard(int(other), int(one)))
    return heard


def within(values):
    table = values.reshape(CUES, TAKES)
    return (table - table.mean(axis=1, keepdims=True)).ravel()


def agreement(taste, values):
    return float(np.corrcoef(taste.strengths, within(values))[0, 1])


def test_a_linear_taste_is_found_and_proved():
    given = clips()
    values = 2 * given.vectors @ np.random.default_rng(5).normal(size=DIM) / np.sqrt(DIM)
    taste = learn(given, answers(values, 200))
    assert taste.proof.proved
    assert taste.proof.answers == 200
    assert taste.proof.accuracy > 0.7
    assert agreement(taste, values) > 0.7
    np.testing.assert_allclose(taste.strengths.reshape(CUES, TAKES).mean(axis=1), 0, atol=1e-9)


def test_a_taste_that_turns_with_the_scene_needs_the_scene():
    given = clips(scenes=2)
    line = 3 * given.vectors @ np.random.default_rng(5).normal(size=DIM) / np.sqrt(DIM)
    values = np.where([scene == "scene 0" for scene in given.scenes], line, -line)
    taste = learn(given, answers(values, 200))
    assert taste.scene_share > 0
    assert taste.proof.proved
    blind = Clips(given.vectors, given.cues, ("one",) * len(given.cues))
    assert agreement(taste, values) > agreement(learn(blind, answers(values, 200)), values) + 0.2


def test_coins_prove_nothing_as_often_as_the_interval_says():
    given = clips()
    proved = [learn(given, answers(np.zeros(CUES * TAKES), 50, seed=seed)).proof.proved for seed in range(20)]
    assert sum(proved) <= 2


def test_facts_help_where_the_vectors_do_not_know():
    fact = np.random.default_rng(9).normal(size=(CUES * TAKES, 1))
    plain, told = clips(), clips(facts=fact)
    heard = answers(fact[:, 0], 150)
    assert learn(told, heard).proof.accuracy > learn(plain, heard).proof.accuracy + 0.1


def test_the_same_answers_give_the_same_taste_and_their_order_does_not_matter():
    given = clips()
    heard = answers(given.vectors[:, 0], 60)
    one, again = learn(given, heard), learn(given, heard[::-1])
    assert (one.ridge, one.scene_share) == (again.ridge, again.scene_share)
    np.testing.assert_allclose(one.strengths, again.strengths, atol=1e-8)
    assert one.proof == again.proof


def test_answers_about_one_cue_are_not_enough_and_those_across_cues_are_wrong():
    given = clips()
    assert learn(given, []) is None
    assert learn(given, [Heard(0, 1), Heard(2, 3)]) is None
    with pytest.raises(ValueError, match="different cues"):
        learn(given, [Heard(0, TAKES)])


def test_a_prior_for_a_cue_has_not_seen_the_answers_about_it():
    given = clips()
    heard = answers(given.vectors[:, 0], 80)
    mine = [one for one in heard if one.better // TAKES == 0]
    turned = [Heard(one.worse, one.better) if one in mine else one for one in heard]
    one, other = learn(given, heard), learn(given, turned)
    np.testing.assert_allclose(one.unheard[:TAKES], other.unheard[:TAKES], atol=1e-9)
    assert np.abs(one.strengths[:TAKES] - other.strengths[:TAKES]).max() > 0.05


def test_the_interval_is_wilsons():
    proof = Proof(right=65, answers=100)
    assert (proof.accuracy, proof.proved) == (0.65, True)
    assert (proof.low, proof.high) == (pytest.approx(0.5525, abs=1e-4), pytest.approx(0.7364, abs=1e-4))
    assert not Proof(right=55, answers=100).proved
    assert (Proof(0, 0).low, Proof(0, 0).high, Proof(0, 0).accuracy) == (0.0, 1.0, 0.5)
