"""What may train and what may leave."""

import pytest
from django.utils import timezone

from curator.domain.errors import DomainError
from curator.domain.rights import (
    DEFAULT_COMPOSERS,
    AllowedComposer,
    awaiting_confirmation,
    confirm_rights,
    in_copyright,
    set_training_composers,
    training_bar,
    training_bars,
    training_composers,
    unconfirmed,
)
from curator.models.library import Origin, Piece, Rights, Source
from curator.models.rights import Purpose, RightsConfirmation, TrainingComposers
from tests.factories import make_user

pytestmark = pytest.mark.django_db

UNCONFIRMED = "It is in copyright, and nobody has confirmed that it may train."


def piece(composer: str, **fields) -> Piece:
    return Piece.objects.create(title="Etwas", composer=composer, origin=Origin.UPLOADED, **fields)


@pytest.mark.parametrize("composer", ["Erik Satie", "Satie, Erik", "ERIK SATIE (1866-1925)", "É. Satie"])
def test_whoever_stands_on_the_list_trains_however_he_is_written(composer):
    assert training_bar(piece(composer)) == ""


@pytest.mark.parametrize(
    ("composer", "why"),
    [
        ("Claude Debussy", "Claude Debussy is not on the list of composers that train."),
        ("Satierik", "Satierik is not on the list of composers that train."),
        ("", "No composer is named, so nobody knows whether it may train."),
        ("Ludovico Einaudi", UNCONFIRMED),
    ],
)
def test_who_does_not_train_is_told_why(composer, why):
    assert training_bar(piece(composer)) == why


def test_what_was_put_away_or_merged_does_not_train():
    kept = piece("Satie")
    assert training_bar(piece("Satie", archived_at=timezone.now())) == "It was put away."
    merged = piece("Satie", archived_at=timezone.now(), merged_into=kept)
    assert training_bar(merged) == "It was merged into another piece."


def test_the_source_knows_the_rights_better_than_the_name():
    free = Source.objects.create(name="Own hand", rights=Rights.CREATIVE_COMMONS)
    bound = Source.objects.create(name="Edition of 2020", rights=Rights.OWN_COPY)
    unknown = Source.objects.create(name="A shelf")
    assert training_bar(piece("Einaudi", source=free)) == ""
    assert training_bar(piece("Satie", source=bound)) == UNCONFIRMED
    assert training_bar(piece("Satie", source=unknown)) == ""
    assert training_bar(piece("Einaudi", source=unknown)) == UNCONFIRMED


def test_a_confirmation_names_its_pieces_and_holds_for_one_purpose_until_it_is_taken_back():
    owner = make_user()
    one, two = piece("Einaudi"), piece("Einaudi")
    row = confirm_rights(pieces=[one], purpose=Purpose.TRAINING, by=owner)
    assert (row.by, row.purpose, row.granted) == (owner, "training", True)
    assert row.named == [
        {"piece": one.public_id, "title": "Etwas", "composer": "Einaudi", "source": "", "rights": "unknown"}
    ]
    assert training_bars([one, two]) == {one.pk: "", two.pk: UNCONFIRMED}
    assert unconfirmed(pieces=[one, two], purpose=Purpose.TRAINING) == [two]
    assert unconfirmed(pieces=[one, two], purpose=Purpose.LEAVING) == [one, two]
    confirm_rights(pieces=[one], purpose=Purpose.TRAINING, by=owner, granted=False)
    assert training_bar(one) == UNCONFIRMED
    assert RightsConfirmation.objects.count() == 2


def test_nothing_is_confirmed_of_what_is_free():
    with pytest.raises(DomainError, match="not in copyright"):
        confirm_rights(pieces=[piece("Satie")], purpose=Purpose.LEAVING, by=None)
    with pytest.raises(DomainError, match="No piece"):
        confirm_rights(pieces=[], purpose=Purpose.LEAVING, by=None)
    assert not RightsConfirmation.objects.exists()


def test_the_list_is_the_owners_and_its_history_is_kept():
    owner = make_user()
    assert training_composers() == DEFAULT_COMPOSERS
    set_training_composers(composers=DEFAULT_COMPOSERS, by=owner)
    assert not TrainingComposers.objects.exists()  # nothing changed
    wanted = (AllowedComposer("Claude Debussy", Rights.PUBLIC_DOMAIN), AllowedComposer("Hania Rani", Rights.OWN_COPY))
    set_training_composers(composers=wanted, by=owner)
    assert training_composers() == wanted
    assert [training_bar(piece(name)) for name in ("Debussy, Claude", "Satie", "Debussy")] == [
        "",
        "Satie is not on the list of composers that train.",
        "Debussy is not on the list of composers that train.",
    ]
    assert in_copyright([piece("Rani, Hania"), piece("Einaudi")])[0].composer == "Rani, Hania"
    set_training_composers(composers=(), by=owner)
    assert training_composers() == ()
    assert TrainingComposers.objects.count() == 2


@pytest.mark.parametrize("name", ["", " - ", "x" * 201, "a\0"])
def test_what_is_no_name_does_not_come_on_the_list(name):
    with pytest.raises(DomainError, match="no name of a composer"):
        set_training_composers(composers=[AllowedComposer(name, Rights.UNKNOWN)], by=None)


def test_nobody_stands_on_the_list_twice():
    twice = [AllowedComposer("Erik Satie", Rights.UNKNOWN), AllowedComposer("Satie, Erik", Rights.PUBLIC_DOMAIN)]
    with pytest.raises(DomainError, match="twice"):
        set_training_composers(composers=twice, by=None)


def test_bars_of_many_pieces_cost_no_more_questions(django_assert_num_queries):
    for _ in range(2):
        piece("Einaudi", source=Source.objects.create(name=f"Shelf {Source.objects.count()}"))
        with django_assert_num_queries(3):
            training_bars(Piece.objects.select_related("source"))


def test_only_pieces_that_a_confirmation_would_let_train_wait_for_one():
    bound = Source.objects.create(name="Edition of 2020", rights=Rights.OWN_COPY)
    waiting = piece("Einaudi")
    piece("Debussy", source=bound)
    piece("Satie")
    piece("Einaudi", archived_at=timezone.now())
    assert awaiting_confirmation(Piece.objects.select_related("source")) == [waiting]
    confirm_rights(pieces=[waiting], purpose=Purpose.TRAINING, by=make_user())
    assert awaiting_confirmation(Piece.objects.select_related("source")) == []
