import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.training.satie import small_piece
from training.models.sets import TrainingSet

pytestmark = pytest.mark.django_db


def build(*arguments: object) -> str:
    out = StringIO()
    call_command("build_dataset", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_the_answer_tells_what_is_in_and_what_is_not(tmp_path: Path):
    for number in range(10):
        small_piece(number)
    stray = small_piece(11, title="Arabesque", composer="Debussy, Claude").piece
    answer = json.loads(build("--out", tmp_path / "set", "--json"))
    assert (answer["pieces"], answer["train"], answer["eval"]) == (10, 9, 1)
    assert answer["left_out"] == [
        {
            "piece": stray.public_id,
            "title": "Arabesque",
            "reason": "Debussy, Claude is not on the list of composers that train.",
        }
    ]
    assert answer["sha256"] == TrainingSet.objects.get().sha256
    again = json.loads(build("--out", tmp_path / "other", "--json"))
    assert (again["sha256"], again["new"]) == (answer["sha256"], False)
    assert (tmp_path / "other" / "augmented_train.jsonl").is_file()


def test_filters_and_a_frozen_set_by_name(tmp_path: Path):
    for number in range(3):
        small_piece(number)
    said = build("--out", tmp_path / "set", "--composer", "satie", "--keys", "all", "--name", "Three")
    assert "3 pieces: 2 to learn from, 1 to measure with; 6 bars" in said
    assert "Set Three" in said
    build("--out", tmp_path / "again", "--set", "Three")
    assert sorted(path.name for path in (tmp_path / "again" / "augmented").iterdir()) == sorted(
        path.name for path in (tmp_path / "set" / "augmented").iterdir()
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--composer", "Bach"], "No piece is by Bach."),
        (["--set", "None"], "There is no set called None."),
        (["--eval-share", "0.9"], "lies between"),
        (["--base", "Nothing"], "no checkpoint called Nothing"),
        ([], "No piece goes in."),
    ],
)
def test_bad_input_is_one_sentence(tmp_path: Path, arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        build("--out", tmp_path / "set", *arguments)
