"""The gate in its process: the same answers as without, and an end to what is too much."""

import pytest

from curator.notation import gate
from curator.notation.errors import Sentence
from curator.notation.gate import read_bounded
from curator.notation.intake import Refused, read_score
from tests.curator.notation.scores import two_staff


def test_the_answer_is_that_of_the_gate_itself():
    free = two_staff(title="Étude 🎹").replace(b"<beats>3</beats><beat-type>4</beat-type>", b"<senza-misura/>")
    here, there = read_score("\udcff.xml", free), read_bounded("\udcff.xml", free)
    assert there == here
    (warning,) = there.warnings
    assert isinstance(warning, Sentence)
    assert warning.values == {"bars": 2}  # so that it can be said in another language


def test_a_refusal_can_be_said_in_another_language_too():
    with pytest.raises(Refused, match="at most 1500") as refused:
        read_bounded("a.xml", two_staff(1501))
    assert refused.value.sentence.values == {"bars": 1501, "most": 1500}


def test_what_takes_too_long_is_stopped(monkeypatch):
    monkeypatch.setattr(gate, "SECONDS", 0.01)
    with pytest.raises(Refused, match="took too long"):
        read_bounded("a.xml", two_staff())


def test_what_takes_too_much_memory_is_refused(monkeypatch):
    monkeypatch.setattr(gate, "MEMORY_MB", 100)
    many = b"<direction><direction-type><words/></direction-type></direction>" * 100_000
    with pytest.raises(Refused, match="cannot be read"):
        read_bounded("a.xml", two_staff().replace(b"<note>", many + b"<note>", 1))
