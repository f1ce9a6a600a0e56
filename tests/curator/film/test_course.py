import pytest

from curator.film.course import Heard, lay_under, smooth

QUIET = Heard(1, 3.0, 3, 3 * (37 / 127) ** 4, 60.0, 0.0)
STRONG = Heard(2, 3.0, 24, 24 * (105 / 127) ** 4, 72.0, 0.4)
SILENT = Heard(3, 3.0, 0, 0.0, None, None)


def test_bars_lie_one_after_the_other_at_the_tempi_of_the_cue():
    moments = lay_under([QUIET, STRONG, SILENT], [[1, 60], [2, 90]], 10.0)
    assert [(round(moment.start, 6), round(moment.end, 6)) for moment in moments] == [(10, 13), (13, 15), (15, 17)]
    assert moments[0].middle == 11.5


def test_a_repeated_bar_has_the_tempo_of_its_written_number():
    bars = [QUIET, STRONG, QUIET, STRONG]
    lengths = [round(moment.end - moment.start, 6) for moment in lay_under(bars, [[1, 60], [2, 90]], 0)]
    assert lengths == [3, 2, 3, 2]
    assert [round(moment.end, 6) for moment in lay_under([QUIET], [], 0)] == [3]


def test_levels_are_on_one_scale_for_all_music():
    quiet, strong, silent = lay_under([QUIET, STRONG, SILENT], [[1, 60]], 0)
    # one note a second is one doubling above the sparsest of log2(24) doublings
    assert quiet.density == pytest.approx(0.218, abs=0.001)
    assert strong.density == pytest.approx(0.872, abs=0.001)
    assert quiet.loudness < 0.15 < 0.8 < strong.loudness
    assert (quiet.register, quiet.mode) == (0.5, 0.5)
    assert (strong.register, strong.mode) == (0.8, 1.0)
    assert (silent.density, silent.loudness, silent.register, silent.mode, silent.intensity) == (0, 0, None, None, 0)
    assert quiet.intensity < strong.intensity < 1


def test_a_faster_tempo_makes_the_same_bars_denser_and_louder():
    [slow], [fast] = lay_under([QUIET], [[1, 50]], 0), lay_under([QUIET], [[1, 100]], 0)
    assert (fast.density > slow.density, fast.loudness > slow.loudness) == (True, True)
    assert (fast.register, fast.mode) == (slow.register, slow.mode)


def test_nothing_is_smoothed_over_a_silence():
    assert smooth([0.0, 1.0, 0.0]) == [1 / 3, 0.5, 1 / 3]
    assert smooth([1.0, None, 0.0]) == [1.0, None, 0.0]
    assert smooth([]) == []


def test_a_bar_without_length_is_no_moment():
    assert lay_under([Heard(1, 0.0, 0, 0.0, None, None)], [[1, 60]], 0) == []
