import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_film
from tests.training.judged import judged_cue, judged_film
from training.models.sets import PreferenceSet

pytestmark = pytest.mark.django_db


def build(*arguments: str) -> str:
    out = StringIO()
    call_command("build_preferences", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def film(owner):
    return judged_film(owner)


def test_build_preferences_writes_what_trl_reads(film, tmp_path):
    out = tmp_path / "new" / "set"
    said = json.loads(build("--film=laterne", f"--out={out}", "--json"))
    frozen = PreferenceSet.objects.get()
    assert {"pairs", "unpaired", "held_out", "expected_correct", "sha256"} <= set(said)
    assert (said["sha256"], said["name"], said["pairs"]) == (frozen.sha256, "laterne 1", frozen.manifest["pairs"])
    assert 0.5 < said["expected_correct"] < 1
    assert sorted(path.name for path in out.iterdir()) == [
        "held_out.jsonl", "manifest.json", "train.jsonl", "unpaired.jsonl",
    ]  # fmt: skip
    rows = [json.loads(line) for line in (out / "train.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) == said["pairs"]
    assert all(isinstance(row[name], str) and row[name] for row in rows for name in ("prompt", "chosen", "rejected"))
    again = json.loads(build("--film=laterne", f"--out={tmp_path / 'again'}", "--json"))
    assert again == said | {"out": str(tmp_path / "again")}
    for path in out.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_build_preferences_takes_the_owners_choice(film, tmp_path):
    said = json.loads(
        build("--film=laterne", f"--out={tmp_path}", "--source=posterior", "--threshold=0.9", "--hold-out", "1m3",
              "--unbalanced", "--json")
    )  # fmt: skip
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert said["source"] == "posterior"
    assert (manifest["threshold"], manifest["balanced"]) == (0.9, False)
    assert [cue["number"] for cue in manifest["cues"] if cue["held_out"]] == ["1m3"]


def test_build_preferences_in_words_says_what_is_missing(owner, tmp_path):
    judged_cue(3, [(1, 2, "left")] * 3, rater=owner, film=make_film(slug="klein"))
    said = build("--film=klein", f"--out={tmp_path}")
    assert "klein 1: 1 pairs from 3 votes, 0 held out, 0 unpaired" in said
    assert "57 more votes and 2 more cues with votes are needed." in said


def test_build_preferences_refuses_in_one_sentence(tmp_path):
    make_film(slug="leer")
    with pytest.raises(CommandError, match="no film nichts"):
        build("--film=nichts", f"--out={tmp_path}")
    with pytest.raises(CommandError, match="nothing to learn"):
        build("--film=leer", f"--out={tmp_path}")
    with pytest.raises(CommandError, match="no cue 9m9"):
        build("--film=leer", f"--out={tmp_path}", "--hold-out", "9m9")


def test_build_preferences_says_where_it_cannot_write(film, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="cannot be written"):
        build("--film=laterne", f"--out={tmp_path / 'file'}")
