import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from curator.notation.abc import parse
from curator.notation.validity import validity
from generation.domain import loading
from tests.generation.writing import SMALL, small_checkpoint, waltz_cue

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _no_timer_left():
    yield
    loading._stop_timer()


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_import_checkpoint_tells_what_it_took_in():
    answer = json.loads(run("import_checkpoint", str(SMALL), "--name", "Small", "--json"))
    assert set(answer) >= {"checkpoint", "sha256", "sizes", "header", "known"}
    assert (answer["known"], answer["sizes"]["hidden_size"]) == (False, 64)
    assert json.loads(run("import_checkpoint", str(SMALL), "--name", "Small", "--json"))["known"] is True
    assert run("import_checkpoint", str(SMALL), "--name", "Small").startswith("Small (")


def test_import_checkpoint_refuses_in_one_sentence(tmp_path):
    (tmp_path / "x.pth").write_text("%Minimal\n")
    with pytest.raises(CommandError, match="holds other things than weights"):
        run("import_checkpoint", str(tmp_path / "x.pth"), "--name", "X")


def test_generate_cues_waits_and_tells_every_candidate():
    cue = waltz_cue()
    small_checkpoint()
    answer = json.loads(
        run(
            "generate_cues", "--film", cue.film.slug, "--cue", cue.number, "--count", "3", "--seed", "4",
            "--temperature", "0.7", "--wait", "--json",
        )
    )  # fmt: skip
    assert (answer["requested"], answer["valid"], answer["failed"]) == (3, 3, 0)
    assert len({row["abc"] for row in answer["candidates"]}) == 3
    for row in answer["candidates"]:
        assert set(row) >= {"id", "seed", "valid", "reason", "bars_asked", "bars_found", "abc", "raw", "musicxml"}
        assert (row["bars_asked"], row["bars_found"]) == (4, 4)
        assert validity(row["abc"], musicxml=row["musicxml"].encode()).valid


def test_generate_cues_fails_when_a_candidate_does():
    cue = waltz_cue(metre="7/16")
    small_checkpoint()
    with pytest.raises(CommandError, match="2 of 2 candidates were not written"):
        run("generate_cues", "--film", cue.film.slug, "--cue", cue.number, "--count", "2", "--wait")


def test_generate_cues_without_wait_only_asks():
    cue = waltz_cue()
    small_checkpoint()
    told = run("generate_cues", "--film", cue.film.slug, "--cue", cue.number, "--count", "2")
    assert told.startswith("2 candidates are asked for")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--film", "nowhere", "--cue", "1m1"], "no cue 1m1 in a film called nowhere"),
        (["--checkpoint", "nobody"], "no checkpoint called nobody"),
        (["--count", "0"], "Ask for 1 to 64 takes"),
    ],
)
def test_generate_cues_says_what_is_wrong_in_one_sentence(options, reason):
    cue = waltz_cue()
    small_checkpoint()
    with pytest.raises(CommandError, match=reason):
        run("generate_cues", "--film", cue.film.slug, "--cue", cue.number, *options)


def test_generate_cues_goes_on_from_a_take_and_keeps_what_is_asked():
    cue = waltz_cue()
    small_checkpoint()
    ask = ["generate_cues", "--film", cue.film.slug, "--cue", cue.number, "--count", "1", "--wait", "--json"]
    first = json.loads(run(*ask))["candidates"][0]
    more = ["--from", str(first["take"]), "--first", "2", "--highest", "96", "--hands", "--stage", "Peace"]
    again = json.loads(run(*ask, *more))
    found = again["candidates"][0]
    assert (found["valid"], again["warning"]) == (True, "")
    assert parse(found["abc"]).bars[:2] == parse(first["abc"]).bars[:2]
    kept = json.loads(run(*ask, "--from", str(first["take"]), "--mode", "keep-left"))["candidates"][0]
    left = [[bar.parts[1].notes for bar in parse(row["abc"]).bars] for row in (kept, first)]
    assert left[0] == left[1]
    with pytest.raises(CommandError, match="not here any more"):
        run(*ask, "--from", "99")


def test_generate_cues_warns_of_a_combination_that_was_never_seen():
    cue = waltz_cue()
    small_checkpoint()
    errors = StringIO()
    ask = ("generate_cues", "--film", cue.film.slug, "--cue", cue.number, "--count", "1")
    call_command(*ask, "--style", "Modern / Etude, Waltz / Keyboard", stdout=StringIO(), stderr=errors)
    assert "Small has never seen: Modern." in errors.getvalue()


def test_import_checkpoint_takes_the_word_for_header_and_prompts():
    tiny = SMALL.parents[1] / "model" / "tiny_checkpoint.pth"
    told = ["--name", "Tiny", "--header", "labelled-end", "--prompts", "published", "--json"]
    answer = json.loads(run("import_checkpoint", str(tiny), *told))
    assert (answer["header"], answer["prompts"]) == ("labelled-end", 112)
