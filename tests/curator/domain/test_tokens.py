import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone

from curator.domain.errors import DomainError
from curator.domain.tokens import (
    CALLS_A_MINUTE,
    FETCH,
    LIST,
    PREFIX,
    TooMany,
    known_tokens,
    make_token,
    revoke_token,
    use_token,
)
from curator.models.accounts import Role
from curator.models.delivery import ApiToken

pytestmark = pytest.mark.django_db


def _made(owner, **changes):
    return make_token(**{"name": "dd", "scopes": [FETCH, LIST], "film": None, "days": 30, "by": owner} | changes)


def test_a_token_is_kept_as_its_hash_only(owner):
    row, text = _made(owner, name="  Digital   Director ")
    assert text.startswith(PREFIX)
    assert len(text) > 40
    assert (row.name, row.scopes, row.film) == ("Digital Director", [LIST, FETCH], None)
    assert row.token_sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert text not in str(ApiToken.objects.values())
    assert timedelta(days=29) < row.expires_at - timezone.now() <= timedelta(days=30)
    assert known_tokens() == [row]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "  "}, "A token needs a name"),
        ({"name": "x" * 81}, "A token needs a name"),
        ({"name": "a\u202eb"}, "A token needs a name"),
        ({"scopes": []}, "Say what the token may do"),
        ({"scopes": ["write"]}, "Say what the token may do"),
        ({"days": 4000}, "A token lives 7, 30, 90 or 365 days"),
    ],
)
def test_make_token_refuses_with_a_sentence(owner, changes, sentence):
    with pytest.raises(DomainError, match=sentence):
        _made(owner, **changes)
    assert not ApiToken.objects.exists()


def test_use_token_finds_a_good_one_and_notes_it(owner):
    row, text = _made(owner)
    assert use_token(text=text) == row
    row.refresh_from_db()
    assert row.calls == 1
    assert row.used_at is not None


def test_use_token_knows_no_bad_one(owner):
    row, text = _made(owner)
    assert use_token(text="") is None
    assert use_token(text=text + "x") is None
    ApiToken.objects.update(expires_at=timezone.now())
    assert use_token(text=text) is None
    ApiToken.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert use_token(text=text) == row
    owner.role = Role.RATER
    owner.save()
    assert use_token(text=text) is None
    owner.role, owner.is_active = Role.OWNER, False
    owner.save()
    assert use_token(text=text) is None
    owner.is_active = True
    owner.save()
    revoke_token(token=row)
    ended = ApiToken.objects.get().revoked_at
    assert use_token(text=text) is None
    revoke_token(token=row)
    assert ApiToken.objects.get().revoked_at == ended


def test_a_token_is_counted_by_the_minute(owner):
    row, text = _made(owner)
    other, other_text = _made(owner, name="other")
    for _call in range(CALLS_A_MINUTE):
        assert use_token(text=text) == row
    refused = use_token(text=text)
    assert isinstance(refused, TooMany)
    assert 1 <= refused.seconds <= 60
    assert use_token(text=other_text) == other
    ApiToken.objects.filter(pk=row.pk).update(counted_from=timezone.now() - timedelta(seconds=61))
    assert use_token(text=text) == row
    row.refresh_from_db()
    assert row.calls == 1
