from fractions import Fraction

import pytest

from curator.film.intake import read_storyboard
from curator.film.storyboard import Kind, StoryboardError
from curator.film.timecode import Clock
from tests.curator.film.storyboards import EDL, EXAMPLE, SCRIPT

CLOCK = Clock(Fraction(25))
LIST = "Nr.;Szene;Beschreibung;Dauer\nS01-001;1;Türme über Öl;4,5\n"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (EXAMPLE, Kind.BREAKDOWN),
        (SCRIPT, Kind.SCRIPT),
        (LIST, Kind.SHOT_LIST),
        (EDL, Kind.EDIT_LIST),
        ("**Camera:** Wide\n**Composition:** Rows\n### S01-001\n", Kind.BREAKDOWN),
        ("### INT. A - TAG\n\nKisten; Staub, Licht; mehr.\n", Kind.SCRIPT),
        ("001  A V C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\n", Kind.EDIT_LIST),
    ],
)
def test_the_kind_shows_in_the_content(text, kind):
    assert read_storyboard(text.encode(), CLOCK).kind == kind


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_ends_of_lines(encoding, end):
    board = read_storyboard(LIST.replace("\n", end).encode(encoding), CLOCK)
    assert [(shot.description, shot.frames) for shot in board.shots] == [("Türme über Öl", 113)]
    guessed = ["The file is not UTF-8; its letters were read as those of Windows (cp1252)."]
    assert [str(remark.sentence) for remark in board.remarks] == (guessed if encoding == "cp1252" else [])


def test_one_broken_letter_does_not_break_the_others():
    data = EXAMPLE.encode().replace("→ Lost".encode(), b"\xe2\x86 Lost")
    board = read_storyboard(data, CLOCK)
    assert board.scenes[1].fields["Tone"] == "Worry → Relief"
    assert (56, "A letter cannot be read and stands as \ufffd.") in [(r.line, str(r.sentence)) for r in board.remarks]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty."),
        (b" \r\n\t\n", "The file is empty."),
        (b"%PDF-1.7 \n", "The file is no plain text (PDF)"),
        (b"PK\x03\x04abc", "The file is no plain text (Word, Excel, zip)"),
        (b"\x00\x01\x02" * 99, "This is not a text file."),
        (b"\xff\xfe\x00", "This is not a text file."),
        (b"\x81\x8d\x8f\x90", "This is not a text file."),
        (b"x" * 5_000_001, "The file is larger than 5 MB"),
        (b"### S01-001\n" + b"x" * 10_001, "Line 2 is longer than 10000 letters."),
        (b"\n" * 100_001 + b"x", "The file has more than 100000 lines"),
        (b'id;dauer\n1;"' + (b"x" * 9000 + b"\n") * 20, "This is neither a storyboard breakdown nor"),
        (b"Dear film team,\nall is well; see you, soon.\n", "This is neither a storyboard breakdown nor"),
        (b"".join(b"### S01-%05d\n" % n for n in range(6000)), "The file has more than 5000 shots"),
        (b"id;dauer\n" + b"".join(b"%d;1\n" % n for n in range(6000)), "The file has more than 5000 shots"),
        (b"INT. A - TAG\n\n" + b"x\n\n" * 6000, "The file has more than 5000 paragraphs"),
    ],
)
def test_hostile_files_are_refused_in_one_sentence(data, sentence):
    with pytest.raises(StoryboardError) as refused:
        read_storyboard(data, CLOCK)
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(
    "line",
    [
        "**" + " " * 9000 + "x",
        "„" * 9000,
        '"x' * 4500,
        "  **A:** " * 1000,
        "(" * 9000,
        "01:00:00:00 " * 800,
        ";" * 9000,
    ],
)
@pytest.mark.parametrize(
    ("head", "start", "kind"),
    [
        ("### S01-001", "**Audio:** ", Kind.BREAKDOWN),
        ("INT. A - TAG\n", "", Kind.SCRIPT),
        ("id;audio;dauer", "1;", Kind.SHOT_LIST),
        (
            "TITLE: X\nFCM: NON-DROP FRAME\n001  A V C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00",
            "* ",
            Kind.EDIT_LIST,
        ),
    ],
)
def test_long_lines_are_read_in_a_moment(head, start, kind, line):
    """Ways that are quadratic in the length of a line would take minutes here."""
    text = "\n".join([head, *[start + line] * 20])
    assert read_storyboard(text.encode(), CLOCK).kind == kind


def test_signs_of_no_text_are_taken_out_and_told():
    board = read_storyboard(EXAMPLE.replace("Stillness", "Still\x0bness").encode(), CLOCK)
    assert board.shots[0].fields["Tone"] == "Still ness"
    assert (18, "Signs that no text has were left out of the line.") in [
        (r.line, str(r.sentence)) for r in board.remarks
    ]
