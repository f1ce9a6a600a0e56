from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from curator.delivery.contract import inspect
from curator.delivery.musicxml import Account, export, export_with_account
from curator.delivery.sheet import DeliveryError
from tests.curator.delivery.scores import GOLDEN, SHEET, back, ending, left, repeat, right, score, told, voice

WALTZ = score(
    voice("D5:48 A5:16") + back(64) + voice("D3:32 A3:32", number="5", staff=2),
    voice("r:16 G#4+B4:48") + back(64) + voice("E3:64", number="5", staff=2),
)


def test_export_writes_a_plain_score_as_the_contract_shows_it():
    assert export(WALTZ, SHEET).decode() == (GOLDEN / "plain.musicxml").read_text("utf-8")


def test_export_passes_every_check_of_the_contract():
    assert [check for check in inspect(export(WALTZ, SHEET), stem="1m1_dachboden_v2") if not check.ok] == []


def test_export_of_its_own_result_changes_nothing():
    once = export((GOLDEN / "converter_tuplets.musicxml").read_bytes(), SHEET)
    assert export(once, SHEET) == once


def test_export_of_the_converters_road_accounts_for_every_note():
    exported = export_with_account((GOLDEN / "converter_road.musicxml").read_bytes(), SHEET)
    assert told(exported.musicxml) == [
        "|1 r:2 D4:1 |5 R:3",
        "|1 A4:1/3 Bb4:1/3 C5:1/3 D5:1/8 E5:7/8~ ~E5:1 |5 D3:1 F3+A3:1 r:1",
        "|1 A4:2 Bb4:1 |5 D2:1 A2:1 D3:1",
        "|1 A4+D5:3 |5 D3:3",
        "|1 A4:1/3 Bb4:1/3 C5:1/3 D5:1/8 E5:7/8~ ~E5:1 |5 D3:1 F3+A3:1 r:1",
        "|1 A4:2 Bb4:1 |5 D2:1 A2:1 D3:1",
        "|1 F5:3 |2 r:2 D5:1 |5 D3:3",
        "|1 G5:1/8 F5:1/8 D5:2~ ~D5:3/4~ |5 D3:3",
        "|1 ~D5:3 |5 D3:3",
        "|1 G5:1/8 F5:1/8 D5:2~ ~D5:3/4~ |5 D3:3",
        "|1 ~D5:3 |5 D3:3",
    ]
    assert exported.account == Account(written=26, graces=3, repeated=18, merged=1, shortened=0, delivered=43, padded=1)
    assert (exported.bars, exported.metres) == (11, ("3/4",))
    assert exported.quarters == 33
    assert exported.seconds == Fraction(33 * 60 * 2, 133)


def test_export_takes_true_lengths_of_tuplets_that_the_converter_rounded():
    exported = export_with_account((GOLDEN / "converter_tuplets.musicxml").read_bytes(), SHEET)
    assert told(exported.musicxml) == [
        "|1 C5:1 C5:1 C5:1 C5:1 |5 C3:4",
        "|1 C5:2/7 D5:2/7 E5:2/7 F5:2/7 G5:2/7 A5:2/7 B5:2/7 C5:2 |5 C3:4",
        "|1 C5:1 C5:1 C5:2/5 D5:2/5 E5:2/5 F#5:2/5 G5:2/5 |5 C3:4",
        "|1 C6:1/8 C5:3~ ~C5:7/8 |5 D5:1/8 C3:3~ ~C3:7/8",
    ]


def test_export_follows_the_tempo_map_as_far_as_the_music_goes():
    sheet = replace(SHEET, tempo_map=((1, 60), (2, Fraction(72353, 1000)), (3, 90)))
    exported = export_with_account(WALTZ, sheet)
    root = etree.fromstring(exported.musicxml)
    marks = [
        (measure.get("number"), d.findtext("direction-type/metronome/per-minute"), sound.get("tempo"))
        for measure in root.iter("measure")
        for d in measure.findall("direction")
        for sound in d.findall("sound")
    ]
    assert marks == [("1", "60", "60"), ("2", "72.35", "72.35")]
    assert exported.seconds == 4 + Fraction(240) / Fraction("72.35")


