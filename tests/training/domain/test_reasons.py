"""Everything that the recipes may say to the owner stands in the catalogues."""

import ast
from pathlib import Path

import pytest
from django.utils import translation

from training.domain.reasons import PATTERNS, SENTENCES, say_reason

RECIPES = Path(__file__).resolve().parents[3] / "training" / "recipes"
FOR_PEOPLE_WHO_WRITE_FILES = (
    "There is no bundle",
    "This bundle is of format",
    "There is no job file",
    "The job file is not JSON",
    "A job is a JSON object",
    "A job has no",
    "The job does not say",
    "A recipe is one of",
    "The base checkpoint is given by",
)
"""What only somebody reads who writes a job file by hand; the app writes its own."""


def said() -> list[str]:
    """Every sentence that a recipe raises or that a guard returns, with 1 for each value."""
    found = []
    for path in sorted(RECIPES.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            values: list[ast.expr] = []
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("JobError", "BundleError"):
                values = node.args[:1]
            elif isinstance(node, ast.Return) and path.name == "guards.py" and node.value:
                values = [node.value]
            found += [text for value in values if (text := written(value))]
    return found


def written(value: ast.expr) -> str:
    if isinstance(value, ast.Constant):
        return str(value.value)
    if isinstance(value, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "1" for part in value.values)
    return ""


def test_every_sentence_of_the_recipes_is_known():
    told = [text for text in said() if not text.startswith(FOR_PEOPLE_WHO_WRITE_FILES)]
    assert len(told) > 25
    missing = [text for text in told if say_reason(text) == text and not any(p.fullmatch(text) for p, _s in PATTERNS)]
    assert missing == []


def test_no_sentence_is_found_by_the_pattern_of_another():
    for sentence in SENTENCES:
        text = sentence
        for name in ("nats", "step", "count", "votes", "good", "recipe", "name", "value", "processes", "one", "other"):
            text = text.replace(f"%({name})s", "x1")
        assert [known for pattern, known in PATTERNS if pattern.fullmatch(text)] == [sentence]


@pytest.mark.parametrize(
    ("text", "german"),
    [
        ("The take a7 is there twice.", "Die Fassung a7 ist zweimal da."),
        ("The precision is float32 or bfloat16.", "Die Genauigkeit ist float32 oder bfloat16."),
        ("Something else.", "Something else."),
    ],
)
def test_a_sentence_is_said_in_the_readers_language_with_its_values(text, german):
    with translation.override("de"):
        assert say_reason(text) == german
