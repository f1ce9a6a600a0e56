"""Random sequences of faults: money, machines and the round come out right whatever happens.

CUEWRIGHT_FAULT_SEQUENCES: how many; two hundred were measured (docs/figures.json).
"""

import os
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from tests.generation.writing import small_checkpoint
from tests.runpod.house import House, house
from tests.runpod.modelled import ModelledContainer, Ways
from tests.runpod.provider import RentedPod
from training.models.rounds import RemotePod

pytestmark = pytest.mark.django_db

ORDERS = ["no capacity", "403", "429", "500", "500 after", "lost", "stuck", "slow", "", "", ""]
FAULTS = ["vanish", "EXITED", "ERROR", "crash", "off", "away", "silent", "restart", "dearer", "nothing"]
SEQUENCES = int(os.environ.get("CUEWRIGHT_FAULT_SEQUENCES", "18"))
BEAT_SECONDS = 15.0
"""A machine speaks so often, and here the app looks as often."""

HEARTBEAT_EUR = Decimal("1.39") * Decimal(BEAT_SECONDS) / 3600 * Decimal("0.9")
"""What the dearest GPU of the stand-in costs between two heartbeats, in euros."""


def hang(pod: RentedPod) -> None:
    """Its container neither works nor ends from now on."""
    assert isinstance(pod.container, ModelledContainer)
    pod.container.over = pod.container.deleted = True


def play(app: House, draw: Random) -> None:
    """One sequence: faults of orders, of machines, of the app, in any order, until the round is over.

    The app is off only while its machine can end itself. Where neither is so, the account's balance is the bound, as
    the page says before the start; tests/training/domain/test_rented.py plays that.
    """
    app.provider.script.extend(draw.choice(ORDERS) for _ in range(draw.randrange(6)))
    app.provider.refuse_self_delete = draw.random() < 0.3
    app.provider.provisioning = draw.choice([0.0, 30.0, 200.0])
    hung = False
    for _ in range(draw.randrange(2, 9)):
        if app.done:
            break
        app.pass_time(draw.choice([30, 90, 300, 600]))
        machines = [pod for pod in app.provider.living if pod.status == "RUNNING"]
        what = draw.choice(FAULTS)
        if what == "off" and (app.provider.refuse_self_delete or hung):
            what = "away"
        if what == "crash":
            app.crash()
        elif what == "off":
            app.crash()
            app.pass_time(draw.choice([60, 600, 3600]), app=False)
        elif what == "away":
            app.crash()
            app.pass_time(draw.choice([60, 600, 3600]), worker=False)
        elif not machines:
            continue
        elif what == "vanish":
            app.provider.vanish(machines[0])
        elif what in ("EXITED", "ERROR"):
            app.provider.breaks(machines[0], what)
        elif what == "silent":
            hang(machines[0])
            hung = True
        elif what == "restart":
            machines[0].container = None  # RunPod starts it again
        elif what == "dearer":
            app.provider.settle(machines[0])
            machines[0].usd_per_hour *= Decimal("1.2")
    app.run(hours=40)


@pytest.mark.parametrize("number", range(SEQUENCES))
def test_money_and_machines_come_out_right(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.runpod.house.STEP", BEAT_SECONDS)
    draw = Random(f"faults {number}")
    budget = draw.choice(["0.25", "0.60", "5"])
    app = house(small_checkpoint(), tmp_path, budget=budget, ways=Ways(seconds=draw.choice([600.0, 2400.0])))
    app.provider.strict = False
    play(app, draw)
    assert app.done
    assert app.provider.living == []
    assert not RemotePod.objects.living().exists()
    names = [pod.body["name"] for pod in app.provider.pods.values()]
    assert len(names) == len(set(names))
    spent = app.provider.billed() * Decimal("0.9")
    assert spent <= Decimal(budget) + HEARTBEAT_EUR
    assert abs(app.ledger - app.provider.billed()) <= Decimal("0.03") * max(1, len(names))
