import hashlib
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from curator.delivery.manifest import Manifest, json_schema
from curator.delivery.names import stem
from curator.delivery.package import Package, PackedCue, contents, pack
from curator.delivery.sheet import DeliveryError
from tests.curator.delivery.manifests import FILM, entry

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "package.schema.json"
CUES = (
    PackedCue("1m1_dachboden_v2", {".musicxml": b"<one/>"}, entry()),
    PackedCue("1m2_die-hand_v1", {".musicxml": b"<two/>", ".abc": b"X:1"}, entry("1m2")),
)
PACKAGE = Package(FILM, CUES)


def test_pack_holds_a_folder_per_cue_and_the_papers():
    with zipfile.ZipFile(io.BytesIO(pack(contents(PACKAGE)))) as archive:
        assert archive.namelist() == [
            "1m1_dachboden_v2/1m1_dachboden_v2.musicxml",
            "1m2_die-hand_v1/1m2_die-hand_v1.abc",
            "1m2_die-hand_v1/1m2_die-hand_v1.musicxml",
            "README.txt",
            "cuesheet.csv",
            "manifest.json",
            "markers.csv",
        ]
        assert archive.testzip() is None
        assert archive.read("1m1_dachboden_v2/1m1_dachboden_v2.musicxml") == b"<one/>"
        text = archive.read("manifest.json")
        papers = [_file(name, archive.read(name)) for name in ("README.txt", "cuesheet.csv", "markers.csv")]
    told = json.loads(text)
    assert list(told) == ["schema", "film", "cues", "files"]
    assert told["schema"] == "cuewright-package/2"
    assert told["film"] == FILM.model_dump()
    assert told["files"] == papers
    assert [(cue["folder"], cue["files"]) for cue in told["cues"]] == [
        ("1m1_dachboden_v2", [_file("1m1_dachboden_v2/1m1_dachboden_v2.musicxml", b"<one/>")]),
        (
            "1m2_die-hand_v1",
            [
                _file("1m2_die-hand_v1/1m2_die-hand_v1.abc", b"X:1"),
                _file("1m2_die-hand_v1/1m2_die-hand_v1.musicxml", b"<two/>"),
            ],
        ),
    ]
    manifest = Manifest.model_validate_json(text)
    assert [cue.model_copy(update={"folder": "", "files": ()}) for cue in manifest.cues] == [c.entry for c in CUES]


def _file(name: str, data: bytes) -> dict[str, object]:
    return {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def test_the_schema_in_the_docs_is_that_of_the_manifest():
    assert json.loads(SCHEMA.read_text("utf-8")) == json.loads(json.dumps(json_schema()))


def test_pack_gives_the_same_bytes_again():
    shuffled = tuple(replace(cue, files=dict(reversed(cue.files.items()))) for cue in CUES)
    assert pack(contents(PACKAGE)) == pack(contents(Package(FILM, shuffled)))


def test_readme_tells_both_languages_what_to_untick():
    text = next(f for f in contents(PACKAGE) if f.name == "README.txt").data.decode()
    assert text.startswith("Die kleine Laterne\n==================\n")
    for word in ("DEUTSCH", "ENGLISH", "Keyswitches", "CC1", "Minimalistisch", "subtil ±5 %", "music21<10"):
        assert word in text
    assert text.count("results/results/NAME_conducted.mid") == 2
    assert "Import Markers" in text
    assert "Ignore Master Track Events on Merge" in text
    assert text.count("  1m1_dachboden_v2/\n  1m2_die-hand_v1/\n") == 2


def test_two_cues_of_one_name_get_folders_of_their_own():
    names = [f.name for f in contents(Package(FILM, (CUES[0], CUES[0])))]
    assert names[:2] == [
        "1m1_dachboden_v2-2/1m1_dachboden_v2-2.musicxml",
        "1m1_dachboden_v2/1m1_dachboden_v2.musicxml",
    ]


RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


@pytest.mark.parametrize("title", ["CON", "nul.", "Ä" * 90, "a:b?*<>|", "", "灯り", "trailing. "])
@pytest.mark.parametrize("number", ["1m1", "CON", "12m34a", "LPT1", ""])
def test_names_are_those_that_windows_takes(title, number):
    cue = PackedCue(stem(number, title, 9999), {".musicxml": b"<one/>", ".mid": b"M"}, entry())
    for file in contents(Package(FILM, (cue,) * 12)):
        assert file.name.isascii()
        assert len(file.name) <= 120
        for part in file.name.split("/"):
            assert part.split(".")[0].lower() not in RESERVED
            assert not set(part) & set('<>:"\\|?*')
            assert part.strip(" .") == part


@pytest.mark.parametrize(
    ("cues", "sentence"),
    [
        ((), "No cue is approved, so there is nothing to pack."),
        ((PackedCue("a", {}, entry()),), "The cue a has no files."),
    ],
)
def test_an_empty_package_is_refused(cues, sentence):
    with pytest.raises(DeliveryError, match=sentence):
        contents(Package(FILM, cues))
