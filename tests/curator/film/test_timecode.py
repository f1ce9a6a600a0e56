from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.film.timecode import RATES, Clock, TimecodeError, frame_rate

F24, F25, F30, F48, F50, F60 = (Fraction(n) for n in (24, 25, 30, 48, 50, 60))
F23976, F2997, F5994 = (Fraction(n * 1000, 1001) for n in (24, 30, 60))
CLOCKS = [
    Clock(F24), Clock(F25), Clock(F30), Clock(F48), Clock(F50), Clock(F60), Clock(F23976), Clock(F2997), Clock(F5994),
    Clock(F2997, drop=True), Clock(F5994, drop=True), Clock(Fraction(120)),
]  # fmt: skip

clocks = st.sampled_from(CLOCKS)


@pytest.mark.parametrize(
    ("clock", "frame", "label"),
    [
        (Clock(F25), 0, "00:00:00:00"),
        (Clock(F25), 24, "00:00:00:24"),
        (Clock(F25), 250, "00:00:10:00"),
        (Clock(F24), 86400 * 24 - 1, "23:59:59:23"),
        (Clock(F2997), 1800, "00:01:00:00"),
        (Clock(F2997, drop=True), 1799, "00:00:59;29"),
        (Clock(F2997, drop=True), 1800, "00:01:00;02"),
        (Clock(F2997, drop=True), 17981, "00:09:59;29"),
        (Clock(F2997, drop=True), 17982, "00:10:00;00"),
        (Clock(F2997, drop=True), 107892, "01:00:00;00"),
        (Clock(F2997, drop=True), 2589407, "23:59:59;29"),
        (Clock(F5994, drop=True), 3600, "00:01:00;04"),
        (Clock(F5994, drop=True), 35964, "00:10:00;00"),
        (Clock(F5994, drop=True), 215784, "01:00:00;00"),
        (Clock(F25, start=90000), 0, "01:00:00:00"),
        (Clock(F25, start=90000), 112, "01:00:04:12"),
        (Clock(F25, start=90000), -1, "00:59:59:24"),
        (Clock(Fraction(120)), 119, "00:00:00:119"),
    ],
)
def test_label_names_a_frame_and_back(clock, frame, label):
    assert clock.label(frame) == label
    assert clock.frame(label) == frame


def test_difference_of_labels_is_not_one_frame_short():
    clock = Clock(F25).starting_at("01:00:00:00")
    assert clock.frame("01:00:04:12") == 4 * 25 + 12
    assert clock.label(4 * 25 + 12) == "01:00:04:12"


@given(clocks, st.data())
def test_every_frame_has_its_own_label(clock, data):
    frame = data.draw(st.integers(0, clock.day - 1))
    assert clock.frame(clock.label(frame)) == frame


def test_the_clocks_here_are_those_of_all_rates():
    assert {frame_rate(name) for name in RATES} == {clock.fps for clock in CLOCKS} - {Fraction(120)}


@given(clocks, st.data())
def test_labels_rise_with_frames(clock, data):
    frame = data.draw(st.integers(0, clock.day - 2))
    assert clock.label(frame) < clock.label(frame + 1)


@given(clocks, st.data())
def test_labels_move_with_the_start_of_the_film(clock, data):
    start = data.draw(st.integers(0, clock.day - 1))
    frame = data.draw(st.integers(0, clock.day - 1 - start))
    assert Clock(clock.fps, clock.drop, start).label(frame) == clock.label(start + frame)
    assert clock.starting_at(clock.label(start)) == Clock(clock.fps, clock.drop, start)


@given(clocks, st.integers(-(10**7), 10**7))
def test_seconds_and_frames_are_exact_inverses(clock, frame):
    seconds = clock.seconds(frame)
    assert clock.frame_at(seconds) == frame
    assert clock.nearest_frame(seconds) == frame
    late = seconds + Fraction(2, 3) / clock.fps
    assert (clock.frame_at(late), clock.nearest_frame(late)) == (frame, frame + 1)


@given(st.integers(0, 86399), st.sampled_from([Clock(F2997, drop=True), Clock(F5994, drop=True)]))
def test_drop_frame_labels_follow_the_wall_clock(second, clock):
    # that is their purpose: never off by more than a minute's worth of dropped labels plus a frame
    label = clock.label(clock.frame_at(second))
    hours, minutes, seconds = (int(part) for part in label[:8].split(":"))
    shown = hours * 3600 + minutes * 60 + seconds + Fraction(int(label[9:]), clock.base)
    assert abs(shown - second) < Fraction(6, clock.base) + Fraction(86400, 10**6)


@pytest.mark.parametrize(
    ("clock", "label", "sentence"),
    [
        (Clock(F25), "1:2:3", "is not a timecode"),
        (Clock(F25), "00:60:00:00", "is not a timecode"),
        (Clock(F25), "00:00:00:25", "does not exist at 25"),
        (Clock(F25), "24:00:00:00", "does not exist at 25"),
        (Clock(F25), "00:00:00;00", "does not drop frames"),
        (Clock(F2997, drop=True), "00:01:00;01", "leaves it out"),
        (Clock(F5994, drop=True), "00:11:00;03", "leaves it out"),
        (Clock(F25), "٠٠:٠٠:٠٠:٠٠", "is not a timecode"),
    ],
)
def test_frame_refuses_a_label_that_does_not_exist(clock, label, sentence):
    with pytest.raises(TimecodeError, match=sentence):
        clock.frame(label)


def test_frame_reads_a_colon_on_a_drop_frame_clock():
    clock = Clock(F2997, drop=True)
    assert clock.frame("00:01:00:02") == clock.frame("00:01:00;02") == 1800


def test_clock_refuses_what_cannot_be():
    for make in (
        lambda: Clock(F25, drop=True),
        lambda: Clock(Fraction(0)),
        lambda: Clock(F25, start=-1),
        lambda: Clock(F25).label(-1),
        lambda: Clock(F25).label(86400 * 25),
    ):
        with pytest.raises(TimecodeError):
            make()


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("25", F25), (" 24 ", F24), ("23.976", F23976), ("23.98", F23976), ("29,97", F2997),
        ("59.94", F5994), ("30000/1001", F2997), ("12.5", Fraction(25, 2)),
    ],
)  # fmt: skip
def test_frame_rate_is_exact(text, rate):
    assert frame_rate(text) == rate


@pytest.mark.parametrize("text", ["", "fast", "1/0", "0", "-25", "1001", "nan", "inf"])
def test_frame_rate_refuses_the_rest(text):
    with pytest.raises(TimecodeError):
        frame_rate(text)
