import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.runpod.modelled import Clock, client_of
from tests.runpod.provider import KEY, Provider
from tests.training.executors.test_runpod import launch
from tests.training.rounds import preference_set
from training.models.rounds import Round

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("start_round", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_start_round_tells_what_it_started(owner):
    data = preference_set(owner)
    told, warned = run(
        "--recipe", "dpo", "--data", data.public_id, "--base", "Small", "--executor", "local", "--budget-eur", "4",
        "--setting", "epochs=1", "--setting", "precision=float32", "--json",
    )  # fmt: skip
    answer = json.loads(told)
    assert set(answer) >= {"round", "state", "checkpoint", "cost_eur", "metrics"}
    assert (answer["state"], answer["checkpoint"], answer["cost_eur"]) == ("running", None, 0.0)
    assert "72 votes are few" in warned
    row = Round.objects.get()
    assert (row.public_id, row.budget_eur, row.settings["epochs"]) == (answer["round"], 4, 1)
    assert (row.job.queue, row.job.kind) == ("training", "training.round")
    assert run("--recipe", "dpo", "--data", data.name)[0].startswith("Round 2 (")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--data", "nobody"], "There is no set called nobody."),
        (["--base", "nobody"], "There is no checkpoint called nobody."),
        (["--budget-eur", "much"], "much is no amount in euros."),
        (["--setting", "epochs"], "A setting is NAME=VALUE, not epochs."),
        (["--setting", "pace=1"], "The recipe dpo has no setting pace."),
    ],
)
def test_start_round_refuses_in_one_sentence(owner, more, sentence):
    data = preference_set(owner)
    with pytest.raises(CommandError) as refused:
        run("--recipe", "dpo", "--data", data.name, *more)
    assert str(refused.value) == sentence


def test_too_few_votes_are_told(owner):
    data = preference_set(owner, cues=2, votes=12)
    with pytest.raises(CommandError, match="36 more votes and 1 more cues with votes are needed"):
        run("--recipe", "dpo", "--data", data.name, "--wait")
    assert not Round.objects.exists()


def test_a_rented_round_tells_its_terms_and_asks_on_a_terminal(owner, settings, monkeypatch, tmp_path):
    settings.RUNPOD_API_KEY, settings.RENT_FOLDER = KEY, str(tmp_path)
    provider = Provider(Clock(), launch)
    monkeypatch.setattr("training.domain.rounds.account", lambda timeout=0.0: client_of(provider))
    data = preference_set(owner)
    arguments = ["--recipe", "dpo", "--data", data.name, "--base", "Small", "--executor", "runpod", "--budget-eur", "3"]
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _question: "")
    with pytest.raises(CommandError, match=r"^Nothing was rented\.$"):
        run(*arguments)
    assert not Round.objects.exists()
    _told, said = run(*arguments, "--yes")
    terms = said.splitlines()[-1]
    assert terms.startswith(
        "RTX A5000: 0.25 € an hour, at the latest gone 12.3 hours after the start, worst case 3.00 €."
    )
    assert "only the prepaid balance of your RunPod account ends it." in said
    assert Round.objects.get().executor == "runpod"


def test_nothing_is_rented_without_a_key(owner):
    data = preference_set(owner)
    with pytest.raises(CommandError, match="RUNPOD_API_KEY is not set"):
        run("--recipe", "dpo", "--data", data.name, "--base", "Small", "--executor", "runpod", "--budget-eur", "3")
