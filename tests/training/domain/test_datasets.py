import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from curator import jobs
from curator.domain.errors import DomainError
from curator.models.jobs import JobState
from curator.models.library import PieceVersion
from curator.notation.transpose import KEYS
from tests.training.satie import small_piece
from training.domain.choosing import Choice
from training.domain.datasets import (
    archive_of,
    build_set,
    export_set,
    find_set,
    lessons_of,
    recent_builds,
    request_set,
)
from training.models.sets import TrainingSet
from training.recipes.data import Transposition

pytestmark = pytest.mark.django_db
ALL = Choice(transposition=Transposition.ALL)


@pytest.fixture
def pieces():
    return [small_piece(number) for number in range(4)]


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_set_is_frozen_with_all_it_was_made_of(pieces):
    small_piece(9, title="Arabesque", composer="Debussy, Claude")
    built = build_set(choice=ALL, name="Four")
    row = built.training_set
    assert built.new
    assert (row.name, row.header, row.train_count, row.eval_count) == ("Four", "bare-three", 3, 1)
    assert row.keys == list(KEYS)
    assert set(row.versions.all()) == set(pieces)
    assert {facts["version"] for facts in row.manifest["pieces"]} == {version.public_id for version in pieces}
    assert [one["title"] for one in row.manifest["left_out"]] == ["Arabesque"]
    facts = row.manifest["pieces"][0]
    assert (facts["key"], facts["prompt"], facts["bars"]) == ("C", ["%Romantic", "%Satie, Erik", "%Keyboard"], 2)
    assert sum(facts["keys"].values()) == pytest.approx(1)


def test_the_same_input_gives_the_same_hash_and_one_row(pieces):
    first = build_set(choice=ALL).training_set
    again = build_set(choice=ALL, name="Another name")
    assert (again.new, again.training_set) == (False, first)
    assert build_set(choice=Choice(transposition=Transposition.NEAR)).training_set.sha256 != first.sha256
    assert build_set(choice=Choice(transposition=Transposition.ALL, seed=1, eval_share=0.5)).new


def test_an_export_is_what_the_script_reads(pieces, tmp_path, monkeypatch):
    row = build_set(choice=Choice()).training_set
    out = tmp_path / "set"
    export_set(training_set=row, out=out)
    monkeypatch.chdir(tmp_path)
    for part, count in (("train", 3), ("eval", 1)):
        lines = [json.loads(line) for line in (out / f"augmented_{part}.jsonl").read_text().splitlines()]
        assert len(lines) == count
        for line in lines:
            folder, name = os.path.split(line["path"])
            assert line["key"] == "C"
            for key in ("C", "Db", "C#", "D", "Eb", "A", "Bb", "B", "Cb"):
                text = Path(folder, key, f"{name}_{key}.abc").read_text()
                assert text.startswith("%Romantic\n%Satie, Erik\n%Keyboard\n%%score")
    assert json.loads((out / "manifest.json").read_text())["sha256"] == row.sha256
    assert len(list((out / "interleaved").iterdir())) == 4


def test_an_export_replaces_an_earlier_one_and_nothing_else(pieces, tmp_path):
    out = tmp_path / "set"
    export_set(training_set=build_set(choice=ALL).training_set, out=out)
    before = tree(out)
    export_set(training_set=build_set(choice=Choice()).training_set, out=out)
    assert len(tree(out)) < len(before)
    export_set(training_set=build_set(choice=ALL).training_set, out=out)
    assert tree(out) == before
    (out / "mine.txt").write_text("precious")
    with pytest.raises(DomainError, match=r"holds other things already \(mine.txt\)"):
        export_set(training_set=build_set(choice=ALL).training_set, out=out)
    assert (out / "mine.txt").read_text() == "precious"
    with pytest.raises(DomainError, match="cannot be written"):
        export_set(training_set=build_set(choice=ALL).training_set, out=out / "mine.txt" / "deeper")


