import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from curator.models.film import ArcStage, Cue, HitPoint
from curator.models.plan import Wishes
from tests.curator.domain.test_spotting import make_board, told
from tests.factories import make_cue, make_film, make_take

pytestmark = pytest.mark.django_db


def url(name, cue, *more):
    return reverse(name, args=[cue.film.slug, cue.number, *more])


def test_the_plan_lists_every_cue_with_what_is_missing(owner_client):
    film = make_film()
    make_cue(film=film)
    make_cue(film=film, in_frame=0, out_frame=1200, title="Am Pier")
    page = owner_client.get(reverse("film_plan", args=[film.slug])).content.decode()
    assert "with the picture" in page
    assert re.search(r'href="/films/[^"]*/cues/1m2/">Fit the tempo', page)
    assert "style=" not in page


def test_a_film_without_cues_offers_one_for_each_stage(owner_client):
    film = make_board()
    address = reverse("film_plan", args=[film.slug])
    assert "A cue for each stage" in owner_client.get(address).content.decode()
    assert owner_client.post(reverse("add_cue", args=[film.slug]), {"default": "1"})["Location"] == address
    assert [row[0] for row in told(film)] == ["1m1", "1m2", "1m3"]


def test_a_cue_is_marked_by_timecode_or_seconds(owner_client):
    film = make_board()
    add = reverse("add_cue", args=[film.slug])
    answer = owner_client.post(add, {"begin": "00:00:10:00", "end": "30,5", "title": "Steg"})
    assert answer["Location"] == reverse("cue_plan", args=[film.slug, "1m1"])
    assert [(row[4], row[5]) for row in told(film)] == [(240, 732)]
    for wrong in ({"begin": "x", "end": "30"}, {"begin": "30", "end": "10"}, {}):
        assert owner_client.post(add, wrong).status_code == 400
    assert film.cues.count() == 1


def test_the_cue_page_shows_the_tempi_with_their_misses(owner_client):
    cue = make_cue(out_frame=1200, stage=None)  # 50 seconds: the 16 bars at 60 are too short
    HitPoint.objects.create(cue=cue, frame=480, label="Hand", hard=True)
    page = owner_client.get(url("cue_plan", cue)).content.decode()
    assert "The music ends 48 frames too early" in page
    assert page.count('class="card fit"') == 5
    assert page.count('class="misses"') == 6
    assert page.count("btn sm primary") == 1
    assert "Digital Director" in page
    assert "style=" not in page


def test_the_chosen_tempo_is_written_and_ends_with_the_picture(owner_client):
    cue = make_cue(out_frame=1200)
    page = owner_client.get(url("cue_plan", cue)).content.decode()
    form = re.search(r'name="tempi" value="([^"]+)".*?name="metre" value="([^"]+)".*?name="bars" value="(\d+)"', page)
    tempi, metre, bars = form.groups()
    owner_client.post(url("choose_tempo", cue), {"tempi": tempi, "metre": metre, "bars": bars})
    cue.refresh_from_db()
    assert (cue.tempo_map, cue.metre, cue.bars) == ([[1, float(tempi)]], metre, int(bars))
    page = owner_client.get(url("cue_plan", cue)).content.decode()
    assert "The music ends with the picture" in page
    assert 'class="card fit on"' in page


def test_a_search_is_asked_by_the_address(owner_client):
    cue = make_cue(out_frame=1200)
    page = owner_client.get(url("cue_plan", cue), {"low": 80, "high": 90, "metres": ["4/4"]}).content.decode()
    assert [*map(float, re.findall(r'name="tempi" value="([^"]+)"', page)[:2])] == [86.4, 81.6]
    page = owner_client.get(url("cue_plan", cue), {"low": 90, "high": 80, "metres": ["4/4"]}).content.decode()
    assert "not slower than the slowest" in page
    page = owner_client.get(url("cue_plan", cue), {"low": 90, "high": 90.5, "metres": ["4/4"]}).content.decode()
    assert "Nothing fits in this range" in page


def test_a_plan_is_written_by_hand_with_a_tail(owner_client):
    cue = make_cue()
    send = {"tempi": "1:60 9:62,5", "metre": "3/4", "bars": 17, "key": "Dmin", "tail": "rings", "tail_end": "51"}
    owner_client.post(url("choose_tempo", cue), send)
    cue.refresh_from_db()
    assert (cue.tempo_map, cue.bars, cue.key, cue.tail, cue.tail_frame) == (
        [[1, 60], [9, 62.5]],
        17,
        "Dmin",
        "rings",
        1224,
    )
    tails = ({"tail": ""}, {"tail_end": "1"})
    for wrong in ({"tempi": "fast"}, {"tempi": "60 62"}, {"bars": 0}, {"metre": "x"}, {"key": "H"}, *tails):
        assert owner_client.post(url("choose_tempo", cue), send | wrong).status_code == 400


