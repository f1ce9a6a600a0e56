import pytest
from django.db import IntegrityError, transaction

from curator.domain.errors import DomainError
from curator.domain.themes import (
    ThemeBars,
    forget_theme,
    leave_theme,
    name_theme,
    rename_theme,
    theme_bars,
    use_theme,
)
from curator.models.themes import CueTheme, Theme, ThemeUse
from tests.factories import make_cue, make_film, make_version

pytestmark = pytest.mark.django_db


def test_bars_of_a_version_get_a_name():
    version = make_version()
    theme = name_theme(film=make_film(), name="  The   lantern ", version=version, first_bar=1, last_bar=2)
    assert (theme.name, theme_bars(theme)) == ("The lantern", ThemeBars(version, 1, 2))
    assert ThemeBars(version, 1, 2).count == 2


def test_a_theme_may_be_a_name_first_and_get_its_music_later():
    film, version = make_film(), make_version()
    empty = name_theme(film=film, name="The lantern")
    assert theme_bars(empty) is None
    full = name_theme(film=film, name="The lantern", version=version, first_bar=2, last_bar=2)
    assert (full.pk, theme_bars(full)) == (empty.pk, ThemeBars(version, 2, 2))
    with pytest.raises(DomainError, match="another theme"):
        name_theme(film=film, name="The lantern", version=version, first_bar=1, last_bar=1)
    name_theme(film=make_film(), name="The lantern")


@pytest.mark.parametrize(("first", "last"), [(0, 1), (2, 1), (1, 3), (3, 3)])
def test_only_bars_that_there_are_become_a_theme(first, last):
    with pytest.raises(DomainError, match="bars 1 to 2"):
        name_theme(film=make_film(), name="x", version=make_version(), first_bar=first, last_bar=last)
    assert not Theme.objects.exists()


def test_a_theme_is_no_whole_piece_and_has_a_name():
    with pytest.raises(DomainError, match="at most 32"):
        name_theme(film=make_film(), name="x", version=make_version(facts={"bars": 80}), first_bar=2, last_bar=34)
    with pytest.raises(DomainError, match="has a name"):
        name_theme(film=make_film(), name="  ")


def test_half_a_theme_is_not_kept():
    with pytest.raises(IntegrityError), transaction.atomic():
        Theme.objects.create(film=make_film(), name="x", version=make_version())


def test_a_theme_is_renamed_unless_the_name_is_taken():
    film = make_film()
    theme, _other = name_theme(film=film, name="one"), name_theme(film=film, name="two")
    rename_theme(theme=theme, name="three")
    assert Theme.objects.filter(film=film, name="three").exists()
    for name in ("two", " "):
        with pytest.raises(DomainError):
            rename_theme(theme=theme, name=name)
    theme.refresh_from_db()
    assert theme.name == "three"


def test_cues_say_which_theme_they_use_and_how():
    cue = make_cue()
    theme = name_theme(film=cue.film, name="The lantern")
    use_theme(cue=cue, theme=theme, how=ThemeUse.STATEMENT)
    use_theme(cue=cue, theme=theme, how=ThemeUse.FRAGMENT, bar=9)
    use_theme(cue=cue, theme=theme, how=ThemeUse.VARIATION, bar=9)
    assert list(cue.theme_uses.values_list("how", "bar")) == [("statement", 1), ("variation", 9)]
    leave_theme(use=cue.theme_uses.get(bar=9))
    assert list(cue.theme_uses.values_list("bar", flat=True)) == [1]
    forget_theme(theme=theme)
    assert not CueTheme.objects.exists()


def test_a_cue_uses_only_themes_of_its_film_in_bars_it_has():
    cue = make_cue()
    with pytest.raises(DomainError, match="another film"):
        use_theme(cue=cue, theme=name_theme(film=make_film(), name="x"), how=ThemeUse.STATEMENT)
    with pytest.raises(DomainError, match="bars 1 to 16"):
        use_theme(cue=cue, theme=name_theme(film=cue.film, name="x"), how=ThemeUse.STATEMENT, bar=17)
