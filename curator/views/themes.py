"""Themes of a film: where they come from, how they sound, which cue uses them."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from curator.domain.arc import FilmFacts, ThemeFacts, film_facts
from curator.domain.errors import DomainError
from curator.domain.sheets import Sheet, read_sheets
from curator.domain.strips import read_excerpts, read_strip, request_strip
from curator.domain.themes import (
    forget_theme,
    leave_theme,
    name_theme,
    rename_theme,
    theme_bars,
    use_theme,
)
from curator.forms import NamedBarsForm, ThemeNameForm, ThemeUseForm
from curator.models.film import Film
from curator.models.library import PieceVersion, RenderingState
from curator.models.ranking import Take
from curator.models.themes import CueTheme, Theme, ThemeUse
from curator.views.access import SignedInRequest, owner
from curator.views.versions import version_of


@dataclass(frozen=True)
class ThemeCard:
    """A theme with its engraved bars ("" while they are drawn), its sound, and the take it was taken from.

    marks: where in the film it is heard, percent of its length, with how; stages: (colour, x, width) under them.
    trouble: why its bars cannot be drawn.
    """

    facts: ThemeFacts
    svg: str
    trouble: str
    sheet: Sheet | None
    origin: Take | None
    marks: list[tuple[float, str]]
    stages: list[tuple[int, float, float]]

    @property
    def theme(self) -> Theme:
        """The theme itself."""
        return self.facts.theme

    @property
    def prefix(self) -> str:
        """The ids of its drawing begin with this; the player lights its notes by it."""
        return f"t{self.theme.pk}"

    @property
    def span(self) -> str:
        """Its bars, for the player."""
        return f"{self.theme.first_bar} {self.theme.last_bar}"

    @property
    def url(self) -> str:
        """The page of the score that it was taken from."""
        if self.origin is not None:
            return reverse("take", args=[self.origin.cue.film.slug, self.origin.cue.number, self.origin.number])
        return reverse("score", args=[self.theme.version.public_id]) if self.theme.version else ""

    @property
    def origin_words(self) -> str:
        """From which cue or piece, and which bars of it."""
        version, first, last = self.theme.version, self.theme.first_bar, self.theme.last_bar
        if version is None:
            return ""
        whence = self.origin.cue.number if self.origin else version.piece.title
        if first == last:
            return _("from %(whence)s, bar %(first)d") % {"whence": whence, "first": first}
        return _("from %(whence)s, bars %(first)d–%(last)d") % {"whence": whence, "first": first, "last": last}


def theme_cards(facts: FilmFacts) -> list[ThemeCard]:
    """A card for each theme of a film, in a number of queries that does not depend on how many there are."""
    with_music = {one.theme.pk: bars for one in facts.themes if (bars := theme_bars(one.theme))}
    excerpts = read_excerpts(wanted=[(bars.version, (bars.first, bars.last)) for bars in with_music.values()])
    sheets = read_sheets(versions=[bars.version for bars in with_music.values()])
    origins: dict[int, Take] = {}
    takes = Take.objects.filter(version__in=list(sheets), cue__film=facts.film).select_related("cue__film")
    for take in takes.order_by("-cue__position"):
        origins[take.version_id] = take
    stages = [
        (time.stage.colour, round(100 * time.start / facts.seconds, 2), round(100 * time.length / facts.seconds, 2))
        for time in facts.stages
    ]
    cards = []
    for one in facts.themes:
        bars = with_music.get(one.theme.pk)
        drawn = excerpts.get((bars.version.pk, (bars.first, bars.last))) if bars else None
        cards.append(
            ThemeCard(
                facts=one,
                svg=read_strip(drawn) if drawn else "",
                trouble=_(drawn.error) if drawn and drawn.state == RenderingState.FAILED else "",
                sheet=sheets[bars.version.pk] if bars else None,
                origin=origins.get(bars.version.pk) if bars else None,
                marks=[(round(100 * heard.second / facts.seconds, 2), heard.use.how) for heard in one.heard],
                stages=stages,
            )
        )
    return cards


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def themes(request: SignedInRequest, slug: str) -> HttpResponse:
    """All themes of a film; POST adds one that is only a name so far."""
    film = get_object_or_404(Film.objects.real(), slug=slug)
    form = ThemeNameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            name_theme(film=film, name=form.cleaned_data["name"])
        except DomainError as error:
            form.add_error("name", str(error))
        else:
            return redirect("themes", slug)
    facts = film_facts(film=film)
    cards = theme_cards(facts)
    for card in cards:
        bars = theme_bars(card.theme)
        if bars and not card.svg and not card.trouble:  # restored from a backup, or a renderer of before
            request_strip(version=_whole(bars.version), bars=(bars.first, bars.last), created_by=request.user)
    waiting = any(theme_bars(card.theme) and not card.svg and not card.trouble for card in cards)
    if request.headers.get("HX-Request"):
        # the waiting page asks every two seconds; when nothing is to be drawn any more it is loaded anew
        return HttpResponse(status=204) if waiting else HttpResponse(headers={"HX-Refresh": "true"})
    context = {
        "film": film,
        "facts": facts,
        "cards": cards,
        "form": form,
        "waiting": waiting,
        "ways": ThemeUse.choices,
    }
    return render(request, "curator/themes.html", context, status=400 if form.errors else 200)


@require_POST
@owner
def change_theme(request: SignedInRequest, slug: str, theme: int) -> HttpResponse:
    """Rename a theme, forget it, say that a cue uses it, or take that back: `do` says which."""
    row = get_object_or_404(Theme.objects.select_related("film"), pk=theme, film__slug=slug)
    try:
        _change(request, row)
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("themes", slug)


def _change(request: SignedInRequest, theme: Theme) -> None:
    do = request.POST.get("do")
    if do == "rename":
        named = ThemeNameForm(request.POST)
        if not named.is_valid():
            raise DomainError(_("A theme has a name."))
        rename_theme(theme=theme, name=named.cleaned_data["name"])
    elif do == "forget":
        forget_theme(theme=theme)
        messages.success(request, _("“%(name)s” is no theme any more; its music stays.") % {"name": theme.name})
    elif do == "leave":
        use = get_object_or_404(CueTheme, pk=_number(request.POST.get("use")), theme=theme)
        leave_theme(use=use)
    else:
        form = ThemeUseForm(request.POST)
        if not form.is_valid():
            raise DomainError(_("Say which cue, how, and from which bar on."))
        cue = get_object_or_404(theme.film.cues, number=form.cleaned_data["cue"])
        use_theme(cue=cue, theme=theme, how=ThemeUse(form.cleaned_data["how"]), bar=form.cleaned_data["bar"])


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else 0


@require_POST
@owner
def name_bars(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Make bars of a score a theme of a film."""
    version = version_of(public_id)
    form = NamedBarsForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("A theme has a name, a first bar and a last bar."))
        return redirect("score", version.public_id)
    film = get_object_or_404(Film.objects.real(), slug=form.cleaned_data["film"])
    first, last = form.cleaned_data["first"], form.cleaned_data["last"]
    try:
        theme = name_theme(film=film, name=form.cleaned_data["name"], version=version, first_bar=first, last_bar=last)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("score", version.public_id)
    request_strip(version=version, bars=(first, last), created_by=request.user)
    messages.success(request, _("“%(name)s” is a theme of the film now.") % {"name": theme.name})
    return redirect("themes", film.slug)


def _whole(version: PieceVersion) -> PieceVersion:
    """The version with its texts, which lists of themes leave out."""
    return PieceVersion.objects.get(pk=version.pk)
