import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.utils.translation import override

from generation.domain.desk import CardKind, TakeCard
from generation.models.requests import Candidate
from generation.notagen import guard, piece
from generation.templatetags.generation import GIVEN_UP, FitLine, density_path, fit_line, play_key, why_failed

CUE = SimpleNamespace(seconds=60.0)


def card(**fields: object) -> TakeCard:
    return TakeCard(**{"number": 3, "kind": CardKind.TAKE} | fields)  # type: ignore[arg-type] # fields, whichever


@pytest.mark.parametrize(
    ("fit", "tempo", "line"),
    [
        (None, None, None),
        (0.2, 60.2, FitLine(104.3, 104.6, "fits")),
        (-3.7, 56.3, FitLine(104.3, 97.9, "−3.7 s, or 56 bpm")),
        (6.0, 66.0, FitLine(104.3, 114.7, "+6.0 s, or 66 bpm")),
        (60.0, 120.0, FitLine(104.3, 121.5, "+60.0 s, or 120 bpm")),
    ],
)
def test_fit_line_says_how_long_a_take_is_against_its_cue(fit, tempo, line):
    assert fit_line(card(fit=fit, fitting_tempo=tempo), CUE) == line


def test_density_path_spans_the_field():
    assert density_path(card(density=(0, 4, 8))) == "M0.0 18.0 L60.0 10.0 L120.0 2.0"
    assert density_path(card(density=(3,))) == "M0 2.0H120"
    assert density_path(card()) == ""


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
