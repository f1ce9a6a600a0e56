"""What browsers send, checked."""

import json
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from curator.domain.library import ENDINGS
from curator.domain.practice import STAGES
from curator.domain.ranking import ANSWERS, Listening, Side, Span
from curator.domain.reasons import SPEAKING
from curator.domain.tokens import LIFETIMES, LIST, SCOPES
from curator.models.film import Film
from curator.models.library import Rights
from curator.models.themes import ThemeUse
from curator.uploads import MOST_AT_ONCE

MAX_REPORT = 64 * 1024
MAX_SPANS = 500
MAX_EVENTS = 500
METRES = ("2/4", "3/4", "4/4", "6/8")
KEYS = ("C", "G", "D", "A", "F", "Bb", "Eb", "Amin", "Emin", "Bmin", "Dmin", "Gmin", "Cmin")
DEVICES = ("desktop", "tablet", "phone")


class JudgementForm(forms.Form):
    """One answer to one pair, with the page's report of how it was heard (nothing where no script ran)."""

    pair = forms.CharField(max_length=16)
    answer = forms.ChoiceField(choices=[(answer.value, answer.label) for answer in ANSWERS])
    report = forms.CharField(required=False, max_length=MAX_REPORT)

    def clean_report(self) -> Listening:
        """The report as Listening; ValidationError when it is not one."""
        text = self.cleaned_data["report"]
        if not text:
            return Listening()
        try:
            return _listening(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            raise ValidationError(_("The page's report of what was heard cannot be read.")) from error


class ChangeForm(forms.Form):
    """Another answer to a pair that was judged before; "again" takes the old one back and hands the pair out anew."""

    answer = forms.ChoiceField(choices=[(answer.value, answer.label) for answer in SPEAKING] + [("again", "")])
    why = forms.CharField(required=False, max_length=200)


class FilesInput(forms.ClearableFileInput):
    """A file field that takes several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or more files, or none where that is allowed; cleans to a list of them."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[Any]]":
        """Every file by itself, as Django checks one."""
        files = data if isinstance(data, list | tuple) else [data]
        cleaned = [super(FilesField, self).clean(file, initial) for file in files or [None]]
        return [file for file in cleaned if file]


class ScoreFilesForm(forms.Form):
    """Files, and a folder; once cleaned, `scores` holds those and what in the folder is a score by its name."""

    scores = FilesField(
        label=_("Scores"),
        required=False,
        allow_empty_file=True,  # an empty file is refused by its name, with the others
        max_length=None,
        help_text=_("MusicXML (.musicxml, .mxl, .xml), ABC (.abc), or a .zip of them."),
    )
    folder = FilesField(
        label=_("Or a whole folder"),
        required=False,
        allow_empty_file=True,
        max_length=None,
        widget=FilesInput(attrs={"webkitdirectory": True}),
        help_text=_("Its scores and those in the folders inside; other files stay aside."),
    )

    def clean(self) -> dict[str, Any]:
        """The scores of the folder belong to the others."""
        given = super().clean() or self.cleaned_data
        folder = given.get("folder") or []
        inside = [file for file in folder if (file.name or "").lower().endswith((*ENDINGS, ".zip"))]
        return {**given, "scores": [*(given.get("scores") or []), *inside]}


class ScoresForm(ScoreFilesForm):
    """Scores to add, and what the user says of them."""

    title = forms.CharField(
        label=_("Title"), required=False, max_length=200, help_text=_("For one file; without it the file's own title.")
    )
    composer = forms.CharField(
        label=_("Composer"), required=False, max_length=200, help_text=_("Without it the composer the file names.")
    )
    period = forms.CharField(label=_("Period"), required=False, max_length=60)
    instrumentation = forms.CharField(label=_("Instrumentation"), required=False, max_length=60)
    tags = forms.CharField(label=_("Tags"), required=False, max_length=300, help_text=_("Words with commas between."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scores"].help_text = _(
            "MusicXML (.musicxml, .mxl, .xml), ABC (.abc), .zip of them, or a list of addresses (.json)."
        )

    def clean_tags(self) -> tuple[str, ...]:
        """The tags, each once."""
        return _words(self.cleaned_data["tags"])

    def clean(self) -> dict[str, Any]:
        """At least one score must be there."""
        given = super().clean()
        if not given["scores"] and not self.errors:
            if given.get("folder"):
                self.add_error("folder", _("There is no score in this folder."))
            else:
                self.add_error("scores", _("Choose at least one file."))
        return given


class PutUpForm(ScoreFilesForm):
    """Pieces and files that are put up for a cue, and what they are called together."""

    cohort = forms.CharField(
        label=_("What they are called together"),
        required=False,
        max_length=80,
        help_text=_("Such as “old NotaGen outputs”; the desk can then show them alone."),
    )
    piece = forms.MultipleChoiceField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        if isinstance(self.data, QueryDict):  # any piece may be named; the domain looks which are there
            fields["piece"].choices = [(value, value) for value in self.data.getlist("piece")]

    def clean(self) -> dict[str, Any]:
        """Something must be chosen."""
        given = super().clean()
        if not given["scores"] and not given.get("piece") and not self.errors:
            raise ValidationError(_("Choose pieces or files."))
        return given


class TagForm(forms.Form):
    """Words to put on the chosen pieces, or to take off them."""

    piece = forms.MultipleChoiceField(required=False)
    all = forms.BooleanField(required=False)
    words = forms.CharField(max_length=300, error_messages={"required": _("Write at least one tag.")})
    do = forms.ChoiceField(choices=[("add", ""), ("remove", "")])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Which pieces there are the database knows; what it does not know is not tagged.
        chosen = self.data.getlist("piece")[:1000] if hasattr(self.data, "getlist") else []
        cast(forms.MultipleChoiceField, self.fields["piece"]).choices = [(value, value) for value in chosen]

    def clean_words(self) -> tuple[str, ...]:
        """The words, each once."""
        return _words(self.cleaned_data["words"])


def _words(text: str) -> tuple[str, ...]:
    """Words with commas between, each once, at most twenty."""
    words = (" ".join(word.split())[:60] for word in text.split(","))
    return tuple(dict.fromkeys(word for word in words if word))[:20]


class PictureForm(forms.Form):
    """The video of a film."""

    video = forms.FileField(
        label=_("Video"),
        max_length=None,
        help_text=format_lazy(
            _("MP4 or WebM, at most {most} MB here; a larger one by the command film_picture."),
            most=MOST_AT_ONCE * settings.MAX_UPLOAD_MB,
        ),
        widget=forms.ClearableFileInput(attrs={"accept": "video/mp4,video/webm"}),
    )


class StillsForm(forms.Form):
    """Pictures of shots, found by their names; with `shot` one for that shot."""

    stills = FilesField(
        label=_("Stills"),
        max_length=None,
        help_text=_("JPEG, PNG or WebP; the name of a file says its shot: S01-001.png."),
        widget=FilesInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )
    shot = forms.CharField(required=False, max_length=20)


class PartForm(forms.Form):
    """A part of a video that is sent in parts: which upload, where in it, and how long the whole is."""

    upload = forms.RegexField(r"^[0-9a-f]{8,64}$")
    offset = forms.IntegerField(min_value=0)
    total = forms.IntegerField(min_value=1)
    part = forms.FileField(required=False, allow_empty_file=True)


class NamedBarsForm(forms.Form):
    """Bars of a score that become a theme of a film."""

    name = forms.CharField(label=_("Name"), max_length=80)
    film = forms.SlugField(max_length=60)
    first = forms.IntegerField(label=_("From bar"), min_value=1)
    last = forms.IntegerField(label=_("To bar"), min_value=1)


class ThemeNameForm(forms.Form):
    """The name of a theme."""

    name = forms.CharField(label=_("Name"), max_length=80)


class ThemeUseForm(forms.Form):
    """Which cue uses a theme, how, and from which bar of its plan on."""

    cue = forms.CharField(label=_("Cue"), max_length=12)
    how = forms.ChoiceField(label=_("How"), choices=ThemeUse.choices)
    bar = forms.IntegerField(label=_("From bar"), min_value=1, initial=1)


class InvitationForm(forms.Form):
    """Whom to invite."""

    name = forms.CharField(
        label=_("Name"), max_length=60, help_text=_("What you call the listener here; a first name is enough.")
    )


class BriefForm(forms.Form):
    """A practice brief: a stage, what the music is for, a manner, a plan."""

    stage = forms.ChoiceField(label=_("Stage"), choices=[(name, name) for name in STAGES])
    words = forms.CharField(
        label=_("What the music is for"),
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One sentence, such as: somebody sweeps an attic and finds nothing."),
    )
    style = forms.CharField(
        label=_("Manner"),
        required=False,
        max_length=60,
        help_text=_("Period / composer / instrumentation; empty: the checkpoint's own."),
    )
    metre = forms.ChoiceField(label=_("Metre"), choices=[(metre, metre) for metre in METRES], initial="3/4")
    key = forms.ChoiceField(label=_("Key"), choices=[(key, key.replace("min", "m")) for key in KEYS], initial="C")
    tempo = forms.FloatField(label=_("Quarters a minute"), min_value=20, max_value=300, initial=66)
    bars = forms.IntegerField(label=_("Bars"), min_value=4, max_value=96, initial=16)


class ComposerForm(forms.Form):
    """A composer who may train, and the rights presumed of his pieces; an empty name is no entry."""

    name = forms.CharField(label=_("Composer"), required=False, max_length=200)
    rights = forms.ChoiceField(label=_("Presumed rights"), choices=Rights.choices, initial=Rights.UNKNOWN)


ComposersFormSet = forms.formset_factory(ComposerForm, extra=2, max_num=100, absolute_max=100)


class SourceForm(forms.Form):
    """Where pieces come from and on which terms."""

    name = forms.CharField(label=_("Name"), max_length=200)
    rights = forms.ChoiceField(label=_("Rights"), choices=Rights.choices)
    licence = forms.CharField(label=_("Licence"), required=False, max_length=120, help_text=_("Such as CC BY 4.0."))
    url = forms.URLField(label=_("Address"), required=False, max_length=500, assume_scheme="https")
    attribution = forms.CharField(
        label=_("Who is to be named"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class ApprovalForm(forms.Form):
    """Which take becomes the music of the cue, and why."""

    take = forms.CharField(max_length=16)
    why = forms.CharField(required=False, max_length=300)
    back = forms.ChoiceField(required=False, choices=[("wall", "")])


class RevocationForm(forms.Form):
    """Why an approval ends."""

    why = forms.CharField(required=False, max_length=300)
    back = forms.ChoiceField(required=False, choices=[("wall", "")])


def _listening(report: dict[str, Any]) -> Listening:
    first = report.get("first") or ""
    milliseconds = report.get("ms")
    device = report.get("device") or ""
    if first not in ("left", "right", "") or device not in (*DEVICES, ""):
        raise ValueError
    return Listening(
        first_played=cast(Side, first),
        left=_spans(report.get("left", [])),
        right=_spans(report.get("right", [])),
        events=[_event(event) for event in report.get("events", [])[:MAX_EVENTS]],
        decision_ms=None if milliseconds is None else min(_count(milliseconds), 2**31 - 1),
        device_class=device,
    )


def _spans(values: list[Any]) -> list[Span]:
    if len(values) > MAX_SPANS:
        raise ValueError
    spans = [(_seconds(start), _seconds(end)) for start, end in values]
    if any(end < start for start, end in spans):
        raise ValueError
    return spans


def _event(value: list[Any]) -> list[object]:
    moment, name, side, position = value
    # halves of characters and NUL can be written in JSON, but not into every database
    if not isinstance(name, str) or not name.isprintable() or side not in ("left", "right", ""):
        raise ValueError
    return [_count(moment), name[:20], side, _seconds(position)]


def _seconds(value: Any) -> float:
    # an hour is longer than any cue; this also turns away NaN, which JSON would carry into the database
    number = float(value)
    if not 0 <= number <= 3600:
        raise ValueError
    return round(number, 2)


def _count(value: Any) -> int:
    number = int(value)
    if not 0 <= number < 2**53:
        raise ValueError
    return number


class TokenForm(forms.Form):
    """What a new token is for."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What the program or machine is called that uses it.")
    )
    film = forms.ModelChoiceField(
        label=_("Film"), queryset=Film.objects.real(), required=False, empty_label=_("all films")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        choices=list(SCOPES.items()),
        widget=forms.CheckboxSelectMultiple,
        initial=[LIST],
    )
    days = forms.TypedChoiceField(
        label=_("Good for"),
        coerce=int,
        choices=[(days, format_lazy(_("{days} days"), days=days)) for days in LIFETIMES],
        initial=90,
    )


class DeliverySettingsForm(forms.Form):
    """What stands in a film's files, and how its tables are written."""

    composer_line = forms.CharField(
        label=_("Composer"),
        required=False,
        max_length=200,
        help_text=_("Stands in scores and cue sheet where a piece names nobody itself."),
    )
    publisher = forms.CharField(label=_("Publisher"), required=False, max_length=200)
    note = forms.CharField(
        label=_("Note on generated music"),
        required=False,
        max_length=300,
        help_text=_("Stands in cue sheet and manifest; left empty, it says that a model wrote it and people chose it."),
    )
    miscellaneous = forms.BooleanField(label=_("Checkpoint and seed stand in the score file"), required=False)
    semicolon = forms.BooleanField(label=_("Tables with semicolons"), required=False)
    bom = forms.BooleanField(label=_("Tables begin with a byte order mark (for Excel)"), required=False)
