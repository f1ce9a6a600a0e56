"""The command that imports files and folders."""

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from curator.domain.rendering import request_rendering
from curator.models.jobs import Job
from curator.models.library import Piece, Rendering, RenderingState
from tests.curator.notation.hostile import mxl
from tests.curator.notation.scores import two_staff
from tests.factories import ABC, make_cue, make_version

pytestmark = pytest.mark.django_db


def test_files_and_folders_with_json(tmp_path, capsys):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.xml").write_bytes(two_staff(2))
    (tmp_path / "deep" / "notes.txt").write_text("nothing")
    (tmp_path / "a.musicxml").write_bytes(two_staff(2, divisions=4))
    (tmp_path / "c.abc").write_text("no music")
    with pytest.raises(CommandError, match="1 of 3 files were refused"):
        call_command("import_scores", str(tmp_path), "--composer", "Me", "--tag", "x", "--json")
    report = json.loads(capsys.readouterr().out)
    piece = Piece.objects.get()
    assert (report["imported"], report["duplicates"], report["refused"]) == (1, 1, 1)
    assert [(row["file"], row["status"]) for row in report["files"]] == [
        (str(tmp_path / "a.musicxml"), "imported"),
        (str(tmp_path / "c.abc"), "refused"),
        (str(tmp_path / "deep" / "b.xml"), "duplicate"),
    ]
    assert report["files"][0] == {
        "file": str(tmp_path / "a.musicxml"),
        "status": "imported",
        "reason": "",
        "warnings": [],
        "piece": piece.public_id,
        "like": None,
        "notes_in": 6,
        "notes_out": 6,
    }
    assert report["files"][2]["like"] == {"piece": piece.public_id, "how": "same notes"}
    assert (report["files"][1]["reason"] != "", report["passed_over"]) == (True, [])
    assert (piece.composer, piece.origin, [tag.name for tag in piece.tags.all()]) == ("Me", "corpus", ["x"])


def test_a_folder_of_old_outputs_is_put_up_for_a_cue(tmp_path, capsys):
    cue = make_cue()
    (tmp_path / "a.musicxml").write_bytes(two_staff(2))
    (tmp_path / "b.xml").write_bytes(two_staff(2, divisions=4))  # the same notes: one take
    (tmp_path / "c.abc").write_text(ABC)
    words = ["--film", cue.film.slug, "--put-up", cue.number, "--cohort", "old NotaGen outputs", "--json"]
    call_command("import_scores", str(tmp_path), *words)
    report = json.loads(capsys.readouterr().out)
    assert [row["take"] for row in report["files"]] == [1, 1, 2]
    assert list(cue.takes.values_list("number", "cohort")) == [(1, "old NotaGen outputs"), (2, "old NotaGen outputs")]
    with pytest.raises(CommandError, match="There is no cue 9m9 in a film called"):
        call_command("import_scores", str(tmp_path), "--film", cue.film.slug, "--put-up", "9m9")


def test_summary_for_people(tmp_path, capsys):
    (tmp_path / "a.xml").write_bytes(two_staff(2))
    call_command("import_scores", str(tmp_path / "a.xml"))
    assert capsys.readouterr().out.splitlines() == [
        f"imported  {tmp_path / 'a.xml'}",
        "1 imported, 0 duplicates, 0 refused",
    ]


@pytest.mark.django_db(transaction=True)
def test_waiting_draws_and_sounds_what_was_imported_and_nothing_else(tmp_path, capsys):
    other = request_rendering(version=make_version())
    (tmp_path / "a.xml").write_bytes(two_staff(2))
    call_command("import_scores", str(tmp_path / "a.xml"), "--wait", "--json")
    piece = json.loads(capsys.readouterr().out)["files"][0]["piece"]
    made = Rendering.objects.filter(version__piece__public_id=piece)
    assert [row.state for row in made] == [RenderingState.READY] * 2
    assert Job.objects.open().get().arguments["engraving_id"] == other.engraving.pk


def test_a_path_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(CommandError, match=r"There is no file or folder .*nowhere\."):
        call_command("import_scores", str(tmp_path / "nowhere"))


def test_zip_files_are_opened_and_every_file_in_them_has_its_line(tmp_path, capsys):
    inside = {
        "a/one.musicxml": two_staff(2),
        "a/again.xml": two_staff(2, divisions=6),
        "b/../../bad.xml": two_staff(3),
        "more.zip": mxl({"x.xml": two_staff(4)}),
        "read.me": b"hello",
        "__MACOSX/one.musicxml": b"junk",
    }
    (tmp_path / "all.zip").write_bytes(mxl(inside))
    with pytest.raises(CommandError, match="2 of 4 files were refused"):
        call_command("import_scores", str(tmp_path), "--json")
    report = json.loads(capsys.readouterr().out)
    parcel = f"{tmp_path}/all.zip"
    assert [(row["file"], row["status"], row["reason"]) for row in report["files"]] == [
        (f"{parcel}/a/one.musicxml", "imported", ""),
        (f"{parcel}/a/again.xml", "duplicate", ""),
        (f"{parcel}/b/../../bad.xml", "refused", "The compressed file names a path outside itself."),
        (f"{parcel}/more.zip", "refused", "A zip file inside a zip file is not opened."),
    ]
    assert report["passed_over"] == [f"{parcel}/read.me"]
    assert not list(tmp_path.parent.rglob("bad.xml"))


def test_a_zip_file_that_is_none_is_refused_by_its_name(tmp_path, capsys):
    (tmp_path / "a.zip").write_bytes(b"rubbish")
    with pytest.raises(CommandError, match="1 of 1"):
        call_command("import_scores", str(tmp_path / "a.zip"), "--json")
    assert json.loads(capsys.readouterr().out)["files"][0]["reason"] == "The compressed file is damaged or cut off."
