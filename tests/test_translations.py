"""The German catalogues are whole: a new text without its translation fails here."""

import re

import pytest
from django.conf import settings

from curator import catalogs


@pytest.mark.parametrize("app", catalogs.APPS)
def test_every_text_has_its_translation(app):
    problems = list(catalogs.check(app).lines())
    assert not problems, "run python manage.py messages, then translate:\n" + "\n".join(problems)


def test_texts_of_templates_and_python_are_found():
    texts = {catalogs._text(message) for message in catalogs.texts_of("curator") if message.id}
    assert {"Skip to content", "%(n)s job is open", "Spotted", "The job ends at its next step."} <= texts


@pytest.mark.parametrize("app", catalogs.APPS)
def test_a_checkpoint_is_called_by_one_word(app):
    text = (settings.ROOT / app / "locale" / "de" / "LC_MESSAGES" / "django.po").read_text("utf-8")
    german = re.findall(r'^msgstr(?:\[\d\])? ((?:".*"\n)+)', text, re.MULTILINE)
    assert len(german) > 100
    assert [one for one in german if "Checkpoint" in one] == []  # "Modellstand"
