from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.film.tempo import Metre, Place, Section, TempoError, TempoMap, bars_for, metre_of, tempo_for
from curator.film.timecode import Clock

WALTZ = TempoMap.steady(Metre(3, 4), 60)
# two bars of 3/4 at 60, one of 2/4 at 60, then 6/8 with a dotted beat of 60
CHANGING = TempoMap(
    (
        Section(1, Metre(3, 4), Fraction(60)),
        Section(3, Metre(2, 4), Fraction(60)),
        Section(4, Metre(6, 8), Fraction(90)),
    )
)

metres = st.builds(Metre, st.integers(1, 12), st.sampled_from([2, 4, 8, 16]))
tempi = st.fractions(20, 300, max_denominator=100)


@st.composite
def maps(draw):
    bars = [1, *sorted(draw(st.sets(st.integers(2, 40), max_size=4)))]
    return TempoMap(tuple(Section(bar, draw(metres), draw(tempi)) for bar in bars))


@pytest.mark.parametrize(
    ("place", "quarters", "seconds"),
    [
        (Place(1, Fraction(1)), 0, 0),
        (Place(2, Fraction(3)), 5, 5),
        (Place(3, Fraction(1)), 6, 6),
        (Place(4, Fraction(1)), 8, 8),
        (Place(4, Fraction(4)), Fraction(19, 2), 9),
        (Place(5, Fraction(1)), 11, 10),
        (Place(0, Fraction(1)), -3, -3),
    ],
)
def test_place_quarters_and_seconds_of_a_changing_map(place, quarters, seconds):
    assert CHANGING.quarters(place) == quarters
    assert CHANGING.seconds_of(place) == seconds
    assert CHANGING.place(quarters) == place
    assert CHANGING.place_at(seconds) == place


def test_place_is_written_as_bar_and_beat():
    assert str(Place(18, Fraction(9, 2))) == "18.4"


def test_length_counts_whole_bars():
    assert WALTZ.length(16) == 48
    assert CHANGING.length(5) == 12


@given(maps(), st.fractions(-100, 1000, max_denominator=1000))
def test_seconds_and_quarters_are_inverses(tempo_map, value):
    assert tempo_map.quarters_at(tempo_map.seconds(value)) == value
    assert tempo_map.seconds(tempo_map.quarters_at(value)) == value


@given(maps(), st.fractions(-100, 1000, max_denominator=1000))
def test_place_and_quarters_are_inverses(tempo_map, quarters):
    place = tempo_map.place(quarters)
    assert tempo_map.quarters(place) == quarters
    assert place.beat >= 1


@given(maps(), st.integers(-5, 60), st.integers(1, 60))
def test_later_bars_come_later(tempo_map, bar, more):
    assert tempo_map.seconds_of(Place(bar, Fraction(1))) < tempo_map.seconds_of(Place(bar + more, Fraction(1)))


def test_frame_of_a_bar_is_counted_from_the_cue():
    clock = Clock(Fraction(25)).starting_at("01:00:00:00")
    cue_in = clock.frame("01:02:59:08")
    assert WALTZ.frame_of(Place(5, Fraction(1)), clock, cue_in=cue_in) == cue_in + 12 * 25
    assert clock.label(WALTZ.frame_of(Place(5, Fraction(1)), clock, cue_in=cue_in)) == "01:03:11:08"
    assert WALTZ.place_of_frame(cue_in + 12 * 25, clock, cue_in=cue_in) == Place(5, Fraction(1))


@given(
    maps(),
    st.sampled_from([Clock(Fraction(24)), Clock(Fraction(30000, 1001), drop=True)]),
    st.integers(0, 10**5),
    st.integers(1, 60),
)
def test_frame_of_a_bar_misses_by_at_most_half_a_frame(tempo_map, clock, cue_in, bar):
    place = Place(bar, Fraction(1))
    frame = tempo_map.frame_of(place, clock, cue_in=cue_in)
    miss = clock.seconds(frame) - clock.seconds(cue_in) - tempo_map.seconds_of(place)
    assert abs(miss) * clock.fps <= Fraction(1, 2)


def test_tempo_for_fills_the_length_exactly():
    tempo = tempo_for(Fraction(38), bars=15, metre=Metre(3, 4))
    assert tempo == Fraction(1350, 19)
    assert TempoMap.steady(Metre(3, 4), tempo).length(15) == 38


def test_bars_for_rounds_to_whole_bars():
    assert bars_for(38, tempo=66, metre=Metre(3, 4)) == 14
    assert bars_for(1, tempo=60, metre=Metre(4, 4)) == 1
    assert bars_for(Fraction(15, 2), tempo=60, metre=Metre(3, 4)) == 3


@pytest.mark.parametrize(
    "make",
    [
        lambda: Metre(0, 4),
        lambda: Metre(3, 5),
        lambda: TempoMap(()),
        lambda: TempoMap((Section(2, Metre(3, 4), Fraction(60)),)),
        lambda: TempoMap.steady(Metre(3, 4), 0),
        lambda: TempoMap((*WALTZ.sections, *WALTZ.sections)),
        lambda: tempo_for(0, bars=4, metre=Metre(3, 4)),
        lambda: tempo_for(10, bars=0, metre=Metre(3, 4)),
        lambda: bars_for(10, tempo=0, metre=Metre(3, 4)),
    ],
)
def test_impossible_tempi_are_refused(make):
    with pytest.raises(TempoError):
        make()


@given(maps(), st.fractions(0, 600, max_denominator=1000))
def test_the_nearest_bar_is_nearer_than_its_neighbours(tempo_map, seconds):
    place = tempo_map.nearest_bar(seconds)
    assert place.beat == 1
    miss = abs(tempo_map.seconds_of(place) - seconds)
    for bar in (place.bar - 1, place.bar + 1):
        assert miss <= abs(tempo_map.seconds_of(Place(bar, Fraction(1))) - seconds)


@given(maps(), st.fractions(0, 600, max_denominator=1000))
def test_the_nearest_beat_is_a_beat_and_within_half_of_one(tempo_map, seconds):
    place = tempo_map.nearest_beat(seconds)
    here = tempo_map.place_at(seconds)
    section = next(section for section in reversed(tempo_map.sections) if section.bar <= max(here.bar, 1))
    miss = abs(tempo_map.seconds_of(place) - seconds)
    assert miss <= section.metre.pulse * 60 / section.tempo / 2
    at = next(section for section in reversed(tempo_map.sections) if section.bar <= max(place.bar, 1))
    assert (place.beat - 1) * Fraction(4, at.metre.unit) % at.metre.pulse == 0


@pytest.mark.parametrize(
    ("metre", "pulse"),
    [("3/4", 1), ("6/8", Fraction(3, 2)), ("3/8", Fraction(1, 2)), ("12/8", Fraction(3, 2)), ("2/2", 2)],
)
def test_the_felt_beat_of_a_metre(metre, pulse):
    assert (metre_of(metre).pulse, str(metre_of(metre))) == (pulse, metre)


@pytest.mark.parametrize("text", ["", "3", "3/", "/4", "a/4", "3/5", "-3/4", "³/4", "0/4"])
def test_texts_that_are_no_metre(text):
    with pytest.raises(TempoError):
        metre_of(text)
