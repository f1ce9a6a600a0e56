"""The German catalogues are whole: a new text without its translation fails here."""

import re

import pytest

from curator import catalogs


@pytest.mark.parametrize("app", catalogs.APPS)
def test_every_text_has_its_translation(app):
    problems = list(catalogs.check(app).lines())
    assert not problems, "run python manage.py messages, then translate:\n" + "\n".join(problems)


def test_texts_of_templates_and_python_are_found():
    texts = {catalogs._text(message) for message in catalogs.texts_of("curator") if message.id}
    assert {"Skip to content", "%(n)s job is open", "Spotted", "The job ends at its next step."} <= texts


@pytest.mark.parametrize("app", catalogs.APPS)
def test_one_thing_has_one_german_word(app):
    # Modellstand, Vorgänger, Stufe, Taktart, Lage, Synchronpunkt, Hörmodell, festhalten, übernehmen
    others = re.compile(r"\b(Checkpoint|Elternteil|Station|Metrum|Tonraum|Hits?\b|Encoder|[Ee]infr[io]|[Bb]eförder)")
    assert [text for text in german(app) if others.search(text)] == []


@pytest.mark.parametrize("app", catalogs.APPS)
def test_german_pages_address_nobody(app):
    address = re.compile(r"\b([Dd](u|ich|ir|ein(e[mnrs]?)?)|[Ee]uch|[Ee]uer|[Ee]ure[mnrs]?|Ihnen)\b")
    assert [text for text in german(app) if address.search(text)] == []


def german(app):
    strings = [text for message in catalogs.read(app) if message.id for text in _forms(message.string)]
    assert len(strings) > 100
    return strings


def _forms(string):
    return [string] if isinstance(string, str) else string