def test_paths_may_begin_elsewhere(pieces, tmp_path):
    export_set(training_set=build_set(choice=Choice()).training_set, out=tmp_path / "set", root="/workspace/set")
    line = (tmp_path / "set" / "augmented_eval.jsonl").read_text()
    assert json.loads(line)["path"].startswith("/workspace/set/augmented/")
    assert "under /workspace/set." in (tmp_path / "set" / "README.txt").read_text()


def test_the_archive_is_the_same_every_time_and_made_again_when_it_is_gone(pieces):
    row = build_set(choice=ALL).training_set
    data = archive_of(row)
    assert row.archive is not None
    default_storage.delete(row.archive.name)
    assert archive_of(TrainingSet.objects.get()) == data
    TrainingSet.objects.update(archive=None)
    restored = TrainingSet.objects.get()
    assert archive_of(restored) == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.namelist()) == 4 * 16 + 3 + 2
    TrainingSet.objects.update(archive=None, sha256="0" * 64)
    with pytest.raises(DomainError, match="Other files come out now"):
        archive_of(TrainingSet.objects.get())


def test_an_archive_of_a_text_that_is_gone_cannot_be_made_again(pieces):
    row = build_set(choice=ALL).training_set
    TrainingSet.objects.update(archive=None)
    row.versions.clear()
    PieceVersion.objects.all().delete()
    with pytest.raises(DomainError, match="is not in the library any more"):
        archive_of(TrainingSet.objects.get())


def test_a_piece_that_has_no_spelling_in_some_key_is_left_out_with_its_reason(pieces):
    version = small_piece(8, title="Sharp")
    PieceVersion.objects.filter(pk=version.pk).update(abc=version.abc.replace("d4", "^^^^d4"), sha256="1" * 64)
    row = build_set(choice=ALL).training_set
    assert {one["title"]: one["reason"] for one in row.manifest["left_out"]} == {
        "Sharp": "A note has so many accidentals that it cannot be written in another key."
    }
    assert row.totals["pieces"] == 4


def test_too_little_makes_no_set():
    small_piece(1)
    with pytest.raises(DomainError, match="at least two works"):
        build_set(choice=Choice())
    with pytest.raises(DomainError, match="at least two works"):
        request_set(choice=Choice())
    assert not TrainingSet.objects.exists()


def test_a_job_builds_what_was_asked_for_once(pieces, owner):
    job = request_set(choice=ALL, name="By a worker", created_by=owner)
    assert request_set(choice=ALL, name="By a worker", created_by=owner) == job
    assert recent_builds() == [job]
    jobs.execute(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert job.result == {"set": TrainingSet.objects.get().public_id, "name": "By a worker", "new": True}
    assert (job.progress_done, job.progress_total) == (4, 4)
    assert recent_builds() == []
    with pytest.raises(DomainError, match="already a set called By a worker"):
        request_set(choice=Choice(), name="By a worker")


def test_a_cancelled_job_leaves_nothing(pieces, owner):
    job = request_set(choice=ALL, created_by=owner)
    run = jobs.claim(job.pk)
    jobs.cancel(job)
    with pytest.raises(jobs.Cancelled):
        build_set(choice=ALL, run=run)
    assert not TrainingSet.objects.exists()


def test_a_set_is_found_by_what_it_is_called(pieces):
    row = build_set(choice=ALL, name="Four").training_set
    assert [find_set(name) for name in (row.name, row.public_id, row.sha256)] == [row] * 3
    with pytest.raises(DomainError, match="no set called Five"):
        find_set("Five")


def test_our_own_recipes_learn_the_same_texts_with_their_shares(pieces):
    row = build_set(choice=Choice()).training_set
    lessons = lessons_of(row)
    assert sum(lesson.held_out for lesson in lessons) == 1
    assert lessons[0].versions[0].key == "C"
    assert sum(version.share for version in lessons[0].versions) == pytest.approx(1)
    assert {version.text.splitlines()[0] for lesson in lessons for version in lesson.versions} == {"%Romantic"}
