import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.utils.translation import override

from generation.domain.cards import CardKind, TakeCard
from generation.domain.estimates import Estimate, Span
from generation.models.requests import Candidate
from generation.notagen import guard, piece
from generation.templatetags.generation import (
    GIVEN_UP,
    FitLine,
    ModeCurve,
    density_path,
    expectation,
    fit_facts,
    fit_line,
    mode_curve,
    play_key,
    span_words,
    why_failed,
)


def card(**fields: object) -> TakeCard:
    return TakeCard(**{"number": 3, "kind": CardKind.TAKE} | fields)  # type: ignore[arg-type] # fields, whichever


@pytest.mark.parametrize(
    ("fit", "tempo", "line"),
    [
        (None, None, None),
        (0.01, 60.0, FitLine(104.3, 104.3, "fits to the frame", "")),
        (0.2, 60.2, FitLine(104.3, 104.6, "fits, +5 frames", "")),
        (-0.042, 60.2, FitLine(104.3, 104.2, "fits, −1 frame", "")),
        (-3.7, 56.3, FitLine(104.3, 97.9, "−3.7 s, −89 frames", "or 56 bpm")),
        (6.0, 66.0, FitLine(104.3, 114.7, "+6.0 s, +144 frames", "or 66 bpm")),
        (60.0, 120.0, FitLine(104.3, 121.5, "+60.0 s, +1440 frames", "or 120 bpm")),
    ],
)
def test_fit_line_says_how_long_a_take_is_against_its_cue(fit, tempo, line):
    frames = None if fit is None else round(24 * fit)
    assert fit_line(card(goal=60.0, fit=fit, frames=frames, fitting_tempo=tempo)) == line


def measured(**facts: object) -> TakeCard:
    return card(take=SimpleNamespace(measure=SimpleNamespace(facts=facts), version=SimpleNamespace(facts={})))


def test_density_path_spans_the_field():
    assert density_path(measured(density=[0, 4, 8])) == "M0.0 18.0 L60.0 10.0 L120.0 2.0"
    assert density_path(measured(density=[3])) == "M0 2.0H120"
    assert density_path(measured()) == ""


def test_the_mode_is_drawn_around_the_middle_and_named():
    assert mode_curve(measured(mode=[0.5, None, -0.25])) == ModeCurve("M0.0 2.0 L120.0 14.0", "major and minor")
    assert mode_curve(measured(mode=[0.1, 0.2])) == ModeCurve("M0.0 8.4 L120.0 6.8", "major")
    assert mode_curve(measured(mode=[-0.1])) == ModeCurve("M0 11.6H120", "minor")
    assert mode_curve(measured(mode=[None])) is None
    assert mode_curve(measured()) is None


def test_fit_facts_say_bars_hands_and_hits():
    hits = [{"lands": True, "off": 0.02}, {"lands": False, "off": -0.34}, {"lands": False, "off": None}]
    facts = {"valid": True, "bars": 24, "widest": [9, 17], "beyond": [3, 4, 5, 6, 7], "landings": hits}
    assert fit_facts(measured(**facts)) == [
        "24 bars, all add up",
        "hands take 9 and 17 semitones",
        "too wide in bar 3, 4, 5, 6…",
        "1 of 3 hits met, at worst 340 ms off",
    ]
    assert fit_facts(measured(valid=False, irregular=[7, 9], bars=9)) == ["off the metre: bar 7, 9"]
    assert fit_facts(measured(valid=False, reason="No bar.")) == ["The text is no whole score."]
    assert fit_facts(card()) == []


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(20, 41, "20 to 41\u2009s"), (0.1, 0.4, "1\u2009s"), (61, 200, "1 to 3\u2009min"), (118, 122, "2\u2009min")],
)
def test_a_span_is_said_as_one_says_it(low, high, words):
    assert span_words(Span(low, high)) == words


def test_what_is_expected_is_a_sentence_or_two():
    known = Estimate(work=Span(20, 40), before=2, wait=Span(60, 130), workers=1, paused=False)
    assert expectation(known) == "It takes about 20 to 40\u2009s. 2 requests are before it (1 to 2\u2009min)."
    unknown = Estimate(work=None, before=0, wait=None, workers=0, paused=False)
    told = "How long it takes is known after the first takes of this checkpoint. No worker is up."
    assert expectation(unknown) == told
    assert expectation(replace(unknown, work=Span(1, 2), paused=True)).endswith("The writing is paused.")


def test_play_key_is_the_number_of_the_first_nine():
    assert [play_key(card(number=number)) for number in (1, 9, 10)] == ["1", "9", ""]


def test_every_word_of_the_guard_can_be_said_in_the_readers_language():
    sources = Path(guard.__file__).read_text() + Path(piece.__file__).read_text()
    said = set(re.findall(r'(?:return|refusal =) "(\w[^"]*)"', sources))
    assert said == set(GIVEN_UP)
    with override("de"):
        for words in said:
            assert why_failed(Candidate(reason=f"Bar 7 would not {words}.")).startswith("Takt 7")


def test_why_failed_without_a_reason_and_with_another():
    assert why_failed(Candidate()) == "This take could not be written."
    assert why_failed(Candidate(reason="The lamp went out.")) == "The lamp went out."
