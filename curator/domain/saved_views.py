"""Named views of the library: an address that somebody comes back to."""

from django.db import transaction
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.models.accounts import User
from curator.models.library import SavedView

MOST_VIEWS = 50


def keep_view(*, name: str, address: str, by: User) -> SavedView:
    """Keep `address` (a query without ?) under `name`; a view that had the name is replaced.

    Raises DomainError for an empty or unreadable name and when there are MOST_VIEWS already.
    """
    name = " ".join(name.split())
    if not name or not name.isprintable():
        raise DomainError(_("A view needs a name that can be read."))
    if len(name) > 80:
        raise DomainError(_("The name of a view has at most 80 signs."))
    with transaction.atomic():
        User.objects.select_for_update().get(pk=by.pk)  # two windows keep one after the other
        mine = SavedView.objects.filter(created_by=by)
        if not mine.filter(name=name).exists() and mine.count() >= MOST_VIEWS:
            raise DomainError(_("There are %(most)d views already; take one away first.") % {"most": MOST_VIEWS})
        view, _new = SavedView.objects.update_or_create(created_by=by, name=name, defaults={"address": address[:2000]})
    return view


def forget_view(*, view: SavedView) -> None:
    """Take a view off the list. No piece is touched."""
    view.delete()
