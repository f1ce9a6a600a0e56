import io
from dataclasses import replace
from fractions import Fraction

import mido
from hypothesis import HealthCheck, given, settings

from curator.delivery.midi import Marker, companion_midi
from curator.delivery.musicxml import Exported, export_with_account
from curator.delivery.sheet import DeliveryError
from tests.curator.delivery.scores import GOLDEN, SHEET, back, score, voice
from tests.curator.delivery.test_musicxml import _scores

MARKED = (
    "<direction><direction-type><{0}/></direction-type><staff>{1}</staff></direction>"  # pedal marks, staff by staff
)


def _pedal(kind: str, staff: int = 2) -> str:
    return MARKED.format(f'pedal type="{kind}"', staff)


def _read(midi: bytes) -> mido.MidiFile:
    return mido.MidiFile(file=io.BytesIO(midi))


def _told(track: mido.MidiTrack) -> list[str]:
    """Each event as its tick and its words."""
    now, told = 0, []
    for event in track:
        now += event.time
        words = event.dict()
        kind = words.pop("type")
        told.append(f"{now} {kind} " + " ".join(str(v) for k, v in words.items() if k not in ("time", "channel")))
    return [line.strip() for line in told]


def _notes(file: mido.MidiFile) -> list[tuple[int, int, int, int]]:
    """(down, up, key, track) of every note; fails where a key goes down twice or stays down."""
    found = []
    for number, track in enumerate(file.tracks):
        now, down = 0, {}
        for event in track:
            now += event.time
            if event.type == "note_on":
                assert event.note not in down
                down[event.note] = now
            elif event.type == "note_off":
                found.append((down.pop(event.note), now, event.note, number))
        assert not down
    return sorted(found)


def test_companion_has_a_conductor_and_two_hands():
    exported = export_with_account(
        score(
            voice("C5:32 D5:32") + back(64) + _pedal("start") + voice("C3:64", number="5", staff=2) + _pedal("stop"),
            voice("E5:64") + back(64) + voice("C3:64", number="5", staff=2),
        ),
        replace(SHEET, tempo_map=((1, Fraction(133, 2)), (2, 80))),
    )
    markers = [Marker(Fraction(-1), "1m1 Über dem Meer – 灯"), Marker(Fraction(9, 2), "HIT Tür")]
    file = _read(companion_midi(exported, title="1m1 Dachboden", markers=markers))
    assert (file.type, file.ticks_per_beat, len(file.tracks)) == (1, 480, 3)
    assert [_told(track) for track in file.tracks] == [
        [
            "0 track_name 1m1 Dachboden",
            "0 set_tempo 902256",
            "0 time_signature 4 4 24 8",
            "0 key_signature C",
            "0 marker 1m1 Über dem Meer -",
            "1920 set_tempo 750000",
            "2160 marker HIT Tür",
            "3840 end_of_track",
        ],
        [
            "0 track_name Piano RH",
            "0 control_change 64 127",
            "0 note_on 72 65",
            "960 note_off 72 64",
            "960 note_on 74 62",
            "1920 note_off 74 64",
            "1920 control_change 64 0",
            "1920 note_on 76 65",
            "3840 note_off 76 64",
            "3840 end_of_track",
        ],
        [
            "0 track_name Piano LH",
            "0 control_change 64 127",
            "0 note_on 48 61",
            "1920 note_off 48 64",
            "1920 control_change 64 0",
            "1920 note_on 48 61",
            "3840 note_off 48 64",
            "3840 end_of_track",
        ],
    ]
    assert {event.channel for track in file.tracks for event in track if not event.is_meta} == {0}


def test_a_pedal_that_is_changed_goes_up_in_between():
    bar = (
        _pedal("start") + voice("C5:32") + _pedal("change") + voice("D5:32") + _pedal("stop")
        + back(64) + voice("C3:64", number="5", staff=2)
    )  # fmt: skip
    file = _read(companion_midi(export_with_account(score(bar), SHEET), title="x"))
    pedals = [line for line in _told(file.tracks[1]) if "control_change" in line]
    assert pedals == [
        "0 control_change 64 127",
        "960 control_change 64 0",
        "990 control_change 64 127",
        "1920 control_change 64 0",
    ]


def test_marks_of_both_staves_move_one_foot():
    bar = (
        _pedal("start", 1) + voice("C5:32") + _pedal("start", 2) + voice("D5:16") + _pedal("stop", 1) + voice("D5:16")
        + _pedal("stop", 2) + back(64) + voice("C3:64", number="5", staff=2)
    )  # fmt: skip
    file = _read(companion_midi(export_with_account(score(bar), SHEET), title="x"))
    pedals = [line for line in _told(file.tracks[2]) if "control_change" in line]
    assert pedals == ["0 control_change 64 127", "1920 control_change 64 0"]


def test_louder_marks_are_struck_harder_and_hairpins_rise():
    level = "<direction><direction-type><dynamics><{0}/></dynamics></direction-type></direction>"
    hairpin = '<direction><direction-type><wedge type="{0}"/></direction-type></direction>'
    left = back(64) + voice("r:64", number="5", staff=2)
    file = _read(
        companion_midi(
            export_with_account(
                score(
                    level.format("pp") + voice("C5:64") + left,
                    hairpin.format("crescendo") + voice("C5:16 D5:16 E5:16 F5:16") + hairpin.format("stop") + left,
                    level.format("ff") + voice("C5:64") + left,
                ),
                SHEET,
            ),
            title="x",
        )
    )
    struck = [event.velocity for event in file.tracks[1] if event.type == "note_on"]
    assert struck == sorted(struck)
    assert struck[0] < 45 < 100 < struck[-1]


def _ours(exported: Exported) -> list[tuple[int, int, int, int]]:
    return sorted(
        (round(tone.start * 480), round(tone.end * 480), int(tone.pitch.midi), tone.staff) for tone in exported.tones
    )


def test_the_converters_road_sounds_the_same_in_both_files():
    exported = export_with_account((GOLDEN / "converter_road.musicxml").read_bytes(), SHEET)
    assert _notes(_read(companion_midi(exported, title="x"))) == _ours(exported)


@given(source=_scores())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_note_is_lost_or_empty(source):
    try:
        exported = export_with_account(source, SHEET)
    except DeliveryError:
        return
    file = _read(companion_midi(exported, title="x"))
    notes = _notes(file)
    assert len(notes) == len(exported.tones)
    assert all(up > down for down, up, _key, _track in notes)
    ends = {sum(event.time for event in track) for track in file.tracks}
    assert ends == {round(exported.quarters * 480)}
