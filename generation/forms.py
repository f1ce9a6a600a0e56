"""What the desk's form sends, checked."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from curator.models.film import Cue
from curator.models.ranking import TakeState
from generation.domain.prompts import default_style, styles_of
from generation.domain.requests import MOST_TAKES, SEEDS
from generation.models.checkpoints import Checkpoint

TAKES = 8


class AskForm(forms.Form):
    """How many takes, by which checkpoint, how drawn. Fields start with what suits the checkpoint and the cue."""

    checkpoint = forms.ChoiceField(label=_("Checkpoint"))
    style = forms.ChoiceField(label=_("Style"), required=False)
    count = forms.IntegerField(label=_("Takes"), min_value=1, max_value=MOST_TAKES, initial=TAKES)
    temperature = forms.FloatField(label=_("Temperature"), min_value=0.05, max_value=3)
    top_k = forms.IntegerField(label=_("Top-k"), min_value=0, max_value=128)
    top_p = forms.FloatField(label=_("Top-p"), min_value=0.05, max_value=1)
    seed = forms.IntegerField(
        label=_("Seed"), required=False, min_value=0, max_value=SEEDS - 1, help_text=_("Empty: a new one.")
    )

    def __init__(self, data: Any = None, *, cue: Cue, checkpoint: Checkpoint, known: list[Checkpoint]) -> None:
        initial = {"checkpoint": checkpoint.public_id, "style": default_style(cue, checkpoint), **checkpoint.sampling}
        super().__init__(data, initial=initial)
        fields: dict[str, Any] = self.fields
        fields["checkpoint"].choices = [(row.public_id, row.name) for row in known]
        fields["style"].choices = [(style.value, style.label) for style in styles_of(checkpoint)]
        if not fields["style"].choices:
            del fields["style"]
        for name, step in (("temperature", "0.05"), ("top_p", "0.01")):
            fields[name].widget.attrs["step"] = step

    @property
    def sampling(self) -> dict[str, float]:
        """The checked settings of the draw."""
        return {name: self.cleaned_data[name] for name in ("temperature", "top_k", "top_p")}


class TakeStateForm(forms.Form):
    """Kept, discarded or back in the running."""

    state = forms.ChoiceField(choices=TakeState.choices)
