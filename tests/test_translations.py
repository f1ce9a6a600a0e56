"""The German catalogues are whole: a new text without its translation fails here."""

import pytest

from curator import catalogs


@pytest.mark.parametrize("app", catalogs.APPS)
def test_every_text_has_its_translation(app):
    problems = list(catalogs.check(app).lines())
    assert not problems, "run python manage.py messages, then translate:\n" + "\n".join(problems)


def test_texts_of_templates_and_python_are_found():
    texts = {catalogs._text(message) for message in catalogs.texts_of("curator") if message.id}
    assert {"Skip to content", "%(n)s job is open", "Spotted", "The job ends at its next step."} <= texts
