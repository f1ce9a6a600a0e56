"""Rented rounds against the stand-in: whatever happens, no machine is left, the ledger is right, the round knows."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.generation.writing import small_checkpoint
from tests.runpod.house import House, house
from tests.runpod.modelled import Memory, Ways, client_of
from tests.runpod.provider import KEY
from training.domain.endings import DONE, FELL_SILENT, RAN_ON
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
    left = {name.rpartition("/")[2] for name in app.storage.things if name.startswith("rounds/")}
    assert left == {"orders.json", "core.zip", "beat.json", "state.json", "ended.json"}  # nothing large is paid for


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
    first = app.row.pods.get(attempt=1)
    assert first.error == f"RunPod says of it: {status}."
    assert f"{first.name}: the container's own words" in (app.folder / "log.txt").read_text()
    over(app, RoundState.MEASURED)


def test_a_machine_that_broke_while_the_app_was_off_costs_what_the_bill_says(rented: Any) -> None:
    app = rented()
    app.pass_time(600)
    app.crash()
    app.pass_time(200, app=False)
    app.provider.breaks(app.provider.living[0], "EXITED")
    app.pass_time(3 * 3600, app=False)
    app.run()
    assert app.ended == [Ended.BROKEN, Ended.FINISHED]
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
    assert app.row.pods.get().error == RAN_ON  # and so the page says it
    over(app, RoundState.MEASURED)


def test_the_sweep_ends_a_machine_that_is_done_and_its_result_is_taken_later(rented: Any) -> None:
    app = rented()
    app.provider.refuse_self_delete = True
    app.pass_time(300)
    app.crash()
    app.pass_time(1500, worker=False)
    assert (app.provider.living, app.row.pods.get().error) == ([], DONE)
    app.run()
    assert (app.ended, made(app)) == ([Ended.FINISHED], 1)
    over(app, RoundState.MEASURED)


def test_the_sweep_ends_a_silent_machine_whose_worker_is_away(rented: Any) -> None:
    app = rented(ways=Ways(dies_at=300.0))
    app.pass_time(280)
    app.crash()
    app.pass_time(1200, worker=False)
    assert (app.provider.living, app.row.pods.get().error) == ([], FELL_SILENT)
    app.ways.dies_at = None
    app.run()
    assert app.ended == [Ended.FINISHED]
    over(app, RoundState.MEASURED)


def test_a_result_that_arrives_damaged_is_trained_again_from_the_last_state(rented: Any) -> None:
    app = rented()
    app.pass_time(300)
    app.crash()
    app.pass_time(1200, app=False)
    result = next(name for name in app.storage.things if name.endswith("result-000"))
    app.storage.things[result] = b"half of it"
    app.run()
    assert app.ended == [Ended.BROKEN, Ended.FINISHED]
    over(app, RoundState.MEASURED)


def test_a_key_that_is_taken_back_in_the_middle_is_told_and_the_machine_taken_over(rented: Any) -> None:
    app = rented()
    app.pass_time(300)
    app.key = "another"
    app.crash()
    app.run()
    assert app.said == "RunPod does not know this key. Check RUNPOD_API_KEY."
    app.said, app.key = "", KEY
    app._over(RoundState.RUNNING)
    app.run()
    assert (app.ended, made(app)) == ([Ended.FINISHED], 1)
    over(app, RoundState.MEASURED)


def test_a_machine_that_falls_silent_is_ended(rented: Any) -> None:
    app = rented(ways=Ways(dies_at=300.0))
    app.pass_time(400)
    app.ways.dies_at = None
    app.run()
    assert app.ended == [Ended.BROKEN, Ended.FINISHED]
    assert app.row.pods.get(attempt=1).error == "It fell silent."
    over(app, RoundState.MEASURED)


def test_the_budget_ends_the_round_with_its_state_saved(rented: Any) -> None:
    app = rented(budget="0.25", ways=Ways(seconds=9000.0))
    app.run()
    assert app.said == "The budget is used up. What was saved is kept; with more money the round goes on."
    assert app.saved > 0
    assert app.provider.billed() * Decimal("0.9") <= Decimal("0.25")
    over(app, RoundState.FAILED)


def test_a_machine_that_is_dearer_than_its_offer_ends_earlier(rented: Any) -> None:
    app = rented(budget="0.25", ways=Ways(seconds=9000.0))
    app.pass_time(60)
    app.provider.living[0].usd_per_hour *= 2
    app.run()
    assert app.said.startswith("The budget is used up.")
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
    for name in (f"{prefix()}r9-a1", "cuewright-00000000-r1-a1"):
        made = app.provider.handle("POST", "/v2/pods", {"authorization": f"Bearer {KEY}"}, _body(name, app))
        assert made.status == 201
    sweeps: list[str] = []

    class Between(Memory):
        """While one app looks at what its machine says, the other one sweeps from beginning to end."""

        def read(self, name: str) -> bytes | None:
            if not sweeps:
                sweeps.append("other")
                app.sweep()
            found: bytes | None = app.storage.read(name)
            return found

    with client_of(app.provider) as client:
        assert sweep_pods(client=client, storage=Between, now=app.clock.moment) == 1  # of a machine that is gone
    assert sweeps == ["other"]
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
    assert app.row.pods.get().error == "Its round has ended."


def test_a_round_has_one_machine_at_a_time(rented: Any) -> None:
    app = rented()
    app.pass_time(60)
    with pytest.raises(Exception, match=r"^A machine of this round is there already\.$"):
        plan_pod(app.row)
    with client_of(app.provider) as client:
        assert sweep_pods(client=client, storage=lambda: app.storage, now=app.clock.moment) == 0


def _body(name: str, app: House) -> bytes:
    return json.dumps(app.provider.living[0].body | {"name": name}).encode()
