"""A rented round with everything real but RunPod: its server, its containers as processes, S3 as a server."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from curator import jobs
from curator.models.accounts import Role, User
from curator.models.jobs import JobState
from curator.processes import end_group
from tests.generation.writing import small_checkpoint
from tests.runpod.provider import KEY, Provider
from tests.runpod.server import Shell, serving
from tests.runpod.storage import BUCKET, KEYS, everything_in, s3_serving
from tests.training.rounds import FEW_STEPS, preference_set
from training.domain import rented
from training.domain.rounds import start_round
from training.models.rounds import RemotePod, Round, RoundState

pytestmark = [pytest.mark.kill, pytest.mark.django_db(transaction=True)]  # real processes take their time

SECRETS = (KEY, KEYS["AWS_SECRET_ACCESS_KEY"], "only-for-tests")


@pytest.fixture
def bucket(settings: Any) -> Iterator[Any]:
    """S3 on the loopback."""
    with s3_serving() as (client, address):
        settings.RENT_BUCKET, settings.RENT_ENDPOINT = BUCKET, address
        yield client


@pytest.fixture
def runpod(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """RunPod on the loopback; the worker looks often."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # sums are the same to the last bit only with as many threads
    monkeypatch.setattr(rented, "LOOK", timedelta(seconds=0.5))
    with serving() as (provider, address):
        settings.RUNPOD_API_KEY, settings.RUNPOD_URL = KEY, address
        yield provider


def train(row: Round) -> Round:
    assert row.job is not None
    jobs.execute(row.job.pk)
    return Round.objects.select_related("job", "result").get(pk=row.pk)


def curves(row: Round) -> list[dict[str, Any]]:
    """What the run wrote, without the time that it took."""
    return [{name: value for name, value in one.values.items() if name != "seconds"} for one in row.rows.all()]


def test_the_same_checkpoint_as_on_this_machine(runpod: Provider, bucket: Any, caplog: Any) -> None:
    owner = User.objects.create_user("owner", role=Role.OWNER)
    data = preference_set(owner)
    base = small_checkpoint()
    here = train(start_round(data=data, base=base, settings=FEW_STEPS))
    assert here.result is not None
    away = train(start_round(data=data, base=base, settings=FEW_STEPS, executor="runpod", budget_eur=Decimal(1)))
    assert away.job is not None
    assert (away.state, away.error, away.job.state) == (RoundState.MEASURED, "", JobState.DONE)
    assert away.result == here.result  # the registry knows weights by their hash
    assert curves(away) == curves(here)
    pod = RemotePod.objects.get()
    assert (pod.state, pod.error, runpod.living) == ("gone", "", [])
    assert 0 < pod.cost_usd < Decimal("0.05")
    order = next(said for method, path, said in runpod.requests if method == "POST")
    laid = b"".join(everything_in(bucket).values())
    rows = repr([list(model.objects.filter(pk=row.pk).values()) for model, row in ((Round, away), (RemotePod, pod))])
    for secret in SECRETS:
        assert secret not in repr(order)
        assert secret.encode() not in laid
        assert secret not in rows
        assert secret not in caplog.text


def test_a_container_that_is_told_to_end_saves_and_its_next_start_goes_on(runpod: Provider, bucket: Any) -> None:
    owner = User.objects.create_user("owner", role=Role.OWNER)
    data = preference_set(owner)
    base = small_checkpoint()
    more: dict[str, Any] = {"epochs": 240, "warmup": 1}
    here = train(start_round(data=data, base=base, settings=more))
    row = start_round(data=data, base=base, settings=more, executor="runpod", budget_eur=Decimal(1))
    stop = threading.Event()
    told: list[int] = []

    def interrupt() -> None:
        """As RunPod does when it moves a container: SIGTERM at the first steps of many, then another start."""
        while not stop.wait(0.1):
            shells = [pod.container for pod in list(runpod.pods.values()) if isinstance(pod.container, Shell)]
            for shell in shells:
                for metrics in shell.home.rglob("metrics.jsonl"):
                    told.append(metrics.read_text().count("\n"))
                    end_group(shell.process, grace=60.0)
                    return

    waiting = threading.Thread(target=interrupt)
    waiting.start()
    away = train(row)
    stop.set()
    waiting.join()
    assert told
    (pod,) = runpod.pods.values()
    assert (pod.starts, runpod.living) == (2, [])
    assert RemotePod.objects.get().saved_step >= told[0]
    assert (away.state, away.result) == (RoundState.MEASURED, here.result)
    assert curves(away) == curves(here)
