import json
import re

import pytest
from django.db.models import Value
from django.db.models.functions import Concat, Substr
from django.test import Client
from django.urls import reverse

from curator.domain.matches import open_match
from curator.domain.ranking import record_judgement
from curator.domain.rendering import add_mp3
from curator.models.film import Cue
from curator.models.jobs import Job
from curator.models.library import MediaFile
from curator.models.ranking import Answer, Judgement, Pair
from curator.rendering.ogg import opus_samples
from curator.views.listen import bar_starts
from tests.factories import make_cue, make_take, make_user
from tests.listening import cue_with_takes, give_opus, give_sound, hand, judge

pytestmark = pytest.mark.django_db


@pytest.fixture
def cue(settings):
    """A cue with three takes that sound."""
    made = cue_with_takes(3, brief="Dust, waiting.")
    for take in made.takes.all():
        give_opus(take)
    return made


def url(name: str, cue) -> str:
    return reverse(name, args=[cue.film.slug, cue.number])


def open_pair(cue) -> Pair:
    return Pair.objects.get(cue=cue, closed_at__isnull=True)


def answer(client, cue, said: str, **more):
    client.get(url("listen", cue))
    return client.post(url("judge", cue), {"pair": open_pair(cue).public_id, "answer": said} | more)


@pytest.mark.parametrize("who", ["owner_client", "rater_client"])
def test_listen_asks_the_question_of_the_scene(request, cue, who):
    response = request.getfixturevalue(who).get(url("listen", cue))
    assert response.status_code == 200
    page = response.content.decode()
    assert "Which one waits more patiently?" in page
    assert "S01-001" in page
    assert response["Cache-Control"].startswith("max-age=0")


def test_listen_needs_sign_in(client, cue):
    for name in ("listen", "judge", "undo_judgement"):
        response = client.get(url(name, cue))
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("sign_in"))


def test_listen_methods(owner_client, cue):
    assert owner_client.post(url("listen", cue)).status_code == 405
    assert owner_client.get(url("judge", cue)).status_code == 405
    assert owner_client.get(url("undo_judgement", cue)).status_code == 405
    client_with_csrf = Client(enforce_csrf_checks=True)
    client_with_csrf.force_login(make_user())
    assert client_with_csrf.post(url("judge", cue)).status_code == 403


def test_listen_unknown_cue_is_not_found(owner_client, cue):
    for name, method in (("listen", "get"), ("judge", "post"), ("undo_judgement", "post")):
        address = reverse(name, args=[cue.film.slug, "9m9"])
        assert getattr(owner_client, method)(address).status_code == 404


@pytest.mark.parametrize("count", [0, 1])
def test_listen_waits_for_two_takes(owner_client, count):
    waiting = cue_with_takes(count)
    assert "Blind listening begins with two" in owner_client.get(url("listen", waiting)).content.decode()


def test_listen_leads_a_listener_on_to_the_next_cue_when_it_is_sure_enough(rater_client, owner_client, cue):
    judge(cue, make_user(), 24)
    other = cue_with_takes(2, film=cue.film, state="to_rank")
    page = rater_client.get(url("listen", cue)).content.decode()
    assert "More listening would hardly change the choice. If you go on" in page
    assert f'<a href="{url("listen", other)}">Listen to {other.number}</a>' in page
    assert (
        f'<a href="{url("standings", cue)}">See the standings</a>'
        in owner_client.get(url("listen", cue)).content.decode()
    )


def test_the_way_to_listening_leaves_a_cue_that_needs_no_ears(owner_client, cue):
    way = f'<a href="{url("listen", cue)}"'
    other = cue_with_takes(2, film=cue.film, state="to_rank")
    Cue.objects.filter(pk=cue.pk).update(state="to_rank")
    assert way in owner_client.get(url("standings", cue)).content.decode()
    Cue.objects.filter(pk=cue.pk).update(state="approved")
    page = owner_client.get(url("standings", cue)).content.decode()
    nav = page[: page.index("</nav>")]
    assert way not in nav
    assert f'<a href="{url("listen", other)}"' in nav


def test_listen_page_that_waits_goes_on_by_itself(rater_client, cue):
    waiting = cue_with_takes(2)
    page = rater_client.get(url("listen", waiting)).content.decode()
    assert f'hx-get="{url("listen", waiting)}"' in page
    asked = {"HX-Request": "true"}
    assert rater_client.get(url("listen", waiting), headers=asked).status_code == 204
    assert rater_client.get(url("listen", cue), headers=asked)["HX-Refresh"] == "true"


def test_listen_waits_for_the_sound(rater_client):
    silent = cue_with_takes(3)
    page = rater_client.get(url("listen", silent)).content.decode()
    assert "3 takes are written" in page
    assert "To the desk" not in page


