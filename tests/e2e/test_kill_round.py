"""Trainer and worker killed in the middle of a round: it goes on to the weights of one that nobody killed, and nothing
is promoted."""

import json
import os
import signal

import pytest
from safetensors.numpy import load_file

from tests.e2e.installation import Installation
from tests.e2e.test_kill import FAST, worker_pid

pytestmark = pytest.mark.kill

SEED = """
from tests.factories import make_user
from tests.training.rounds import preference_set
print(preference_set(make_user(role="owner")).public_id)
"""


def trainer(installation: Installation) -> int:
    """The process that trains, by the heartbeat in its folder."""
    found = next(installation.data.glob("runs/*/heartbeat.json"))
    return int(json.loads(found.read_text())["pid"])


def base_of(installation: Installation) -> str:
    """The sha256 of the weights that the rounds started from."""
    return str(installation.rows("select sha256 from generation_checkpoint where name = 'Small'")[0][0])


def steps(installation: Installation) -> int:
    """How many steps the trainer has written down itself; the database hears of them later."""
    return sum(path.read_text().count("\n") for path in installation.data.glob("runs/*/metrics.jsonl"))


def test_trainer_and_worker_killed_in_mid_round(installation):
    installation.settings = FAST | {"CUEWRIGHT_SAVE_EVERY": "0", "OMP_NUM_THREADS": "1"}
    installation.manage("migrate")
    data = installation.manage("shell", "-v0", "-c", SEED).strip().rpartition("\n")[2]
    before = installation.rows("select count(*) from generation_checkpoint")[0][0]
    installation.serve()
    worker = worker_pid(installation, "training")
    start = (
        "start_round", "--recipe", "dpo", "--data", data, "--base", "Small",
        "--setting", "epochs=8", "--setting", "patches=1", "--setting", "rate=1e-5",
    )  # fmt: skip
    installation.manage(*start)
    installation.until(lambda: steps(installation) >= 3)
    first = trainer(installation)
    os.kill(first, signal.SIGKILL)  # noqa: TID251 (the point of this test)
    before_it = steps(installation)
    installation.until(lambda: steps(installation) >= before_it + 3)
    second = trainer(installation)
    assert second != first
    os.kill(worker, signal.SIGKILL)  # noqa: TID251 (the point of this test)
    os.kill(second, signal.SIGKILL)  # noqa: TID251 (the point of this test)
    assert installation.rows("select count(*) from generation_checkpoint")[0][0] == before
    installation.wait("select state from training_round", "measured")
    assert worker_pid(installation, "training") != worker
    assert installation.rows("select max(attempt) from curator_job where kind = 'training.round'")[0][0] >= 2
    lines = installation.rows("select line, step from training_roundmetric order by line")
    assert [line for line, _step in lines] == list(range(len(lines)))
    assert [step for _line, step in lines] == sorted(step for _line, step in lines)
    log = next(installation.data.glob("runs/*/log.txt")).read_text()
    assert "the trainer ended: broken" in log
    assert log.count("training starts") >= 3
    made = "select count(*) from generation_checkpoint where kind = 'dpo' and promoted_at is null"
    assert installation.rows(made) == [(1,)]
    installation.manage(*start)  # the same again, and nobody is killed
    installation.wait("select state from training_round where number = 2", "measured")
    results = "select sha256 from generation_checkpoint where id in (select result_id from training_round) order by id"
    killed, whole = (
        load_file(installation.data / "weights" / f"{sha256}.safetensors")
        for sha256 in (installation.rows(results)[0][0], installation.rows(results)[-1][0])
    )
    base = load_file(next((installation.data / "weights").glob(f"{base_of(installation)}*")))
    assert max(abs(killed[name] - whole[name]).max() for name in whole) <= 1e-4
    assert max(abs(killed[name] - base[name]).max() for name in base) > 1e-4  # it did learn
    assert installation.rows("select count(*) from generation_checkpoint where promoted_at is not null") == [(0,)]
    assert installation.rows("select count(*) from training_promotion") == [(0,)]
