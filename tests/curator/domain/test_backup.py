"""Backup and restore keep what cannot be made again."""

import hashlib
import json
import zipfile

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from curator.domain.backup import restore_backup, write_backup
from curator.domain.cues import refresh_cue_state
from curator.domain.delivery import deliver_cue
from curator.domain.errors import DomainError
from curator.domain.media import read_media, store_media
from curator.models.delivery import Delivery
from curator.models.film import Cue
from curator.models.jobs import Job, Worker
from curator.models.library import MediaFile, Piece, PieceVersion, Tag
from curator.models.ranking import Approval, Judgement, Pair, Take
from curator.models.stills import Still
from curator.models.themes import CueTheme, Theme
from curator.notation.convert import abc_to_musicxml
from generation.domain.requests import STOPPED
from generation.models.checkpoints import Checkpoint
from generation.models.requests import Candidate, CueRequest
from tests.factories import make_cue, make_take, make_user
from training.models.sets import TrainingSet

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
    Candidate.objects.create(request=request, index=0, seed=7, raw="%Minimal\nabc", take=left, state="written")
    pair = {"policy": "warm", "probability": 0.5, "side_seed": "s", "repeat_of": first}
    Pair.objects.create(cue=cue, rater=user, left=left, right=right, **pair)
    left.version.piece.tags.add(Tag.objects.create(name="dust"))
    frozen = TrainingSet.objects.create(name="first", sha256="b" * 64, header="bare-three")
    frozen.versions.add(left.version)
    refresh_cue_state(cue=cue)
    return cue


def snapshot() -> list[object]:
    models = [Cue, Take, PieceVersion, Judgement, Approval, Pair, Candidate]
    links = [Piece.tags.through, TrainingSet.versions.through]
    return [list(model._default_manager.order_by("pk").values()) for model in models] + [
        [row[1:] for row in model._default_manager.order_by("pk").values_list()] for model in links
    ]


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


def test_any_character_comes_back(work, tmp_path):
    text = "line\u2028separator, next\x85line, form\x0cfeed"
    Cue.objects.update(brief=text)
    if connection.vendor == "sqlite":
        # JSON may hold half a character, which UTF-8 cannot say and PostgreSQL does not take
        Judgement.objects.update(events=[[0, json.loads('"\\ud834"'), "left", 0.0]])
    before = snapshot()
    write_backup(path=tmp_path / "b.zip")
    restore_backup(path=tmp_path / "b.zip")
    assert snapshot() == before
    assert Cue.objects.get().brief == text


def test_workers_that_run_meanwhile_stay(work, tmp_path):
    now = timezone.now()
    worker = Worker.objects.create(
        name="w", machine="m", process_id=1, queues=["cpu"], started_at=now, heartbeat_at=now
    )
    write_backup(path=tmp_path / "b.zip")
    restore_backup(path=tmp_path / "b.zip")
    assert list(Worker.objects.all()) == [worker]
    assert not Job.objects.exists()


def test_takes_that_were_being_written_can_be_asked_for_again(work, tmp_path):
    Approval.objects.all().delete()
    CueRequest.objects.get().candidates.create(index=1, seed=8, state="writing", bars_written=3)
    Job.objects.update(arguments={"cue": work.pk})
    refresh_cue_state(cue=work)
    assert Cue.objects.get().state == "generating"
    write_backup(path=tmp_path / "b.zip")
    restore_backup(path=tmp_path / "b.zip")
    stopped = Candidate.objects.get(index=1)
    assert (stopped.state, stopped.reason) == ("failed", STOPPED)
    assert Candidate.objects.get(index=0).state == "written"
    assert Cue.objects.get().state == "to_rank"


def test_what_was_handed_over_comes_back_on_an_empty_machine(work, tmp_path, settings):
    take = work.takes.get(number=1)
    PieceVersion.objects.filter(pk=take.version_id).update(musicxml=abc_to_musicxml(take.version.abc).text)
    handed = deliver_cue(cue=work, by=None)
    write_backup(path=tmp_path / "b.zip")
    settings.MEDIA_ROOT = tmp_path / "other machine"
    Delivery.objects.update(media=None)
    MediaFile.objects.all().delete()
    restore_backup(path=tmp_path / "b.zip")
    row = Delivery.objects.get()
    assert row.media is not None
    assert read_media(row.media) == handed.data


def test_a_file_of_another_content_is_not_taken_in(work, tmp_path):
    path = tmp_path / "b.zip"
    write_backup(path=path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"media/aa/{'a' * 64}.zip", "something else")
    with pytest.raises(DomainError, match="damaged"):
        restore_backup(path=path)


def test_rows_of_a_later_version_are_refused_in_a_sentence(work, tmp_path):
    row = {"model": "curator.tag", "pk": 1, "fields": {"name": "x", "colour_of_tomorrow": 1}}
    data = json.dumps(row).encode() + b"\n"
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("manifest.json", json.dumps({"format": 1, "sha256": hashlib.sha256(data).hexdigest()}))
        archive.writestr("rows.jsonl", data)
    before = snapshot()
    with pytest.raises(DomainError, match="does not fit"):
        restore_backup(path=tmp_path / "b.zip")
    assert snapshot() == before


def test_a_backup_from_before_themes_had_uses_is_taken_in(work, tmp_path):
    theme = Theme.objects.create(film=work.film, name="The lantern")
    write_backup(path=tmp_path / "now.zip")
    with zipfile.ZipFile(tmp_path / "now.zip") as archive:
        rows = [json.loads(line) for line in archive.read("rows.jsonl").splitlines()]
    for row in rows:
        if row["model"] == "curator.cue":
            row["fields"]["theme"] = theme.pk
        if row["model"] == "curator.theme":
            row["fields"] |= {"parent": None, "relation": ""}
    data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    with zipfile.ZipFile(tmp_path / "then.zip", "w") as archive:
        archive.writestr("manifest.json", json.dumps({"format": 1, "sha256": hashlib.sha256(data).hexdigest()}))
        archive.writestr("rows.jsonl", data)
    restore_backup(path=tmp_path / "then.zip")
    assert list(CueTheme.objects.values_list("cue", "theme", "how", "bar")) == [(work.pk, theme.pk, "statement", 1)]


def test_stills_come_back_with_their_files(work, tmp_path, settings):
    large, tile = (store_media(data=data, suffix=".webp") for data in (b"large", b"tile"))
    Still.objects.create(shot=work.film.shots.first(), large=large.sha256, tile=tile.sha256)
    write_backup(path=tmp_path / "b.zip")
    settings.MEDIA_ROOT = tmp_path / "other machine"
    MediaFile.objects.all().delete()
    restore_backup(path=tmp_path / "b.zip")
    still = Still.objects.get()
    assert [read_media(MediaFile.objects.get(sha256=kept)) for kept in (still.large, still.tile)] == [b"large", b"tile"]
