"""The lines of a text file that may have been written by anything: UTF-8, UTF-16, Windows-1252, with or without BOM."""

import codecs
import re

from curator.film.storyboard import Remark, StoryboardError
from curator.notation.errors import Sentence

MOST_BYTES = 5_000_000
MOST_LINE = 10_000
MOST_LINES = 100_000

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_OTHERS = (
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "Word, Excel, zip"),
    (b"\xd0\xcf\x11\xe0", "Word, Excel"),
    (b"{\\rtf", "RTF"),
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_WIDE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def read_lines(data: bytes) -> tuple[list[str], list[Remark]]:
    """The lines of a file without their ends, and what had to be guessed. Raises StoryboardError for no text."""
    if len(data) > MOST_BYTES:
        raise StoryboardError("The file is larger than %(size)d MB; storyboards and scripts are small.", size=5)
    for start, name in _OTHERS:
        if data.startswith(start):
            raise StoryboardError("The file is no plain text (%(name)s); save it as text and add that.", name=name)
    remarks: list[Remark] = []
    text = _decode(data, remarks)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not text.strip():
        raise StoryboardError("The file is empty.")
    if len(lines) > MOST_LINES:
        raise StoryboardError("The file has more than %(most)d lines; no film has so many.", most=MOST_LINES)
    for number, line in enumerate(lines, start=1):
        if len(line) > MOST_LINE:
            raise StoryboardError("Line %(line)d is longer than %(most)d letters.", line=number, most=MOST_LINE)
        if _CONTROL.search(line):
            lines[number - 1] = _CONTROL.sub(" ", line)
            remarks.append(Remark(number, Sentence("Signs that no text has were left out of the line.")))
    return lines, remarks


def _decode(data: bytes, remarks: list[Remark]) -> str:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        text = _guess(data, encoding, error, remarks)
    if text.count("\x00") or len(_CONTROL.findall(text)) * 50 > len(text):
        raise StoryboardError("This is not a text file.")
    return text


def _guess(data: bytes, encoding: str, error: UnicodeDecodeError, remarks: list[Remark]) -> str:
    """Text with some broken letters where most are UTF-8, else the old letters of Windows."""
    if encoding != "utf-8":
        raise StoryboardError("This is not a text file.") from error
    wide = len(_WIDE.findall(data))
    narrow = len(re.findall(rb"[\x80-\xff]", _WIDE.sub(b"", data)))
    if wide and wide * 2 >= narrow:
        line = data.count(b"\n", 0, error.start) + 1
        remarks.append(Remark(line, Sentence("A letter cannot be read and stands as \ufffd.")))
        return data.decode("utf-8-sig", "replace")
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        raise StoryboardError("This is not a text file.") from error
    remarks.append(Remark(0, Sentence("The file is not UTF-8; its letters were read as those of Windows (cp1252).")))
    return text
