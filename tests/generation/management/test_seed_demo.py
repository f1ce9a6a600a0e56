import json
from io import StringIO

import pytest
from django.core.management import call_command

from curator.models.film import Film
from curator.models.jobs import Job
from curator.models.library import Piece, PieceVersion, Rights, Source
from generation.domain.checkpoints import find_checkpoint, seed_demo_checkpoint
from generation.models.checkpoints import Checkpoint, CheckpointKind

pytestmark = pytest.mark.django_db


def seeded() -> dict[str, object]:
    out = StringIO()
    call_command("seed_demo", as_json=True, stdout=out)
    answer: dict[str, object] = json.loads(out.getvalue())
    return answer


def test_seed_demo_sets_up_film_pieces_and_checkpoint_once():
    first = seeded()
    film, checkpoint = Film.objects.get(), Checkpoint.objects.get()
    assert first == {"film": "demo", "cues": 6, "pieces": 6, "checkpoint": checkpoint.public_id}
    assert checkpoint.kind == CheckpointKind.DEMO
    assert {stage.name for stage in film.stages.all()} <= set(checkpoint.vocabulary["stage"])
    source = Source.objects.get()
    assert (source.licence, source.rights) == ("MIT", Rights.OWN_WORK)
    assert [version.facts["bars"] for version in PieceVersion.objects.order_by("pk")] == [24, 24, 20, 28, 24, 20]
    assert not any(version.warnings for version in PieceVersion.objects.all())
    assert all(piece.making["recipe"] == "generation.etudes" for piece in Piece.objects.all())
    jobs = Job.objects.count()

    Piece.objects.filter(title="Dust Waltz").update(title="Mine")
    assert seeded() == first
    assert (Film.objects.count(), Piece.objects.count(), Checkpoint.objects.count()) == (1, 6, 1)
    assert (Job.objects.count(), Piece.objects.filter(title="Mine").count()) == (jobs, 1)


def test_newer_demo_weights_come_beside_the_older_ones():
    older = Checkpoint.objects.create(name="Demo", kind=CheckpointKind.DEMO, sha256="0" * 64, size=1, header="x")
    newer = seed_demo_checkpoint()
    assert newer.name == f"Demo {newer.sha256[:6]}"
    assert seed_demo_checkpoint() == newer
    assert find_checkpoint() == newer
    assert Checkpoint.objects.get(name="Demo") == older
