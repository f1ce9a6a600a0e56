"""What browsers send of films, their shots and the film team's files, checked."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from curator.film.phrases import runtime_range
from curator.film.textfile import MOST_BYTES
from curator.film.timecode import RATES

LANGUAGES = (
    ("de", _("German")),
    ("en", _("English")),
    ("fr", _("French")),
    ("it", _("Italian")),
    ("es", _("Spanish")),
    ("", _("without words")),
)


class StoryboardForm(forms.Form):
    """A file of the film team."""

    file = forms.FileField(
        label=_("Storyboard, script, shot list or edit list"),
        max_length=None,
        help_text=_("Markdown, Fountain, CSV or EDL, at most 5 MB. What it is shows in its content, not in its name."),
    )

    def clean_file(self) -> "UploadedFile[Any] | None":
        """The file, where it is not larger than any storyboard."""
        file: UploadedFile[Any] | None = self.cleaned_data["file"]
        if file and (file.size or 0) > MOST_BYTES:
            raise ValidationError(_("The file is larger than %(size)d MB.") % {"size": MOST_BYTES // 1_000_000})
        return file


class NewFilmForm(forms.Form):
    """A film to begin with; a file may come along, and its title."""

    title = forms.CharField(
        label=_("Title"), required=False, max_length=200, help_text=_("Without it the title that the file names.")
    )
    fps = forms.ChoiceField(label=_("Frames a second"), choices=[(rate, rate) for rate in RATES], initial="24")
    language = forms.ChoiceField(label=_("Language of the film"), required=False, choices=LANGUAGES, initial="de")
    file = forms.FileField(
        label=_("Storyboard, script, shot list or edit list"),
        required=False,
        max_length=None,
        help_text=_("Markdown, Fountain, CSV or EDL, at most 5 MB; it can come later as well."),
    )
    clean_file = StoryboardForm.clean_file

    def clean(self) -> dict[str, Any]:
        """A title, or a file that may name one."""
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("title", "").strip() and not cleaned.get("file") and not self.errors:
            self.add_error("title", _("Write a title, or choose a file that names one."))
        return cleaned


class FilmForm(forms.Form):
    """What is said of a film."""

    title = forms.CharField(label=_("Title"), max_length=200)
    logline = forms.CharField(label=_("In one sentence"), required=False, max_length=300)
    language = forms.ChoiceField(label=_("Language of the film"), required=False, choices=LANGUAGES)
    fps = forms.ChoiceField(label=_("Frames a second"), choices=[(rate, rate) for rate in RATES])
    drop_frame = forms.BooleanField(
        label=_("Drop-frame timecode"), required=False, help_text=_("Only at 29.97 and 59.94 frames a second.")
    )
    start = forms.CharField(label=_("Timecode of the first frame"), max_length=12, help_text=_("Often 01:00:00:00."))
    runtime = forms.CharField(
        label=_("Estimated runtime"),
        required=False,
        max_length=40,
        help_text=_("Such as 8–10 minutes or 1:30. Lengths that nobody typed are spread over it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("fps", "language"):  # what a film has already stays to be chosen
            field, value = cast(forms.ChoiceField, self.fields[name]), self.initial.get(name)
            known = [key for key, _label in cast("list[tuple[str, str]]", field.choices)]
            if value is not None and value not in known:
                field.choices = [*cast("list[tuple[str, str]]", field.choices), (value, value)]

    def clean_runtime(self) -> tuple[int, int] | None:
        """The range in seconds; None where the field is empty."""
        text = self.cleaned_data["runtime"].strip()
        if not text:
            return None
        found = runtime_range(text)
        if found is None:
            raise ValidationError(_("Write a runtime such as 8–10 minutes, 90 s or 1:30."))
        return found


class ShotForm(forms.Form):
    """The words and the length of a shot."""

    description = forms.CharField(
        label=_("What is to be seen"), required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 4})
    )
    dialogue = forms.CharField(
        label=_("What is spoken"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Music stays out of the way of a shot with words."),
    )
    length = forms.CharField(
        label=_("Length"), max_length=20, help_text=_("Seconds, or timecode such as 00:00:04:12, or 108 f.")
    )
    estimated = forms.BooleanField(
        label=_("The length is an estimate"),
        required=False,
        help_text=_("An estimate may change with the runtime and with imports; what you type stays."),
    )
