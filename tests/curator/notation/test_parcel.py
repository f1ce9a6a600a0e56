"""Zip files of many scores."""

import io
import zipfile

import pytest

from curator.notation import parcel
from curator.notation.errors import NotationError
from curator.notation.parcel import open_parcel
from tests.curator.notation.hostile import mxl


def opened(data: bytes) -> tuple[list[tuple[str, bytes, str]], tuple[str, ...]]:
    scores, others = open_parcel(io.BytesIO(data))
    return [(one.name, one.data, str(one.reason)) for one in scores], others


def test_scores_come_out_and_other_files_are_named():
    files = {"b/A.XML": b"1", "a.abc": b"2", "x.pdf": b"", ".DS_Store": b"", "__MACOSX/b/._A.XML": b""}
    assert opened(mxl(files)) == ([("b/A.XML", b"1", ""), ("a.abc", b"2", "")], ("x.pdf",))


def test_one_broken_file_costs_itself_only(monkeypatch):
    monkeypatch.setattr(parcel, "MOST_EACH", 2_000_000)
    whole = bytearray(mxl({"bad.xml": b"abcdefgh" * 9, "good.xml": b"x"}))
    at = whole.find(b"bad.xml") + len("bad.xml")
    whole[at : at + 4] = b"\xff" * 4
    found, _ = opened(bytes(whole))
    assert found == [("bad.xml", b"", "The compressed file is damaged or cut off."), ("good.xml", b"x", "")]
    bomb = mxl({"bomb.xml": b" " * 1_900_000, "big.xml": b"x" * 2_000_001, "inner.zip": b"", "/etc/a.xml": b""})
    assert [reason for _, _, reason in opened(bomb)[0]] == [
        "The file is packed more tightly than any score.",
        "The file is larger than 2 MB.",
        "A zip file inside a zip file is not opened.",
        "The compressed file names a path outside itself.",
    ]


def test_links_and_locked_files_are_not_opened():
    link = zipfile.ZipInfo("link.xml")
    link.external_attr = 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("locked.xml", b"secret")
    data = bytearray(buffer.getvalue())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rfind(mark) + offset] |= 1
    assert [reason for _, _, reason in opened(bytes(data))[0]] == [
        "This is a link, not a file.",
        "The compressed file is encrypted or packed in an unknown way.",
    ]


def test_what_goes_over_the_bound_on_all_together_is_named(monkeypatch):
    monkeypatch.setattr(parcel, "MOST_TOGETHER", 10)
    found, _ = opened(mxl({"a.xml": b"x" * 8, "b.xml": b"y" * 8, "c.xml": b"z"}))
    assert [(name, reason != "") for name, _, reason in found] == [("a.xml", False), ("b.xml", True), ("c.xml", False)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "damaged"),
        (b"PK\x05\x06", "damaged"),
        (mxl({"a.xml": b"x"})[:-5], "damaged"),
        (mxl({"a.txt": b"x"}), "holds no score"),
        (mxl({f"{i}.xml": b"" for i in range(2001)}), "2001 files"),
        (mxl({f"{i:0200}.xml": b"" for i in range(9000)}), "list of contents"),
    ],
)
def test_what_is_no_sound_zip_file_is_refused(data, reason):
    with pytest.raises(NotationError, match=reason):
        open_parcel(io.BytesIO(data))
