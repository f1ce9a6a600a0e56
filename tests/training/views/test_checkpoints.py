import subprocess

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from curator import jobs
from curator.models.jobs import Job, JobState
from generation.domain import loading
from generation.domain.checkpoints import weights_path
from generation.domain.handing_out import reference_path
from generation.models.checkpoints import Checkpoint
from tests.generation.writing import SMALL, small_checkpoint, written_request
from tests.small_disk import small_disk
from tests.training.rounds import small_round
from training.models.rounds import Round

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _no_timer_left():
    yield
    loading._stop_timer()


def body(response) -> bytes:
    """All of an answer that comes in pieces."""

    async def collect() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return async_to_sync(collect)()


def child(parent: Checkpoint, name: str, **fields) -> Checkpoint:
    """A checkpoint made from another one, with weights of its own."""
    made = Checkpoint.objects.create(
        name=name,
        kind="dpo",
        sha256=name[-1] * 64,
        size=1,
        header=parent.header,
        sizes=parent.sizes,
        parent=parent,
        **fields,
    )
    weights_path(made).parent.mkdir(parents=True, exist_ok=True)
    weights_path(made).write_bytes(b"weights")
    return made


def test_the_tree_shows_who_was_made_from_whom(owner_client):
    base = small_checkpoint()
    one = child(base, "Round 1")
    child(one, "Round 2")
    page = owner_client.get(reverse("checkpoints")).content.decode()
    assert page.index(">Small<") < page.index(">Round 1<") < page.index(">Round 2<")
    assert page.count("<ul") - page.count("</ul>") == 0
    assert page.count('class="card node used"') == 1
    assert page.index("in use") < page.index(">Round 1<")


def test_an_empty_registry_says_what_to_do(owner_client):
    page = owner_client.get(reverse("checkpoints")).content.decode()
    assert "No checkpoint yet" in page


@pytest.mark.parametrize("count", [1, 4])
def test_the_tree_asks_a_constant_number_of_questions(owner_client, django_assert_num_queries, count):
    base = small_checkpoint()
    for number in range(count):
        child(base, f"Round {number}")
    owner_client.get(reverse("checkpoints"))
    with django_assert_num_queries(12):
        owner_client.get(reverse("checkpoints"))


def test_the_card_tells_what_it_is_and_which_takes_came_from_it(owner_client):
    request = written_request(count=1)
    row = request.checkpoint
    page = owner_client.get(reverse("checkpoint", args=[row.public_id])).content.decode()
    assert row.sha256 in page
    assert "bare-three-plus-stage" in page
    assert "0.3 million" in page
    assert f'href="{reverse("score", args=[request.candidates.get().version.piece.public_id])}"' in page
    assert "It is the one in use." in page


def test_weights_are_handed_out_as_they_lie_here(owner_client):
    row = small_checkpoint()
    response = owner_client.get(reverse("checkpoint_file", args=[row.public_id, "safetensors"]))
    assert response["Content-Disposition"] == f'attachment; filename="small-{row.sha256[:8]}.safetensors"'
    assert body(response) == SMALL.read_bytes()
    assert owner_client.get(reverse("checkpoint_file", args=[row.public_id, "exe"])).status_code == 404


def test_the_references_form_is_written_by_a_worker_and_then_handed_out(owner_client):
    row = small_checkpoint()
    address = reverse("checkpoint_file", args=[row.public_id, "pth"])
    assert owner_client.get(address).status_code == 404
    owner_client.post(reverse("checkpoint_prepare", args=[row.public_id]))
    job = Job.objects.get(kind="generation.export")
    assert "is being written" in owner_client.get(reverse("checkpoint", args=[row.public_id])).content.decode()
    jobs.execute(job.pk)
    assert reference_path(row).is_file()
    response = owner_client.get(address)
    assert body(response) == reference_path(row).read_bytes()


