import hashlib
import json
import zipfile
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from curator.domain.preparing import _export
from curator.models.delivery import Delivery
from tests.curator.delivery_scene import lantern, lit_cue, overfull

pytestmark = pytest.mark.django_db


def test_export_film_writes_the_package_and_says_what_is_in_it(owner, tmp_path: Path):
    film, out = lantern(slug="demo"), StringIO()
    lit_cue(film, owner)
    file = tmp_path / "demo.zip"
    call_command("export_film", "--film", "demo", "--out", str(file), "--json", stdout=out)
    report = json.loads(out.getvalue())
    with zipfile.ZipFile(file) as archive:
        score = archive.read("1m1_dachboden_v1/1m1_dachboden_v1.musicxml")
    assert report == {
        "file": str(file),
        "cues": [
            {
                "number": "1m1",
                "take": 1,
                "file": "1m1_dachboden_v1/1m1_dachboden_v1.musicxml",
                "sha256": hashlib.sha256(score).hexdigest(),
                "bars": 2,
                "notes": 7,
                "seconds": 7.218,
                "fits": True,
            }
        ],
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "problems": [],
    }
    assert Delivery.objects.get().channel == "command"


def test_export_film_writes_some_cues_and_the_same_bytes_again(owner, tmp_path: Path):
    film = lantern(slug="demo")
    for title in ("Dachboden", "Heimweg", "Am Pier"):
        lit_cue(film, owner, title=title)
    files = [tmp_path / name for name in ("one.zip", "two.zip")]
    for file in files:
        call_command("export_film", "--film", "demo", "--cue", "1m1", "--cue", "1m3", "--out", str(file))
        _export.cache_clear()
    assert files[0].read_bytes() == files[1].read_bytes()
    with zipfile.ZipFile(files[0]) as archive:
        told = json.loads(archive.read("manifest.json"))
    assert [cue["folder"] for cue in told["cues"]] == ["1m1_dachboden_v1", "1m3_am-pier_v1"]
    with pytest.raises(CommandError, match="No cue is approved"):
        call_command("export_film", "--film", "demo", "--cue", "9m9", "--out", str(files[0]))


def test_export_film_fails_where_an_approved_cue_is_missing(owner, tmp_path: Path):
    film, out = lantern(slug="demo"), StringIO()
    lit_cue(film, owner)
    lit_cue(film, owner, musicxml=overfull())
    with pytest.raises(CommandError, match="1 approved cues could not be packed"):
        call_command("export_film", "--film", "demo", "--out", str(tmp_path / "demo.zip"), stdout=out)
    assert "1m2 is missing: Bar 1 holds" in out.getvalue()
    assert (tmp_path / "demo.zip").exists()


@pytest.mark.parametrize(
    ("film", "out", "sentence"),
    [
        ("nowhere", "demo.zip", "There is no film nowhere."),
        ("demo", "none/demo.zip", "There is no folder"),
        ("demo", "demo.zip", "No cue is approved, so there is nothing to pack."),
        ("lit", "", "cannot be written"),
    ],
)
def test_export_film_refuses_with_a_sentence(owner, tmp_path: Path, film, out, sentence):
    lantern(slug="demo")
    lit_cue(lantern(slug="lit"), owner)
    with pytest.raises(CommandError, match=sentence):
        call_command("export_film", "--film", film, "--out", str(tmp_path / out))
