"""The research bot's list: what is read of it, and what becomes of each address."""

import json

import pytest

from curator.domain.errors import DomainError
from curator.domain.library import import_score
from curator.domain.manifests import Line, import_lines, read_manifest, rights_of
from curator.downloads import Fetcher
from curator.models.downloads import Download
from curator.models.library import Piece, Rights, Source
from tests.curator.notation.hostile import mxl
from tests.curator.notation.scores import two_staff
from tests.https_server import Server, https_server

pytestmark = pytest.mark.django_db

PAGE = b"<!DOCTYPE html><html><title>IMSLP: Disclaimer</title></html>"
SCORE = two_staff(2)


@pytest.fixture
def server():
    with https_server() as started:
        yield started


def run(server: Server, *lines: Line, again: bool = False) -> list[tuple[str, str]]:
    found = import_lines(lines=lines, fetcher=server.fetcher(), again=again)
    return [(one.status, one.reason or one.how) for one in found]


def test_a_list_is_read_with_what_it_says_of_each_score():
    data = [
        {"url": " https://a/b ", "piece": "Gymnop\u0301edie", "composer": "Satie, Erik", "license": "CC0",
         "format": "mxl", "period": "Modern", "instrumentation": "Keyboard", "source": "Mutopia", "more": 1},
        "https://a/c",
        {"url": 3, "title": "x" * 300, "licence": "PD"},
        7,
    ]  # fmt: skip
    assert read_manifest(b"\xef\xbb\xbf" + json.dumps({"scores": data}).encode()) == [
        Line("https://a/b", "Gymnoṕedie", "Satie, Erik", "Modern", "Keyboard", "mxl", "Mutopia", "CC0"),
        Line("https://a/c"),
        Line("", piece="x" * 200, license="PD"),
        Line(""),
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a": 1}', "no list"),
        (b"3", "no list"),
        (json.dumps([{}] * 5001).encode(), "more than 5000 lines"),
        (b" " * 10_000_001, "larger than 10 MB"),
    ],
)
def test_what_is_no_list_is_refused(data, reason):
    with pytest.raises(DomainError, match=reason):
        read_manifest(data)


@pytest.mark.parametrize(
    ("licence", "rights"),
    [
        ("Public Domain", Rights.PUBLIC_DOMAIN),
        ("CC0 1.0", Rights.PUBLIC_DOMAIN),
        ("PD (Satie d. 1925)", Rights.PUBLIC_DOMAIN),
        ("CC BY-SA 4.0", Rights.CREATIVE_COMMONS),
        ("Creative Commons Attribution", Rights.CREATIVE_COMMONS),
        ("in copyright", Rights.OWN_COPY),
        ("ask them", Rights.UNKNOWN),
        ("", Rights.UNKNOWN),
    ],
)
def test_rights_from_the_words_of_a_licence(licence, rights):
    assert rights_of(licence) == rights


def test_a_score_becomes_a_piece_with_all_that_the_list_says(server: Server):
    server.answers["/get/12"] = (200, {"Content-Type": "application/octet-stream"}, SCORE)
    line = Line(server.url("/get/12"), "Gymnopédie", "Satie, Erik", "Modern", "Keyboard", "", "Mutopia", "CC BY-SA 4.0")
    (outcome,) = import_lines(lines=[line], fetcher=server.fetcher())
    piece = Piece.objects.select_related("source").get()
    assert (outcome.status, outcome.piece, outcome.title) == ("imported", piece.public_id, "Gymnopédie")
    assert (outcome.notes_in, outcome.notes_out) == (6, 6)
    assert (piece.composer, piece.period, piece.instrumentation, piece.origin) == (
        "Satie, Erik",
        "Modern",
        "Keyboard",
        "corpus",
    )
    source = piece.source
    assert source is not None
    assert (source.name, source.url, source.licence, source.rights) == (
        "Mutopia",
        line.url,
        "CC BY-SA 4.0",
        Rights.CREATIVE_COMMONS,
    )


def test_every_line_ends_with_its_reason_and_a_second_run_does_what_is_left(server: Server):
    server.answers |= {
        "/a.musicxml": (200, {}, SCORE),
        "/same.xml": (200, {}, two_staff(2, divisions=6)),
        "/page": (200, {"Content-Type": "text/html; charset=utf-8"}, PAGE),
        "/packed.zip": (200, {}, mxl({"x.xml": two_staff(4)})),
        "/flute.xml": (200, {}, SCORE.replace(b"<staff>2", b"<staff>3")),
        "/later.xml": (503, {}, b""),
    }
    paths = ("/a.musicxml", "/same.xml", "/page", "/packed.zip", "/flute.xml", "/later.xml", "/a.musicxml", "/none")
    lines = [
        *(Line(server.url(path)) for path in paths),
        Line(server.url("/x"), format="PDF"),
        Line(""),
        Line("http://scores.example/"),
    ]
    found = run(server, *lines)
    assert [status for status, _reason in found] == [
        *("imported", "duplicate", "refused", "imported", "refused", "refused", "imported"),
        *("refused",) * 4,
    ]
    reasons = [reason for _status, reason in found]
    assert reasons[1] == "same notes"
    assert reasons[2].endswith("open it in the browser and drop the file here.")
    assert reasons[4:6] == ["The part has 3 staves; a piano score has two.", "The server answers 503."]
    for part, reason in zip(("nothing at this", "PDF", "names no", "https://"), reasons[7:], strict=True):
        assert part in reason
    assert Source.objects.count() == Piece.objects.count() == 2

    server.asked.clear()
    server.answers["/later.xml"] = (200, {}, two_staff(3))
    assert [status for status, _reason in run(server, *lines)][5] == "imported"
    assert [path for _host, path in server.asked] == ["/later.xml"]
    assert Download.objects.get(url=server.url("/later.xml")).tries == 2

    server.asked.clear()
    assert [status for status, _reason in run(server, *lines, again=True)].count("refused") == 6
    assert [path for _host, path in server.asked] == ["/page", "/flute.xml", "/none"]


def test_a_run_that_was_cut_off_after_an_import_is_told_as_one(server: Server):
    server.answers["/a.xml"] = (200, {}, SCORE)
    line = Line(server.url("/a.xml"))
    assert run(server, line) == [("imported", "")]
    Download.objects.all().delete()
    assert run(server, line) == [("imported", "")]


def test_a_file_that_is_there_already_keeps_its_source(server: Server):
    piece = import_score(name="a.xml", data=SCORE).piece
    server.answers["/a.xml"] = (200, {}, SCORE)
    assert run(server, Line(server.url("/a.xml"), source="IMSLP")) == [("duplicate", "same file")]
    piece.refresh_from_db()
    assert (piece.source, Source.objects.count()) == (None, 0)


def test_nothing_of_this_machine_is_asked():
    lines = [Line("https://127.0.0.1/a.xml"), Line("https://localhost/a.xml"), Line("https://169.254.169.254/latest")]
    found = list(import_lines(lines=lines, fetcher=Fetcher(pause=0)))
    assert {(one.status, one.again) for one in found} <= {("refused", False), ("refused", True)}
    assert found[0].reason == "127.0.0.1 is not on the public network."