def test_listen_is_blind(owner_client, cue):
    """Both sides are the same but for letter, side, keys and a token of one length."""
    page = owner_client.get(url("listen", cue)).content.decode()
    left, right = re.findall(r'<section class="side".*?</section>', page, re.DOTALL)
    pair = open_pair(cue)
    for here, there in ((pair.left_token, pair.right_token), ('"left"', '"right"'), ('"1 a"', '"2 b"')):
        assert here in left
        left = left.replace(here, there)
    assert re.sub(r"\b(Cue|Play) A\b", r"\1 B", left).replace(">A<", ">B<") == right
    assert len(pair.left_token) == len(pair.right_token)


def test_listen_tells_nothing_of_the_takes(owner_client, cue):
    page = owner_client.get(url("listen", cue)).content.decode()
    for take in cue.takes.select_related("version__piece"):
        for secret in (take.public_id, take.version.public_id, take.version.piece.title, take.version.sha256):
            assert secret not in page
    assert "take" not in re.sub(r"<dialog.*?</dialog>", "", page.lower().split("<main")[1], flags=re.DOTALL)


def test_listen_keeps_the_pair_on_reload(owner_client, cue):
    pages = [owner_client.get(url("listen", cue)).content.decode() for _ in range(2)]
    tokens = [re.findall(r'data-src="([^"]+)"', page) for page in pages]
    assert tokens[0] == tokens[1]


@pytest.mark.parametrize("said", [answer.value for answer in Answer if answer != Answer.RETRACTED])
def test_judge_writes_the_answer_down(rater_client, rater, cue, said):
    response = answer(rater_client, cue, said)
    assert response.status_code == 302
    assert response["Location"] == url("listen", cue)
    [judgement] = Judgement.objects.all()
    assert (judgement.answer, judgement.rater, judgement.heard_left) == (said, rater, 0)


def test_judge_keeps_the_report(owner_client, cue):
    report = {
        "first": "left",
        "left": [[0, 8.05]],
        "right": [[2, 11]],
        "events": [[0, "play", "left", 0], [8050, "switch", "right", 8.05]],
        "ms": 17000,
        "device": "desktop",
    }
    answer(owner_client, cue, "left", report=json.dumps(report))
    judgement = Judgement.objects.get()
    assert (judgement.first_played, judgement.heard_left, judgement.heard_right) == ("left", 8.05, 9.0)
    assert (judgement.decision_ms, judgement.device_class) == (17000, "desktop")
    assert judgement.events == [[0, "play", "left", 0.0], [8050, "switch", "right", 8.05]]


@pytest.mark.parametrize(
    "report",
    [
        "{",
        "[]",
        '"text"',
        '{"left": [[1]]}',
        '{"left": [[5, 1]]}',
        '{"left": [[NaN, 1]]}',
        '{"left": [[0, 1e400]]}',
        '{"right": 7}',
        '{"first": "middle"}',
        '{"device": "<b>"}',
        '{"ms": -1}',
        '{"ms": Infinity}',
        '{"events": [[0, 1, "left", 0]]}',
        '{"events": [[0, "\\ud834", "left", 0]]}',  # half a character: PostgreSQL and a backup refuse it
        '{"events": [[0, "\\u0000", "left", 0]]}',
        '{"events": [[1e300, "play", "left", 0]]}',
        "[" * 5000,
        '{"left": ' + json.dumps([[0, 1]] * 501) + "}",
    ],
)
def test_judge_refuses_a_report_that_is_none(owner_client, cue, report):
    response = answer(owner_client, cue, "left", report=report)
    assert response.status_code == 400
    assert "cannot be read" in response.content.decode()
    assert Judgement.objects.count() == 0


def test_judge_refuses_an_answer_that_is_none(owner_client, cue):
    assert answer(owner_client, cue, "retracted").status_code == 400
    assert owner_client.post(url("judge", cue), {"answer": "left"}).status_code == 404
    assert Judgement.objects.count() == 0


def test_judge_refuses_the_pair_of_another_listener(owner_client, rater_client, rater, cue):
    pair = hand(cue, rater, audible=True)
    response = owner_client.post(url("judge", cue), {"pair": pair.public_id, "answer": "left"}, follow=True)
    assert "handed to somebody else" in response.content.decode()
    assert Judgement.objects.count() == 0


def test_judge_shows_nothing_of_the_pair_of_another_listener(owner_client, rater, cue):
    pair = hand(cue, rater, audible=True)
    response = owner_client.post(url("judge", cue), {"pair": pair.public_id, "answer": "nonsense"}, follow=True)
    assert response.redirect_chain == [(url("listen", cue), 302)]
    page = response.content.decode()
    assert pair.left_token not in page
    assert pair.right_token not in page


def test_judge_refuses_the_pair_of_another_cue(owner_client, owner, cue):
    other = make_cue(film=cue.film)
    pair = hand(cue, owner, audible=True)
    address = reverse("judge", args=[cue.film.slug, other.number])
    assert owner_client.post(address, {"pair": pair.public_id, "answer": "left"}).status_code == 404


