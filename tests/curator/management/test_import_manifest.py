"""The command that works through the research bot's list."""

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from curator.management.commands.import_manifest import Command
from curator.models.library import Piece
from tests.curator.notation.scores import two_staff
from tests.https_server import Server, https_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(monkeypatch):
    with https_server() as started:
        monkeypatch.setattr(Command, "fetcher", staticmethod(started.fetcher))
        yield started


def write(path, *lines: dict[str, str]) -> str:
    path.write_text(json.dumps(lines))
    return str(path)


def test_rows_are_those_of_import_scores_with_the_address(server: Server, tmp_path, capsys):
    server.answers["/a.musicxml"] = (200, {}, two_staff(2))
    url, gone = server.url("/a.musicxml"), server.url("/gone.mxl")
    file = write(tmp_path / "list.json", {"url": url, "piece": "A"}, {"url": gone})
    with pytest.raises(CommandError, match="1 of 2 files were refused"):
        call_command("import_manifest", file, "--json")
    report = json.loads(capsys.readouterr().out)
    piece = Piece.objects.get()
    assert {name: report[name] for name in ("imported", "duplicates", "refused")} == {
        "imported": 1,
        "duplicates": 0,
        "refused": 1,
    }
    assert report["files"][0] == {
        "file": url,
        "url": url,
        "status": "imported",
        "reason": "",
        "warnings": [],
        "piece": piece.public_id,
        "like": None,
        "notes_in": 6,
        "notes_out": 6,
        "again": False,
        "known": False,
    }
    assert (report["files"][1]["url"], report["files"][1]["reason"]) == (
        gone,
        "There is nothing at this address (404).",
    )

    server.answers["/gone.mxl"] = (200, {}, two_staff(3))
    call_command("import_manifest", file, "--again")
    assert capsys.readouterr().out.splitlines()[-1] == "2 imported, 0 duplicates, 0 refused"
    assert [path for _host, path in server.asked] == ["/a.musicxml", "/gone.mxl", "/gone.mxl"]


def test_a_file_that_is_no_list_is_one_sentence(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_manifest", str(tmp_path / "none.json"))
    (tmp_path / "a.json").write_text("hello")
    with pytest.raises(CommandError, match=r"^The list is not JSON\.$"):
        call_command("import_manifest", str(tmp_path / "a.json"))
