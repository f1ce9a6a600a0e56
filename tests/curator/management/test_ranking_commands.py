import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from curator.models.ranking import Judgement, Pair
from tests.factories import make_film
from tests.listening import cue_with_takes

pytestmark = pytest.mark.django_db


def run(name: str, *arguments: str) -> Any:
    out = StringIO()
    call_command(name, *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def place(cue) -> list[str]:
    return ["--film", cue.film.slug, "--cue", cue.number]


def test_ranking_without_the_browser():
    cue = cue_with_takes(3)
    for _ in range(15):
        handed = run("next_pair", *place(cue))
        assert set(handed) == {"pair", "left", "right", "sure_enough"}
        assert len({handed["pair"], handed["left"], handed["right"]}) == 3
        pair = Pair.objects.get(public_id=handed["pair"])
        said = "left" if pair.left.number < pair.right.number else "right"
        done = run("record_judgement", "--pair", handed["pair"], "--answer", said, "--rater", "Mia")
        assert done == {"judgement": Judgement.objects.latest("pk").public_id}
    assert run("next_pair", *place(cue))["sure_enough"] is True
    stand = run("standings", *place(cue))
    assert (stand["votes"], stand["sure_enough"]) == (15, True)
    assert [take["number"] for take in stand["takes"]] == [1, 2, 3]
    first = stand["takes"][0]
    assert set(first) == {"id", "number", "strength", "low", "high", "p_best", "met"}
    assert first["id"] == cue.takes.get(number=1).public_id
    assert first["low"] < first["strength"] < first["high"]


def test_next_pair_for_a_named_rater_waits_for_the_answer():
    cue = cue_with_takes(3)
    handed = run("next_pair", *place(cue), "--rater", "Mia")
    assert run("next_pair", *place(cue), "--rater", "Mia") == handed
    assert run("next_pair", *place(cue), "--rater", "Jan")["pair"] != handed["pair"]


def test_commands_refuse_in_one_sentence():
    cue, film = cue_with_takes(1), make_film()
    with pytest.raises(CommandError, match="fewer than two takes"):
        run("next_pair", *place(cue))
    for name in ("next_pair", "standings"):
        with pytest.raises(CommandError, match="There is no cue 1m1"):
            run(name, "--film", film.slug, "--cue", "1m1")
    with pytest.raises(CommandError, match="There is no pair nothing"):
        run("record_judgement", "--pair", "nothing", "--answer", "left", "--rater", "Mia")
    with pytest.raises(CommandError, match="invalid choice: 'best'"):
        run("record_judgement", "--pair", "nothing", "--answer", "best", "--rater", "Mia")


def test_record_judgement_of_another_rater_is_refused():
    cue = cue_with_takes(2)
    handed = run("next_pair", *place(cue), "--rater", "Mia")
    with pytest.raises(CommandError, match="handed to somebody else"):
        run("record_judgement", "--pair", handed["pair"], "--answer", "tie", "--rater", "Jan")


def test_standings_for_people(capsys):
    cue = cue_with_takes(2)
    out = StringIO()
    call_command("standings", *place(cue), stdout=out)
    assert out.getvalue().splitlines() == [
        "1m1: 0 judgements",
        "  1. take 1   +0.00 (-2.08 to +2.08), best of all 50 %",
        "  2. take 2   +0.00 (-2.08 to +2.08), best of all 50 %",
    ]
