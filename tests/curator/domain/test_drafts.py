import pytest

from curator.domain import drafts
from curator.domain.drafts import AT_ONCE, BarTrouble, Draft, read_draft
from tests.factories import ABC


@pytest.fixture(autouse=True)
def _nothing_kept():
    drafts._KEPT.clear()
    yield
    drafts._KEPT.clear()


def test_a_text_that_holds_is_drawn_once():
    found = read_draft(abc=ABC)
    assert (found.bars, found.notes, found.troubles, found.trouble) == (2, 15, (), "")
    assert found.svg.startswith("<svg")
    assert read_draft(abc=ABC + "\n\n") is found


def test_a_bar_that_does_not_add_up_is_named_and_nothing_is_drawn():
    found = read_draft(abc=ABC.replace("d4 c2", "d4"))
    sentence = "Voice 1 is 1/2 long, another voice 3/4."
    assert found == Draft(2, (BarTrouble(2, sentence, fatal=True),), "", (), 0, "")
    assert found.fatal


def test_bars_off_the_metre_are_told_of_and_drawn():
    found = read_draft(abc=ABC.replace("d4 c2", "d4 c4").replace("G,,2 [", "G,,4 ["))
    assert [(one.bar, one.fatal) for one in found.troubles] == [(2, False)]
    assert found.svg
    assert not found.fatal


def test_what_nobody_should_look_into_is_refused():
    assert read_draft(abc="%%abc-include /etc/passwd").trouble == "A score must not include another file."
    assert read_draft(abc="").bars == 0


def test_who_comes_while_others_are_drawn_is_told_about_the_bars():
    for _ in range(AT_ONCE):
        drafts._free.acquire()
    try:
        assert read_draft(abc=ABC) == Draft(2, (), "", (), 0, "")
    finally:
        for _ in range(AT_ONCE):
            drafts._free.release()
    assert read_draft(abc=ABC).svg
