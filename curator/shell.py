"""What every page's frame needs: the current film, the rooms one can go to, the work that is going on.

Everything is read lazily, when the template asks, and at most once a request.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from curator.domain.disk import space_is_low
from curator.models.accounts import User
from curator.models.film import Cue, CueState, Film
from curator.models.jobs import Job

# The room of the house that a page belongs to, by URL name; a view may say `place` in its context instead.
PLACES = {
    "film": "arc",
    "film_shots": "arc",
    "film_shot": "arc",
    "film_import": "arc",
    "film_import_look": "arc",
    "film_settings": "arc",
    "film_plan": "arc",
    "cue_plan": "arc",
    "stage_briefs": "arc",
    "desk": "desk",
    "ear": "desk",
    "listen": "listen",
    "sitting": "listen",
    "warm_up": "listen",
    "own_answers": "listen",
    "standings": "standings",
    "film_standings": "standings",
    "wall": "standings",
    "delivery": "delivery",
    "tokens": "delivery",
    "library": "library",
    "add_scores": "library",
    "forget_import": "library",
    "tags": "library",
    "score": "library",
    "piece_about": "library",
    "twins": "library",
    "rights": "library",
    "confirm_rights": "library",
    "source": "library",
    "training": "training",
    "training_new": "training",
    "training_set": "training",
    "rounds": "training",
    "machines": "training",
    "new_round": "training",
    "round": "training",
    "checkpoints": "training",
    "checkpoint": "training",
    "preferences": "training",
    "preference_set": "training",
    "taste": "training",
    "workers": "workers",
    "disk": "workers",
}

FILM_SESSION_KEY = "film"


@dataclass(frozen=True)
class Link:
    """One way to another room."""

    place: str
    url: str
    label: str
    icon: str
    count: int = 0


@dataclass(frozen=True)
class OpenJobs:
    """How much work is open, where it is shown, and where the chip asks again."""

    open: int
    url: str
    poll: str


def context(request: HttpRequest) -> dict[str, Any]:
    """`shell` for templates of signed-in users; nothing on the sign-in and error pages."""
    user = getattr(request, "user", None)
    return {"shell": Shell(request, user)} if isinstance(user, User) else {}


def url_of(name: str, *args: object) -> str:
    """The URL of a named page, or "" where there is none."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


