"""The client of RunPod's API against a provider that holds every request and answer to the OpenAPI document."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.runpod.modelled import Clock, client_of
from tests.runpod.provider import KEY, Provider, RentedPod
from training.executors.runpod import (
    BadKey,
    GpuOffer,
    NoBalance,
    NotAllowed,
    NotPlaced,
    OurMistake,
    Pod,
    PodOrder,
    RunPod,
    RunPodError,
    TooMany,
    Unsure,
)

ORDER = PodOrder(
    name="cuewright-1a2b-r7-a1",
    image="runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404",
    gpu="NVIDIA RTX A5000",
    arguments="bash -c 'echo hello'",
    environment={"ORDERS": "https://example.org/orders"},
    disk_gb=40,
    data_centres=("EU-RO-1",),
    min_cuda="12.8",
)


class Silent:
    """A container that writes two lines and runs on."""

    def poll(self) -> bool:
        return True

    def kill(self) -> None:
        pass

    def lines(self) -> list[str]:
        return ["loads", "step 1"]


def launch(_pod: RentedPod) -> Silent:
    return Silent()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def provider(clock: Clock) -> Provider:
    return Provider(clock, launch)


def test_a_pod_from_the_order_to_its_end(provider: Provider, clock: Clock) -> None:
    with client_of(provider) as account:
        made = account.create(ORDER)
        assert made == Pod(
            id="pod0001",
            name=ORDER.name,
            status="RUNNING",
            usd_per_hour=Decimal("0.27"),
            data_centre="EU-RO-1",
            gpu=ORDER.gpu,
            started_at=datetime.fromtimestamp(clock.seconds, UTC),
        )
        clock.seconds += 600
        assert account.pods() == [account.pod(made.id)] == [made]
        assert account.log_tail(made.id) == ["loads", "step 1"]
        account.delete(made.id)
        account.delete(made.id)
        assert (account.pod(made.id), account.pods()) == (None, [])
        clock.seconds += 600
        assert account.billed(made.id) == Decimal("0.045")
    assert provider.billed() == Decimal("0.27") * 600 / 3600


def test_offers_stand_by_price_and_leave_out_what_is_not_there(provider: Provider) -> None:
    provider.gpus[2].stock["EU-NL-1"] = "NONE"
    try:
        with client_of(provider) as account:
            found = account.offers()
    finally:
        provider.gpus[2].stock["EU-NL-1"] = "MEDIUM"
    assert found == [
        GpuOffer("NVIDIA RTX A5000", "RTX A5000", 24, Decimal("0.27"), "HIGH", ("EU-RO-1",)),
        GpuOffer("NVIDIA GeForce RTX 4090", "RTX 4090", 24, Decimal("0.44"), "HIGH", ("EU-RO-1", "US-KS-2")),
        GpuOffer("NVIDIA A100 80GB PCIe", "A100 PCIe", 80, Decimal("1.39"), "HIGH", ("EU-RO-1",)),
    ]


@pytest.mark.parametrize(
    ("what", "error", "made"),
    [
        ("no capacity", NotPlaced, 0),
        ("401", BadKey, 0),
        ("402", NoBalance, 0),
        ("403", NotAllowed, 0),
        ("422", OurMistake, 0),
        ("429", TooMany, 0),
        ("500", Unsure, 0),
        ("500 after", Unsure, 1),
        ("lost", Unsure, 1),
    ],
)
def test_every_refusal_is_a_class_of_its_own(
    provider: Provider, what: str, error: type[RunPodError], made: int
) -> None:
    provider.script.append(what)
    with client_of(provider) as account:
        with pytest.raises(error) as caught:
            account.create(ORDER)
        assert [pod.name for pod in account.pods()] == [ORDER.name] * made
    assert KEY not in str(caught.value)
    if isinstance(caught.value, TooMany):
        assert caught.value.seconds == 1.0


def test_a_wrong_key(provider: Provider) -> None:
    with client_of(provider, "wrong") as account, pytest.raises(BadKey):
        account.pods()


@pytest.mark.parametrize("change", [{"bogus": 1}, {"name": ""}, {"disk": 0}, {"env": {"A": 1}}, {"cloud": "MOON"}])
def test_the_stand_in_refuses_what_the_document_does_not_allow(provider: Provider, change: dict[str, Any]) -> None:
    class Wrong(PodOrder):
        def body(self) -> dict[str, Any]:
            return super().body() | change

    wrong = Wrong(**{name: getattr(ORDER, name) for name in ORDER.__dataclass_fields__})
    with client_of(provider) as account, pytest.raises(OurMistake):
        account.create(wrong)
    assert provider.living == []


def test_an_answer_that_is_no_json_leaves_us_unsure() -> None:
    def page(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="<html>gateway</html>")

    with RunPod(KEY, transport=httpx.MockTransport(page)) as account, pytest.raises(Unsure):
        account.pods()
