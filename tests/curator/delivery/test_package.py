import hashlib
import io
import json
import zipfile

import pytest

from curator.delivery.package import PackedCue, contents, pack
from curator.delivery.sheet import DeliveryError

FILM = {"title": "Die kleine Laterne", "slug": "demo", "fps": "24"}
CUES = (
    PackedCue("1m1_dachboden_v2", {".musicxml": b"<one/>"}, {"number": "1m1", "bars": 16, "tempo_map": [{"bar": 1}]}),
    PackedCue("1m2_die-hand_v1", {".musicxml": b"<two/>", ".abc": b"X:1"}, {"number": "1m2"}),
)


def test_pack_holds_a_folder_per_cue_a_manifest_and_a_readme():
    with zipfile.ZipFile(io.BytesIO(pack(FILM, CUES))) as archive:
        assert archive.namelist() == [
            "1m1_dachboden_v2/1m1_dachboden_v2.musicxml",
            "1m2_die-hand_v1/1m2_die-hand_v1.abc",
            "1m2_die-hand_v1/1m2_die-hand_v1.musicxml",
            "README.txt",
            "manifest.json",
        ]
        assert archive.testzip() is None
        assert archive.read("1m1_dachboden_v2/1m1_dachboden_v2.musicxml") == b"<one/>"
        assert json.loads(archive.read("manifest.json")) == {
            "schema": "cuewright-package/1",
            "film": FILM,
            "cues": [
                {
                    "number": "1m1",
                    "bars": 16,
                    "tempo_map": [{"bar": 1}],
                    "folder": "1m1_dachboden_v2",
                    "files": [_entry("1m1_dachboden_v2/1m1_dachboden_v2.musicxml", b"<one/>")],
                },
                {
                    "number": "1m2",
                    "folder": "1m2_die-hand_v1",
                    "files": [
                        _entry("1m2_die-hand_v1/1m2_die-hand_v1.abc", b"X:1"),
                        _entry("1m2_die-hand_v1/1m2_die-hand_v1.musicxml", b"<two/>"),
                    ],
                },
            ],
        }


def _entry(name: str, data: bytes) -> dict[str, object]:
    return {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def test_pack_gives_the_same_bytes_again():
    assert pack(FILM, CUES) == pack(dict(reversed(FILM.items())), CUES)


def test_readme_tells_both_languages_what_to_untick():
    text = next(f for f in contents(FILM, CUES) if f.name == "README.txt").data.decode()
    assert text.startswith("Die kleine Laterne\n==================\n")
    for word in ("DEUTSCH", "ENGLISH", "Keyswitches", "CC1", "Minimalistisch", "subtil ±5 %", "music21<10"):
        assert word in text
    assert "results/results/NAME_conducted.mid" in text
    assert "1m1_dachboden_v2/1m1_dachboden_v2.musicxml" in text


def test_two_cues_of_one_name_get_folders_of_their_own():
    names = [f.name for f in contents(FILM, (CUES[0], CUES[0]))]
    assert names[:2] == [
        "1m1_dachboden_v2-2/1m1_dachboden_v2-2.musicxml",
        "1m1_dachboden_v2/1m1_dachboden_v2.musicxml",
    ]


@pytest.mark.parametrize(
    ("cues", "sentence"),
    [((), "No cue is approved, so there is nothing to pack."), ((PackedCue("a", {}),), "The cue a has no files.")],
)
def test_an_empty_package_is_refused(cues, sentence):
    with pytest.raises(DeliveryError, match=sentence):
        pack(FILM, cues)
