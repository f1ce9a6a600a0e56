"""A rented round with everything real but RunPod: its server, its containers as processes, S3 as a server."""

import logging
import socket
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from curator import jobs
from curator.models.accounts import Role, User
from curator.models.jobs import JobState
from tests.generation.writing import small_checkpoint
from tests.runpod.provider import KEY, Provider
from tests.runpod.server import serving
from tests.training.rounds import FEW_STEPS, preference_set
from training.domain import rented
from training.domain.rounds import start_round
from training.models.rounds import RemotePod, Round, RoundState

pytestmark = [pytest.mark.kill, pytest.mark.django_db(transaction=True)]  # real processes take their time

SECRETS = {"AWS_SECRET_ACCESS_KEY": "planted-storage-secret", "RUNPOD_API_KEY": KEY}


@pytest.fixture
def bucket(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """S3 on the loopback."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "planted-storage-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRETS["AWS_SECRET_ACCESS_KEY"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    address = f"http://127.0.0.1:{port}"
    client = boto3.client("s3", endpoint_url=address)
    client.create_bucket(Bucket="rounds")
    settings.RENT_BUCKET, settings.RENT_ENDPOINT = "rounds", address
    yield client
    server.stop()


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
    laid = b"".join(
        bucket.get_object(Bucket="rounds", Key=entry["Key"])["Body"].read()
        for entry in bucket.list_objects_v2(Bucket="rounds")["Contents"]
    )
    rows = repr([list(model.objects.filter(pk=row.pk).values()) for model, row in ((Round, away), (RemotePod, pod))])
    for secret in (*SECRETS.values(), "only-for-tests"):
        assert secret not in repr(order)
        assert secret.encode() not in laid
        assert secret not in rows
        assert secret not in caplog.text
