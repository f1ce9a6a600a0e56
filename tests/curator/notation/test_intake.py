"""The gate: what may become a score, and why not."""

import pytest

from curator.notation.convert import musicxml_to_abc
from curator.notation.intake import Refused, clean_text, read_score
from curator.notation.musicxml import validate
from curator.notation.validity import validity
from tests.curator.notation.hostile import CONTAINER, mxl
from tests.curator.notation.scores import PIECE, needs_shared, note, satie, two_staff
from tests.shared import SHARED


def hands(left_bars: int = 2, names: tuple[str, str] = ("Right hand", "Left hand")) -> bytes:
    def part(number: int, bars: int, divisions: int, octave: int) -> str:
        first = (
            f"<attributes><divisions>{divisions}</divisions><time><beats>3</beats><beat-type>4</beat-type></time>"
            "<clef><sign>G</sign><line>2</line></clef></attributes>"
        )
        music = note("C", octave, 3 * divisions, 1, 1).replace("<staff>1</staff>", "")
        measures = "".join(
            f'<measure number="{i}">{first if i == 1 else ""}{music}</measure>' for i in range(1, bars + 1)
        )
        return f'<part id="P{number}">{measures}</part>'

    listed = "".join(
        f'<score-part id="P{i}"><part-name>{name}</part-name></score-part>' for i, name in enumerate(names, start=1)
    )
    return (
        f'<score-partwise version="4.0"><part-list>{listed}</part-list>'
        f"{part(1, 2, 2, 5)}{part(2, left_bars, 3, 3)}</score-partwise>"
    ).encode()


def test_good_score():
    intake = read_score("a.musicxml", two_staff(2))
    assert (intake.title, intake.composer, intake.bars, intake.notes) == ("Study", "A. Nonym", 2, 6)
    assert (intake.warnings, validate(intake.musicxml)) == ((), ())


def test_compressed_score():
    data = mxl({"META-INF/container.xml": CONTAINER, "a.xml": two_staff()})
    assert read_score("a.mxl", data).warnings == ()
    assert read_score("a.xml", data).warnings == ("The file is compressed, although its name does not end in .mxl.",)


def test_two_parts_become_two_hands_in_common_divisions():
    intake = read_score("a.xml", hands())
    assert (intake.notes, intake.warnings) == (4, ("Two parts were joined as the two hands of the piano.",))
    assert validate(intake.musicxml) == ()
    assert b"<divisions>6</divisions>" in intake.musicxml
    text = musicxml_to_abc(intake.musicxml).text
    assert validity(text, musicxml=intake.musicxml).valid
    assert text.endswith("[V:1]c6|[V:2]C,6|\n")


def test_free_time_gets_a_metre():
    free = two_staff().replace(b"<beats>3</beats><beat-type>4</beat-type>", b"<senza-misura/>")
    intake = read_score("a.xml", free)
    assert intake.warnings == ("Bars in free time were given a metre as long as they are (2).",)
    assert validity(musicxml_to_abc(intake.musicxml).text, musicxml=intake.musicxml).valid


def test_overlapping_notes_of_one_voice_get_a_voice_of_their_own():
    under = two_staff(1).replace(
        b"</measure>",
        b"<backup><duration>4</duration></backup>" + note("E", 4, 2, 1, 1).encode() + b"</measure>",
    )
    text = musicxml_to_abc(read_score("a.xml", under).musicxml).text
    assert text.splitlines()[-1] == "[V:1]c4 d2|[V:2]C,6|[V:3]x2 E2 x2|"


def test_hidden_and_cue_notes_are_left_out():
    hidden = two_staff(2).replace(b"<note>", b'<note print-object="no">', 1)
    intake = read_score("a.xml", hidden)
    assert (intake.notes, intake.warnings) == (5, ("Hidden or cue notes were left out: 1.",))


def test_impossible_details_beside_the_notes_cost_no_score():
    odd = two_staff(2).replace(b"<note>", b'<sound dynamics="-1.11" tempo="NaN"/><note default-x="left">', 1)
    program = b'</part-name><midi-instrument id="P1-I1"><midi-program>0</midi-program></midi-instrument>'
    intake = read_score("a.xml", odd.replace(b"</part-name>", program))
    left_out = "Details that break the rules of MusicXML were left out; no notes: 3."
    assert (intake.notes, intake.warnings, validate(intake.musicxml)) == (6, (left_out,), ())


def test_abc_is_taken_through_the_same_gate():
    intake = read_score("a.abc", ("X:1\nT:Étude\nC:Me\n" + PIECE).encode())
    assert (intake.title, intake.composer, intake.notes) == ("Étude", "Me", 36)


