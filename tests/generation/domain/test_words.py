"""The words that models know."""

import pytest

from generation.domain.words import read_vocabulary
from generation.models.checkpoints import Checkpoint

pytestmark = pytest.mark.django_db


def warning(period: str = "", composer: str = "", instrumentation: str = "") -> str:
    return read_vocabulary().never_seen(period=period, composer=composer, instrumentation=instrumentation)


def test_what_is_known_needs_no_warning():
    assert warning("Romantic", "Satie, Erik", "Keyboard") == ""
    assert warning() == warning("Romantic") == warning(composer="Satie, Erik") == ""


def test_strange_words_are_named_with_what_comes_near():
    said = warning("Modern", "Satie, Erik", "Piano")
    assert "No model here has seen: Modern, Piano." in said
    assert "Romantic / Satie, Erik / Keyboard" in said
    assert warning("Baroque", "Satie, Erik", "Keyboard").startswith("The models know these words, but not together.")


def test_the_checkpoints_of_this_installation_are_asked_too():
    words = {"combinations": [["Minimal", "Einaudi, Ludovico", "Keyboard"]]}
    assert "Einaudi, Ludovico" in warning("Minimal", "Einaudi, Ludovico", "Keyboard")
    Checkpoint.objects.create(name="own", kind="sft", sha256="a" * 64, size=1, header="bare-three", vocabulary=words)
    assert warning("Minimal", "Einaudi, Ludovico", "Keyboard") == ""
    assert "Einaudi, Ludovico" in read_vocabulary().composers
