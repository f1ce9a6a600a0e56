"""What the pages of cue plans send, checked."""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from curator.domain.briefs import WISHES, Brief
from curator.domain.cue_plan import Search
from curator.domain.plans import MOST_BARS, Edge
from curator.film.fitting import STEP
from curator.film.timecode import Clock, TimecodeError
from curator.models.film import ArcStage, Cue
from curator.models.plan import Dynamic, Mode

METRES = ("2/4", "3/4", "4/4", "5/4", "6/8", "9/8", "12/8")
KEYS = (
    *("C", "G", "D", "A", "E", "B", "F", "Bb", "Eb", "Ab", "Db"),
    *("Amin", "Emin", "Bmin", "F#min", "C#min", "G#min", "Dmin", "Gmin", "Cmin", "Fmin", "Bbmin"),
)
REGISTER = [
    (12 * (octave + 1) + step, f"{name}{octave}")
    for octave in range(9)
    for name, step in zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True)
    if 21 <= 12 * (octave + 1) + step <= 108
]
"""The white keys by their MIDI numbers."""
MOST_TAIL = 30
"""Seconds."""
_ANY = forms.NumberInput(attrs={"step": "any"})


class TimecodeField(forms.CharField):
    """A moment of the film as timecode, or as seconds from its start (12.5); cleans to a frame. Forms set `clock`."""

    clock: Clock

    def clean(self, value: Any) -> int | None:
        """The frame; None where nothing is entered and nothing need be."""
        text = str(super().clean(value)).strip()
        if not text:
            return None
        seconds = re.fullmatch(r"\d{1,6}(?:[.,]\d{1,3})?", text)
        try:
            frame = self.clock.nearest_frame(Fraction(text.replace(",", "."))) if seconds else self.clock.frame(text)
        except TimecodeError as error:
            raise ValidationError(_("Write a timecode such as %(label)s.") % {"label": self.clock.label(0)}) from error
        if frame < 0:
            raise ValidationError(_("The film begins at %(label)s.") % {"label": self.clock.label(0)})
        return frame


class PlanForm(forms.Form):
    """A form that knows the timecode of its film."""

    def __init__(self, *args: Any, clock: Clock, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, TimecodeField):
                field.clock = clock
                field.widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}


class NewCueForm(PlanForm):
    """A stretch of the film that is to get music."""

    begin = TimecodeField(label=gettext_lazy("In"), max_length=20)
    end = TimecodeField(label=gettext_lazy("Out"), max_length=20)
    title = forms.CharField(label=gettext_lazy("Title"), required=False, max_length=120)


class BorderForm(PlanForm):
    """Where an edge of a cue goes: to a frame, a timecode, or so many frames further."""

    edge = forms.ChoiceField(choices=[(edge.value, edge.value) for edge in Edge])
    frame = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
    at = TimecodeField(required=False, max_length=20)
    by = forms.IntegerField(required=False, min_value=-(10**6), max_value=10**6)
    snap = forms.IntegerField(required=False, min_value=0, max_value=10**6)
    together = forms.BooleanField(required=False)

    def frame_from(self, cue: Cue) -> int:
        """The frame that the edge is to go to."""
        given = self.cleaned_data
        now = cue.in_frame if given["edge"] == Edge.IN else cue.out_frame
        if given["by"]:
            return max(0, now + int(given["by"]))
        if given["frame"] is not None:
            return int(given["frame"])
        return now if given["at"] is None else int(given["at"])