def test_ordinary_abc_is_counted_a_second_time():
    head = "X:1\nT:Two hands\nM:3/4\nL:1/8\n%%score { 1 | 2 }\nK:D\nV:1\nV:2 clef=bass\n"
    body = "V:1\n (3def g2 a2 | [df]6 |]\nV:2\n D,6 | D,6 |]\n"
    intake = read_score("a.abc", (head + body).encode())
    joined = "Two parts were joined as the two hands of the piano."
    assert (intake.bars, intake.notes, intake.warnings) == (2, 9, (joined,))
    odd = read_score("a.abc", (head + body.replace("g2", "(5gaaag")).encode())
    assert "The notes of the ABC text could not be counted a second time." in odd.warnings


def test_fingerprint_ignores_layout_voices_and_divisions_only():
    plain = read_score("a.xml", two_staff(2)).fingerprint
    assert read_score("a.xml", two_staff(2, divisions=96, title="Other")).fingerprint == plain
    assert read_score("a.xml", two_staff(2).replace(b"<voice>5<", b"<voice>7<")).fingerprint == plain
    assert read_score("a.xml", two_staff(2).replace(b"<step>D<", b"<step>E<", 1)).fingerprint != plain


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", two_staff(), "none of the endings"),
        ("a.xml", b"", "empty"),
        ("a.xml", b"%PDF-1.4", "PDF"),
        ("a.xml", b"MThd\0\0", "MIDI"),
        ("a.xml", b"X:1\nK:C\nc|", "ABC notation"),
        ("a.xml", b"<!DOCTYPE html><html>", "web page"),
        ("a.mxl", b"rubbish", "neither compressed"),
        ("a.mxl", mxl({"META-INF/container.xml": CONTAINER}), "does not hold"),
        ("a.mxl", mxl({"META-INF/container.xml": CONTAINER, "a.xml": mxl({})}), "another compressed"),
        ("a.mxl", mxl({"../a.xml": two_staff()}), "outside itself"),
        ("a.mxl", mxl({"a.xml": b" " * 31_000_000}), "more than 30 MB"),
        ("a.mxl", mxl({f"{i}.xml": b"" for i in range(70)}), "70 files"),
        ("a.mxl", mxl({"META-INF/container.xml": CONTAINER, "a.xml": two_staff()})[:-30], "damaged"),
        ("a.xml", two_staff(2001), "2001 bars"),
        ("a.xml", two_staff().replace(b"<pitch>", b"<pitch><step>C</step><alter>0.5</alter>"), "rules of MusicXML"),
        ("a.xml", two_staff().replace(b"</step>", b"</step><alter>0.5</alter>"), "quarter tones"),
        ("a.xml", two_staff().replace(b"<fifths>0", b"<fifths>9"), "seven sharps"),
        ("a.xml", hands(left_bars=1), "2 and 1 bars"),
        ("a.xml", hands(names=("Flute", "Cello")), "for Flute, Cello"),
        ("a.xml", two_staff().replace(b"<staff>2", b"<staff>1").replace(b"<staves>2", b"<staves>1"), "one staff"),
        ("a.abc", b"X:1\nK:C\nc|\n\nX:2\nK:C\nd|\n", "several tunes"),
        ("a.abc", b"X:1\n%%abc-include /etc/passwd\nK:C\nc|\n", "another file"),
        ("a.abc", b"\0\1\2", "no text|empty"),
    ],
)
def test_what_cannot_be_a_piano_score_is_refused_with_a_sentence(name, data, reason):
    with pytest.raises(Refused, match=reason):
        read_score(name, data)


def test_names_are_shown_safely():
    assert (
        clean_text("a\u202eb\x00c\n\ud83c\udfb9  d".encode("utf-16", "surrogatepass").decode("utf-16")) == "ab c 🎹 d"
    )
    assert len(clean_text("x" * 999)) == 200


@needs_shared
def test_duplicates_have_one_fingerprint():
    def of(name: str) -> str:
        return read_score(name, (SHARED / "hostile" / name).read_bytes()).fingerprint

    original = of("d01_original.musicxml")
    assert of("d03_other_divisions_layout.musicxml") == of("d09_hands_swapped_voices.musicxml") == original
    assert original not in (of("d05_transposed_diatonic.musicxml"), of("d07_one_note_changed.musicxml"))


@needs_shared
def test_every_satie_score_passes_the_gate():
    names = sorted(path.name for path in (SHARED / "scores" / "satie").iterdir() if path.suffix != ".csv")
    taken = [read_score(name, satie(name)) for name in names]
    assert len(taken) == 20
    assert {(intake.composer, intake.notes > 80) for intake in taken} == {("Erik Satie", True)}


@needs_shared
@pytest.mark.parametrize("name", ["mutopia_gnossienne_1.musicxml", "openscore_song_Ludions_1_Air_du_rat.mxl"])
def test_satie_becomes_a_valid_text(name):
    intake = read_score(name, satie(name))
    assert validity(musicxml_to_abc(intake.musicxml).text, musicxml=intake.musicxml).valid
