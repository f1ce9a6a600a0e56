from fractions import Fraction

import pytest

from curator.film.shotlist import frames_of, looks_like_list, read_list
from curator.film.storyboard import ReadShot, StoryboardError
from curator.film.timecode import Clock, TimecodeError

CLOCK = Clock(Fraction(25))
DROP = Clock(Fraction(30000, 1001), drop=True)


def read(text: str, clock: Clock = CLOCK):
    return read_list(text.split("\n"), clock)


def told(board) -> list[tuple[int, str]]:
    return [(remark.line, str(remark.sentence)) for remark in board.remarks]


def test_a_german_list_with_semicolons_and_decimal_commas():
    board = read(
        "Nr.;Szene;Beschreibung;Dauer (s);Objektiv;Dialog;Ton;Übergang\n"
        "S01-001;1;Kisten;4,5;35 mm;;Wind;\n"
        'S01-002;1;Laterne;6;;Noch einmal;"„Ja“";Abblende\n'
        ";;;;;;;\n"
        "Summe;;;10,5;;;;\n"
    )
    assert board.shots == (
        ReadShot("S01-001", 2, "Kisten", frames=113, fields={"Objektiv": "35 mm", "Audio": "Wind"}),
        ReadShot(
            "S01-002", 3, "Laterne", "Noch einmal", frames=150, fields={"Audio": "„Ja“", "Transition": "Abblende"}
        ),
    )
    assert (board.audio, board.transitions) == (2, 1)
    assert told(board) == [(5, "The row “Summe 10,5” is a sum, no shot; it was left out.")]


def test_an_english_list_with_timecode_and_quotes():
    board = read(
        "scene,shot,clip name,tc in,tc out,dialogue\n"
        '1,1,A_v3.mov,01:00:00:00,01:00:04:12,"Ja, ""gut"""\n'
        "1,2,B.mov,01:00:04:12,01:00:04:12,\n"
        "2,1,C.mov,01:00:10:00,01:00:12:00,\n"
    )
    assert [(shot.code, shot.clip, shot.frames, shot.dialogue) for shot in board.shots] == [
        ("S01-001", "A_v3.mov", 112, 'Ja, "gut"'),
        ("S01-002", "B.mov", None, ""),
        ("S02-001", "C.mov", 50, ""),
    ]
    assert [scene.number for scene in board.scenes] == [1, 2]
    assert told(board) == [(3, "The row ends before it begins; it gives no length.")]


def test_lengths_follow_from_the_beginnings_alone():
    board = read("Einstellung\tTC\tBild\n1\t00:00:00:00\tEine Laterne\n2\t00:00:05:00\tKoffer\n")
    assert [(shot.code, shot.description, shot.frames) for shot in board.shots] == [
        ("1", "Eine Laterne", 125),
        ("2", "Koffer", None),
    ]
    assert told(board) == [(3, "The last shot has a beginning and no end; its length stays estimated.")]


def test_what_a_row_says_of_its_scene():
    board = read(
        "Bild;Szenenkopf;Nr;Dauer\n1;INT. A - TAG;;\n1;;1;2\n1;INT. A2 - TAG;2A;2\n2;INT. B - NACHT;1;2\n"
        ";;9;x\n1;;2a;1\n"
    )
    assert [(scene.number, scene.slug_line, [shot.code for shot in scene.shots]) for scene in board.scenes] == [
        (1, "INT. A - TAG", ["S01-001", "S01-002a", "S01-S01-002a"]),
        (2, "INT. B - NACHT", ["S02-001", "9"]),
    ]
    assert [shot.code for shot in board.shots] == ["S01-001", "S01-002a", "S02-001", "9", "S01-S01-002a"]
    assert board.shots[1].fields == {"Slug line": "INT. A2 - TAG"}
    assert board.shots[3].fields == {"Dauer": "x"}
    assert told(board) == [
        (6, "“x” is no length that can be read; write seconds or 00:00:04:12."),
        (7, "The shot id S01-002a comes twice; the second is called S01-S01-002a."),
    ]


def test_frames_and_a_word_of_excel():
    board = read("sep=;\nid;frames;Slate\nA;48;7\nB;-3;8\nC;2,5;\n;;9\n")
    assert [(shot.code, shot.frames, dict(shot.fields)) for shot in board.shots] == [
        ("A", 48, {"Slate": "7"}),
        ("B", None, {"Slate": "8", "frames": "-3"}),
        ("C", None, {"frames": "2,5"}),
    ]
    assert told(board) == [
        (4, "“-3” is no length that can be read; write seconds or 00:00:04:12."),
        (5, "“2,5” is no whole number of frames."),
        (6, "The row “9” has neither an id nor a length; it was left out."),
    ]


@pytest.mark.parametrize(
    ("text", "clock", "frames"),
    [
        ("4.5", CLOCK, 113),
        ("4,5 s", CLOCK, 113),
        ("0:04,5", CLOCK, 113),
        ("1:00:00", CLOCK, 90000),
        ("00:00:04:12", CLOCK, 112),
        ("108 f", CLOCK, 108),
        ("108 Bilder", CLOCK, 108),
        ("00:01:00;02", DROP, 1800),
        ("10", DROP, 300),
    ],
)
def test_lengths_in_every_notation(text, clock, frames):
    assert frames_of(text, clock) == frames


@pytest.mark.parametrize("text", ["", "lang", "-4", "1e5", "4:5:6:7:8", "00:00:00:25", "999999999", "4,5 f"])
def test_what_is_no_length_is_refused(text):
    with pytest.raises(TimecodeError):
        frames_of(text, CLOCK)


def test_a_table_without_known_columns_is_no_list():
    assert not looks_like_list(["a;b", "1;2"])
    with pytest.raises(StoryboardError, match="no row of column names"):
        read("a;b\n1;2\n")
    with pytest.raises(StoryboardError, match="no shot in the table"):
        read("id;Dauer\n")
