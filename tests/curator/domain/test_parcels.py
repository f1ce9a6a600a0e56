"""Zip files and lists that come in through the browser."""

import json

import pytest
from django.utils.translation import override

from curator import jobs
from curator.domain.errors import DomainError
from curator.domain.library import About, count_imports, forget_import, recent_imports, retry_import
from curator.domain.parcels import import_list, upload_file
from curator.jobs import claim
from curator.models.jobs import Job, JobState
from curator.models.library import Piece
from tests.curator.notation.hostile import mxl
from tests.curator.notation.scores import two_staff
from tests.factories import make_user
from tests.https_server import https_server

pytestmark = pytest.mark.django_db


def done(row: Job) -> Job:
    jobs.execute(row.pk)
    row.refresh_from_db()
    return row


def test_a_zip_file_becomes_an_upload_for_every_score_in_it():
    user = make_user()
    data = mxl({"a/b.xml": two_staff(2), "c.abc": b"", "more.zip": mxl({}), "d.pdf": b"", "../e.xml": two_staff(3)})
    row = done(upload_file(name="All.ZIP", data=data, about=About("T", "Me", tags=("x",)), created_by=user))
    assert (row.state, row.error) == (JobState.DONE, "")
    assert row.result == {
        "status": "parcel",
        "taken": 1,
        "refused": [
            ["c.abc", "The file is empty."],
            ["more.zip", "A zip file inside a zip file is not opened."],
            ["../e.xml", "The compressed file names a path outside itself."],
        ],
        "others": ["d.pdf"],
    }
    inner = Job.objects.open().get()
    assert (inner.arguments["name"], inner.created_by) == ("b.xml", user)
    assert done(inner).state == JobState.DONE
    piece = Piece.objects.get()
    assert (piece.title, piece.composer, [tag.name for tag in piece.tags.all()]) == ("Study", "Me", ["x"])


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.zip", b"rubbish", "damaged"),
        ("a.zip", mxl({"a.txt": b""}), "no score"),
        ("a.json", b"rubbish", "not JSON"),
        ("a.json", b"{}", "no list"),
        ("a.txt", b"x", "none of the endings"),
    ],
)
def test_what_needs_no_worker_is_refused_at_once(name, data, reason):
    with pytest.raises(DomainError, match=reason):
        upload_file(name=name, data=data)
    assert Job.objects.count() == 0


def test_a_list_is_worked_through_and_what_is_left_is_done_again():
    with https_server() as server:
        server.answers["/a.xml"] = (200, {}, two_staff(2))
        server.answers["/b.xml"] = (503, {}, b"")
        lines = [{"url": server.url("/a.xml")}, {"url": server.url("/b.xml")}]
        row = upload_file(name="list.json", data=json.dumps(lines).encode(), created_by=make_user())
        run = claim(row.pk)
        assert run is not None
        arguments = {name: value for name, value in row.arguments.items() if name != "name"}
        with override("de"):  # as another page may have left it
            result = import_list(**arguments, run=run, fetcher=server.fetcher())
        refused = [[server.url("/b.xml"), "The server answers 503."]]
        assert result == {
            "status": "list",
            "sums": {"imported": 1, "duplicate": 0, "refused": 1},
            "left": 1,
            "refused": refused,
        }
        row.refresh_from_db()
        assert (row.progress_done, row.progress_total) == (2, 2)
        server.answers["/b.xml"] = (200, {}, two_staff(3))
        again = import_list(**arguments, run=run, fetcher=server.fetcher())
        assert again["sums"] == {"imported": 2, "duplicate": 0, "refused": 0}
        assert [path for _host, path in server.asked] == ["/a.xml", "/b.xml", "/b.xml"]


def test_lists_and_zip_files_stand_among_the_uploads_and_can_be_run_again_or_forgotten():
    row = done(upload_file(name="a.zip", data=mxl({"a.abc": b""})))
    assert (recent_imports(), count_imports()) == ([row], (0, 0))
    again = retry_import(job=row)
    assert (again.kind, count_imports()) == ("library.parcel", (1, 0))
    forget_import(job=done(again))
    assert recent_imports() == []
