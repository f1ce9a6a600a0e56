import math

from training.recipes.guards import Guards
from training.recipes.job import DpoSettings

CALM = {"loss": 0.5, "chosen": 1.0, "rejected": -5.0, "kl": 0.01}


def looks(rows, **settings) -> list[str]:
    guards = Guards(DpoSettings(window=4, **settings))
    return [guards.step(row) for row in rows]


def test_a_calm_run_goes_on():
    assert looks([CALM] * 20) == [""] * 20


def test_each_limit_ends_a_run_by_the_mean_of_its_window():
    for name, value, sentence in (
        ("chosen", -2.5, "Chosen pieces became less likely by 2.5 nats."),
        ("rejected", -31.0, "Rejected pieces became less likely by 31.0 nats."),
        ("kl", 0.2, "The model moved 0.200 nats a character away from its parent."),
    ):
        assert looks([{**CALM, name: value}] * 4) == ["", "", "", sentence]


def test_one_odd_step_does_not_end_a_run():
    assert looks([CALM, CALM, {**CALM, "rejected": -40.0}, CALM, CALM]) == [""] * 5


def test_a_loss_that_is_no_number_ends_a_run_at_once():
    assert looks([{**CALM, "loss": math.nan}]) == ["The loss is no number any more."]
