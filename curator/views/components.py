"""The living page of parts: each component in its states, for looking at while one works on them."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from curator.models.film import CueState
from curator.views.access import owner
from curator.views.drawing import Interval


class PartsForm(forms.Form):
    """Fields in their states; the page binds it with a tempo that is wrong."""

    number = forms.CharField(label=gettext_lazy("Cue number"), help_text=gettext_lazy("As the film calls it: 1m4."))
    tempo = forms.FloatField(
        label=gettext_lazy("Tempo"),
        help_text=gettext_lazy("Quarters a minute."),
        error_messages={"invalid": gettext_lazy("Give the tempo as beats a minute, for example 66.")},
    )
    metre = forms.ChoiceField(label=gettext_lazy("Metre"), choices=[("3/4", "3/4"), ("4/4", "4/4")])
    brief = forms.CharField(label=gettext_lazy("Brief"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    again = forms.BooleanField(label=gettext_lazy("Ask again when one fails"), required=False)
    file = forms.FileField(label=gettext_lazy("Score"), required=False)


@require_safe
@owner
def components(request: HttpRequest) -> HttpResponse:
    """Every part of the pages, with the states that are easy to forget."""
    return render(
        request,
        "curator/components.html",
        {
            "papers": [
                ("paper", _("the room")),
                ("raised", _("a sheet on the desk")),
                ("sunk", _("tracks, wells")),
                ("ink", _("text")),
                ("ink-2", _("second voice")),
                ("ink-3", _("captions")),
                ("line-2", _("borders that mean something")),
                ("ember", _("now, and yours to do")),
            ],
            "stages": [
                (1, "Forgotten", _("ash, flat and low")),
                (2, "Chosen", _("rose, a rise")),
                (3, "Humiliation", _("mulberry, a fall")),
                (4, "Transformation", _("night blue, a turn")),
                (5, "Salvation", _("oil gold, the climb to a light")),
                (6, "Peace", _("calm sea, a long slur")),
            ],
            "lights": [
                (CueState.SPOTTED, _("a place, no music")),
                (CueState.GENERATING, _("takes are being written")),
                (CueState.TO_RANK, _("two sides, undecided")),
                (CueState.DECIDED, _("one of them, known")),
                (CueState.APPROVED, _("the light is on")),
                (CueState.DELIVERED, _("on, and sent")),
            ],
            "row": [
                {"state": "decided", "label": _("Take 1 is written")},
                {"state": "decided", "label": _("Take 2 is written")},
                {"state": "generating", "label": _("Take 3 is being written")},
                {"state": "failed", "label": _("Take 4 failed")},
                {"state": "spotted", "label": _("Take 5 waits")},
            ],
            "form": PartsForm({"number": "1m4", "tempo": "fast", "metre": "3/4"}),
            "intervals": [
                (Interval(46, 84, 58, 72, 50, _("Take 3, the leader")), True),
                (Interval(38, 74, 50, 64, 50, _("Take 7")), False),
                (Interval(12, 58, 26, 44, 50, _("Take 1")), False),
            ],
            "keys": [
                {"keys": ["J", "K"], "words": _("next, previous")},
                {"keys": ["L"], "words": _("listen")},
                {"keys": ["U"], "words": _("undo")},
                {"keys": ["?"], "words": _("all keys of this page")},
            ],
            "facts": ["24 bars", "4/4", "Gm", "1:27.3"],
        },
    )
