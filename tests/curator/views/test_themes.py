import pytest
from django.urls import reverse

from curator.domain.strips import draw_strip, request_strip
from curator.domain.themes import name_theme, use_theme
from curator.models.library import Rendering
from curator.models.themes import CueTheme, Theme, ThemeUse
from curator.notation.convert import abc_to_musicxml
from tests.factories import ABC, make_cue, make_film, make_take, make_version

pytestmark = pytest.mark.django_db


def page(client, film) -> str:
    return str(client.get(reverse("themes", args=[film.slug])).content.decode())


def change(client, theme, **fields):
    return client.post(reverse("change_theme", args=[theme.film.slug, theme.pk]), fields)


@pytest.fixture
def take():
    return make_take(cue=make_cue(), version=make_version(musicxml=abc_to_musicxml(ABC).text))


def test_bars_of_a_score_become_a_theme_of_the_film(owner_client, take):
    score = owner_client.get(reverse("take", args=[take.cue.film.slug, "1m1", 1])).content.decode()
    assert "Make it a theme" in score
    told = {"name": "The lantern", "film": take.cue.film.slug, "first": 1, "last": 2}
    response = owner_client.post(reverse("name_bars", args=[take.version.public_id]), told)
    assert response["Location"] == reverse("themes", args=[take.cue.film.slug])
    theme = Theme.objects.get()
    assert (theme.version, theme.first_bar, theme.last_bar) == (take.version, 1, 2)
    draw_strip(strip_id=Rendering.objects.get(target="bars 1-2").pk)
    shown = page(owner_client, take.cue.film)
    assert "from 1m1, bars 1–2" in shown
    assert shown.count('class="measure"') == 2
    assert f'id="t{theme.pk}-' in shown
    score = owner_client.get(reverse("take", args=[take.cue.film.slug, "1m1", 1])).content.decode()
    assert f"#theme-{theme.pk}" in score


def test_wrong_bars_and_taken_names_are_told_on_the_score(owner_client, take):
    address = reverse("name_bars", args=[take.version.public_id])
    told = {"name": "The lantern", "film": take.cue.film.slug, "first": 2, "last": 9}
    assert "has bars 1 to 2" in owner_client.post(address, told, follow=True).content.decode()
    assert (
        "a first bar and a last bar" in owner_client.post(address, told | {"first": ""}, follow=True).content.decode()
    )
    name_theme(film=take.cue.film, name="The lantern", version=take.version)
    again = owner_client.post(address, told | {"first": 1, "last": 1}, follow=True).content.decode()
    assert "the name of another theme" in again
    assert owner_client.post(address, told | {"film": "nothing"}).status_code == 404


def test_a_theme_that_is_not_drawn_yet_is_sent_to_a_worker(owner_client, take):
    name_theme(film=take.cue.film, name="The lantern", version=take.version, first_bar=2, last_bar=2)
    address = reverse("themes", args=[take.cue.film.slug])
    assert 'hx-trigger="every 2s"' in page(owner_client, take.cue.film)
    assert owner_client.get(address, headers={"HX-Request": "true"}).status_code == 204
    draw_strip(strip_id=Rendering.objects.get(target="bars 2-2").pk)
    assert owner_client.get(address, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert "from 1m1, bar 2" in page(owner_client, take.cue.film)


def test_a_theme_is_only_a_name_first(owner_client):
    film = make_film()
    assert "No theme is named yet" in page(owner_client, film)
    address = reverse("themes", args=[film.slug])
    assert owner_client.post(address, {"name": "The lantern"}).status_code == 302
    assert "no music yet" in page(owner_client, film)
    for name, words in (("The lantern", "the name of another theme"), ("", "This field is required")):
        answer = owner_client.post(address, {"name": name})
        assert answer.status_code == 400
        assert words in answer.content.decode()


def test_cues_are_said_to_use_a_theme_and_taken_back(owner_client):
    cue = make_cue()
    theme = name_theme(film=cue.film, name="The lantern")
    change(owner_client, theme, do="use", cue="1m1", how="variation", bar="9")
    use = CueTheme.objects.get()
    assert (use.cue, use.how, use.bar) == (cue, "variation", 9)
    assert "varied, from bar 9" in page(owner_client, cue.film)
    for wrong in ({"bar": "99"}, {"how": "backwards"}, {"bar": ""}):
        told = {"do": "use", "cue": "1m1", "how": "variation", "bar": "9"} | wrong
        answer = owner_client.post(reverse("change_theme", args=[cue.film.slug, theme.pk]), told, follow=True)
        assert 'role="alert"' in answer.content.decode()
    assert change(owner_client, theme, do="use", cue="9m9", how="variation", bar="1").status_code == 404
    change(owner_client, theme, do="leave", use=use.pk)
    assert not CueTheme.objects.exists()
    assert change(owner_client, theme, do="leave", use="x").status_code == 404


def test_a_theme_is_renamed_and_forgotten(owner_client):
    theme = name_theme(film=make_film(), name="one")
    change(owner_client, theme, do="rename", name="two")
    assert Theme.objects.get().name == "two"
    change(owner_client, theme, do="rename", name="")
    assert Theme.objects.get().name == "two"
    change(owner_client, theme, do="forget")
    assert not Theme.objects.exists()


def test_a_theme_of_another_film_is_not_found(owner_client):
    theme = name_theme(film=make_film(), name="one")
    other = make_film()
    answer = owner_client.post(reverse("change_theme", args=[other.slug, theme.pk]), {"do": "forget"})
    assert (answer.status_code, Theme.objects.count()) == (404, 1)


def test_the_arc_shows_where_a_theme_recurs(owner_client, take):
    film = take.cue.film
    theme = name_theme(film=film, name="The lantern", version=take.version, first_bar=1, last_bar=2)
    use_theme(cue=take.cue, theme=theme, how=ThemeUse.STATEMENT)
    use_theme(cue=take.cue, theme=theme, how=ThemeUse.FRAGMENT, bar=9)
    arc = owner_client.get(reverse("film", args=[film.slug])).content.decode()
    line = arc.split('<g class="thl">')[1].split("</g>")[0]
    assert [how for how in ("statement", "variation", "fragment") if f"#th-{how}" in line] == ["statement", "fragment"]
    assert "The lantern" in line


def test_queries_do_not_grow_with_themes(owner_client, django_assert_max_num_queries, take):
    film = take.cue.film
    counts = []
    for number in range(3):
        version = make_version(abc=f"{ABC}%{number}\n", musicxml=take.version.musicxml)
        theme = name_theme(film=film, name=f"Theme {number}", version=version, first_bar=1, last_bar=2)
        draw_strip(strip_id=request_strip(version=version, bars=(1, 2)).pk)
        use_theme(cue=take.cue, theme=theme, how=ThemeUse.STATEMENT)
        owner_client.get(reverse("themes", args=[film.slug]))
        with django_assert_max_num_queries(60) as queries:
            owner_client.get(reverse("themes", args=[film.slug]))
        counts.append(len(queries))
    assert counts[1] == counts[2]
