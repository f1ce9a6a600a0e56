"""Rented rounds against the stand-in: whatever happens, no machine is left, the ledger is right, the round knows."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.generation.writing import small_checkpoint
from tests.runpod.house import House, house
from tests.runpod.modelled import Ways
from training.domain.pods import plan_pod, sweep_pods
from training.domain.renting import prefix
from training.executors.executor import Ended
from training.models.rounds import PodState, RemotePod, RoundState

pytestmark = pytest.mark.django_db


@pytest.fixture
def rented(tmp_path: Path) -> Any:
    """Makes a house with a round that was just started."""

    def make(**more: Any) -> House:
        return house(small_checkpoint(), tmp_path, **more)

    return make


def over(app: House, state: RoundState, *, cents: float = 1.0) -> None:
    """Nothing is left, the money is right to so many cents, the round is in this state."""
    app.row.refresh_from_db()
    assert app.provider.living == []
    assert RemotePod.objects.living().count() == 0
    assert abs(app.ledger - app.provider.billed()) * 100 <= Decimal(cents)
    assert app.row.state == state
    assert abs(app.row.cost_eur - app.ledger * Decimal("0.9")) <= Decimal("0.01")


def made(app: House) -> int:
    return len(app.provider.pods)


def test_success(rented: Any) -> None:
    app = rented()
    app.run()
    assert app.ended == [Ended.FINISHED]
    assert (app.folder / "result.json").is_file()
    assert '"step"' in (app.folder / "heartbeat.json").read_text()
    pod = app.row.pods.get()
    assert (pod.attempt, pod.gpu, pod.state, pod.saved_step, pod.error) == (1, "RTX A5000", PodState.GONE, 1200, "")
    assert pod.name == f"{prefix()}r1-a1"
    over(app, RoundState.MEASURED)


def test_no_capacity_three_times_then_elsewhere(rented: Any) -> None:
    app = rented()
    app.provider.script.extend(["no capacity"] * 3)
    app.run()
    assert app.row.pods.get().gpu == "A100 PCIe"
    assert made(app) == 1
    over(app, RoundState.MEASURED, cents=2)


def test_no_capacity_anywhere_is_asked_again(rented: Any) -> None:
    app = rented()
    app.provider.script.extend(["no capacity"] * 4)
    app.pass_time(30)
    assert app.attempt.note == "Waits for a machine: RunPod has none free now"
    app.run()
    assert [pod.attempt for pod in app.row.pods.order_by("attempt")] == [1, 2]
    over(app, RoundState.MEASURED)


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("401", "RunPod does not know this key. Check RUNPOD_API_KEY."),
        ("402", "The RunPod account has no money left. Top it up; the round goes on from there."),
        ("422", "RunPod refuses the order, which is a mistake of Cuewright: Request validation failed. "
         "$: additional properties 'bogus' not allowed"),
    ],
)  # fmt: skip
def test_what_only_the_owner_can_mend_ends_the_round_with_a_sentence(rented: Any, what: str, sentence: str) -> None:
    app = rented()
    app.provider.script.append(what)
    app.run()
    assert app.said == sentence
    assert made(app) == 0
    over(app, RoundState.FAILED)


@pytest.mark.parametrize("what", ["403", "429", "500"])
def test_what_passes_is_tried_again(rented: Any, what: str) -> None:
    app = rented()
    app.provider.script.append(what)
    app.run()
    assert made(app) == 1
    over(app, RoundState.MEASURED, cents=2)


@pytest.mark.parametrize("what", ["500 after", "lost"])
def test_a_machine_whose_order_was_not_answered_is_found_by_its_name(rented: Any, what: str) -> None:
    app = rented()
    app.provider.script.append(what)
    app.run()
    assert made(app) == 1
    assert app.row.pods.get().provider_id == "pod0001"
    over(app, RoundState.MEASURED)


def test_slow_provisioning_is_waited_for(rented: Any) -> None:
    app = rented(provisioning=400.0)
    app.run()
    assert made(app) == 1
    over(app, RoundState.MEASURED)


def test_stuck_provisioning_is_given_up_for_another_kind(rented: Any) -> None:
    app = rented()
    app.provider.script.append("stuck")
    app.run()
    assert app.ended == [Ended.BROKEN, Ended.FINISHED]
    over(app, RoundState.MEASURED)


@pytest.mark.parametrize("status", ["EXITED", "ERROR"])
def test_a_machine_that_breaks_is_ended_and_the_run_goes_on_elsewhere(rented: Any, status: str) -> None:
    app = rented()
    app.pass_time(600)
    app.provider.breaks(app.provider.living[0], status)
    app.run()
    assert app.ended == [Ended.BROKEN, Ended.FINISHED]
    second = app.row.pods.get(attempt=2)
    assert (second.gone_at - second.started_at).total_seconds() < 800  # it went on from 480 or 600 of 1,200
    over(app, RoundState.MEASURED)


def test_a_machine_that_vanishes_is_replaced(rented: Any) -> None:
    app = rented()
    app.pass_time(600)
    app.provider.vanish(app.provider.living[0])
    app.run()
    assert app.ended == [Ended.BROKEN, Ended.FINISHED]
    over(app, RoundState.MEASURED)


def test_a_container_that_starts_again_after_success_does_nothing(rented: Any) -> None:
    app = rented()
    app.provider.refuse_self_delete = True
    app.pass_time(1100)
    app.pass_time(300, app=False)  # it finishes while nobody looks, and may not delete itself
    pod = app.provider.living[0]
    pod.container.over = True
    pod.container.poll = lambda: False
    app.provider.tick()
    assert pod.starts == 2
    assert pod.container.over
    app.run()
    assert app.ended == [Ended.FINISHED]
    over(app, RoundState.MEASURED)


def test_the_app_is_off_during_the_round(rented: Any) -> None:
    app = rented()
    app.pass_time(300)
    app.crash()
    app.pass_time(5000, app=False)
    assert app.provider.living == []  # it deleted itself
    app.run()
    assert app.ended == [Ended.FINISHED]
    assert made(app) == 1
    over(app, RoundState.MEASURED)


def test_the_app_is_off_and_the_machine_may_not_delete_itself(rented: Any) -> None:
    app = rented(balance=0.5)
    app.provider.refuse_self_delete = True
    app.pass_time(300)
    app.crash()
    app.pass_time(3 * 3600, app=False)
    assert app.provider.living == []  # the account's balance ended it
    assert app.provider.billed() >= Decimal("0.5")
    app.run()
    assert app.ended == [Ended.FINISHED]
    over(app, RoundState.MEASURED)


def test_a_machine_that_falls_silent_is_ended(rented: Any) -> None:
    app = rented(ways=Ways(dies_at=300.0))
    app.pass_time(400)
    app.ways.dies_at = None
    app.run()
    assert app.ended == [Ended.BROKEN, Ended.FINISHED]
    assert app.row.pods.get(attempt=1).error == "the machine fell silent"
    over(app, RoundState.MEASURED)


def test_the_budget_ends_the_round_with_its_state_saved(rented: Any) -> None:
    app = rented(budget="0.25", ways=Ways(seconds=9000.0))
    app.run()
    assert app.said == "The budget is used up. What was saved is kept; with more money the round goes on."
    assert app.saved > 0
    assert app.provider.billed() * Decimal("0.9") <= Decimal("0.25")
    over(app, RoundState.FAILED)


def test_the_deadline_ends_a_machine_that_does_not_hear(rented: Any) -> None:
    app = rented(budget="0.25", ways=Ways(seconds=9000.0))
    app.pass_time(60)
    container = app.provider.living[0].container
    container.orders = replace(container.orders, ends_at=9e12, stop="memory:nowhere")  # its clock is wrong
    app.run()
    assert app.said.startswith("The budget is used up.")
    assert app.provider.billed() * Decimal("0.9") <= Decimal("0.25")
    over(app, RoundState.FAILED)


def test_cancel_saves_and_ends_the_machine(rented: Any) -> None:
    app = rented()
    app.pass_time(600)
    app.attempt.ask_to_stop()
    app.pass_time(60)
    assert app.ended == [Ended.STOPPED]
    over(app, RoundState.STOPPED)
    assert app.saved >= 480


def test_cancel_before_the_machine_has_started(rented: Any) -> None:
    app = rented(provisioning=400.0)
    app.pass_time(60)
    app.attempt.ask_to_stop()
    app.pass_time(60)
    assert app.ended == [Ended.STOPPED]
    over(app, RoundState.STOPPED)


def test_two_apps_sweep_at_once(rented: Any) -> None:
    app = rented()
    app.pass_time(60)
    stray = app.provider.handle(
        "POST", "/v2/pods", {"authorization": "Bearer rp-test-account-key"}, _body(f"{prefix()}r9-a1", app)
    )
    other = app.provider.handle(
        "POST", "/v2/pods", {"authorization": "Bearer rp-test-account-key"}, _body("cuewright-00000000-r1-a1", app)
    )
    assert stray.status == other.status == 201
    for _ in range(2):
        app.sweep()
    assert [pod.body["name"] for pod in app.provider.living] == [f"{prefix()}r1-a1", "cuewright-00000000-r1-a1"]
    app.run()
    over(app, RoundState.MEASURED, cents=20)  # the bill of the account holds the two others too


def test_the_sweep_ends_the_machine_of_a_round_that_is_over(rented: Any) -> None:
    app = rented()
    app.pass_time(60)
    app.crash()
    app._over(RoundState.STOPPED)
    app.sweep()
    over(app, RoundState.STOPPED)
    assert app.row.pods.get().error == "its round has ended"


def test_a_round_has_one_machine_at_a_time(rented: Any) -> None:
    app = rented()
    app.pass_time(60)
    with pytest.raises(Exception, match=r"^A machine of this round is there already\.$"):
        plan_pod(app.row)
    with_none = sweep_pods(client=app.executor().client(), now=app.clock.moment)
    assert with_none == 0


def _body(name: str, app: House) -> bytes:
    return json.dumps(app.provider.living[0].body | {"name": name}).encode()
