"""Themes of a film: naming bars of music, and saying which cue uses which theme and how."""

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.models.film import Cue, Film
from curator.models.library import PieceVersion
from curator.models.themes import CueTheme, Theme, ThemeUse

LONGEST = 32
"""A theme has at most so many bars; longer ones are pieces."""


@dataclass(frozen=True)
class ThemeBars:
    """The music of a theme: written bars `first` to `last` of a version, both included, counted from 1."""

    version: PieceVersion
    first: int
    last: int

    @property
    def count(self) -> int:
        """How many bars."""
        return self.last - self.first + 1


def theme_bars(theme: Theme) -> ThemeBars | None:
    """The bars behind a theme, with the version whose text has them; None for a theme that is only a name so far."""
    if theme.version is None or theme.first_bar is None or theme.last_bar is None:
        return None
    return ThemeBars(theme.version, theme.first_bar, theme.last_bar)


def name_theme(
    *, film: Film, name: str, version: PieceVersion | None = None, first_bar: int = 1, last_bar: int = 1
) -> Theme:
    """Name bars `first_bar` to `last_bar` of a version a theme of the film, or only a name where there is no version.

    A theme of the film with that name which has no music yet gets these bars. Raises DomainError for a name that is
    taken and for bars that the version does not have.
    """
    name = " ".join(name.split())[: Theme._meta.get_field("name").max_length]
    if not name:
        raise DomainError(_("A theme has a name."))
    bars: dict[str, Any] = {"version": version, "first_bar": None, "last_bar": None}
    if version is not None:
        _check_bars(version, first_bar, last_bar)
        bars |= {"first_bar": first_bar, "last_bar": last_bar}
    with transaction.atomic():
        Film.objects.select_for_update().get(pk=film.pk)  # of two at once one finds the name taken
        present = Theme.objects.filter(film=film, name=name).first()
        if present is None:
            return Theme.objects.create(film=film, name=name, **bars)
        if present.version_id is not None or version is None:
            raise DomainError(_("“%(name)s” is the name of another theme of this film.") % {"name": name})
        for field, value in bars.items():
            setattr(present, field, value)
        present.save(update_fields=list(bars))
    return present


def rename_theme(*, theme: Theme, name: str) -> None:
    """Give a theme another name. Raises DomainError for an empty one and for one that is taken."""
    name = " ".join(name.split())[: Theme._meta.get_field("name").max_length]
    if not name:
        raise DomainError(_("A theme has a name."))
    try:
        with transaction.atomic():
            Theme.objects.filter(pk=theme.pk).update(name=name)
    except IntegrityError as error:
        raise DomainError(_("“%(name)s” is the name of another theme of this film.") % {"name": name}) from error
    theme.name = name


def forget_theme(*, theme: Theme) -> None:
    """Take a theme out of the film, with what cues say of it; its music stays."""
    theme.delete()


def use_theme(*, cue: Cue, theme: Theme, how: ThemeUse, bar: int = 1) -> CueTheme:
    """Say that a cue uses a theme, and how, from a bar of its plan on; said again for the same bar it is changed.

    Raises DomainError for a theme of another film and for a bar that the cue does not have.
    """
    if theme.film_id != cue.film_id:
        raise DomainError(_("This theme belongs to another film."))
    if not 1 <= bar <= cue.bars:
        raise DomainError(_("The cue has bars 1 to %(bars)d.") % {"bars": cue.bars})
    use, _new = CueTheme.objects.update_or_create(cue=cue, theme=theme, bar=bar, defaults={"how": how})
    return use


def leave_theme(*, use: CueTheme) -> None:
    """Take back that a cue uses a theme."""
    use.delete()


def _check_bars(version: PieceVersion, first: int, last: int) -> None:
    bars = int(version.facts.get("bars") or 0) or _written(version)
    if not 1 <= first <= last <= bars:
        raise DomainError(
            _("The score has bars 1 to %(bars)d; a theme goes from one of them to the same or a later one.")
            % {"bars": bars}
        )
    if last - first >= LONGEST:
        raise DomainError(_("A theme has at most %(most)d bars.") % {"most": LONGEST})


def _written(version: PieceVersion) -> int:
    """How many bars the text has, a line each."""
    return sum(line.startswith(("[V:", "[r:")) for line in version.abc.splitlines())