class Shell:
    """The frame of one page for one user."""

    def __init__(self, request: HttpRequest, user: User) -> None:
        self._request = request
        self._user = user

    @cached_property
    def _arguments(self) -> dict[str, Any]:
        match = self._request.resolver_match
        return dict(match.kwargs) if match and match.route.startswith("films/") else {}

    @property
    def place(self) -> str:
        """The room this page belongs to, "" where none."""
        match = self._request.resolver_match
        return PLACES.get(match.url_name or "", "") if match else ""

    @cached_property
    def films(self) -> list[Film]:
        """All films, the oldest first; only the owner may go from one to another."""
        return list(Film.objects.real().order_by("created_at", "id"))

    @cached_property
    def film(self) -> Film | None:
        """The film of this page, else the one last looked at, else the first."""
        session = self._request.session
        by_slug = {film.slug: film for film in self.films}
        if slug := self._arguments.get("slug"):
            if slug in by_slug and session.get(FILM_SESSION_KEY) != slug:
                session[FILM_SESSION_KEY] = slug
            return by_slug.get(slug) or Film.objects.filter(slug=slug).first()
        return by_slug.get(session.get(FILM_SESSION_KEY, "")) or next(iter(self.films), None)

    @property
    def other_films(self) -> list[Link]:
        """The way to the other films."""
        if not self._user.is_owner:
            return []
        links = [Link("", url_of("film", film.slug), film.title, "film") for film in self.films if film != self.film]
        more = [
            Link("", url_of("new_film"), _("New film"), "plus"),
            Link("", url_of("practice"), _("Practice briefs"), "desk"),
        ]
        return [*links, *more]

    @property
    def film_pages(self) -> list[Link]:
        """The pages of this film beside its way of a cue: what it is made of, and what is said of it."""
        if not self._user.is_owner or self.film is None or self.film.practice:
            return []
        pages = (
            ("film_shots", _("Scenes and shots"), "list"),
            ("film_plan", _("Cue plan"), "clock"),
            ("film_import", _("Import a storyboard"), "file"),
            ("film_settings", _("Film settings"), "pen"),
        )
        return [Link(name, url_of(name, self.film.slug), label, icon) for name, label, icon in pages]

    @cached_property
    def cues(self) -> list[Cue]:
        """The cues of the film, in order."""
        return list(self.film.cues.filter(practice=self.film.practice, set_aside_at__isnull=True)) if self.film else []

    @property
    def film_url(self) -> str:
        """The film's first page: the arc for the owner, where to listen for others."""
        if self.film is None:
            return ""
        return url_of("film", self.film.slug) if self._user.is_owner else url_of("home")

    def _cue_for(self, *states: str, leave: tuple[str, ...] = ()) -> Cue | None:
        """The cue of this page, else the first in one of `states`, else the first.

        A cue of this page in one of the states `leave` gives way to one that fits.
        """
        number = self._arguments.get("number")
        here = next((cue for cue in self.cues if cue.number == number), None)
        fitting = next((cue for state in states for cue in self.cues if cue.state == state), None)
        if here and fitting and here.state in leave:
            return fitting
        return here or fitting or (self.cues[0] if self.cues else None)

    @cached_property
    def film_links(self) -> list[Link]:
        """The way of a cue: arc, desk, listen, standings, delivery; raters listen."""
        film = self.film
        if film is None:
            return []
        to_rank = sum(cue.state == CueState.TO_RANK for cue in self.cues)
        desk = self._cue_for(CueState.GENERATING, CueState.SPOTTED)
        heard = (CueState.SPOTTED, CueState.DECIDED, CueState.APPROVED, CueState.DELIVERED)
        listen = self._cue_for(CueState.TO_RANK, leave=heard)
        standings = self._cue_for(CueState.DECIDED, CueState.TO_RANK)
        links = [
            Link("arc", url_of("practice"), _("Briefs"), "arc")
            if film.practice
            else Link("arc", url_of("film", film.slug), _("Arc"), "arc"),
            Link("desk", url_of("desk", film.slug, desk.number) if desk else "", _("Desk"), "desk"),
            Link("listen", url_of("listen", film.slug, listen.number) if listen else "", _("Listen"), "ear", to_rank),
            Link(
                "standings",
                url_of("standings", film.slug, standings.number) if standings else "",
                _("Standings"),
                "ranks",
            ),
            Link("delivery", "" if film.practice else url_of("delivery", film.slug), _("Delivery"), "box"),
        ]
        allowed = {"arc", "desk", "listen", "standings", "delivery"} if self._user.is_owner else {"listen"}
        return [link for link in links if link.url and link.place in allowed]

    @cached_property
    def house_links(self) -> list[Link]:
        """The rooms that serve all films; only the owner has their keys."""
        if not self._user.is_owner:
            return []
        links = [
            Link("library", url_of("library"), _("Library"), "lib"),
            Link("training", url_of("training"), _("Training"), "branch"),
            Link("workers", url_of("workers"), _("Workers"), "worker"),
        ]
        return [link for link in links if link.url]

    @property
    def tab_links(self) -> list[Link]:
        """What the tab bar of narrow windows shows beside the menu."""
        here = {"arc", "desk", "listen", "library"} if self._user.is_owner else {"listen"}
        return [link for link in self.film_links + self.house_links if link.place in here]

    @property
    def more_links(self) -> list[Link]:
        """The rooms that the tab bar has no place for."""
        shown = {link.place for link in self.tab_links}
        return [link for link in self.film_links + self.house_links if link.place not in shown]

    @property
    def search_url(self) -> str:
        """Where the search is: the library."""
        return url_of("library") if self._user.is_owner else ""

    @property
    def jobs_shown(self) -> bool:
        """Whether this user sees what the workers do."""
        return self._user.is_owner

    @cached_property
    def space_is_low(self) -> bool:
        """Whether the owner has to make room on the disk."""
        return self._user.is_owner and space_is_low()

    @cached_property
    def jobs(self) -> OpenJobs:
        """The work that is open now."""
        return open_jobs()


def open_jobs() -> OpenJobs:
    """The work that is open now, for the chip in the top bar."""
    return OpenJobs(Job.objects.open().count(), url_of("workers"), url_of("job_chip"))