def test_a_sent_file_is_read_by_a_worker_and_not_kept(owner_client, settings):
    upload = SimpleUploadedFile("model.safetensors", SMALL.read_bytes())
    given = {"name": "Sent", "file": upload, "header": "bare-three-plus-stage", "prompts": "auto"}
    page = owner_client.post(reverse("checkpoints"), given, follow=True).content.decode()
    assert "The file is being read." in page
    job = Job.objects.get(kind="generation.import")
    jobs.execute(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    row = Checkpoint.objects.get(name="Sent")
    assert row.header == "bare-three-plus-stage"
    assert list((settings.WEIGHTS / "incoming").iterdir()) == []


def test_a_sent_file_for_which_there_is_no_room_waits_for_it(owner_client, settings, tmp_path):
    upload = SimpleUploadedFile("model.safetensors", SMALL.read_bytes())
    with small_disk(tmp_path / "small", kilobytes=SMALL.stat().st_size // 1024 + 64) as disk:
        settings.WEIGHTS = disk
        owner_client.post(reverse("checkpoints"), {"name": "Sent", "file": upload, "prompts": "auto"})
        job = Job.objects.get(kind="generation.import")
        for _turn in range(2):
            jobs.execute(job.pk)
            job.refresh_from_db()
            assert job.state == JobState.QUEUED
            assert job.error == "The disk is full. The work goes on when there is space again."
        subprocess.run(["mount", "-o", "remount,size=50m", str(disk)], check=True)
        jobs.execute(job.pk)
        job.refresh_from_db()
        assert (job.state, job.error) == (JobState.DONE, "")
        row = Checkpoint.objects.get(name="Sent")
        assert sorted(path.name for path in disk.iterdir()) == sorted([weights_path(row).name, "incoming"])
        assert list((disk / "incoming").iterdir()) == []


def test_a_file_on_this_machine_is_named_by_its_path(owner_client):
    owner_client.post(reverse("checkpoints"), {"name": "Here", "path": str(SMALL)})
    jobs.execute(Job.objects.get(kind="generation.import").pk)
    assert Checkpoint.objects.get(name="Here").kind == "imported"
    assert SMALL.is_file()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": "X"}, "Choose a file or say where it lies."),
        ({"name": "X", "path": "/nowhere/x.pth"}, "There is no such file."),
        ({"name": "X", "path": "x.txt"}, "A checkpoint is a .pth or .safetensors file."),
        ({"name": "Small", "path": str(SMALL)}, "There are already other weights called Small."),
    ],
)
def test_what_cannot_be_imported_is_told_in_place(owner_client, given, sentence):
    small_checkpoint()
    response = owner_client.post(reverse("checkpoints"), given)
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert not Job.objects.filter(kind="generation.import").exists()


def test_a_file_that_is_no_checkpoint_says_so_in_the_room(owner_client, tmp_path):
    (tmp_path / "x.pth").write_text("%Minimal\n")
    owner_client.post(reverse("checkpoints"), {"name": "X", "path": str(tmp_path / "x.pth")})
    jobs.execute(Job.objects.get(kind="generation.import").pk)
    assert "holds other things than weights" in owner_client.get(reverse("checkpoints")).content.decode()


def test_what_nothing_rests_on_can_be_deleted(owner, owner_client, django_capture_on_commit_callbacks):
    row = small_round(owner)
    made = child(row.base, "Round 1", made_by=row.public_id)
    Round.objects.update(result=made)
    Job.objects.update(state=JobState.DONE)
    with django_capture_on_commit_callbacks(execute=True):
        page = owner_client.post(reverse("checkpoint_delete", args=[made.public_id]), follow=True).content.decode()
    assert "Round 1 is deleted." in page
    assert not Checkpoint.objects.filter(pk=made.pk).exists()
    assert not weights_path(made).exists()
    row.refresh_from_db()
    assert row.result is None


def test_what_something_rests_on_stays(owner, owner_client):
    row = small_round(owner)
    one = child(row.base, "Round 1")
    child(one, "Round 2")
    started = child(row.base, "Round 3")
    Round.objects.update(base=started)
    reasons = {
        row.base: "It is the one in use.",
        one: "1 checkpoint was made from it; delete that one first.",
        started: "A round started from it and names it.",
    }
    for kept, reason in reasons.items():
        page = owner_client.post(reverse("checkpoint_delete", args=[kept.public_id]), follow=True).content.decode()
        assert f"{kept.name} stays: {reason}" in page
        assert weights_path(kept).exists()
    assert Checkpoint.objects.count() == 4
