import io
from fractions import Fraction

import pycmx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.film.edl import clip_names, read_edl
from curator.film.storyboard import Marker, ReadShot, StoryboardError
from curator.film.timecode import Clock
from tests.curator.film.storyboards import EDL

CLOCK = Clock(Fraction(25))


def read(text: str, clock: Clock = CLOCK):
    return read_edl(text.split("\n"), clock)


def told(board) -> list[tuple[int, str]]:
    return [(remark.line, str(remark.sentence)) for remark in board.remarks]


def test_events_clips_locators_and_a_dissolve():
    board = read(EDL)
    assert board.title == "LATERNE CUT 3"
    assert board.shots == (
        ReadShot(
            "", 4, clip="S01-001_v2.mov", frames=112, fields={"Reel": "AX", "Source": "00:00:00:00 – 00:00:04:12"}
        ),
        ReadShot(
            "",
            9,
            clip="S01-002.mov",
            frames=150,
            fields={
                "Reel": "AX",
                "Source": "00:00:00:00 – 00:00:06:00",
                "Transition": "D 012",
                "From Reel": "AX",
                "From Source": "00:00:00:00 – 00:00:00:00",
                "Clips": "S01-001_v2.mov, S01-002.mov",
            },
        ),
    )
    assert board.markers == (Marker(50, "RED", "DOOR"),)
    assert (board.transitions, told(board)) == (
        1,
        [
            (0, "1 events are sound alone; they give no length."),
            (
                0,
                "The edit list begins at 01:00:00:00, the film at 00:00:00:00; the film's settings can say the same.",
            ),
        ],
    )
    assert told(read(EDL, Clock(Fraction(25), start=90000))) == told(board)[:1]
    assert board.fields == {"FCM": "NON-DROP FRAME", "Notes": "003 AX 00:00:00:00 – 00:00:06:00"}


def test_gaps_overlaps_and_odd_lines_are_told():
    board = read(
        "TITLE: X\nFCM: NON-DROP FRAME\n"
        "001  A V C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\n"
        "M2   A 024.0\n"
        "002  B V C 00:00:00:00 00:00:01:00 00:00:01:10 00:00:02:10 trailing\n"
        "003  C V C 00:00:00:00 00:00:01:00 00:00:02:00 00:00:03:00\n"
        "004  D V C 00:00:00:00 00:00:00:00 00:00:03:00 00:00:03:00\n"
        "005  E V C 00:00:00:00 00:00:00:00 00:00:03:00 00:00:02:00\n"
    )
    assert [(shot.clip, shot.frames) for shot in board.shots] == [("A", 25), ("B", 25), ("C", 25)]
    assert [dict(shot.fields).get("Notes") for shot in board.shots] == ["M2   A 024.0", "trailing", None]
    assert told(board) == [
        (4, "“M2   A 024.0” is no line of an edit list that is known; it is kept as a note."),
        (5, "Before event 002 10 frames have no picture; no shot gets them."),
        (6, "Event 003 begins 10 frames before the one ahead of it ends."),
        (7, "Event 004 has no length; it was left out."),
        (8, "Event 005 ends before it begins; it was left out."),
    ]


def test_markers_of_resolve_are_no_shots():
    board = read(
        "TITLE: Markers\nFCM: NON-DROP FRAME\n\n"
        "001  001      V     C        01:00:10:00 01:00:10:01 01:00:10:00 01:00:10:01\n"
        " |C:ResolveColorBlue |M:The door |D:1\n",
        Clock(Fraction(25), start=90000),
    )
    assert (board.shots, board.markers) == ((), (Marker(250, "ResolveColorBlue", "The door"),))


def test_drop_frame_is_read_at_rates_that_have_it():
    text = "TITLE: X\nFCM: DROP FRAME\n001  A V C 00:00:00;00 00:01:00;02 00:00:00;00 00:01:00;02\n"
    assert read(text, Clock(Fraction(30000, 1001))).shots[0].frames == 1800
    with pytest.raises(StoryboardError, match="counts in drop-frame"):
        read(text)


def test_a_list_of_another_rate_is_refused_with_its_event():
    text = "TITLE: X\nFCM: NON-DROP FRAME\n001  A V C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:29\n"
    with pytest.raises(StoryboardError) as refused:
        read(text)
    assert str(refused.value) == (
        "Event 001 of the edit list does not fit the film: 00:00:01:29 does not exist at 25 frames a second."
    )


def test_a_list_of_sound_alone_is_refused():
    with pytest.raises(StoryboardError, match="no event with a picture"):
        read("TITLE: X\nFCM: NON-DROP FRAME\n001  A AA C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\n")


def test_every_name_of_an_event_is_known():
    shot = ReadShot("", 1, clip="a.mov", fields={"Reel": "R1", "Source file": "b.mov"})
    assert list(clip_names(shot)) == ["a.mov", "R1", "b.mov"]


events = st.lists(
    st.tuples(
        st.integers(1, 500),
        st.sampled_from(["S01-001.mov", "Laterne nah", "C_0042"]),
        st.sampled_from(["V", "B", "AA/V"]),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@given(events)
def test_another_reader_finds_the_same_events(told):
    lines, start = ["TITLE: CUT", "FCM: NON-DROP FRAME", ""], 90000
    for number, (frames, clip, channels) in enumerate(told, start=1):
        codes = [CLOCK.label(frame) for frame in (0, frames, start, start + frames)]
        lines.append(f"{number:03}  AX       {channels:<5} C        {' '.join(codes)}")
        lines.append(f"* FROM CLIP NAME: {clip}")
        start += frames
    others = [
        (edit.clip_name, CLOCK.frame(edit.record_out) - CLOCK.frame(edit.record_in))
        for event in pycmx.parse_cmx3600(io.StringIO("\n".join(lines))).events
        for edit in event.edits
    ]
    assert [(shot.clip, shot.frames) for shot in read("\n".join(lines)).shots] == others
    assert others == [(clip, frames) for frames, clip, _channels in told]
