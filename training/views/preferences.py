"""Preference sets: what the judgements would teach now, and what was frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from curator.domain.errors import DomainError
from curator.models.film import Cue, Film
from curator.preference.evidence import DOUBTFUL
from curator.preference.pairs import ENOUGH_VOTES, MOST_LEAN
from curator.shell import Shell
from curator.views.access import SignedInRequest, owner
from training.domain.preference_files import HELD_OUT, TRAIN, UNPAIRED
from training.domain.preferences import (
    MINIMUM_PAIRS,
    Draft,
    draft_preferences,
    files_of,
    freeze_preferences,
    taken_back,
)
from training.forms import ALL_FILMS, PreferenceForm
from training.models.sets import PreferenceSet
from training.recipes.enough import LEAST_CUES, LEAST_VOTES

MOST_ODDS = 1000
FILES = (TRAIN, HELD_OUT, UNPAIRED, "manifest.json")


@dataclass(frozen=True)
class Shown:
    """The numbers of a draft or a frozen set; shares and correlations are None where nothing tells them.

    automatic: pairs by the encoder's ear that come on top; evidence: natural log of how much better a taste explains
    the answers than coins do, None where it was not asked for when the set was frozen.
    """

    pairs: int
    unpaired: int
    held_out: int
    answers: int
    source: str
    expected_correct: float | None
    length_lean: float | None
    density_lean: float | None
    left_out: list[tuple[int, str]]
    automatic: int = 0
    evidence: float | None = None

    @property
    def odds(self) -> str:
        """The evidence as odds of taste to coins."""
        times = exp(abs(self.evidence or 0.0))
        many = f"{times:.0f}" if times <= MOST_ODDS else f"> {MOST_ODDS}"
        return f"1 : {many}" if (self.evidence or 0.0) < 0 else f"{many} : 1"

    @property
    def evidence_at(self) -> float:
        """Where the evidence lies on a line from `-DOUBTFUL` to twice `DOUBTFUL`, percent."""
        return round(100 * min(1.0, max(0.0, ((self.evidence or 0.0) / DOUBTFUL + 1) / 3)), 1)

    @property
    def doubtful(self) -> bool:
        """Whether the answers are no strong evidence of a taste."""
        return self.evidence is not None and self.evidence < DOUBTFUL

    @property
    def gauge(self) -> float:
        """Where the number of pairs lies on a line on which a good number is in the middle, percent."""
        return round(min(100.0, 50.0 * self.pairs / MINIMUM_PAIRS), 1)

    @property
    def expected_at(self) -> float:
        """Where the expected correctness lies on a line from one half to all, percent."""
        return round(100 * (2 * (self.expected_correct or 0.5) - 1), 1)

    @property
    def leans(self) -> list[tuple[str, float, float, bool]]:
        """Each known correlation: name, value, place on a line from -1 to 1 in percent, and whether it is small."""
        named = ((_("Length"), self.length_lean), (_("Density"), self.density_lean))
        return [
            (name, value, round(50 + 50 * value, 1), abs(value) <= MOST_LEAN + 1e-6)
            for name, value in named
            if value is not None
        ]


@dataclass(frozen=True)
class CueRow:
    """One cue of the table."""

    public_id: str
    name: str
    answers: int
    pairs: int
    held: bool


@never_cache
@require_safe
@owner
def preferences(request: SignedInRequest) -> HttpResponse:
    """What the judgements of a film, or of all, would teach now; and every frozen set."""
    form, films = _form(request, request.GET)
    sets = PreferenceSet.objects.select_related("film").order_by("-created_at", "-pk").defer("manifest")
    context = {"form": form, "films": films, "sets": sets, "good": MINIMUM_PAIRS}
    if not form.is_valid():
        return render(request, "training/preferences.html", context, status=400)
    film, data = _film(form, films), form.data
    draft = draft_preferences(film=film, choice=form.choice)
    return render(
        request,
        "training/preferences.html",
        context
        | {
            "film": film,
            "draft": draft,
            "shown": _of_draft(draft),
            "rows": _rows(draft),
            "asked": [(name, data[name]) for name in ("source", "threshold", "uneven", "automatic") if data.get(name)],
            "note": _missing(draft),
            "enough_votes": ENOUGH_VOTES,
            "film_value": film.slug if film else ALL_FILMS,
        },
    )


@require_POST
@owner
def freeze(request: SignedInRequest) -> HttpResponse:
    """Freeze what the page showed."""
    form, films = _form(request, request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose again; one of the choices is not there any more."))
        return redirect("preferences")
    film = _film(form, films)
    try:
        frozen = freeze_preferences(draft=draft_preferences(film=film, choice=form.choice))
    except DomainError as error:
        messages.error(request, str(error))
        return redirect(f"{reverse('preferences')}?film={film.slug if film else ALL_FILMS}")
    messages.success(request, _("%(name)s is frozen.") % {"name": frozen.name})
    return redirect("preference_set", frozen.public_id)


@require_safe
@owner
def preference_set(request: SignedInRequest, public_id: str) -> HttpResponse:
    """One frozen set: its numbers, its cues, its files."""
    frozen = get_object_or_404(PreferenceSet.objects.select_related("film"), public_id=public_id)
    manifest = frozen.manifest
    titles = dict(
        Cue.objects.filter(public_id__in=[cue["cue"] for cue in manifest["cues"]]).values_list("public_id", "title")
    )
    return render(
        request,
        "training/preference_set.html",
        {
            "frozen": frozen,
            "good": MINIMUM_PAIRS,
            "shown": Shown(
                pairs=manifest["pairs"],
                unpaired=len(manifest["unpaired"]),
                held_out=manifest["held_out"],
                answers=manifest["answers"],
                source=manifest["source"],
                expected_correct=manifest["expected_correct"],
                length_lean=manifest["length_lean"],
                density_lean=manifest["density_lean"],
                left_out=_left_out(manifest["left_out"]),
                automatic=manifest.get("automatic", {}).get("pairs", 0),
                evidence=manifest.get("evidence"),
            ),
            "rows": [
                CueRow(
                    cue["cue"],
                    f"{cue['number']} {titles.get(cue['cue'], '')}".strip(),
                    cue["answers"],
                    cue["pairs"],
                    cue["held_out"],
                )
                for cue in manifest["cues"]
            ],
            "files": [(name, manifest["files"].get(name, {}).get("rows")) for name in FILES],
            "taken_back": taken_back(frozen=frozen),
        },
    )


@require_safe
@owner
def preference_file(request: SignedInRequest, public_id: str, name: str) -> HttpResponse:
    """A file of a frozen set, the same bytes every time."""
    if name not in FILES:
        raise Http404
    frozen = get_object_or_404(PreferenceSet, public_id=public_id)
    try:
        data = files_of(frozen=frozen)[name]
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("preference_set", public_id)
    stem = frozen.name.replace(" ", "-")
    return HttpResponse(
        data,
        content_type="application/json" if name.endswith(".json") else "application/x-ndjson",
        headers={
            "Content-Disposition": f'attachment; filename="{stem}-{name}"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _form(request: SignedInRequest, data: QueryDict) -> tuple[PreferenceForm, list[Film]]:
    """The form for what was sent, and all films; without a film it is about the one last looked at."""
    films = list(Film.objects.order_by("created_at", "id"))
    values = data.copy()
    if not values.get("film"):
        current = Shell(request, request.user).film
        values["film"] = current.slug if current else ALL_FILMS
    everywhere = values["film"] == ALL_FILMS
    cues = Cue.objects.all() if everywhere else Cue.objects.filter(film__slug=values["film"])
    return PreferenceForm(values, films=films, cues=cues.values_list("public_id", flat=True)), films


def _film(form: PreferenceForm, films: list[Film]) -> Film | None:
    return next((film for film in films if film.slug == form.cleaned_data["film"]), None)


def _of_draft(draft: Draft) -> Shown:
    return Shown(
        automatic=len(draft.automatic),
        evidence=draft.evidence,
        pairs=draft.pairs,
        unpaired=len(draft.unpaired),
        held_out=len(draft.tests),
        answers=draft.found.answers,
        source=draft.found.source,
        expected_correct=draft.expected_correct,
        length_lean=draft.length_lean,
        density_lean=draft.density_lean,
        left_out=_left_out(draft.found.left_out),
    )


def _missing(draft: Draft) -> tuple[str, str, str] | None:
    """What is missing for a round: kind of the message, title and text; None when nothing is."""
    now = draft.enough
    if now.refused:
        votes = ngettext("%(n)d more vote", "%(n)d more votes", now.missing_votes) % {"n": now.missing_votes}
        cues = ngettext("%(n)d more cue with votes", "%(n)d more cues with votes", now.missing_cues)
        cues %= {"n": now.missing_cues}
        both = _("%(votes)s and %(cues)s") % {"votes": votes, "cues": cues}
        what = both if now.missing_votes and now.missing_cues else votes if now.missing_votes else cues
        least = _("No round starts with fewer than %(votes)d votes on %(cues)d cues: it would learn chance.")
        return (
            "warn",
            _("A round needs %(what)s.") % {"what": what},
            least % {"votes": LEAST_VOTES, "cues": LEAST_CUES},
        )
    if draft.evidence < 0:
        return (
            "warn",
            _("These answers could as well be coins."),
            _("Coins explain them better than a taste does, so no round starts on them. More judgements may tell."),
        )
    if draft.missing:
        words = ngettext("About %(n)d more vote would do good.", "About %(n)d more votes would do good.", draft.missing)
        pairs = ngettext("There is %(n)d pair; ", "There are %(n)d pairs; ", draft.pairs) % {"n": draft.pairs}
        return (
            "",
            words % {"n": draft.missing},
            pairs + _("below %(good)d a round may change little.") % {"good": MINIMUM_PAIRS},
        )
    return None


def _rows(draft: Draft) -> list[CueRow]:
    def name(cue: Cue) -> str:
        words = f"{cue.number} {cue.title}".strip()
        return words if draft.film else f"{cue.film.title}, {words}"

    return [
        CueRow(
            facts.cue.public_id,
            name(facts.cue),
            facts.answers,
            draft.pairs_of(facts.cue.public_id),
            facts.cue.public_id in draft.held,
        )
        for facts in draft.cues
    ]


def _left_out(counts: Mapping[str, int]) -> list[tuple[int, str]]:
    """What is left out and why, the most first."""
    words = {
        "tie": lambda n: ngettext("couple was only ever equal", "couples were only ever equal", n),
        "split": lambda n: ngettext(
            "couple has as many votes one way as the other", "couples have as many votes one way as the other", n
        ),
        "contradicted": lambda n: ngettext(
            "couple is contradicted by the other votes", "couples are contradicted by the other votes", n
        ),
        "unsure": lambda n: ngettext("couple is not sure enough", "couples are not sure enough", n),
        "unbalanced": lambda n: ngettext("pair would teach length", "pairs would teach length", n),
        "kind": lambda n: ngettext(
            "couple was not asked for alike, or not written here",
            "couples were not asked for alike, or not written here",
            n,
        ),
        "skip": lambda n: ngettext("answer was skipped", "answers were skipped", n),
    }
    return sorted(
        ((count, words[reason](count)) for reason, count in counts.items() if count), key=lambda one: -one[0]
    )  # fmt: skip