def test_a_border_moves_by_frame_by_timecode_and_by_script(owner_client):
    cue = make_cue()
    move = url("move_border", cue)
    owner_client.post(move, {"edge": "out", "by": "-2"})
    cue.refresh_from_db()
    assert cue.out_frame == 1150
    owner_client.post(move, {"edge": "in", "at": "00:00:01:00"})
    answer = owner_client.post(move, {"edge": "out", "frame": "722", "snap": 4}, HTTP_ACCEPT="application/json")
    assert answer.json() == {
        "number": "1m1",
        "in_frame": 24,
        "out_frame": 720,
        "in": "00:00:01:00",
        "out": "00:00:30:00",
        "seconds": 29.0,
        "bars": 16,
        "version": 1,
        "fitted": False,
    }
    answer = owner_client.post(move, {"edge": "in", "frame": "800"}, HTTP_ACCEPT="application/json")
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    page = owner_client.post(move, {"edge": "in", "at": "nonsense"}, follow=True).content.decode()
    assert "Write a timecode such as 00:00:00:00" in page


def test_hits_are_added_changed_and_removed(owner_client):
    cue = make_cue()
    said = {"at": "00:00:10:00", "label": "Hand", "hard": "hard", "weight": "2"}
    owner_client.post(url("add_hit", cue), said)
    hit = cue.hits.get()
    assert (hit.frame, hit.label, hit.hard, hit.weight) == (240, "Hand", True, 2)
    assert owner_client.post(url("add_hit", cue), said).status_code == 400
    names = {f"hit{hit.pk}-{name}": value for name, value in (said | {"at": "12.5", "hard": "soft"}).items()}
    owner_client.post(url("change_hit", cue, hit.pk), names)
    hit.refresh_from_db()
    assert (hit.frame, hit.hard) == (300, False)
    owner_client.post(url("change_hit", cue, hit.pk), {"do": "delete"})
    assert cue.hits.count() == 0
    assert owner_client.post(url("add_hit", cue), said | {"at": "00:01:00:00"}).status_code == 400


def test_markers_of_the_edit_list_become_hits_at_a_button(owner_client):
    cue = make_cue()
    cue.film.fields = {
        "markers": [{"frame": cue.in_frame + frame, "colour": "RED", "label": f"Door {frame}"} for frame in (24, 48)]
    }
    cue.film.save()
    page = owner_client.get(url("cue_plan", cue)).content.decode()
    assert "2 markers of the edit list lie here" in page
    owner_client.post(url("take_markers", cue), {"frame": [cue.in_frame + 48], "do": "soft"})
    owner_client.post(url("take_markers", cue), {"frame": ["x", "9" * 30]})
    owner_client.post(url("take_markers", cue), {})
    hit = cue.hits.get()
    assert (hit.frame, hit.label, hit.hard) == (cue.in_frame + 48, "Door 48", False)
    page = owner_client.get(url("cue_plan", cue)).content.decode()
    assert "1 marker of the edit list lies here" in page
    assert "Door 24" in page


def test_a_hit_that_the_border_left_behind_is_told_and_not_fitted(owner_client):
    cue = make_cue()
    HitPoint.objects.create(cue=cue, frame=10, label="Early", hard=True)
    HitPoint.objects.create(cue=cue, frame=600, label="Late", hard=True)
    owner_client.post(url("move_border", cue), {"edge": "in", "frame": "24"})
    page = owner_client.get(url("cue_plan", cue)).content.decode()
    assert page.count("outside the cue now") == 1
    assert "Early: " not in page
    assert "Late: " in page


def test_words_and_number_are_kept(owner_client):
    cue = make_cue()
    said = {
        "number": "2m4",
        "title": "Steg",
        "stage": cue.stage.pk,
        "brief": "Fog.",
        "question": "Which?",
        "notes": "n",
    }
    answer = owner_client.post(url("describe_cue", cue), said)
    cue.refresh_from_db()
    assert answer["Location"] == url("cue_plan", cue)
    assert (cue.number, cue.title, cue.brief, cue.question, cue.notes) == ("2m4", "Steg", "Fog.", "Which?", "n")
    make_cue(film=cue.film, number="1m9")
    answer = owner_client.post(url("describe_cue", cue), said | {"number": "1m9"})
    assert answer.status_code == 400
    assert "1m9 is taken by another cue" in answer.content.decode()


