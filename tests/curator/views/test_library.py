"""The library pages."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from curator import jobs
from curator.domain.library import About, import_score, upload_score
from curator.domain.media import store_media
from curator.domain.saved_views import keep_view
from curator.models.jobs import Job, JobState
from curator.models.library import Piece, Rendering, RenderingFile, SavedView
from tests.curator.notation.hostile import mxl
from tests.curator.notation.scores import two_staff
from tests.factories import make_user

pytestmark = pytest.mark.django_db

SCORE = two_staff(2)
BAD = SCORE.replace(b"</step>", b"</step><alter>0.5</alter>")
REASON = "The score has quarter tones, which a piano does not have."


def file(name: str = "a.musicxml", data: bytes = SCORE) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


@pytest.fixture
def refused() -> Job:
    row = upload_score(name="Nuvole.musicxml", data=BAD)
    jobs.execute(row.pk)
    row.refresh_from_db()
    return row


def test_empty_library(owner_client):
    page = owner_client.get("/library/").content.decode()
    assert "The shelf is empty" in page
    assert 'hx-trigger="every' not in page


def test_cards_search_and_chips(owner_client):
    version = import_score(name="a.xml", data=SCORE).version
    row = Rendering.objects.get(version=version, target="engraving")
    svg = store_media(data=b'<svg viewBox="0 0 9 9"><g id="n1"></g></svg>', suffix=".svg")
    RenderingFile.objects.create(rendering=row, role="incipit", media=svg)
    Rendering.objects.filter(version=version).update(state="ready", seconds=65)
    page = owner_client.get("/library/?q=study&composer=A.+Nonym").content.decode()
    assert "Study" in page
    assert 'class="engraving"' in page
    assert f'id="i{version.public_id}-n1"' in page
    assert "1:05" in page
    assert 'href="?composer=A.+Nonym"' in page  # the chip of the words takes them away
    assert "Nothing sounds like that" in owner_client.get("/library/?q=zzz").content.decode()


def test_titles_are_escaped(owner_client):
    import_score(name="a.xml", data=two_staff(2, title="&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}"))
    page = owner_client.get("/library/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in page
    assert "<script>alert" not in page


def test_a_nonsense_address_shows_the_library(owner_client):
    for query in ("page=abc&sort=x&origin=y", "page=999999999", "q=%00", "composer=" * 30):
        assert owner_client.get(f"/library/?{query}").status_code == 200


def test_shelf_alone_for_htmx(owner_client):
    page = owner_client.get("/library/", headers={"HX-Request": "true", "HX-Target": "shelf"}).content.decode()
    assert page.lstrip().startswith('<section id="shelf"')
    assert "<html" not in page


def test_uploads_on_their_way_and_refused_ones_stand_on_the_shelf(owner_client, refused):
    waiting = upload_score(name="Una Mattina.xml", data=SCORE)
    page = owner_client.get("/library/").content.decode()
    assert REASON in page
    assert f"/library/imports/{refused.public_id}/retry/" in page
    assert "Una Mattina.xml" in page
    assert "Waits for a worker" in page
    assert 'hx-trigger="every 3s"' in page
    assert "Una Mattina.xml" in owner_client.get("/library/imports/").content.decode()
    assert waiting.state == JobState.QUEUED


def test_upload_becomes_a_job_and_then_a_piece(owner_client, owner):
    response = owner_client.post(
        "/library/add/", {"scores": [file()], "title": "Mine", "tags": " slow , slow, night"}, follow=True
    )
    assert response.redirect_chain == [("/library/add/", 302)]
    assert "1 file is being read." in response.content.decode()
    row = Job.objects.get()
    assert row.arguments["about"] == {
        "title": "Mine",
        "composer": "",
        "period": "",
        "instrumentation": "",
        "tags": ["slow", "night"],
    }
    jobs.execute(row.pk)
    assert "Added:" in owner_client.get("/library/add/").content.decode()


def test_many_refused_uploads_leave_the_shelf_to_the_pieces(owner_client, refused):
    for number in range(4):
        Job.objects.create(
            kind=refused.kind, queue="cpu", state="failed", error="No.", arguments={"name": f"{number}.mxl"}
        )
    page = owner_client.get("/library/").content.decode()
    assert page.count("/retry/") == 3
    assert "2 more files were not taken." in page


def test_several_files_keep_their_own_titles_and_only_bad_ones_are_refused(owner_client):
    files = [file("a.xml"), file("b.txt"), file("c.xml", b"")]
    response = owner_client.post("/library/add/", {"scores": files, "title": "Mine", "composer": "Me"})
    page = response.content.decode()
    assert response.status_code == 400
    assert "b.txt" in page
    assert "The file name has none of the endings" in page
    assert "The file is empty." in page
    assert 'value="Me"' in page
    assert [row.arguments["about"]["title"] for row in Job.objects.all()] == [""]


def test_a_folder_and_a_zip_file_are_taken_and_other_files_of_the_folder_stay_aside(owner_client):
    files = [file("a.xml", two_staff(2)), file("picture.png", b"x"), file("b.zip", mxl({"c.xml": two_staff(3)}))]
    answer = owner_client.post(reverse("add_scores"), {"folder": files}, follow=True)
    assert sorted(job.arguments["name"] for job in Job.objects.all()) == ["a.xml", "b.zip"]
    jobs.execute(Job.objects.get(kind="library.parcel").pk)
    page = owner_client.get(reverse("add_scores")).content.decode()
    assert "1 score in it is being read by itself." in page
    assert "2 wait or are being read." in page
    assert answer.status_code == 200


def test_a_folder_without_a_score_says_so(owner_client):
    answer = owner_client.post(reverse("add_scores"), {"folder": [file("a.png", b"x")]})
    assert (answer.status_code, Job.objects.count()) == (400, 0)
    assert "There is no score in this folder." in answer.content.decode()


def test_a_list_of_addresses_is_told_with_its_reasons_and_can_be_run_again(owner_client):
    owner_client.post(reverse("add_scores"), {"scores": file("list.json", b'[{"url": "http://a/<b>"}]')})
    row = Job.objects.get()
    jobs.execute(row.pk)
    page = owner_client.get(reverse("add_scores")).content.decode()
    assert "Added 0, in the library already 0, refused 1." in page
    assert "<dt>http://a/&lt;b&gt;</dt><dd>Only addresses that begin with https:// are asked.</dd>" in page
    Job.objects.filter(pk=row.pk).update(result={**Job.objects.get().result, "left": 1})
    assert "Try the one that is left again" in owner_client.get(reverse("add_scores")).content.decode()
    owner_client.post(reverse("retry_import", args=[row.public_id]))
    assert Job.objects.get().kind == "library.manifest"


def test_upload_without_a_file_says_so(owner_client):
    response = owner_client.post("/library/add/", {"title": "Mine"})
    assert response.status_code == 400
    assert "Choose at least one file." in response.content.decode()
    assert Job.objects.count() == 0


def test_an_upload_out_of_all_proportion_is_refused_before_it_is_read(owner_client, settings):
    settings.MAX_UPLOAD_MB = 0
    assert owner_client.post("/library/add/", {"scores": [file()]}).status_code == 400


def test_upload_needs_the_csrf_token(owner):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    assert browser.post("/library/add/", {"scores": [file()]}).status_code == 403


def test_retry_and_forget(owner_client, refused):
    assert owner_client.post(f"/library/imports/{refused.public_id}/retry/").status_code == 302
    again = Job.objects.get()
    assert owner_client.post(f"/library/imports/{again.public_id}/forget/").status_code == 302
    assert Job.objects.count() == 1  # it is still being read
    jobs.execute(again.pk)
    assert REASON in owner_client.get(f"/library/imports/{again.public_id}/forget/").content.decode()
    assert owner_client.post(f"/library/imports/{again.public_id}/forget/").status_code == 302
    assert Job.objects.count() == 0


def test_the_list_has_rows_and_stays_a_list_on_its_other_pages(owner_client):
    import_score(name="a.xml", data=SCORE, about=About(tags=("slow",)))
    page = owner_client.get("/library/?view=list&sort=title").content.decode()
    assert 'class="tbl rows"' in page
    assert '<span class="tag">slow</span>' in page
    assert 'href="?sort=composer&amp;view=list"' in page
    assert '<input type="hidden" name="view" value="list">' in page


def test_generated_pieces_are_told_apart(owner_client):
    piece = import_score(name="a.xml", data=SCORE).piece
    assert "generated</span>" not in owner_client.get("/library/").content.decode()
    Piece.objects.filter(pk=piece.pk).update(origin="generated")
    for view in ("", "?view=list"):
        assert '<span class="made">generated</span>' in owner_client.get(f"/library/{view}").content.decode()


def test_facets_go_out_beside_the_shelf(owner_client):
    import_score(name="a.xml", data=SCORE)
    page = owner_client.get(
        "/library/?tempo_from=1", headers={"HX-Request": "true", "HX-Target": "shelf"}
    ).content.decode()
    assert '<div class="facets" id="facets" hx-swap-oob="true">' in page
    assert "hx-swap-oob" not in owner_client.get("/library/").content.decode()


def test_a_view_is_kept_under_its_name_and_replaced_and_forgotten(owner_client, owner):
    for query in ("?q=satie&page=3", "?composer=Satie&nonsense=1&length_to=1:30"):
        response = owner_client.post("/library/views/", {"name": " Quiet  ones ", "query": query})
        assert response.status_code == 302
    assert response["Location"] == "/library/?composer=Satie&length_to=90"
    view = SavedView.objects.get()
    assert (view.name, view.address, view.created_by) == ("Quiet ones", "composer=Satie&length_to=90", owner)
    page = owner_client.get("/library/").content.decode()
    assert '<a href="/library/?composer=Satie&amp;length_to=90">Quiet ones</a>' in page
    assert owner_client.post(f"/library/views/{view.public_id}/forget/").status_code == 302
    assert SavedView.objects.count() == 0


def test_a_view_without_a_name_is_refused_and_views_of_others_are_not_shown(owner_client):
    page = owner_client.post("/library/views/", {"name": " ", "query": "?q=a"}, follow=True).content.decode()
    assert "A view needs a name that can be read." in page
    other = keep_view(name="Hers", address="q=b", by=make_user())
    assert "Hers" not in owner_client.get("/library/").content.decode()
    assert owner_client.post(f"/library/views/{other.public_id}/forget/").status_code == 404


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/library/", {"get"}),
        ("/library/views/", {"post"}),
        ("/library/views/nothing/forget/", {"post"}),
        ("/library/add/", {"get", "post"}),
        ("/library/imports/", {"get"}),
        ("/library/imports/nothing/retry/", {"post"}),
        ("/library/imports/nothing/forget/", {"get", "post"}),
    ],
)
def test_who_and_how(client, owner_client, rater_client, path, allowed):
    for method in ("get", "post", "put", "delete"):
        assert getattr(client, method)(path).status_code in {302, 405}
        found = getattr(owner_client, method)(path).status_code
        assert (found == 405) == (method not in allowed)
        assert getattr(rater_client, method)(path).status_code == (403 if method in allowed else 405)


def test_the_library_takes_the_same_queries_for_one_piece_and_for_many(owner_client, django_assert_num_queries):
    import_score(name="a.xml", data=SCORE)
    with CaptureQueriesContext(connection) as one:
        owner_client.get("/library/")
    for number in range(3, 6):
        import_score(name="a.xml", data=two_staff(number))
    with django_assert_num_queries(len(one)):
        owner_client.get("/library/")


def test_a_shelf_that_waits_asks_for_itself_again(owner_client):
    import_score(name="a.xml", data=SCORE)
    page = owner_client.get("/library/?q=Study").content.decode()
    assert 'hx-get="?q=Study"' in page
