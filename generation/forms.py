"""What the desk's form sends, checked."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from curator.domain.briefs import brief_of_cue, constraints_of
from curator.domain.errors import DomainError
from curator.domain.metadata import SourceFacts, find_or_make_source
from curator.domain.tags import STAGES
from curator.models.film import Cue
from curator.models.library import Origin, Piece, Rights, Source, Tag
from curator.models.ranking import TakeState
from generation.domain.presets import OWN, presets_of
from generation.domain.prompts import default_stage, default_style, never_seen, stages_of, styles_of
from generation.domain.requests import MOST_TAKES, SEEDS
from generation.domain.starts import Choice, Start, StartMode, find_start
from generation.models.checkpoints import Checkpoint

TAKES = 8

LISTED = 12
"""So many styles fit into a list; more are searched by typing."""

GROUPS = {
    "theme": _("Themes of the film"),
    "own": _("Takes of this cue"),
    "film": _("Kept takes of the film"),
    "library": _("Library"),
}

REGISTER = [
    (str(12 * (octave + 1) + step), f"{name}{octave}")
    for octave in range(9)
    for name, step in zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True)
    if 21 <= 12 * (octave + 1) + step <= 108
]
"""The white keys by their MIDI numbers."""


class AskForm(forms.Form):
    """How many takes, by which checkpoint, how drawn, from what, keeping what.

    Fields start with what suits the checkpoint and the cue. `proposed` holds values that the reader has entered
    already and that are shown again without being judged.
    """

    checkpoint = forms.ChoiceField(label=_("Checkpoint"))
    style = forms.ChoiceField(label=_("Style"), required=False)
    stage = forms.ChoiceField(label=_("Stage"), required=False)
    count = forms.IntegerField(label=_("Takes"), min_value=1, max_value=MOST_TAKES, initial=TAKES)
    temperature = forms.FloatField(label=_("Temperature"), min_value=0.05, max_value=3)
    mode = forms.ChoiceField(
        label=_("Start from"),
        required=False,
        choices=[
            ("", _("Nothing")),
            (StartMode.FIRST.value, _("The first bars of music")),
            (StartMode.WHOLE.value, _("All of it, as long as the cue")),
            (StartMode.KEEP_RIGHT.value, _("Its right hand, the left is new")),
            (StartMode.KEEP_LEFT.value, _("Its left hand, the right is new")),
        ],
    )
    source = forms.ChoiceField(label=_("Music"), required=False)
    bars = forms.IntegerField(label=_("Bars"), required=False, min_value=1, max_value=500, initial=4)
    lowest = forms.ChoiceField(label=_("Lowest note"), required=False, choices=[("", _("free")), *REGISTER])
    highest = forms.ChoiceField(label=_("Highest note"), required=False, choices=[("", _("free")), *REGISTER])
    density = forms.FloatField(
        label=_("Most notes a second"), required=False, min_value=0.2, max_value=50, help_text=_("Empty: free.")
    )
    hands = forms.BooleanField(label=_("Playable by two hands"), required=False)
    tonic = forms.BooleanField(label=_("Ends on the tonic"), required=False)
    top_k = forms.IntegerField(label=_("Top-k"), min_value=0, max_value=128)
    top_p = forms.FloatField(label=_("Top-p"), min_value=0.05, max_value=1)
    seed = forms.IntegerField(
        label=_("Seed"), required=False, min_value=0, max_value=SEEDS - 1, help_text=_("Empty: a new one.")
    )

    best = forms.IntegerField(
        label=_("Keep the best"),
        required=False,
        min_value=1,
        max_value=MOST_TAKES - 1,
        help_text=_("Empty: all. Else the encoder's ear discards the rest; they can be put back."),
    )
    mix = forms.ChoiceField(
        label=_("What counts most"),
        required=False,
        choices=[
            ("even", _("all alike")),
            ("style", _("likeness to the style")),
            ("brief", _("fit to the brief")),
            ("variety", _("variety")),
        ],
    )

    preset = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    keep_as = forms.CharField(
        label=_("Keep these settings as"),
        required=False,
        max_length=60,
        help_text=_("A name; they then stand above."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    keep_for_all = forms.BooleanField(label=_("For every checkpoint, not only for this one"), required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        cue: Cue | None,
        checkpoint: Checkpoint,
        known: list[Checkpoint],
        starts: list[Choice],
        proposed: Mapping[str, Any] | None = None,
    ) -> None:
        self.chosen = checkpoint
        self.presets = presets_of(checkpoint)
        asked = str((proposed or {}).get("preset", ""))
        preset = next((one for one in self.presets if one.value == asked), self.presets[0])
        initial = {
            "style": default_style(cue, checkpoint) if cue else "",
            "stage": default_stage(cue, checkpoint) if cue else "",
            **(constraints_of(brief_of_cue(cue=cue)) if cue else {}),
            **preset.sampling,
            **(proposed or {}),
            "preset": preset.value,
            "checkpoint": checkpoint.public_id,
        }
        super().__init__(data, initial=initial)
        fields: dict[str, Any] = self.fields
        fields["checkpoint"].choices = [(row.public_id, row.name) for row in known]
        self._offer_styles(fields)
        fields["stage"].choices = [(stage, stage) for stage in stages_of(checkpoint)]
        if not fields["stage"].choices:
            del fields["stage"]
        fields["source"].choices = [("", _("Choose"))] + [
            (title, [(one.version, one.label) for one in starts if one.group == group])
            for group, title in GROUPS.items()
            if any(one.group == group for one in starts)
        ]
        for name, step in (("temperature", "0.05"), ("top_p", "0.01"), ("density", "0.1")):
            fields[name].widget.attrs["step"] = step

    def _offer_styles(self, fields: dict[str, Any]) -> None:
        """What the checkpoint knows, as a list; more than fits into one as suggestions to a field to type in."""
        self.suggestions = [style.value for style in styles_of(self.chosen)]
        if not 0 < len(self.suggestions) <= LISTED:
            fields["style"] = forms.CharField(
                label=_("Style"),
                required=False,
                max_length=200,
                help_text=_("Period / composer / instrumentation"),
                widget=forms.TextInput(attrs={"list": "styles", "autocomplete": "off"}),
            )
            return
        fields["style"].choices = [(style.value, style.label) for style in styles_of(self.chosen)]
        self.suggestions = []

    @property
    def warning(self) -> str:
        """A sentence on a style that the checkpoint has never seen; empty where it has."""
        try:
            return never_seen(checkpoint=self.chosen, style=str(self["style"].value() or ""))
        except DomainError as error:
            return str(error)

    @property
    def sampling(self) -> dict[str, float]:
        """The checked settings of the draw."""
        return {name: self.cleaned_data[name] for name in ("temperature", "top_k", "top_p")}

    @property
    def preset_now(self) -> str:
        """The value of the preset whose settings stand in the form; "" where they were changed."""
        shown = [self[name].value() for name in ("top_k", "top_p", "temperature")]
        for one in sorted(self.presets, key=lambda one: one.value != self["preset"].value()):
            if [str(one.sampling[name]) for name in ("top_k", "top_p", "temperature")] == [str(v) for v in shown]:
                return one.value
        return ""

    @property
    def preset_name(self) -> str:
        """The name of the preset whose settings were sent, or under which they are kept; "" where there is none."""
        sent, kept = self.sampling, " ".join(self.cleaned_data["keep_as"].split())
        if kept:
            return kept
        named = sorted(self.presets, key=lambda one: one.value != self.cleaned_data["preset"])
        return next((one.label for one in named if one.sampling == sent), "")

    @property
    def constraints(self) -> dict[str, Any]:
        """What every bar must keep."""
        given = self.cleaned_data
        register = {name: int(given[name]) if given[name] else None for name in ("lowest", "highest")}
        return {**register, "density": given["density"], "hands": given["hands"], "tonic": given["tonic"]}

    @property
    def theme(self) -> Start | None:
        """What the music starts from. Raises DomainError when it is gone."""
        given = self.cleaned_data
        if not given["mode"]:
            return None
        return find_start(version=given["source"], mode=StartMode(given["mode"]), bars=given["bars"] or 4)

    @property
    def starts_open(self) -> bool:
        """Whether the part on the music to start from is in use."""
        return bool(self["mode"].value() or self.errors.keys() & {"mode", "source", "bars"})

    @property
    def keeps_open(self) -> bool:
        """Whether the part on what every bar must keep is in use."""
        names = ("lowest", "highest", "density", "hands", "tonic")
        return any(self[name].value() for name in names) or bool(self.errors.keys() & set(names))

    @property
    def best_open(self) -> bool:
        """Whether the part on what is kept of the takes is in use."""
        return bool(self["best"].value() or self.errors.keys() & {"best", "mix"})

    @property
    def draw_open(self) -> bool:
        """Whether the part on presets and seed is in use."""
        names = ("top_k", "top_p", "seed", "keep_as")
        return self["preset"].value() != OWN or bool(self.errors.keys() & set(names)) or self.preset_now != OWN

    def clean(self) -> dict[str, Any]:
        """Music to start from needs to be named."""
        given = super().clean() or {}
        if given.get("mode") and not given.get("source") and "source" not in self.errors:
            self.add_error("source", _("Choose the music to start from."))
        return given


class ArcForm(AskForm):
    """The same for several cues of a film, each by its own plan, style and stage."""

    cues = forms.MultipleChoiceField(label=_("Cues"), widget=forms.CheckboxSelectMultiple)
    themes = forms.BooleanField(
        label=_("Start from the cue's theme"),
        required=False,
        help_text=_("A cue that states a theme goes on from its bars; others begin with nothing."),
    )

    def __init__(self, data: Any = None, *, chosen: Sequence[Cue], **more: Any) -> None:
        super().__init__(data, cue=None, starts=[], **more)
        fields: dict[str, Any] = self.fields
        for name in ("mode", "source", "bars", "seed"):
            del fields[name]
        fields["cues"].choices = [(cue.number, str(cue)) for cue in chosen]
        for name, words in (("style", _("what suits each cue")), ("stage", _("that of each cue"))):
            if name in fields and hasattr(fields[name], "choices"):
                fields[name].choices = [("", words), *fields[name].choices]

    def clean(self) -> dict[str, Any]:
        """Nothing to compare: what a cue starts from is its own."""
        return super().clean() or {}


class TakeStateForm(forms.Form):
    """Kept, discarded or back in the running."""

    state = forms.ChoiceField(choices=TakeState.choices)


class PieceForm(forms.Form):
    """What stands on a piece. A new source is named where the list does not hold it."""

    title = forms.CharField(label=_("Title"), max_length=200)
    composer = forms.CharField(
        label=_("Composer"),
        required=False,
        max_length=200,
        help_text=_("As the models write it: Satie, Erik."),
        widget=forms.TextInput(attrs={"list": "known-composers", "autocomplete": "off"}),
    )
    period = forms.CharField(
        label=_("Period"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"list": "known-periods", "autocomplete": "off"}),
    )
    instrumentation = forms.CharField(
        label=_("Instrumentation"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"list": "known-instrumentations", "autocomplete": "off"}),
    )
    source = forms.ModelChoiceField(
        Source.objects.order_by("name", "pk"), label=_("Source"), required=False, empty_label=_("not named")
    )
    new_source = forms.CharField(label=_("Another source"), required=False, max_length=200)
    rights = forms.ChoiceField(
        label=_("Its rights"), required=False, choices=Rights.choices, initial=Rights.UNKNOWN.value
    )
    url = forms.URLField(label=_("Its address"), required=False, max_length=500, assume_scheme="https")
    tags = forms.CharField(label=_("Tags"), required=False, max_length=600, help_text=_("Words with commas between."))
    stages = forms.MultipleChoiceField(
        label=_("Fits the stages"),
        required=False,
        choices=[(stage, stage) for stage in STAGES],
        widget=forms.CheckboxSelectMultiple,
    )

    def facts(self) -> dict[str, Any]:
        """The fields of curator.domain.metadata.PieceFacts; makes the source that is new. Raises DomainError."""
        said = self.cleaned_data
        source = said["source"]
        if said["new_source"].strip():
            new = SourceFacts(name=said["new_source"], rights=said["rights"] or Rights.UNKNOWN, url=said["url"])
            source = find_or_make_source(facts=new)
        words = [" ".join(word.split()) for word in said["tags"].split(",")]
        return {
            **{name: said[name] for name in ("title", "composer", "period", "instrumentation", "stages")},
            "source": source,
            "tags": [word for word in words if word],
        }


class StyleForm(forms.Form):
    """Which pieces are a film's style: composers and tags that the library has."""

    composers = forms.MultipleChoiceField(label=_("Composers"), required=False)
    tags = forms.MultipleChoiceField(label=_("Tags"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        composers = Piece.objects.filter(archived_at__isnull=True).exclude(composer="").exclude(origin=Origin.GENERATED)
        names = composers.order_by("composer").values_list("composer", flat=True).distinct()
        tags = Tag.objects.filter(pieces__isnull=False).order_by("name").values_list("name", flat=True).distinct()
        for name, known in (("composers", names), ("tags", tags)):
            self.fields[name] = forms.MultipleChoiceField(
                label=self.fields[name].label, required=False, choices=[(one, one) for one in known]
            )
