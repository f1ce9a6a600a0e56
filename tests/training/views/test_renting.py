"""Renting on the pages: set-up, terms and consent before the start, machines and money afterwards."""

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from curator.models.accounts import User
from generation.models.checkpoints import Checkpoint
from generation.notagen.config import ModelConfig
from tests.generation.writing import small_checkpoint
from tests.runpod.house import bare_round
from tests.runpod.modelled import Clock, Memory, client_of
from tests.runpod.provider import Provider
from tests.training.executors.test_runpod import ORDER, launch
from tests.training.rounds import preference_set
from training.domain import callbacks, renting
from training.domain.callbacks import new_call
from training.models.rounds import PodState, RemotePod, Round
from training.recipes.job import read_settings
from training.recipes.memory import step_memory

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider() -> Provider:
    return Provider(Clock(), launch)


@pytest.fixture
def account(settings: Any, monkeypatch: pytest.MonkeyPatch, provider: Provider, tmp_path: Any) -> Provider:
    """An account and a folder for files."""
    settings.RUNPOD_API_KEY, settings.RENT_FOLDER = "rp-test-account-key", str(tmp_path)
    for module in ("training.views.machines", "training.domain.rounds"):
        monkeypatch.setattr(f"{module}.account", lambda timeout=0.0: client_of(provider))
    return provider


def choice(owner: User, **more: str) -> dict[str, str]:
    data = preference_set(owner)
    base = small_checkpoint()
    return {"source": f"dpo:{data.public_id}", "base": base.public_id, "executor": "runpod", "budget": "5"} | more


def test_without_a_key_the_page_says_what_to_set(owner_client: Client, owner: User) -> None:
    said = choice(owner)
    page = owner_client.get(reverse("new_round"), said).content.decode()
    assert "Renting is not set up yet." in page
    assert "RUNPOD_API_KEY is not set" in page
    assert "Rent and start" not in page
    answer = owner_client.post(reverse("new_round"), said | {"agreed": "on", "worst": "5"})
    assert answer.status_code == 400
    assert not Round.objects.exists()


def test_nothing_is_rented_before_the_owner_agrees_to_what_he_sees(
    owner_client: Client, owner: User, account: Provider
) -> None:
    said = choice(owner)
    page = owner_client.get(reverse("new_round"), said).content.decode()
    assert "RTX A5000" in page
    assert "0.25 € an hour" in page
    assert "Should no RTX A5000 be free by then" in page
    assert "RTX 4090 0.40 €, L40S 0.78 €, A100 PCIe 1.26 €" in page
    assert "only the prepaid balance of your RunPod account ends it" in page
    worst = re.search(r'name="worst" value="([\d.]+)"', page)
    assert worst is not None
    assert Decimal(worst[1]) == Decimal("5.00")
    refused = owner_client.post(reverse("new_round"), said | {"worst": worst[1]})
    assert "Nothing is rented before you agree" in refused.content.decode()
    assert 'name="agreed" id="id_round_agreed"' in refused.content.decode()
    changed = owner_client.post(reverse("new_round"), said | {"worst": "4.99", "agreed": "on"})
    assert "The terms have changed since you saw them." in changed.content.decode()
    assert not Round.objects.exists()
    started = owner_client.post(reverse("new_round"), said | {"worst": worst[1], "agreed": "on"})
    row = Round.objects.get()
    assert started.headers["Location"] == reverse("round", args=[row.public_id])
    assert (row.executor, row.budget_eur, row.eur_per_usd) == ("runpod", Decimal("5.00"), Decimal("0.9"))
    assert account.living == []  # the worker rents, not the page


def test_the_month_bounds_the_budget(owner_client: Client, owner: User, account: Provider, settings: Any) -> None:
    settings.RENT_MONTH_EUR = 0.02
    page = owner_client.get(reverse("new_round"), choice(owner)).content.decode()
    assert "0.02 € are left, too little for a machine that costs 0.25 € an hour." in page


def test_a_round_shows_its_machines_and_warns_at_four_fifths(owner_client: Client) -> None:
    row = bare_round(small_checkpoint(), "5")
    RemotePod.objects.create(
        round=row, attempt=1, name="cuewright-x-r1-a1", gpu="RTX A5000", state=PodState.RUNNING,
        usd_per_hour=Decimal("0.27"), cost_usd=Decimal("4.5"), started_at=timezone.now(),
    )  # fmt: skip
    Round.objects.filter(pk=row.pk).update(cost_eur=Decimal("4.05"))
    page = owner_client.get(reverse("round", args=[row.public_id])).content.decode()
    assert "cuewright-x-r1-a1" in page
    assert "4.05 of 5.00 €" in page
    assert "Four fifths of the budget are spent." in page
    Round.objects.filter(pk=row.pk).update(cost_eur=Decimal("3.99"))
    assert "Four fifths" not in owner_client.get(reverse("round", args=[row.public_id])).content.decode()


def test_without_a_key_the_page_of_machines_shows_every_step(owner_client: Client) -> None:
    page = owner_client.get(reverse("machines")).content.decode()
    for words in (
        "RUNPOD_API_KEY is not set",
        "Leave automatic top-up off",
        "RUNPOD_API_KEY=rpa_…",
        "AWS_DEFAULT_REGION",
    ):
        assert words in page
    assert "At RunPod now" not in page


