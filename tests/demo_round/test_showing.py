"""The whole round from takes to what is told of it, with a film of four cues and the small test model."""

from pathlib import Path
from typing import Any

import pytest

from generation.domain.checkpoints import weights_path
from generation.models.checkpoints import Checkpoint
from tests.demo_round import film, rounds
from tests.demo_round.showing import Show, show
from tests.generation.writing import SMALL
from training.models.rounds import Round


def short_film(name: str) -> dict[str, Any]:
    """Four waltzes of four bars, as the test model can write them."""
    data = film.film(name)
    cues = [cue for cue in data["cues"] if cue["texture"] == "Waltz"][:4]
    data["cues"] = [{**cue, "metre": "3/4", "key": "G", "tempo": 60, "bars": 4} for cue in cues]
    return data


@pytest.fixture
def small(db, monkeypatch, settings, tmp_path):
    settings.JOB_LEASE_SECONDS = 3000
    settings.DATA = tmp_path
    monkeypatch.setattr("generation.domain.checkpoints.DEMO_WEIGHTS", SMALL)
    monkeypatch.setattr(rounds, "film_data", short_film)
    monkeypatch.setattr(rounds, "TAKES", 4)
    return tmp_path


def round_of(listener: str, folder: Path) -> Show:
    """A round in an installation that is not there yet."""
    (folder / "home").mkdir()
    return Show(home=folder / "home", parent=folder / "parent", listener=listener, seed=3, each=3, alone=2)


def test_a_round_is_shown_from_its_takes_to_its_result(small):
    told: list[str] = []
    what = round_of("by-stage", small)
    found = show(what, say=told.append)
    text = "".join(told)
    row = Round.objects.get()
    assert (found["takes"], found["answers"]) == (16, 4 * rounds.VOTES)
    assert found["round"]["settings"] == row.settings
    assert found["round"]["pairs"] == row.preference_set.manifest["pairs"] > 0
    assert (found["round"]["state"], found["round"]["steps"]) == ("finished", row.metrics["step"])
    assert found["guarded"]["result"]["takes"] == 12
    assert found["alone"]["parent"]["texts"] == found["alone"]["result"]["texts"] == 2
    clock = found.pop("clock")
    assert set(clock) >= {"takes", "judgements", "training", "fresh takes of the result", "unguarded"}
    assert row.result != Checkpoint.objects.get(kind="demo")
    assert str(weights_path(row.result)) in text
    assert found["gain"] == found["gains"]["by-stage"]
    assert "Of pairs the model never learned from, it now orders" in text
    # told again, nothing is written, judged or learned again
    again = show(what, say=told.append)
    assert {name: value for name, value in again.items() if name != "clock"} == found
    assert Round.objects.count() == 1


def test_answers_that_are_coins_start_no_round(small):
    told: list[str] = []
    found = show(round_of("coin", small), say=told.append)
    assert (found["takes"], found["answers"]) == (16, 4 * rounds.VOTES)
    assert found["refused"].startswith(f"Coins explain these {4 * rounds.VOTES} answers better than a taste does")
    assert found["refused"] in "".join(told)
    assert not Round.objects.exists()