def test_wishes_of_a_cue_and_of_its_stage(owner_client):
    cue = make_cue()
    page = owner_client.get(url("cue_plan", cue)).content.decode()
    assert "inherited: 3/4" in page
    assert 'placeholder="48"' in page
    owner_client.post(url("cue_wishes", cue), {"metre": "6/8"})
    assert owner_client.post(url("cue_wishes", cue), {"tempo_low": 50}).status_code == 400
    stage = reverse("say_stage", args=[cue.film.slug, 1])
    owner_client.post(stage, {"stage1-words": "Ashes", "stage1-lowest": "36"})
    assert owner_client.post(stage, {"stage1-density": "0"}).status_code == 400
    assert [(row.cue, row.metre, row.words, row.lowest) for row in Wishes.objects.order_by("pk")] == [
        (cue, "6/8", "", None),
        (None, "", "Ashes", 36),
    ]
    assert "Ashes" in owner_client.get(reverse("stage_briefs", args=[cue.film.slug])).content.decode()


def test_a_cue_is_split_merged_set_aside_and_brought_back(owner_client):
    film = make_board()
    owner_client.post(reverse("add_cue", args=[film.slug]), {"default": "1"})
    first = film.cues.get(number="1m1")
    owner_client.post(url("split_cue", first), {"at": "10"})
    assert [row[0] for row in told(film)] == ["1m1", "1m1a", "1m2", "1m3"]
    page = owner_client.post(url("split_cue", first), {"at": "wrong"}, follow=True).content.decode()
    assert "Split a cue at a frame between" in page
    owner_client.post(url("merge_cues", first), {"with": "1m1a"})
    assert told(film)[0][4:] == (0, 480)
    make_take(cue=first)
    owner_client.post(url("remove_cue", first))
    assert [row[0] for row in told(film)] == ["1m2", "1m3"]
    page = owner_client.get(reverse("film_plan", args=[film.slug])).content.decode()
    assert "1m1-1" in page
    assert "set aside" in owner_client.get(reverse("cue_plan", args=[film.slug, "1m1-1"])).content.decode()
    owner_client.post(reverse("bring_back_cue", args=[film.slug, "1m1-1"]))
    owner_client.post(url("remove_cue", film.cues.get(number="1m3")))
    owner_client.post(reverse("renumber_plan", args=[film.slug]))
    assert [row[0] for row in told(film)] == ["1m1", "1m2"]


def test_earlier_versions_stand_on_the_page(owner_client):
    cue = make_cue()
    make_take(cue=cue)
    owner_client.post(url("move_border", cue), {"edge": "out", "frame": "1100"})
    page = owner_client.get(url("cue_plan", cue)).content.decode()
    assert "1 take was written for an earlier version" in page
    assert "Earlier versions" in page
    assert "version 2" in page


def test_the_next_step_of_a_film_is_to_fit_a_cue_that_does_not_end_with_the_picture(owner_client):
    cue = make_cue(out_frame=1200)
    page = owner_client.get(reverse("film", args=[cue.film.slug])).content.decode()
    assert "wants its tempo" in page
    assert page.count(url("cue_plan", cue)) >= 2
    Cue.objects.update(out_frame=1152)
    assert "has no music yet" in owner_client.get(reverse("film", args=[cue.film.slug])).content.decode()


def test_pages_do_not_ask_more_for_more(owner_client):
    def asked(address: str) -> int:
        owner_client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert owner_client.get(address).status_code == 200
        return len(queries)

    film = make_board(stages=("Forgotten",), lengths=((240,), (240,), (240,)))
    owner_client.post(reverse("add_cue", args=[film.slug]), {"default": "1"})
    cue = film.cues.get()
    HitPoint.objects.create(cue=cue, frame=100)
    addresses = [reverse(name, args=[film.slug]) for name in ("film_plan", "stage_briefs")] + [url("cue_plan", cue)]
    few = [asked(address) for address in addresses]
    for place in (2, 3):
        stage = ArcStage.objects.create(film=film, position=place, name="Chosen", colour=place)
        make_cue(film=film, number=f"1m{place}", stage=stage, in_frame=100 * place, out_frame=100 * place + 99)
        HitPoint.objects.create(cue=cue, frame=100 + place)
    assert [asked(address) for address in addresses] == few


def test_what_is_not_there(owner_client):
    film, other = make_film(), make_cue()
    hit = HitPoint.objects.create(cue=other, frame=10)
    mine = make_cue(film=film)
    assert owner_client.get(reverse("film_plan", args=["nothing"])).status_code == 404
    assert owner_client.get(reverse("cue_plan", args=[film.slug, "9m9"])).status_code == 404
    assert owner_client.post(url("change_hit", mine, hit.pk), {"do": "delete"}).status_code == 404
    assert owner_client.get(url("move_border", mine)).status_code == 405
