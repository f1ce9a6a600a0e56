"""What the notation says, in the reader's language."""

import ast
from pathlib import Path

import pytest
from django.utils.translation import override

import curator.notation
from curator.domain.sentences import SENTENCES, say
from curator.notation.errors import NotationError, Sentence
from curator.notation.intake import read_score

# The grammar of ABC itself speaks to those who write it; its sentences stay English.
GRAMMAR = {"abc.py", "bars.py", "keys.py", "lexer.py"}


def said() -> set[str]:
    """Every pattern in a call of Sentence, NotationError or Refused."""
    patterns = set()
    for path in Path(curator.notation.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if path.name in GRAMMAR or not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in ("Sentence", "NotationError", "Refused") and isinstance(node.args[0], ast.Constant):
                patterns.add(str(node.args[0].value))
    return patterns


def test_every_sentence_of_the_notation_is_known_to_the_catalogues():
    assert said() - set(SENTENCES) == set()


def test_say_puts_the_values_into_the_translated_pattern():
    with override("de"):
        assert say(Sentence("The file is larger than %(size)d MB.", size=20)) == "Die Datei ist größer als 20 MB."
        assert say("left as it is: 100%") == "left as it is: 100%"


def test_a_refusal_is_said_in_german():
    with override("de"), pytest.raises(NotationError) as refused:
        read_score("a.xml", b"%PDF")
    with override("de"):
        assert say(refused.value.sentence).startswith("Die Datei ist ein PDF;")
