"""The page of twins."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from curator.domain.sketches import SKETCH_JOB
from curator.domain.twins import decide_twins, undecided
from curator.models.jobs import Job
from curator.models.library import Piece, Source
from curator.models.twins import TwinAnswer, TwinDecision
from tests.curator.domain.test_twins import CHANGED, LONG, make_piece, version_of
from tests.curator.notation.test_sounding import moved

pytestmark = pytest.mark.django_db

URL = "/library/twins/"


def text(client, url: str = URL) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


def answer_for(client, one: Piece, other: Piece, answer: str, **more: str):
    return client.post(reverse("decide_twins", args=[one.public_id, other.public_id]), {"answer": answer, **more})


def test_without_twins_the_page_says_so(owner_client):
    make_piece(LONG)
    page = text(owner_client)
    assert "No twins" in page
    assert not Job.objects.filter(kind=SKETCH_JOB).exists()


def test_pairs_stand_side_by_side_with_how_they_are_alike(owner_client):
    source = Source.objects.create(name="Mutopia", rights="public_domain")
    make_piece(LONG, "Gnossienne <1>", composer="Erik Satie", source=source)
    make_piece(LONG, "Copy")
    page = text(owner_client)
    assert "The same notes" in page
    assert "Gnossienne &lt;1&gt;" in page
    assert "Mutopia" in page
    assert "These are two pieces" not in page  # the same notes are one music
    make_piece(CHANGED, "Nearly")
    assert "These are two pieces" in text(owner_client)
    assert "of 100 places are alike" in text(owner_client)


def test_what_is_not_compared_yet_is_given_to_a_worker(owner_client):
    version_of(Piece.objects.create(title="x", origin="uploaded"), LONG)
    assert "still being compared" in text(owner_client)
    assert Job.objects.filter(kind=SKETCH_JOB).count() == 1


@pytest.mark.parametrize(
    ("said", "answer", "kept"),
    [("first", "merged", 0), ("second", "merged", 1), ("both", "both", None), ("different", "different", None)],
)
def test_four_answers(owner_client, owner, said, answer, kept):
    pieces = make_piece(LONG, "one"), make_piece(CHANGED, "two")
    back = answer_for(owner_client, *pieces, said, page="1")
    assert (back.status_code, back["Location"]) == (302, URL)
    row = TwinDecision.objects.get()
    assert (row.answer, row.by, row.kept) == (answer, owner, None if kept is None else pieces[kept])
    page = text(owner_client)
    assert "Decided" in page
    assert "No twins" in page


@pytest.mark.parametrize("said", ["", "nonsense", "different"])
def test_an_answer_that_makes_no_sense_is_refused_in_words(owner_client, said):
    pieces = make_piece(LONG), make_piece(LONG)
    back = owner_client.post(
        reverse("decide_twins", args=[piece.public_id for piece in pieces]), {"answer": said}, follow=True
    )
    assert ("Say what" in back.content.decode()) or ("very same notes" in back.content.decode())
    assert not TwinDecision.objects.exists()


def test_taking_back_opens_the_question_again(owner_client):
    one, other = make_piece(LONG, "one"), make_piece(LONG, "two")
    row = decide_twins(one=one, other=other, answer=TwinAnswer.MERGED, kept=one, by=None)
    url = reverse("take_back_twins", args=[row.pk])
    assert "The question is open again" in owner_client.post(url, follow=True).content.decode()
    assert undecided().count() == 1
    assert "does not hold any more" in owner_client.post(url, follow=True).content.decode()


def test_pages_are_turned_patiently(owner_client):
    for number in range(6):
        make_piece(moved(LONG, number))  # fifteen pairs
    assert "1–10 of 15" in text(owner_client)
    assert "11–15 of 15" in text(owner_client, f"{URL}?page=2")
    for strange in ("0", "99", "x", "-1", "9" * 40):
        text(owner_client, f"{URL}?page={strange}")


def test_a_page_costs_the_same_for_one_pair_and_for_three(owner_client):
    make_piece(LONG)
    counts = []
    for number in (1, 2):
        make_piece(moved(LONG, number), source=Source.objects.create(name=str(number)))
        with CaptureQueriesContext(connection) as seen:
            text(owner_client)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_the_score_page_and_the_shelf_tell_of_twins(owner_client):
    one, other = make_piece(LONG, "one"), make_piece(moved(LONG, 2), "two")
    page = text(owner_client, reverse("score", args=[one.public_id]))
    assert "The same in another key or other note values:" in page
    assert reverse("score", args=[other.public_id]) in page
    assert 'href="/library/twins/">Twins <span class="n">1</span>' in text(owner_client, "/library/")
    decide_twins(one=one, other=other, answer=TwinAnswer.MERGED, kept=one, by=None)
    assert "This piece went into" in text(owner_client, reverse("score", args=[other.public_id]))


def test_who_may_not(client, rater_client):
    one, other = make_piece(LONG), make_piece(LONG)
    row = decide_twins(one=one, other=other, answer=TwinAnswer.BOTH, by=None)
    for url in (
        reverse("decide_twins", args=[one.public_id, other.public_id]),
        reverse("take_back_twins", args=[row.pk]),
    ):
        assert client.post(url).status_code == 302
        assert rater_client.post(url).status_code == 403
    assert rater_client.get(URL).status_code == 403
    assert TwinDecision.objects.count() == 1


def test_unknown_pieces_and_wrong_methods(owner_client):
    piece = make_piece(LONG)
    assert answer_for(owner_client, piece, Piece(public_id="nobody"), "both").status_code == 404
    assert owner_client.post(reverse("take_back_twins", args=[99])).status_code == 404
    assert owner_client.get(reverse("take_back_twins", args=[99])).status_code == 405
    assert owner_client.post(URL).status_code == 405
