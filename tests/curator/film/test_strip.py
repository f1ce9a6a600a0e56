from curator.film.spans import CueSpan, StageSpan
from curator.film.strip import Strip, draw_strip


def test_draw_strip_puts_cues_on_the_curve():
    strip = draw_strip(
        seconds=60,
        stages=[StageSpan("Forgotten", 1, 0, 60, [0.0, 1.0])],
        cues=[CueSpan("1m1", "Dachboden", (), 0, 60)],
    )
    assert strip.line.startswith("M0 ")
    assert strip.line.endswith("L1312 20")
    (span,) = strip.spans
    assert (span.key, span.line, span.x) == ("1m1", strip.line, 656.0)
    assert 20 < span.y < 90


def test_draw_strip_without_a_curve_is_straight():
    assert draw_strip(seconds=4, stages=[], cues=[]) == Strip(
        "M" + "L".join(f"{round(1312 * i / 219, 1):g} 55" for i in range(220)), ()
    )
