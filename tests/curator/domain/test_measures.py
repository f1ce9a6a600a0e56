import pytest

from curator import jobs
from curator.domain import traces
from curator.domain.copies import NearCopy, near_copies
from curator.domain.measures import MEASURE_JOB, measure_of, measure_take, plan_of, request_measures
from curator.domain.sketches import sketch_version
from curator.domain.takes import put_up_take
from curator.domain.traces import trace_missing, trace_version
from curator.models.film import HitPoint
from curator.models.jobs import Job, JobState
from curator.models.library import Origin, Piece
from curator.models.measures import TakeMeasure, Trace
from curator.models.twins import Resemblance
from curator.notation.convert import abc_to_musicxml
from curator.notation.runs import COPIED
from generation.etudes.composer import compose
from tests.factories import make_cue, make_take, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_read_before():
    traces._read = None
    yield
    traces._read = None


def etude(seed, bars=16, **about):
    return compose(seed, key="C", bars=bars, **about).stored


def written(abc, *, origin=Origin.UPLOADED, title="Own"):
    piece = Piece.objects.create(title=title, origin=origin)
    version = make_version(piece=piece, abc=abc, musicxml=abc_to_musicxml(abc).text)
    sketch_version(version=version)
    return version


def spliced(own, foreign, *, at, bars):
    """The piece `own` with some bars of another one in its middle."""
    lines, others = own.splitlines(), foreign.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("[V:"))
    begin = next(i for i, line in enumerate(others) if line.startswith("[V:"))
    lines[first + at : first + at + bars] = others[begin : begin + bars]
    return "\n".join(lines) + "\n"


def test_what_a_take_is_like_is_found_out_when_it_arrives():
    cue = make_cue(bars=2, in_frame=0, out_frame=144)
    HitPoint.objects.create(cue=cue, frame=72, label="She turns", hard=True)
    HitPoint.objects.create(cue=cue, frame=20, label="Dust", hard=False)
    take = put_up_take(cue=cue, version=make_version())
    job = Job.objects.get(kind=MEASURE_JOB)
    jobs.execute(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    measure = TakeMeasure.objects.get(take=take)
    assert (measure.run, measure.run_with, measure.sibling, measure.sibling_share) == ({}, None, None, 0.0)
    assert measure.facts["mode"] == pytest.approx([0.2, 0.2], abs=0.5)
    assert measure.facts | {"mode": None} == {
        "valid": True,
        "reason": "",
        "irregular": [],
        "bars": 2,
        "density": [8, 7],
        "mode": None,
        "widest": [0, 5],
        "beyond": [],
        "landings": [
            {"label": "Dust", "hard": False, "off": 0.167, "bar": 1, "lands": False},
            {"label": "She turns", "hard": True, "off": 0.0, "bar": 2, "lands": True},
        ],
    }


def test_a_take_is_measured_again_when_the_plan_of_its_cue_changes(django_assert_num_queries):
    cue = make_cue()
    take = make_take(cue=cue)
    request_measures(cue=cue, takes=[take])
    assert Job.objects.filter(kind=MEASURE_JOB).count() == 1
    measure_take(take_id=take.pk)
    Job.objects.all().delete()
    take = cue.takes.select_related("measure").get()
    with django_assert_num_queries(1):
        request_measures(cue=cue, takes=[take])
    assert measure_of(take).plan == plan_of(cue, [])
    cue.tempo_map = [[1, 72]]
    request_measures(cue=cue, takes=[take])
    assert Job.objects.filter(kind=MEASURE_JOB).count() == 1


def test_siblings_know_who_is_most_like_them():
    cue = make_cue()
    texts = [etude(1), etude(2), spliced(etude(2), etude(3), at=0, bars=2)]
    takes = [make_take(cue=cue, version=written(abc, origin=Origin.GENERATED)) for abc in texts]
    for take in takes:
        measure_take(take_id=take.pk)
    found = {row.take_id: row.sibling_id for row in TakeMeasure.objects.all()}
    assert found[takes[1].pk] == takes[2].pk
    assert found[takes[2].pk] == takes[1].pk
    shares = dict(TakeMeasure.objects.values_list("take", "sibling_share"))
    assert shares[takes[1].pk] == shares[takes[2].pk] > 0.5
    assert shares[takes[0].pk] < 0.2


def test_a_copied_passage_is_found_with_its_bars_and_makes_a_near_copy():
    known = written(etude(5), title="Known")
    for seed in (6, 7, 8):
        written(etude(seed), title=f"Other {seed}")
    cue = make_cue()
    copied = make_take(cue=cue, version=written(spliced(etude(20), etude(5), at=4, bars=9), origin=Origin.GENERATED))
    own = make_take(cue=cue, version=written(etude(21), origin=Origin.GENERATED))
    itself = make_take(cue=cue, version=known)
    for take in (copied, own, itself):
        measure_take(take_id=take.pk)
    row = TakeMeasure.objects.get(take=copied)
    assert (row.run["mine"], row.run["theirs"], row.run_with) == ([5, 13], [1, 9], known)
    assert row.run["kinds"] >= COPIED
    found = near_copies(takes=[copied, own, itself])
    assert list(found) == [copied.pk]
    assert found[copied.pk].piece == known.piece
    assert (found[copied.pk].mine, found[copied.pk].theirs) == ((5, 13), (1, 9))


def test_a_take_that_resembles_a_piece_is_a_near_copy_before_it_is_measured():
    known = written(etude(5), title="Known")
    take = make_take(version=written(etude(5) + "", origin=Origin.GENERATED))
    assert near_copies(takes=[take]) == {take.pk: NearCopy(known.piece, Resemblance.SAME, 1.0)}
    measure_take(take_id=take.pk)
    assert near_copies(takes=[take]) == {take.pk: NearCopy(known.piece, Resemblance.SAME, 1.0, (1, 16), (1, 16))}
    Piece.objects.filter(pk=known.piece_id).update(archived_at="2026-01-01T00:00:00Z")
    measure_take(take_id=take.pk)
    assert near_copies(takes=[take]) == {}


def test_old_pieces_are_traced_once_and_generated_ones_never():
    version = make_version(abc=etude(1))
    broken = make_version(abc="no music")
    make_version(piece=Piece.objects.create(title="Made", origin=Origin.GENERATED), abc=etude(2))
    assert trace_missing() == 2
    assert trace_missing() == 0
    assert set(Trace.objects.values_list("version", flat=True)) == {version.pk, broken.pk}
    Trace.objects.filter(version=version).update(scheme="steps-0", steps=b"")
    assert trace_missing() == 1
    assert Trace.objects.get(version=version).steps
    trace_version(version=version)
    assert Trace.objects.count() == 2


def test_a_text_that_cannot_be_read_is_measured_as_such():
    take = make_take(version=make_version(abc="no music"))
    measure_take(take_id=take.pk)
    facts = TakeMeasure.objects.get(take=take).facts
    assert facts == {"valid": False, "reason": "There is no bar: no line begins with a voice."}
    assert measure_take(take_id=0) == {}
