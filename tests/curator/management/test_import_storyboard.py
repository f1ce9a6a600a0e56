import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from curator.models.film import Film
from tests.curator.film.storyboards import GOLDEN

pytestmark = pytest.mark.django_db

BOARD = GOLDEN / "laterne.md"


def run(*arguments: object) -> str:
    out = StringIO()
    call_command("import_storyboard", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_the_example_imports_as_its_format_says():
    told = json.loads(run(BOARD, "--film", "laterne", "--json"))
    assert told == {
        "film": "laterne",
        "film_made": True,
        "kind": "breakdown",
        "scenes": 2,
        "shots": 3,
        "stages": 3,
        "audio": 2,
        "dialogues": 2,
        "transitions": 1,
        "markers": 0,
        "runtime_seconds": [60, 120],
        "cues": 3,
        "new": 3,
        "changed": 0,
        "same": 0,
        "gone": 0,
        "removed": 0,
        "edits_kept": 0,
        "new_cues": ["1m1", "1m2", "1m3"],
        "moved_cues": [],
        "seconds": 90.0,
        "frames": 2160,
        "warnings": ["The footer says 2 shots, found 3."],
    }
    assert Film.objects.get(slug="laterne").title == "DIE KLEINE LATERNE"


def test_a_person_reads_a_summary():
    run(BOARD, "--film", "laterne")
    assert run(BOARD, "--film", "laterne").splitlines() == [
        "breakdown: 2 scenes, 3 shots, 3 stages, 2 audio, 1 transitions.",
        "Film laterne: 0 shots new, 0 changed, 3 as before, 0 not in the file, 0 removed; 2160 frames, 90.0 s, 3 cues.",
        "The footer says 2 shots, found 3.",
    ]


def test_a_rate_is_given_to_a_film_that_is_made():
    told = json.loads(run(GOLDEN / "laterne.edl", "--film", "schnitt", "--fps", "25", "--json"))
    assert (told["seconds"], told["frames"], told["runtime_seconds"]) == (10.48, 262, None)


def test_what_cannot_be_read_is_one_sentence_and_makes_no_film(tmp_path: Path):
    (tmp_path / "big").write_bytes(b"x" * 5_000_001)
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 9)
    for name, words in (
        ("big", "larger than 5 MB"),
        ("empty", "is empty"),
        ("binary", "not a text"),
        ("no", "No such"),
    ):
        with pytest.raises(CommandError, match=words):
            run(tmp_path / name, "--film", "laterne")
    with pytest.raises(CommandError, match="short name"):
        run(BOARD, "--film", "La terne")
    with pytest.raises(CommandError, match="not a frame rate"):
        run(BOARD, "--film", "laterne", "--fps", "fast")
    assert not Film.objects.exists()
