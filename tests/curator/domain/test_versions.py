"""Versions: what the editor takes, and that nothing is ever overwritten."""

import pytest

from curator.domain.errors import DomainError
from curator.domain.versions import Change, bring_back, changes_between, check_text, revise_piece
from curator.models.jobs import Job
from curator.models.library import PieceVersion
from tests.factories import ABC, make_version

pytestmark = pytest.mark.django_db

OTHER = ABC.replace("e2 d2 c2", "g2 f2 e2")


def test_a_revision_is_a_new_version_with_all_that_an_import_has(owner):
    first = make_version()
    made = revise_piece(version=first, abc=OTHER.replace("\n", "\r\n") + "\n\n", created_by=owner)
    assert (made.piece, made.parent, made.number, made.created_by) == (first.piece, first, 2, owner)
    assert made.abc == OTHER
    assert "<score-partwise" in made.musicxml
    assert len(made.fingerprint) == 64
    assert (made.facts["bars"], made.facts["ambitus"]) == (2, [43, 79]) or made.facts["ambitus"] == (43, 79)
    assert Job.objects.get().kind == "curator.render"
    first.refresh_from_db()
    assert first.abc == ABC
    made.piece.refresh_from_db()
    assert (made.piece.metre, made.piece.bars) == ("3/4", 2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "There is no bar: no line begins with a voice."),
        (ABC, "Nothing has changed."),
        (ABC.replace("e2 d2 c2", "e2 d2"), "Bar 1: voice 1 is 1/2 long, another voice 3/4."),
        (f"%%abc-include /etc/passwd\n{ABC}", "A score must not include another file."),
        (ABC.replace("K:C\n", "K:C\nI:abc-include x\n"), "A score must not include another file."),
        (ABC.replace("c2|", "c2 [I:abc-include x]|", 1), "A score must not include another file."),
        (ABC.replace("K:C\n", "K:C\ni: ABC-Include x\n"), "A score must not include another file."),
        (ABC.replace("e2 d2 c2", "z6").replace("d4 c2", "z6"), "Staff 1 has no note at all."),
        ("%\0\n" + ABC, "The file is no text."),
        ("x" * 500_001, "The text is longer than 500000 signs."),
    ],
)
def test_what_is_no_piece_is_refused_with_a_sentence(text, sentence):
    version = make_version()
    with pytest.raises(DomainError) as caught:
        revise_piece(version=version, abc=text)
    assert str(caught.value) == sentence
    assert PieceVersion.objects.count() == 1


def test_an_include_reads_no_file(tmp_path):
    secret = tmp_path / "secret.abc"
    secret.write_text("T:never to be seen\n")
    for line in (f"%%abc-include {secret}", f"I:abc-include {secret}", f"% %%abc-include {secret}"):
        with pytest.raises(DomainError):
            check_text(abc=f"{line}\n{ABC}", piece=make_version().piece)


def test_free_bars_are_told_of_and_let_through():
    checked = check_text(abc=ABC.replace("d4 c2", "d4 c4").replace("G,,2 [", "G,,4 ["), piece=make_version().piece)
    assert checked.remarks[0] == "Bar 2 is 1/1 long, but the metre is 3/4."
    assert (checked.bars, checked.notes) == (2, 15)


def test_two_editors_of_one_version_get_two_numbers():
    first = make_version()
    assert [revise_piece(version=first, abc=OTHER.replace("g2", note)).number for note in ("a2", "b2")] == [2, 3]


def test_going_back_is_a_new_version_with_the_old_text():
    first = make_version(facts={"bars": 2}, converter="x")
    revise_piece(version=first, abc=OTHER)
    back = bring_back(version=first)
    assert (back.number, back.parent, back.abc, back.facts, back.converter) == (3, first, ABC, {"bars": 2}, "x")
    with pytest.raises(DomainError, match="already"):
        bring_back(version=first)


def test_changes_name_the_bar_of_the_newer_text():
    assert changes_between(before=ABC, after=ABC) == []
    bars = ABC.splitlines()[-2:]
    assert changes_between(before=ABC, after=ABC.replace("Q:1/4=60", "Q:1/4=72").replace("d4 c2", "d6")) == [
        Change(None, "Q:1/4=60", "Q:1/4=72"),
        Change(2, bars[1], bars[1].replace("d4 c2", "d6")),
    ]
    assert changes_between(before=ABC, after=ABC + bars[0] + "\n") == [Change(3, "", bars[0])]
    assert changes_between(before=ABC, after=ABC.replace(bars[0] + "\n", "")) == [Change(1, bars[0], "")]
