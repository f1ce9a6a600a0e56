"""Listeners from outside: invited, shown the door, made nobody."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from curator.domain.accounts import consume_sign_in_link, create_sign_in_link, who_is_invited
from curator.domain.errors import DomainError
from curator.domain.ranking import change_judgement, record_judgement
from curator.domain.raters import (
    anonymise_rater,
    close_door,
    invite_rater,
    open_door,
    read_listeners,
    revoke_invitations,
)
from curator.domain.standings import read_standings
from curator.models.accounts import SignInLink, User
from curator.models.ranking import Judgement, Pair
from tests.factories import make_user
from tests.listening import cue_with_takes, hand, judge

pytestmark = pytest.mark.django_db


def test_an_invitation_lets_in_once():
    user, token = invite_rater(name="Mia")
    assert who_is_invited(token=token) == user
    assert consume_sign_in_link(token=token) == user
    assert consume_sign_in_link(token=token) is None
    assert who_is_invited(token=token) is None
    assert token not in str(SignInLink.objects.values().get())


def test_an_invitation_can_be_taken_back_and_a_new_one_ends_the_older():
    user, first = invite_rater(name="Mia")
    same, second = invite_rater(name="Mia")
    assert same == user
    assert consume_sign_in_link(token=first) is None
    assert revoke_invitations(user=user) == 1
    assert consume_sign_in_link(token=second) is None
    assert revoke_invitations(user=user) == 0


def test_an_invitation_ends_by_itself():
    user, token = invite_rater(name="Mia")
    assert SignInLink.objects.get(user=user).expires_at > timezone.now() + timedelta(days=13)
    SignInLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert consume_sign_in_link(token=token) is None


def test_invitations_are_for_listeners_with_a_name_and_an_open_door(owner):
    closed = make_user(role="rater", username="Max")
    close_door(user=closed)
    for name in ("", owner.username, "Max"):
        with pytest.raises(DomainError):
            invite_rater(name=name)


def test_a_closed_door_ends_sessions_links_and_pairs_at_once(rater):
    browser = Client()
    browser.force_login(rater)
    other = Client()
    other.force_login(make_user())
    token = create_sign_in_link(user=rater)
    hand(cue_with_takes(2), rater)
    close_door(user=rater)
    assert browser.get("/")["Location"].startswith("/sign-in/")
    assert other.get("/")["Location"].startswith("/films/")
    assert Session.objects.count() == 1
    assert consume_sign_in_link(token=token) is None
    assert not Pair.objects.filter(closed_at__isnull=True).exists()
    open_door(user=rater)
    assert browser.get("/")["Location"].startswith("/sign-in/")
    assert consume_sign_in_link(token=invite_rater(name=rater.username)[1]) == rater


def test_made_nobody_the_answers_stay_and_the_person_is_gone(owner):
    user = make_user(role="rater", username="Mia Muster", first_name="Mia", last_name="Muster", email="mia@example.org")
    create_sign_in_link(user=user)
    cue = cue_with_takes(3)
    [first, *_rest] = judge(cue, user, 5)
    change_judgement(judgement=first, rater=user, answer="tie", reason="Mia slipped")
    public_id, before = user.public_id, read_standings(cue=cue)
    anonymise_rater(user=user)
    told = str([*User.objects.values(), *Judgement.objects.values(), *SignInLink.objects.values()])
    for word in ("Mia", "Muster", "mia@example.org", public_id):
        assert word not in told
    user.refresh_from_db()
    assert (user.is_active, user.last_login) == (False, None)
    assert user.anonymised_at is not None
    assert Judgement.objects.filter(rater=user).count() == 6
    after = read_standings(cue=cue)
    assert [(row.take, row.strength) for row in after.rows] == [(row.take, row.strength) for row in before.rows]
    with pytest.raises(DomainError):
        open_door(user=user)


def test_owners_are_no_listeners(owner):
    for change in (close_door, open_door, anonymise_rater):
        with pytest.raises(DomainError):
            change(user=owner)


def test_read_listeners_counts_what_holds(owner, rater, django_assert_num_queries):
    cue = cue_with_takes(3)
    [judgement, *_rest] = judge(cue, rater, 3)
    change_judgement(judgement=judgement, rater=rater, answer="bad")
    record_judgement(pair=hand(cue, rater), rater=rater, answer="skip")
    judge(cue, owner, 2)
    mia, _token = invite_rater(name="Mia")
    with django_assert_num_queries(2):
        listeners = read_listeners()
    assert [(one.user, one.answers) for one in listeners] == [(mia, 0), (rater, 4)]
    assert listeners[0].invitation == SignInLink.objects.get(user=mia)
    assert listeners[1].invitation is None
    assert listeners[1].last_answer is not None
