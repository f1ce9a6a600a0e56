import json

import pytest

from training.recipes.job import (
    PRESETS,
    RECIPES,
    DpoSettings,
    JobError,
    SftSettings,
    preset_for,
    read_job,
    read_settings,
)

WHOLE = {"recipe": "dpo", "bundle": "b", "base": {"file": "base.pth", "sha256": "0" * 64}}


def write(folder, **changes):
    path = folder / "job.json"
    path.write_text(json.dumps({name: value for name, value in {**WHOLE, **changes}.items() if value is not None}))
    return path


def test_a_job_is_read_with_its_defaults(tmp_path):
    job = read_job(write(tmp_path))
    assert (job.recipe, job.bundle, job.base, job.out) == (
        "dpo",
        tmp_path / "b",
        tmp_path / "base.pth",
        tmp_path / "run",
    )
    assert (job.settings, job.time_limit) == (DpoSettings(), None)
    assert read_job(write(tmp_path, recipe="sft")).settings == SftSettings()


def test_where_and_how_long_a_job_runs_is_no_part_of_what_it_is(tmp_path):
    one = read_job(write(tmp_path)).sha256
    assert read_job(write(tmp_path, out="elsewhere", time_limit=60)).sha256 == one
    assert read_job(write(tmp_path, settings={"epochs": 5})).sha256 != one


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"recipe": "ppo"}, "A recipe is one of sft, dpo, not ppo."),
        ({"bundle": None}, "The job does not say its bundle."),
        ({"gpu": 1}, "A job has no gpu."),
        ({"base": "base.pth"}, "The base checkpoint is given by file and sha256."),
        ({"settings": {"lr": 1}}, "The recipe dpo has no setting lr."),
        ({"settings": {"rate": "fast"}}, "The setting rate cannot be 'fast'."),
        ({"settings": {"epochs": 1.5}}, "The setting epochs cannot be 1.5."),
        ({"settings": {"epochs": True}}, "The setting epochs cannot be True."),
        ({"settings": {"soft_labels": 1}}, "The setting soft_labels cannot be 1."),
        ({"settings": {"precision": "float16"}}, "The precision is float32 or bfloat16."),
        ({"settings": {"preset": "large"}}, "The recipe dpo has no preset large."),
        ({"settings": {"batches": 0}}, "Epochs, batches and patches are at least 1"),
        ({"settings": {"epsilon": 0.0}}, "rate and epsilon above 0"),
    ],
)
def test_what_cannot_be_run_is_said_in_a_sentence(tmp_path, changes, sentence):
    with pytest.raises(JobError, match=sentence):
        read_job(write(tmp_path, **changes))


def test_no_file_and_no_json_are_said_too(tmp_path):
    with pytest.raises(JobError, match="There is no job file"):
        read_job(tmp_path / "none.json")
    (tmp_path / "job.json").write_text("{")
    with pytest.raises(JobError, match="not JSON"):
        read_job(tmp_path / "job.json")


def test_whole_numbers_are_taken_where_others_are_meant():
    assert read_settings("dpo", {"penalty": 1, "checkpointing": None}).penalty == 1


def test_a_preset_gives_what_is_not_given(tmp_path):
    preset = PRESETS["dpo"]["small"]
    assert read_job(write(tmp_path, settings={"preset": "small"})).settings == DpoSettings(**preset)
    assert read_settings("dpo", {"preset": "small", "epochs": 9}) == DpoSettings(**{**preset, "epochs": 9})


def test_every_preset_can_be_read_and_small_models_have_theirs():
    for recipe, named in PRESETS.items():
        for name in named:
            assert isinstance(read_settings(recipe, {"preset": name}), RECIPES[recipe])
    assert [preset_for(recipe, weights=weights) for recipe in RECIPES for weights in (4_000_000, 500_000_000)] == [
        "",
        "",
        "small",
        "",
    ]
