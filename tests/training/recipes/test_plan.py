from collections import Counter

import pytest

from tests.training.recipes import toy
from training.recipes.bundle import read_bundle
from training.recipes.job import DpoSettings, SftSettings
from training.recipes.plan import pairs_together, plan_dpo, plan_sft, share_of_rate


@pytest.fixture
def preferences(tmp_path):
    toy.preference_bundle(tmp_path)
    return read_bundle(tmp_path / "bundle")


@pytest.fixture
def lessons(tmp_path):
    toy.training_bundle(tmp_path)
    return read_bundle(tmp_path / "bundle")


def test_every_epoch_takes_every_pair_once_and_none_that_is_held_out(preferences):
    plan = plan_dpo(preferences, DpoSettings(epochs=2, patches=10_000))
    assert plan.epoch_ends == (3, 6)
    for epoch in (plan.readings[:3], plan.readings[3:]):
        seen = Counter(index for reading in epoch for index in reading.pairs)
        assert seen == Counter(index for index, pair in enumerate(preferences.pairs) if not pair.held_out)


def test_a_session_is_read_together_where_it_fits_and_pairs_are_never_parted(preferences):
    long = max(one.patches for one in preferences.sequences)
    together = pairs_together(preferences, 4 * long)
    assert [len(reading.sequences) for reading in together] == [4, 4, 4]
    assert [len(reading.pairs) for reading in together] == [4, 4, 4]
    alone = pairs_together(preferences, 1)
    assert [len(reading.pairs) for reading in alone] == [1] * 12
    for reading in (*together, *alone):
        pairs = [preferences.pairs[index] for index in reading.pairs]
        assert {pair.session for pair in pairs} == {pairs[0].session}
        assert {one for pair in pairs for one in (pair.chosen, pair.rejected)} == set(reading.sequences)


def test_held_out_pairs_are_laid_out_alike(preferences):
    held_out = pairs_together(preferences, 10_000, held_out=True)
    assert [{preferences.pairs[i].session for i in reading.pairs} for reading in held_out] == [{toy.SESSIONS[-1]}]


def test_a_last_step_that_is_not_full_is_filled_up(preferences):
    plan = plan_dpo(preferences, DpoSettings(epochs=1, patches=1, batches=5))
    assert (len(plan.readings), plan.steps, plan.epoch_ends) == (15, 3, (3,))
    assert plan.readings[12:] == plan.readings[:3]
    few = plan_dpo(preferences, DpoSettings(epochs=1, patches=10_000, batches=8))
    assert (len(few.readings), few.steps) == (8, 1)


def test_an_epoch_of_lessons_takes_one_version_of_each_piece(lessons):
    plan = plan_sft(lessons, SftSettings(epochs=30, patches=60))
    epochs = [
        [index for reading in plan.readings[first:last] for index in reading.sequences]
        for first, last in zip((0, *plan.epoch_ends), plan.epoch_ends, strict=False)
    ]
    learned = [piece for piece in lessons.pieces if not piece.held_out]
    for epoch in epochs:
        assert sorted(lessons.sequences[index].name for index in epoch) == [piece.name for piece in learned]
    keys = Counter(lessons.sequences[index].key for epoch in epochs for index in epoch)
    assert keys["C"] + keys["D"] == 240
    assert 80 < keys["D"] < 160
    assert epochs[0] != epochs[1]


def test_the_same_seed_gives_the_same_plan(lessons):
    assert plan_sft(lessons, SftSettings(seed=1)) == plan_sft(lessons, SftSettings(seed=1))
    assert plan_sft(lessons, SftSettings(seed=1)) != plan_sft(lessons, SftSettings(seed=2))


def test_the_rate_rises_and_falls():
    shares = [share_of_rate(step, steps=10, warmup=3, floor=0.1) for step in range(11)]
    assert shares[:4] == [0.25, 0.5, 0.75, 1.0]
    assert shares[3:] == sorted(shares[3:], reverse=True)
    assert shares[10] == pytest.approx(0.1)
    assert share_of_rate(0, steps=5, warmup=0, floor=0.0) == 1.0
