"""Backup and restore keep what cannot be made again."""

import json
import zipfile

import pytest
from django.core.management import CommandError, call_command

from curator.domain.backup import restore_backup, write_backup
from curator.domain.errors import DomainError
from curator.models.film import Cue
from curator.models.jobs import Job
from curator.models.library import PieceVersion
from curator.models.ranking import Approval, Judgement, Take
from generation.models.checkpoints import Checkpoint
from generation.models.requests import Candidate, CueRequest
from tests.factories import make_cue, make_take, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def work():
    """A judged and approved cue with the request behind it."""
    user = make_user()
    cue = make_cue()
    left = make_take(cue=cue)
    right = make_take(cue=cue)
    first = Judgement.objects.create(cue=cue, rater=user, pair="p1", left=left, right=right, answer="left")
    Judgement.objects.create(
        cue=cue, rater=user, pair="p1", left=left, right=right, answer="retracted", supersedes=first
    )
    Approval.objects.create(cue=cue, take=left, by=user, why="Es atmet.")
    checkpoint = Checkpoint.objects.create(name="demo", kind="demo", sha256="a" * 64, size=1, header="bare-three")
    job = Job.objects.create(kind="generation.write_cue", queue="gpu")
    request = CueRequest.objects.create(cue=cue, checkpoint=checkpoint, count=1, seed=7, job=job)
    Candidate.objects.create(request=request, index=0, seed=7, raw="%Minimal\nabc", take=left)
    return cue


def snapshot() -> list[object]:
    models = [Cue, Take, PieceVersion, Judgement, Approval, Candidate]
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def test_restore_brings_everything_back(work, tmp_path):
    before = snapshot()
    write_backup(path=tmp_path / "b.zip")
    Approval.objects.all().delete()
    Cue.objects.update(title="spoiled")
    restore_backup(path=tmp_path / "b.zip")
    assert snapshot() == before
    assert CueRequest.objects.get().job is None
    make_take(cue=work)  # new rows do not meet old keys


def test_a_damaged_file_changes_nothing(work, tmp_path):
    path = tmp_path / "b.zip"
    write_backup(path=path)
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        archive.writestr("rows.jsonl", "{}\n")
    before = snapshot()
    with pytest.raises(DomainError, match="damaged"):
        restore_backup(path=path)
    assert snapshot() == before


def test_a_file_that_is_no_backup_is_refused(tmp_path):
    path = tmp_path / "b.zip"
    path.write_bytes(b"not a zip")
    with pytest.raises(DomainError, match="not a whole"):
        restore_backup(path=path)


def test_places_that_hold_no_file_are_refused_in_a_sentence(tmp_path):
    (tmp_path / "folder").mkdir()
    for place, sentence in [("nowhere/b.zip", "No such file or directory"), ("folder", "Is a directory")]:
        with pytest.raises(CommandError, match=rf"{place} cannot be written: {sentence}\.$"):
            call_command("backup", tmp_path / place)
    with pytest.raises(CommandError, match="folder cannot be read: Is a directory"):
        call_command("restore", tmp_path / "folder")
    with pytest.raises(CommandError, match="There is no file"):
        call_command("restore", tmp_path / "none.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_restore_of_a_file_that_is_no_backup_backs_nothing_up(work, tmp_path, settings):
    settings.DATA = tmp_path
    path = tmp_path / "b.zip"
    path.write_bytes(b"not a zip")
    with pytest.raises(CommandError, match="not a whole"):
        call_command("restore", path, "--replace")
    assert list(tmp_path.iterdir()) == [path]


def test_commands_keep_what_was_there(work, tmp_path, capsys, settings):
    settings.DATA = tmp_path
    path = tmp_path / "b.zip"
    call_command("backup", path, "--json")
    assert json.loads(capsys.readouterr().out).keys() == {"file", "sha256"}
    with pytest.raises(CommandError, match="--replace"):
        call_command("restore", path)
    call_command("restore", path, "--replace", "--json")
    said = json.loads(capsys.readouterr().out)
    assert said["rows"]["curator.Judgement"] == 2
    assert zipfile.is_zipfile(said["before"])
