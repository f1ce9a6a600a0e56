"""What is printed of a film: its approved cues as engraved pages, its cue sheet."""

from collections.abc import Collection
from dataclasses import dataclass

from curator.delivery.manifest import CueEntry, FilmFacts
from curator.domain.packing import film_facts, read_entries
from curator.domain.preparing import Prepared, prepare_film
from curator.domain.rendering import request_rendering
from curator.domain.sheets import Sheet, read_take_sheets
from curator.models.accounts import User
from curator.models.film import Film


@dataclass(frozen=True)
class CuePages:
    """An approved cue with its engraved pages; `prefix` keeps the ids of its drawings apart from those of others."""

    prepared: Prepared
    entry: CueEntry
    sheet: Sheet
    prefix: str


@dataclass(frozen=True)
class Book:
    """The approved cues of a film that can go, in its order."""

    film: FilmFacts
    pages: tuple[CuePages, ...]

    @property
    def entries(self) -> tuple[CueEntry, ...]:
        """What the cue sheet tells."""
        return tuple(page.entry for page in self.pages)

    @property
    def composers(self) -> tuple[str, ...]:
        """Who is named as composer, each once."""
        return tuple(dict.fromkeys(page.entry.credits.composer for page in self.pages))

    @property
    def waiting(self) -> bool:
        """Whether a page is still being engraved."""
        return any(not page.sheet.drawn and not page.sheet.trouble for page in self.pages)


def read_book(*, film: Film, by: User, numbers: Collection[str] | None = None, drawn: bool = True) -> Book:
    """The book of a film, or these cues of it. Pages that were never engraved are sent to a worker.

    `drawn=False` leaves the pages alone, for papers that show none.
    """
    prepared, _problems = prepare_film(film=film, numbers=numbers)
    entries = read_entries(film=film, prepared=prepared)
    takes = [each.approval.take for each in prepared]
    for each in prepared:
        each.approval.take.cue = each.cue
    sheets = read_take_sheets(takes=takes)
    for take in takes if drawn else ():
        if sheets[take.pk].engraving is None:
            request_rendering(version=take.version, tempo_map=take.cue.tempo_map, created_by=by, priority=5)
    pages = [
        CuePages(each, entry, sheets[each.approval.take_id], f"b{place}")
        for place, (each, entry) in enumerate(zip(prepared, entries, strict=True))
    ]
    return Book(film_facts(film), tuple(pages))
