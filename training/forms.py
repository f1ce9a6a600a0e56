"""What the training room's forms send, checked."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from curator.models.film import Film
from curator.preference.pairs import P_ORDER, P_ORDER_STRICT, Source
from training.domain.preferences import Choice

ALL_FILMS = "all"


class PreferenceForm(forms.Form):
    """Which judgements become pairs, and how. `own` tells that the cues to hold out were chosen on the page."""

    film = forms.ChoiceField(widget=forms.HiddenInput)
    source = forms.ChoiceField(
        label=_("Pairs"),
        required=False,
        choices=[
            ("", _("What suits the number of votes")),
            ("votes", _("Couples that were heard")),
            ("posterior", _("Every couple whose order is sure")),
        ],
    )
    threshold = forms.TypedChoiceField(
        label=_("How sure an order must be"),
        required=False,
        coerce=float,
        empty_value=str(P_ORDER),
        choices=[(str(P_ORDER), _("80 of 100")), (str(P_ORDER_STRICT), _("90 of 100"))],
        help_text=_("Only for couples whose order follows from other votes."),
    )
    uneven = forms.BooleanField(label=_("Keep pairs that teach length"), required=False)
    own = forms.BooleanField(required=False, widget=forms.HiddenInput)
    held = forms.MultipleChoiceField(required=False)

    def __init__(self, *args: Any, films: Iterable[Film], cues: Iterable[str] = (), **kwargs: Any) -> None:
        """`films` may be chosen, and `cues` (public ids) held out."""
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["film"]).choices = [
            (ALL_FILMS, ""),
            *((film.slug, film.title) for film in films),
        ]
        cast(forms.MultipleChoiceField, self.fields["held"]).choices = [(cue, cue) for cue in cues]

    @property
    def choice(self) -> Choice:
        """What was chosen, once the form is valid."""
        data = self.cleaned_data
        return Choice(
            source=cast(Source, data["source"]) if data["source"] else None,
            threshold=float(data["threshold"]),
            balanced=not data["uneven"],
            held_out=frozenset(data["held"]) if data["own"] else None,
        )