def test_the_page_of_machines_says_what_runs_and_whose_it_is(owner_client: Client, account: Provider) -> None:
    page = owner_client.get(reverse("machines")).content.decode()
    assert "RunPod has no machine of this house." in page
    row = bare_round(small_checkpoint(), "5")
    names = [f"{renting.prefix()}r1-a1", f"{renting.prefix()}r9-a1", "somebody-else"]
    with client_of(account) as client:
        for name in names:
            client.create(replace(ORDER, name=name))
    RemotePod.objects.create(round=row, attempt=1, name=names[0], state=PodState.RUNNING, cost_usd=Decimal("0.5"))
    page = owner_client.get(reverse("machines")).content.decode()
    assert names[0] in page
    assert names[1] in page
    assert "of none; it is ended within half a minute" in page
    assert "somebody-else" not in page
    assert "0.45 €" in page  # of the month, at 0.9
    account.handle = lambda *_: None  # type: ignore[method-assign]
    assert "nobody knows what runs" in owner_client.get(reverse("machines")).content.decode()


def test_the_page_of_machines_asks_the_database_as_often_for_three_as_for_one(
    owner_client: Client, account: Provider
) -> None:
    row = bare_round(small_checkpoint(), "5")
    asked = []
    for attempt in (1, 2, 3):
        RemotePod.objects.create(
            round=row, attempt=attempt, name=f"{renting.prefix()}r1-a{attempt}", state=PodState.GONE
        )
        with client_of(account) as client:
            client.create(replace(ORDER, name=f"{renting.prefix()}r1-a{attempt}"))
        with CaptureQueriesContext(connection) as queries:
            owner_client.get(reverse("machines"))
        asked.append(len(queries))
    assert asked[0] == asked[2]


def test_only_the_owner_sees_the_machines(client: Client, rater_client: Client) -> None:
    assert client.get(reverse("machines")).status_code == 302
    assert rater_client.get(reverse("machines")).status_code in (403, 404)


def test_a_machine_brings_its_heartbeat_with_its_own_token(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PUBLIC_URL = "https://cues.example"
    storage = Memory()
    monkeypatch.setattr(callbacks, "transport", lambda: storage)
    row = bare_round(small_checkpoint(), "5")
    pod = RemotePod.objects.create(round=row, attempt=1, name="pod", state=PodState.RUNNING)
    call = new_call(pod)
    assert call is not None
    assert call.address == f"https://cues.example{reverse('pods:beat')}"
    said = {"attempt": 1, "at": 1.0, "stage": "trains", "metrics": '{"step": 1}\n'}

    def send(content: Any, token: str = call.token) -> int:
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return client.post(reverse("pods:beat"), content, content_type="application/json", headers=bearer).status_code

    assert send(said, "") == 401
    assert send(said, "wrong") == 401
    assert send(said) == 204
    place = f"rounds/{row.public_id}/a1"
    assert storage.things == {
        f"{place}/metrics.jsonl": b'{"step": 1}\n',
        f"{place}/beat.json": b'{"attempt": 1, "at": 1.0, "stage": "trains"}',
    }
    assert send(said) == 429
    RemotePod.objects.update(called_at=timezone.now() - timedelta(seconds=3))
    assert send(said | {"attempt": 2}) == 422
    RemotePod.objects.update(called_at=None)
    assert send(said | {"metrics": 1}) == 422
    RemotePod.objects.update(state=PodState.GONE)
    assert send(said) == 401  # its machine is gone
    assert call.token not in repr(list(RemotePod.objects.values()))


def test_a_cookie_is_no_token(owner: User, settings: Any) -> None:
    signed_in = Client(enforce_csrf_checks=True)
    signed_in.force_login(owner)
    answer = signed_in.post(reverse("pods:beat"), {"attempt": 1, "at": 1.0}, content_type="application/json")
    assert (answer.status_code, answer.json()) == (401, {"detail": "No good token."})


def test_what_other_machines_may_still_cost_is_taken_off_the_month(settings: Any) -> None:
    settings.RENT_MONTH_EUR = 20
    row = bare_round(small_checkpoint(), "15")
    other = bare_round(row.base, "15")
    now = timezone.now()
    RemotePod.objects.create(
        round=other, attempt=1, name="there", state=PodState.RUNNING, usd_per_hour=Decimal(1), cost_usd=Decimal(1),
        asked_at=now, started_at=now, deadline_at=now + timedelta(hours=10, seconds=-renting.END_SECONDS),
    )  # fmt: skip
    RemotePod.objects.create(round=row, attempt=1, name="gone", state=PodState.GONE, cost_usd=Decimal(2))
    assert renting.left_this_month() == Decimal("20") - 12 * Decimal("0.9")
    assert renting.left_this_month(row=other) == Decimal("20") - 3 * Decimal("0.9")
    assert renting.left_usd(row) == Decimal("9.2") / Decimal("0.9")


def test_a_pair_needs_the_memory_of_two_pieces() -> None:
    sizes = {"hidden_size": 1280, "patch_layers": 20, "char_layers": 6, "patch_length": 1024}
    large = Checkpoint(sizes=sizes)
    needed = {
        recipe: renting.memory_gib(large, read_settings(recipe, {"precision": "bfloat16", "patches": 1024}))
        for recipe in ("sft", "dpo")
    }
    pair = step_memory(
        ModelConfig(hidden=1280, patch_layers=20, char_layers=6), patches=1024, sequences=2, precision="bfloat16",
        checkpointing=True,
    )  # fmt: skip
    assert needed["dpo"] == pair.total / 2**30 * renting.ROOM + renting.OVERHEAD_GIB
    assert needed["sft"] < needed["dpo"] < 24


def test_prefix_tells_nothing_of_the_secret_key(settings: Any) -> None:
    assert re.fullmatch(r"cuewright-[0-9a-f]{8}-", renting.prefix())
    assert settings.SECRET_KEY not in renting.prefix()