@pytest.mark.parametrize(
    ("tempo_map", "sentence"),
    [
        ((), "The tempo map does not begin in bar 1."),
        (((2, 60),), "The tempo map does not begin in bar 1."),
        (((1, 60), (1, 62)), "The tempo map names bar 1 after bar 1."),
        (((1, 0.5),), "0.5 quarter notes a minute is no tempo; it must lie between 1 and 999."),
    ],
)
def test_export_refuses_a_tempo_map_that_does_not_fit(tempo_map, sentence):
    with pytest.raises(DeliveryError) as refused:
        export(WALTZ, replace(SHEET, tempo_map=tempo_map))
    assert (str(refused.value), refused.value.about) == (sentence, "tempo")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (b"", "The file is empty."),
        (score(voice("r:64")), "The score has no notes."),
        (score(), "The score has no bars."),
        (score(voice("C4:48 D4:32")), "Bar 1 holds 5 quarter notes in voice 1, but 4/4 has room for 4."),
        (score(voice("C4:64") + back(80)), "Bar 1 steps back before its own beginning."),
        (
            score(voice("C4:64")).replace(b"<divisions>16", b"<divisions>0"),
            "Bar 1 divides a quarter note into '0' parts.",
        ),
        (
            score(voice("C4:64")).replace(b"<duration>64", b"<duration>NaN"),
            "Bar 1 has a length that is no number: 'NaN'.",
        ),
        (score(voice("C4:64")).replace(b"<octave>4", b"<octave>x"), "Bar 1 has a note without a readable pitch."),
        (
            score(voice("C4:64")).replace(b"</part>", b"</part><part id='P2'/><part id='P3'/>"),
            "The score has 3 parts with 4 staves; a cue is one piano part with two staves.",
        ),
    ],
)
def test_export_refuses_what_is_no_cue_with_a_sentence(source, sentence):
    with pytest.raises(DeliveryError) as refused:
        export(source, SHEET)
    assert str(refused.value) == sentence


def test_export_takes_two_parts_as_two_hands():
    upper = score(voice("C5:64")).replace(b"<staves>2</staves>", b"")
    part = (
        '<part id="P2"><measure number="1"><attributes><divisions>4</divisions></attributes>'
        + voice("C3:16")
        + "</measure></part>"
    )
    two = upper.replace(b"</score-partwise>", part.replace("<staff>1</staff>", "").encode() + b"</score-partwise>")
    two = two.replace(b"<staff>1</staff>", b"").replace(
        b"<attributes><divisions>4</divisions>",
        b"<attributes><divisions>4</divisions><time><beats>4</beats><beat-type>4</beat-type></time>",
    )
    assert told(export(two, SHEET)) == ["|1 C5:4 |5 C3:4"]


def test_export_keeps_control_characters_and_markup_out_of_names():
    sheet = replace(
        SHEET, title="<script>\x00 & \u202e Bass\n", composer="\ud83c".encode("utf-16", "surrogatepass").hex()
    )
    root = etree.fromstring(export(WALTZ, sheet))
    assert root.findtext("work/work-title") == "1m1 <script> & Bass"
    assert root.findtext("part-list/score-part/part-name") == "Piano"


def test_export_carries_the_origin_as_miscellaneous_fields():
    root = etree.fromstring(export(WALTZ, replace(SHEET, facts=(("engine", "notagen 1"),))))
    assert {f.get("name"): f.text for f in root.iter("miscellaneous-field")} == {
        "cue": "1m1",
        "film": "Die kleine Laterne",
        "version": "2",
        "checkpoint": "demo 4f1c",
        "seed": "7",
        "engine": "notagen 1",
    }
    assert root.findtext("work/work-number") == "1m1"
    assert root.findtext("identification/encoding/encoding-date") == "2026-11-22"


def test_export_joins_the_short_bars_around_a_repeated_pickup():
    repeated = score(
        left(repeat("forward")) + voice("G4:16"),
        voice("C5:64"),
        voice("E5:48") + right(repeat("backward")),
        beats=4,
    )
    exported = export_with_account(repeated, SHEET)
    assert told(exported.musicxml) == [
        "|1 r:3 G4:1 |5 R:4",
        "|1 C5:4 |5 R:4",
        "|1 E5:3 G4:1 |5 R:4",
        "|1 C5:4 |5 R:4",
        "|1 E5:3 r:1 |5 R:4",
    ]
    assert exported.account.padded == 2


