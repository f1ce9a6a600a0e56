"""What the addresses of the training files ask for."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from curator.models.library import Origin, Rights
from generation.models.checkpoints import Checkpoint
from generation.notagen.header import HEADER_STYLES
from training.domain.choosing import Choice
from training.recipes.data import Transposition

SHARES = (5, 10, 15, 20, 30, 50)
"""Percent of the works to measure with."""

KEYS = {
    Transposition.NEAR: _("Within three semitones"),
    Transposition.ALL: _("All fifteen"),
    Transposition.NONE: _("Its own only"),
}
_MOST = 200


class ChoiceForm(forms.Form):
    """How the files are made. What goes in is a list of values a page offers; see `choice_from`."""

    keys = forms.ChoiceField(
        label=pgettext_lazy("music", "Keys"),
        choices=[(str(key), label) for key, label in KEYS.items()],
        help_text=_("The nearer the oftener, as NotaGen draws them; all fifteen each as often."),
    )
    share = forms.TypedChoiceField(
        label=_("To measure with"), coerce=int, choices=[(share, f"{share}\u2009%") for share in SHARES], initial=10
    )
    base = forms.ChoiceField(label=_("For the checkpoint"), required=False)
    header = forms.ChoiceField(label=_("Header"), required=False)

    def __init__(self, data: Any = None, *, checkpoints: list[Checkpoint], chosen: Checkpoint | None) -> None:
        initial = {"base": chosen.public_id if chosen else ""}
        super().__init__(data or None, initial=initial, auto_id="id_set_%s")
        fields: dict[str, Any] = self.fields
        fields["base"].choices = [(row.public_id, row.name) for row in checkpoints]
        if not checkpoints:
            del fields["base"]
        own = pgettext_lazy("header", "The checkpoint's own")
        fields["header"].choices = [("", own), *((name, name) for name in HEADER_STYLES)]


def choice_from(query: QueryDict) -> Choice:
    """What an address asks for, read with patience: what makes no sense asks for nothing."""
    share = query.get("share", "")
    keys, header = query.get("keys", ""), query.get("header", "")
    return Choice(
        composers=_values(query, "composer"),
        tags=_values(query, "tag"),
        stages=_values(query, "stage"),
        origins=tuple(value for value in _values(query, "origin") if value in Origin.values),
        rights=tuple(value for value in _values(query, "rights") if value in Rights.values),
        transposition=Transposition(keys) if keys in {str(one) for one in Transposition} else Transposition.NEAR,
        eval_share=int(share) / 100 if share in map(str, SHARES) else 0.1,
        header=header if header in HEADER_STYLES else "",
        base=query.get("base", "")[:40],
    )


def _values(query: QueryDict, name: str) -> tuple[str, ...]:
    values = (value.strip()[:200] for value in query.getlist(name)[:_MOST])
    return tuple(dict.fromkeys(value for value in values if value and "\0" not in value))


class NameForm(forms.Form):
    """The name of a set."""

    name = forms.CharField(
        label=_("Name of the set"), required=False, max_length=80, help_text=_("Empty: the composers' names.")
    )
