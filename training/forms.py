"""What the training room's forms send, checked."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.translation import gettext_lazy as _

from curator.domain.errors import DomainError
from curator.models.film import Film
from curator.preference.pairs import P_ORDER, P_ORDER_STRICT, Source
from generation.domain.checkpoints import Prompts, find_checkpoint, in_use
from generation.models.checkpoints import Checkpoint
from generation.notagen.header import HEADER_STYLES
from training.domain.preferences import Choice
from training.domain.rounds import RENTED, find_data
from training.models.sets import PreferenceSet, TrainingSet

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
    automatic = forms.BooleanField(
        label=_("Add pairs by the encoder's ear"),
        required=False,
        help_text=_("Top and bottom of twenty takes or more by likeness to the style; each weighs a quarter of yours."),
    )
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
            automatic=bool(data["automatic"]),
            held_out=frozenset(data["held"]) if data["own"] else None,
        )


class RoundForm(forms.Form):
    """What a round learns, from what, and where. The set says which recipe it is: pieces or preferences."""

    source = forms.ChoiceField(label=_("Learn from"))
    base = forms.ChoiceField(label=_("Start from the checkpoint"))
    executor = forms.ChoiceField(
        label=_("Train on"), choices=[("local", _("This machine")), (RENTED, _("A rented machine (RunPod)"))]
    )
    budget = forms.DecimalField(
        label=_("Budget in euros"),
        required=False,
        min_value=Decimal("0.01"),
        max_digits=6,
        decimal_places=2,
        help_text=_("For a rented machine: it saves its state and ends before it costs more."),
    )
    worst = forms.DecimalField(required=False, widget=forms.HiddenInput)
    agreed = forms.BooleanField(label=_("I agree to this price, deadline and worst case"), required=False)

    def __init__(
        self,
        given: Any,
        *,
        checkpoints: list[Checkpoint],
        training_sets: list[TrainingSet],
        preference_sets: list[PreferenceSet],
    ) -> None:
        """`given` may be a query that names only a part: the rest is proposed."""
        proposed = {
            "source": next((f"dpo:{row.public_id}" for row in preference_sets), None)
            or next((f"sft:{row.public_id}" for row in training_sets), ""),
            "base": in_use(checkpoints).public_id if checkpoints else "",
            "executor": "local",
            "budget": "5",
            "worst": "",
            "agreed": "",
        }
        values = proposed | {name: given[name] for name in proposed if given and given.get(name)}
        super().__init__(values, auto_id="id_round_%s")
        fields = cast(dict[str, forms.ChoiceField], self.fields)
        groups = (
            (_("Preferences"), [(f"dpo:{row.public_id}", row.name) for row in preference_sets]),
            (_("Training files"), [(f"sft:{row.public_id}", row.name) for row in training_sets]),
        )
        fields["source"].choices = [(name, rows) for name, rows in groups if rows]
        fields["base"].choices = [(row.public_id, row.name) for row in checkpoints]

    @property
    def ready(self) -> bool:
        """Whether there is anything to choose."""
        fields = cast(dict[str, forms.ChoiceField], self.fields)
        return bool(fields["source"].choices and fields["base"].choices)

    def clean(self) -> dict[str, Any]:
        """A rented machine needs a budget."""
        said = super().clean() or {}
        if said.get("executor") == RENTED and not said.get("budget") and "budget" not in self.errors:
            self.add_error("budget", _("A rented machine needs a budget in euros."))
        return said

    @property
    def rents(self) -> bool:
        """Whether a rented machine is chosen."""
        return self.complete and self.cleaned_data["executor"] == RENTED

    @property
    def complete(self) -> bool:
        """Whether every field is right; what is said of the whole (such as a tick that is missing) is no field's."""
        return self.is_bound and not set(self.errors) - {NON_FIELD_ERRORS}

    def chosen(self) -> tuple[TrainingSet | PreferenceSet, Checkpoint]:
        """The set and the base. Raises DomainError for what is not there."""
        if not self.complete:
            raise DomainError("")
        recipe, _colon, name = self.cleaned_data["source"].partition(":")
        return find_data(recipe, name), find_checkpoint(name=self.cleaned_data["base"])


class WeightsForm(forms.Form):
    """A file of weights for the registry: sent by the browser, or lying on this machine."""

    name = forms.CharField(label=_("Name"), max_length=80)
    file = forms.FileField(label=_("File"), required=False, help_text=_("A .pth or .safetensors file."))
    path = forms.CharField(
        label=_("Or its path on this machine"),
        required=False,
        max_length=1000,
        help_text=_("For large files, such as /home/me/notagenx.pth."),
    )
    header = forms.ChoiceField(
        label=_("Header"),
        required=False,
        choices=[("", _("As the file says, else three bare lines")), *((name, name) for name in HEADER_STYLES)],
    )
    prompts = forms.ChoiceField(
        label=_("Prompts"),
        required=False,
        choices=[
            (Prompts.AUTO.value, _("By its size")),
            (Prompts.PUBLISHED.value, _("The 112 of NotaGen-X")),
            (Prompts.NONE.value, _("None, it is a base model")),
        ],
    )

    def clean(self) -> dict[str, Any]:
        """One of the two must be there."""
        said = super().clean() or {}
        if not said.get("file") and not said.get("path", "").strip():
            raise forms.ValidationError(_("Choose a file or say where it lies."))
        if said.get("file") and said["file"].size > settings.MAX_UPLOAD_MB * 1024 * 1024:
            raise forms.ValidationError(_("This file is too large to send; say where it lies on this machine."))
        said["prompts"] = said.get("prompts") or Prompts.AUTO.value
        return said


class MeasureForm(forms.Form):
    """How many unguarded texts of each side; empty for what suits the model."""

    texts = forms.IntegerField(required=False, min_value=1, max_value=1000)


class MatchForm(forms.Form):
    """On which cues a round is matched, and with how many takes of each side."""

    cues = forms.MultipleChoiceField()
    takes = forms.IntegerField(min_value=2, max_value=16)

    def __init__(self, *args: Any, cues: Iterable[str], **kwargs: Any) -> None:
        """`cues` (public ids) may be chosen."""
        super().__init__(*args, **kwargs)
        cast(forms.MultipleChoiceField, self.fields["cues"]).choices = [(cue, cue) for cue in cues]


class PromotionForm(forms.Form):
    """Why a result is promoted or rolled back, and whether in spite of what is worse than allowed."""

    why = forms.CharField(required=False, max_length=300)
    despite = forms.BooleanField(required=False)