def test_export_ends_a_tie_that_its_ending_does_not_take_up():
    source = score(
        left(repeat("forward")) + voice("C5:64~"),
        left(ending("1", "start")) + voice("~C5:64") + right(ending("1", "stop"), repeat("backward")),
        left(ending("2", "start")) + voice("D5:64") + right(ending("2", "stop")),
    )
    assert told(export(source, SHEET)) == [
        "|1 C5:4~ |5 R:4",
        "|1 ~C5:4 |5 R:4",
        "|1 C5:4 |5 R:4",
        "|1 D5:4 |5 R:4",
    ]


def test_export_ends_a_note_where_its_key_is_struck_again_and_merges_equal_ones():
    source = score(
        voice("C4+E4:64")
        + back(64)
        + voice("r:16 C4:16 E4:32", number="2")
        + back(64)
        + voice("E4:32 G3:32", number="5", staff=2)
    )
    exported = export_with_account(source, SHEET)
    assert told(exported.musicxml) == ["|1 C4+E4:1~ ~E4:1 r:2 |2 r:1 C4:1 E4:2 |5 r:2 G3:2"]
    assert exported.account == Account(written=6, graces=0, repeated=0, merged=1, shortened=2, delivered=5, padded=0)


def test_export_folds_a_third_voice_into_two_lines_with_ties():
    source = score(
        voice("C5:64", number="1")
        + back(64)
        + voice("A4:16 G4:16 A4:16 G4:16", number="2")
        + back(64)
        + voice("E4:32 D4:32", number="3")
        + back(64)
        + voice("C3:64", number="5", staff=2)
    )
    assert told(export(source, SHEET)) == ["|1 E4+C5:2~ ~C5+D4:2 |2 A4:1 G4:1 A4:1 G4:1 |5 C3:4"]


_LENGTHS = st.sampled_from([4, 8, 12, 16, 24, 32])
_NAMES = st.sampled_from(["C4", "D4", "E4", "F#4", "Bb4", "C5", "G5", "C4+E4", "D4+Bb4", "r", "x"])


@st.composite
def _voices(draw: st.DrawFn, number: str, staff: int) -> str:
    words, filled = [], 0
    while filled < 64:
        length = min(draw(_LENGTHS), 64 - filled)
        name = draw(_NAMES)
        if name not in "rx" and draw(st.integers(0, 5)) == 0:
            words.append(f"{draw(st.sampled_from(['D5', 'F4', 'C4+A4']))}:g")
        tie = "~" if name not in "rx" and draw(st.booleans()) else ""
        words.append(f"{name}:{length}{tie}")
        filled += length
        if draw(st.integers(0, 9)) == 0:
            break
    return voice(" ".join(words), number=number, staff=staff) + back(filled)


@st.composite
def _scores(draw: st.DrawFn) -> bytes:
    bars = []
    for _ in range(draw(st.integers(1, 3))):
        bar = draw(_voices("1", 1)) + draw(_voices("5", 2))
        for number, staff in draw(
            st.sampled_from([[], [("2", 1)], [("2", 1), ("3", 1)], [("2", 1), ("6", 2), ("7", 2)]])
        ):
            bar += draw(_voices(number, staff))
        if draw(st.booleans()):
            bar += right(repeat("backward"))
        bars.append(bar)
    return score(*bars, fifths=draw(st.integers(-3, 3)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(source=_scores())
def test_export_of_any_bars_keeps_the_contract_and_the_account(source):
    if b"<pitch>" not in source:
        with pytest.raises(DeliveryError, match="has no notes"):
            export(source, SHEET)
        return
    exported = export_with_account(source, SHEET)
    account = exported.account
    assert [check.trouble for check in inspect(exported.musicxml) if not check.ok] == []
    assert account.delivered == account.written + account.repeated - account.merged
    assert export_with_account(exported.musicxml, SHEET).account == Account(
        written=account.delivered,
        graces=0,
        repeated=0,
        merged=0,
        shortened=0,
        delivered=account.delivered,
        padded=0,
    )
