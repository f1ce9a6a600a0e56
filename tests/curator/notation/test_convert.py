"""Conversion both ways by the scripts in their subprocess."""

from collections import Counter

import pytest

from curator.notation.abc import parse
from curator.notation.convert import abc_to_musicxml, clean_abc, musicxml_to_abc
from curator.notation.errors import NotationError
from curator.notation.interleave import interleave, split_bars, to_ascii
from curator.notation.musicxml import measures_of, note_count, read_xml, struck_count, validate
from curator.notation.validity import validity
from tests.curator.notation.scores import GOLDEN, HEADER, PIECE, needs_shared, satie, two_staff

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def heard_in_abc(text: str) -> list[Counter[tuple[object, ...]]]:
    return [
        Counter((n.pitch.midi, n.onset, n.length, n.held) for part in bar.parts for n in part.notes)
        for bar in parse(text).bars
    ]


def heard_in_xml(xml: bytes) -> list[Counter[tuple[object, ...]]]:
    def midi(find) -> int:
        return 12 * (int(find("pitch/octave")) + 1) + STEPS[find("pitch/step")] + int(find("pitch/alter") or 0)

    part = read_xml(xml).find("part")
    assert part is not None
    return [
        Counter(
            (
                midi(e.element.findtext),
                e.onset,
                e.length,
                any(tie.get("type") == "stop" for tie in e.element.findall("tie")),
            )
            for e in measure.events
            if e.pitched
        )
        for measure in measures_of(part)
    ]


@pytest.mark.parametrize("name", ["p1_simple", "p3_tuplets_grace", "p5_trio_minor"])
def test_abc_is_the_reference_text(name):
    made = musicxml_to_abc((GOLDEN / "xml" / f"{name}.musicxml").read_bytes())
    assert (made.text, made.warnings) == ((GOLDEN / "interleaved" / f"{name}.abc").read_text(), ())


def test_musicxml_keeps_every_note_is_valid_and_repeatable():
    made = abc_to_musicxml(PIECE, title="Cue 100%", composer="A\nB")
    xml = made.text.encode()
    assert heard_in_xml(xml) == heard_in_abc(PIECE)
    assert (note_count(xml), struck_count(xml)) == (parse(PIECE).heads, parse(PIECE).sounding)
    assert validate(xml) == ()
    assert validity(PIECE, musicxml=xml).valid
    assert read_xml(xml).findtext("work/work-title") == "Cue 100 percent"
    assert (made.warnings, b"<!DOCTYPE" in xml, b"encoding-date" in xml) == ((), False, False)


def test_raw_markers_and_prompt_lines_do_not_reach_the_converter():
    raw = "%Minimal\n" + HEADER + "[r:0/0][V:1]c8|[V:2]C8|\n"
    assert clean_abc(raw, title="T").splitlines()[:4] == ["X:1", "T:T", "%%score { 1 | 2 }", "L:1/8"]
    assert clean_abc(raw).endswith("[V:1]c8|[V:2]C8|\n")
    assert "Minimal" not in clean_abc(raw)


def test_notes_too_short_for_the_converter_are_refused():
    with pytest.raises(NotationError, match="Bar 1 has notes too short"):
        abc_to_musicxml(HEADER + "[V:1]c7 c/8c/8c/8c/8c/8c/8c/8c/8|[V:2]C8|\n")


def test_known_faults_of_the_script_are_kept_from_it():
    odd = two_staff(2).replace(
        b"<note>",
        b"<direction><direction-type><metronome><beat-unit>quarter</beat-unit><per-minute>ca. 76</per-minute>"
        b'</metronome></direction-type></direction><direction><direction-type><wedge type="continue"/>'
        b'</direction-type></direction><direction><direction-type><pedal type="change"/></direction-type>'
        b"</direction><note>",
        1,
    )
    odd = odd.replace(
        b"<staff>1</staff></note>",
        b'<accidental>sharp-down</accidental><staff>1</staff><lyric number="chorus"><text>la</text></lyric></note>',
        1,
    )
    assert validate(odd) == ()
    made = musicxml_to_abc(odd)
    assert "Q:1/4=76\n" in made.text
    assert [len(bar) for bar in heard_in_abc(made.text)] == [3, 3]


def test_words_become_ascii_and_words_with_barlines_go():
    words = "<direction><direction-type><words>{}</words></direction-type></direction><note>"
    source = two_staff(1).decode()
    kept = musicxml_to_abc(source.replace("<note>", words.format("très œil"), 1).encode())
    assert '"^tres oeil"' in kept.text
    gone = musicxml_to_abc(source.replace("<note>", words.format("a | [V:2] %"), 1).encode())
    assert '"' not in gone.text.split("[V:1]")[1]
    assert gone.warnings == ("Long or unreadable words were left out: 1.",)


def test_nothing_but_rubbish_is_refused():
    with pytest.raises(NotationError, match="no notes"):
        musicxml_to_abc(b"<score-partwise><part-list/></score-partwise>")


def test_split_bars_keeps_repeats_and_voltas():
    assert split_bars('|: c4 | d4 |1 "^a" e4 :|2 f4 |] ') == ["|:c4|", "d4|1", '"^a" e4:|2', "f4|]"]


def test_interleave_refuses_voices_of_different_length():
    with pytest.raises(NotationError, match="different numbers of bars"):
        interleave("L:1/8\nK:C\nV:1\nV:2\nV:1\nc8 | c8 | %2\nV:2\nc8 |\n")


def test_ascii():
    assert to_ascii("Fauré – «Œuvre» ♭夜") == "Faure - 'OEuvre' "


@needs_shared
@pytest.mark.parametrize("name", ["mutopia_gnossienne_2.musicxml", "mutopia_trois_valses_2_son_binocle.musicxml"])
def test_satie_round_trip_keeps_every_note(name):
    source = satie(name)
    made = musicxml_to_abc(source)
    assert heard_in_abc(made.text) == heard_in_xml(source)
    assert heard_in_xml(abc_to_musicxml(made.text).text.encode()) == heard_in_xml(source)