def test_judge_twice_counts_once(owner_client, cue):
    owner_client.get(url("listen", cue))
    form = {"pair": open_pair(cue).public_id, "answer": "left"}
    for _ in range(2):
        assert owner_client.post(url("judge", cue), form).status_code == 302
    assert Judgement.objects.count() == 1


def test_undo_brings_the_pair_back(owner_client, cue):
    answer(owner_client, cue, "left")
    first = Judgement.objects.get()
    page = owner_client.get(url("listen", cue)).content.decode()
    assert "Undo last" in page
    response = owner_client.post(url("undo_judgement", cue), follow=True)
    assert "Undo last" not in response.content.decode()
    again = open_pair(cue)
    assert (again.left_id, again.right_id) == (first.left_id, first.right_id)
    assert not Judgement.objects.standing().exists()


def test_undo_without_an_answer_says_so(owner_client, cue):
    response = owner_client.post(url("undo_judgement", cue), follow=True)
    assert "There is nothing to take back." in response.content.decode()


def test_neither_offers_new_takes(owner_client, rater_client, cue):
    answer(owner_client, cue, "bad")
    assert "Neither served it." in owner_client.get(url("listen", cue)).content.decode()
    assert "Neither served it." not in rater_client.get(url("listen", cue)).content.decode()


def test_the_end_of_a_match_is_said_and_leads_to_what_it_says(owner_client, rater_client):
    cue = cue_with_takes(0)
    open_match(key="round:x:1", cues=[cue], older="old", newer="new", wanted=1)
    for cohort in ("old", "new") * 2:
        give_opus(make_take(cue=cue, cohort=cohort))
    answer(owner_client, cue, "left")
    page = owner_client.get(url("listen", cue)).content.decode()
    assert "The blind match on this cue is heard." in page
    assert f'href="{reverse("match", args=["round:x:1"])}"' in page
    assert "blind match" not in rater_client.get(url("listen", cue)).content.decode()


def test_listen_queries_do_not_grow(owner_client, owner, django_assert_max_num_queries):
    for count in (2, 9):
        cue = cue_with_takes(count)
        for take in cue.takes.all():
            give_sound(take)
        for _ in range(count):
            record_judgement(pair=hand(cue, owner, audible=True), rater=owner, answer="left")
        owner_client.get(url("listen", cue))
        with django_assert_max_num_queries(24):
            owner_client.get(url("listen", cue))


def test_sound_plays_for_its_listener_while_the_pair_is_open(owner_client, owner, cue):
    pair = hand(cue, owner, audible=True)
    address = reverse("sound", args=[pair.left_token])
    response = owner_client.get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "audio/ogg")
    assert opus_samples(response.content) == 28_800
    assert response["ETag"] == f'"{pair.left_token}"'
    part = owner_client.get(address, headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"OggS")
    assert owner_client.get(address, headers={"if-none-match": response["ETag"]}).status_code == 304
    assert owner_client.head(address)["Content-Length"] == str(len(response.content))
    other = owner_client.get(reverse("sound", args=[pair.right_token]))
    assert other.content != response.content
    record_judgement(pair=pair, rater=owner, answer="left")
    assert owner_client.get(address).status_code == 404


def test_sound_as_mp3_is_made_on_first_request(owner_client, owner, cue):
    pair = hand(cue, owner, audible=True)
    address = reverse("sound", args=[pair.left_token]) + "?as=mp3"
    for _ in range(2):
        response = owner_client.get(address)
        assert (response.status_code, response["Retry-After"]) == (503, "1")
    # of both sides: whether one was asked for before must not tell them apart
    assert Job.objects.open().count() == 2
    for rendering in (pair.left_rendering, pair.right_rendering):
        add_mp3(sound_id=rendering.pk)
    response = owner_client.get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "audio/mpeg")


def test_sound_that_the_storage_lost_is_not_found(owner_client, owner, cue):
    pair = hand(cue, owner, audible=True)
    MediaFile.objects.all().update(sha256=Concat(Value("f"), Substr("sha256", 2)))
    assert owner_client.get(reverse("sound", args=[pair.left_token])).status_code == 404


def test_sound_is_for_nobody_else(client, rater_client, owner, cue):
    pair = hand(cue, owner, audible=True)
    address = reverse("sound", args=[pair.right_token])
    assert client.get(address).status_code == 302
    assert rater_client.get(address).status_code == 404
    assert rater_client.post(address).status_code == 405
    assert rater_client.get(reverse("sound", args=["nothing"])).status_code == 404


def test_bar_starts_follow_the_tempo_map():
    cue = make_cue(metre="3/4", tempo_map=[[1, 60], [3, 90]], bars=4)
    assert bar_starts(cue) == [0.0, 3.0, 6.0, 8.0, 10.0]