class WordsForm(forms.Form):
    """What is said of a cue."""

    number = forms.CharField(label=gettext_lazy("Number"), max_length=12)
    title = forms.CharField(label=gettext_lazy("Title"), required=False, max_length=120)
    stage = forms.ModelChoiceField(
        ArcStage.objects.none(), label=gettext_lazy("Stage"), required=False, empty_label=gettext_lazy("none")
    )
    brief = forms.CharField(
        label=gettext_lazy("What the music is for"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    question = forms.CharField(label=gettext_lazy("Question to the listeners"), required=False, max_length=200)
    notes = forms.CharField(
        label=pgettext_lazy("remarks", "Notes"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, data: Any = None, *, cue: Cue) -> None:
        names = ("number", "title", "stage", "brief", "question", "notes")
        super().__init__(data, initial={name: getattr(cue, name) for name in names})
        cast(Any, self.fields["stage"]).queryset = cue.film.stages.all()


class HitForm(PlanForm):
    """A hit point."""

    at = TimecodeField(label=gettext_lazy("At"), max_length=20)
    label = forms.CharField(label=gettext_lazy("What happens"), required=False, max_length=120)
    hard = forms.TypedChoiceField(
        label=gettext_lazy("Kind"),
        choices=[("hard", pgettext_lazy("hit", "hard")), ("soft", pgettext_lazy("hit", "soft"))],
        coerce=lambda value: value == "hard",
    )
    weight = forms.FloatField(label=gettext_lazy("Weight"), min_value=0.1, max_value=10, initial=1, widget=_ANY)


class SearchForm(forms.Form):
    """What the fitter looks for."""

    low = forms.FloatField(label=gettext_lazy("Slowest"), min_value=20, max_value=300, widget=_ANY)
    high = forms.FloatField(label=gettext_lazy("Fastest"), min_value=20, max_value=300, widget=_ANY)
    metres = forms.MultipleChoiceField(
        label=gettext_lazy("Metres"),
        choices=[(metre, metre) for metre in METRES],
        widget=forms.CheckboxSelectMultiple,
    )
    tail = forms.FloatField(
        label=gettext_lazy("Seconds it may ring on after the out"),
        required=False,
        min_value=0,
        max_value=MOST_TAIL,
        widget=_ANY,
    )

    def clean(self) -> dict[str, Any]:
        """The slower tempo is the first one."""
        given = super().clean() or {}
        if "low" in given and "high" in given and given["low"] > given["high"]:
            self.add_error("high", _("The fastest tempo is not slower than the slowest."))
        return given

    def search(self) -> Search:
        """What was asked for."""
        given = self.cleaned_data
        return Search(given["low"], given["high"], STEP, tuple(given["metres"]), given["tail"] or 0.0)


class TempoForm(PlanForm):
    """The tempi of a cue, its metre, bars, key and tail; from an option of the fitter or by hand."""

    tempi = forms.CharField(
        label=gettext_lazy("Quarter notes a minute"),
        max_length=200,
        help_text=gettext_lazy("One tempo, or each with the bar it begins at: 1:66 9:68.5"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    metre = forms.CharField(label=gettext_lazy("Metre"), max_length=8, widget=forms.TextInput(attrs={"list": "metres"}))
    bars = forms.IntegerField(label=gettext_lazy("Bars"), min_value=1, max_value=MOST_BARS)
    key = forms.CharField(
        label=gettext_lazy("Key"), required=False, max_length=12, widget=forms.TextInput(attrs={"list": "keys"})
    )
    tail = forms.CharField(label=gettext_lazy("Name of the tail"), required=False, max_length=60)
    tail_end = TimecodeField(label=gettext_lazy("The tail ends at"), required=False, max_length=20)

    def clean_key(self) -> str:
        """As ABC headers have it: C, Bb, F#min; Am is read as Amin. "" leaves the key as it is."""
        text = self.cleaned_data["key"].strip()
        found = re.fullmatch(r"([A-G][b#]?)(min|dor|phr|lyd|mix|loc|m)?", text)
        if text and found is None:
            raise ValidationError(_("Write a key such as C, Bb or F#min."))
        return f"{text}in" if text.endswith("m") else text

    def clean_tempi(self) -> list[list[float]]:
        """[[bar, quarters a minute], ...]"""
        parts = self.cleaned_data["tempi"].replace(",", ".").split()
        rows: list[list[float]] = []
        for place, part in enumerate(parts):
            found = re.fullmatch(r"(?:(\d{1,3}):)?(\d{1,3}(?:\.\d+)?)", part)
            if found is None or (found[1] is None and place):
                raise ValidationError(_("Write a tempo such as 66, or several with their bars: 1:66 9:68.5"))
            rows.append([int(found[1] or 1), float(found[2])])
        return rows


class WishesForm(forms.Form):
    """What a stage or a cue asks of the music; what is empty is inherited, and stands in the empty field."""

    tempo_low = forms.IntegerField(label=gettext_lazy("Slowest"), required=False, min_value=20, max_value=300)
    tempo_high = forms.IntegerField(label=gettext_lazy("Fastest"), required=False, min_value=20, max_value=300)
    metre = forms.ChoiceField(label=gettext_lazy("Metre"), required=False)
    mode = forms.ChoiceField(label=gettext_lazy("Mode"), required=False)
    density = forms.FloatField(label=gettext_lazy("Most notes a second"), required=False, min_value=0.2, max_value=50)
    lowest = forms.TypedChoiceField(label=gettext_lazy("Lowest note"), required=False, coerce=int, empty_value=None)
    highest = forms.TypedChoiceField(label=gettext_lazy("Highest note"), required=False, coerce=int, empty_value=None)
    dynamics = forms.ChoiceField(label=gettext_lazy("Dynamics"), required=False)
    words = forms.CharField(
        label=gettext_lazy("In words"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, inherited: Brief, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = dict(REGISTER)
        choices: dict[str, Sequence[tuple[Any, Any]]] = {
            "metre": [(metre, metre) for metre in METRES],
            "mode": Mode.choices,
            "lowest": REGISTER,
            "highest": REGISTER,
            "dynamics": Dynamic.choices,
        }
        fields: dict[str, Any] = self.fields
        for name in WISHES:
            value = getattr(inherited, name)
            if name in choices:
                said = dict(choices[name]).get(value, value)
                if name in ("lowest", "highest") and value is not None:
                    said = names.get(value, value)
                free = _("free") if value in (None, "") else _("inherited: %(value)s") % {"value": said}
                fields[name].choices = [("", free), *choices[name]]
            elif value not in (None, ""):
                fields[name].widget.attrs["placeholder"] = f"{value:g}" if name == "density" else str(value)
        fields["density"].widget.attrs["step"] = "0.1"
