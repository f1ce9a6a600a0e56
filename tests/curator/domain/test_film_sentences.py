"""What the readers of the film team's files say, in the reader's language."""

import ast
from fractions import Fraction
from pathlib import Path

import pytest
from django.utils.translation import override

import curator.film
from curator.domain.film_sentences import FILM_SENTENCES
from curator.domain.sentences import say
from curator.film.edl import read_edl
from curator.film.storyboard import StoryboardError
from curator.film.timecode import Clock
from tests.curator.film.storyboards import EDL

PLACES = {"Sentence": 0, "StoryboardError": 0, "TimecodeError": 0, "tell": 1}
"""Which argument of a call is a pattern."""


def said() -> set[str]:
    """Every pattern in these calls, and every one that a variable `pattern` holds first."""
    patterns = set()
    for path in Path(curator.film.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            value = None
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                value = node.args[PLACES[name]] if name in PLACES and len(node.args) > PLACES[name] else None
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "pattern":
                value = node.value
            if isinstance(value, ast.Constant):
                patterns.add(str(value.value))
    return patterns


def test_every_sentence_of_the_readers_is_known_to_the_catalogues():
    assert said() == set(FILM_SENTENCES)


def test_a_sentence_inside_a_sentence_is_translated_too():
    with pytest.raises(StoryboardError) as refused:
        read_edl(EDL.replace("00:00:06:00 01:00:04:12 01:00:10:12", "00:00:06:00 01:00:04:12 01:00:10:29").split("\n"),
                 Clock(Fraction(25)))  # fmt: skip
    with override("de"):
        assert say(refused.value.sentence) == (
            "Ereignis 002 der Schnittliste passt nicht zum Film: 01:00:10:29 gibt es bei 25 Bildern pro Sekunde nicht."
        )
