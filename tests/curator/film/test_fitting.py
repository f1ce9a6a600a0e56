from fractions import Fraction
from itertools import pairwise
from math import gcd

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from curator.film.fitting import APART, BEST, BEST_MAPS, CHANGE, Aim, fit, judge
from curator.film.tempo import Metre, Place, Section, TempoMap

FRAME = Fraction(1, 24)
THREE, FOUR, SIX = Metre(3, 4), Metre(4, 4), Metre(6, 8)


@st.composite
def constructed(draw):
    """A plan, and the length and downbeats that it lands on: no other tempo of its metre in 50-90 does."""
    metre = draw(st.sampled_from([THREE, FOUR, SIX]))
    tempo = Fraction(draw(st.integers(500, 900)), 10) * metre.pulse
    bars = draw(st.integers(6, 40))
    on = draw(st.sets(st.integers(1, bars - 1), min_size=2, max_size=10))
    assume(gcd(bars, *on) == 1)
    return TempoMap.steady(metre, tempo), bars, sorted(on)


@settings(deadline=None)
@given(constructed())
def test_the_tempo_that_lands_on_every_hit_is_found_first(plan):
    tempo_map, bars, on = plan
    metre = tempo_map.sections[0].metre
    aims = [Aim(tempo_map.length(bar)) for bar in on]
    best = fit(tempo_map.length(bars), aims, frame=FRAME, metres=[metre]).steady[0]
    assert (best.tempo_map, best.bars, best.end) == (tempo_map, bars, 0)
    assert [(landing.place, landing.miss) for landing in best.landings] == [
        (Place(bar + 1, Fraction(1)), 0) for bar in on
    ]


@settings(deadline=None)
@given(constructed())
def test_the_tempo_is_found_when_hits_and_length_are_rounded_to_frames(plan):
    tempo_map, bars, on = plan
    length = round(tempo_map.length(bars) / FRAME) * FRAME
    aims = [Aim(round(tempo_map.length(bar) / FRAME) * FRAME) for bar in on]
    best = fit(length, aims, frame=FRAME, metres=[tempo_map.sections[0].metre]).steady[0]
    assert best.bars == bars
    assert best.holds(FRAME)


lengths = st.fractions(5, 240, max_denominator=100)
hits = st.lists(st.builds(Aim, st.fractions(0, 200, max_denominator=50), st.booleans(), st.floats(0.1, 5)), max_size=10)


@settings(deadline=None)
@given(lengths, hits, st.sampled_from([Fraction(0), Fraction(2)]))
def test_every_plan_is_what_it_says(length, aims, tail):
    aims = [aim for aim in aims if aim.seconds < length]
    found = fit(length, aims, frame=FRAME, tail=tail)
    assert len(found.steady) <= BEST
    assert len(found.maps) <= BEST_MAPS
    for plan in (*found.steady, *found.maps):
        told = judge(plan.tempo_map, plan.bars, length, aims)
        assert (told.landings, told.end) == (plan.landings, plan.end)
        assert -FRAME <= plan.end <= FRAME + tail
        tempi = [section.tempo for section in plan.tempo_map.sections]
        assert all(tempo * 100 == round(tempo * 100) for tempo in tempi)
        assert all(abs(after / before - 1) <= Fraction(str(CHANGE)) for before, after in pairwise(tempi))
        # tempi of a map are rounded, so they may lie a hundredth outside
        assert all(Fraction("49.99") <= tempo / plan.metre.pulse <= Fraction("90.01") for tempo in tempi)
        assert 1 <= len(tempi) <= 3


@settings(deadline=None)
@given(lengths, hits)
def test_the_best_ones_are_no_neighbours(length, aims):
    plans = fit(length, aims, frame=FRAME).steady
    for number, one in enumerate(plans):
        for other in plans[:number]:
            near = abs(one.tempo_map.sections[0].tempo / other.tempo_map.sections[0].tempo - 1)  # from the better
            assert one.metre != other.metre or near >= APART


def test_hits_that_no_single_tempo_meets_get_a_map():
    # two bars at 60, then the hit; four more at 63: no steady tempo has the hit on a bar and ends with one
    made = TempoMap((Section(1, FOUR, Fraction(60)), Section(6, FOUR, Fraction(63))))
    hit, end = made.length(5), made.length(12)
    found = fit(end, [Aim(hit)], frame=FRAME, low=58, high=66, metres=[FOUR])
    assert not any(plan.holds(FRAME) for plan in found.steady)
    best = found.maps[0]
    assert (best.tempo_map, best.bars) == (made, 12)
    assert best.landings[0].place == Place(6, Fraction(1))


def test_a_soft_hit_is_met_by_a_beat():
    found = fit(Fraction(48), [Aim(Fraction(23), hard=False)], frame=FRAME, low=60, high=60, metres=[THREE])
    assert [(plan.bars, plan.landings[0].place, plan.landings[0].miss) for plan in found.steady] == [
        (16, Place(8, Fraction(3)), 0)
    ]


def test_a_heavy_hit_wins_over_a_light_one():
    aims = [Aim(Fraction(20), weight=5), Aim(Fraction(47, 2), weight=0.1)]
    best = fit(Fraction(40), aims, frame=FRAME).steady[0]
    assert abs(best.landings[0].miss) < abs(best.landings[1].miss)


def test_a_named_tail_lets_the_music_ring_on():
    made = TempoMap.steady(THREE, 70)
    aims = [Aim(made.length(bar)) for bar in (4, 7, 9)]
    short = made.length(16) - 1
    assert not any(plan.holds(FRAME / 2) for plan in fit(short, aims, frame=FRAME, metres=[THREE]).steady)
    best = fit(short, aims, frame=FRAME, metres=[THREE], tail=Fraction(3)).steady[0]
    assert (best.tempo_map, best.bars, best.end) == (made, 16, 1)


def test_without_hits_the_middle_of_the_range_comes_first():
    plans = fit(Fraction(60), [], frame=FRAME, metres=[FOUR]).steady
    assert [(float(plan.tempo_map.sections[0].tempo), plan.bars) for plan in plans[:3]] == [
        (68, 17),
        (72, 18),
        (64, 16),
    ]


def test_nothing_fits_where_no_bar_does():
    assert fit(Fraction(1), [], frame=FRAME, metres=[FOUR]).steady == ()
    assert fit(Fraction(0), [], frame=FRAME).steady == ()
