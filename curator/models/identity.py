"""Public ids: what URLs and files show instead of database keys."""

import secrets
import string
from typing import TYPE_CHECKING, Any

from django.db import models

_ALPHABET = string.ascii_letters + string.digits


def new_public_id() -> str:
    """Twelve letters and digits, 71 random bits. No hyphen: at the beginning a command line takes it for an option."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(12))


if TYPE_CHECKING:
    _CharField = models.CharField[str, str]
else:
    _CharField = models.CharField  # not subscriptable at run time


class PublicIdField(_CharField):
    """A unique, opaque id that is made with the row and never changes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.update(max_length=16, unique=True, default=new_public_id, editable=False)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("max_length", "unique", "default", "editable"):
            kwargs.pop(fixed, None)
        return name, path, args, kwargs
