import pytest

from curator import jobs
from curator.domain.errors import DomainError
from curator.models.film import Cue
from curator.models.library import Origin
from curator.models.ranking import TakeState
from curator.notation.abc import parse
from generation.domain import loading
from generation.domain.again import ask_again
from generation.domain.requests import request_takes
from generation.domain.starts import Start, StartMode, find_start, starts_of
from generation.domain.writing import brief_of
from generation.etudes.composer import compose
from generation.etudes.stages import Stage, Texture
from generation.models.requests import Candidate, CueRequest
from tests.factories import make_cue, make_take, make_version
from tests.generation.writing import small_checkpoint, waltz_cue

pytestmark = pytest.mark.django_db

ETUDE = compose(11, stage=Stage.PEACE, texture=Texture.WALTZ, metre="3/4", key="G", tempo=60, bars=12)


@pytest.fixture(scope="module", autouse=True)
def _no_timer_left():
    yield
    loading._stop_timer()


def write(mode: StartMode, *, cue_bars: int = 6, bars: int = 4, **options) -> CueRequest:
    start = Start(make_version(abc=ETUDE.stored), mode, bars)
    request = request_takes(
        cue=waltz_cue(key="C", bars=cue_bars), count=2, checkpoint=small_checkpoint(), seed=3, theme=start, **options
    )
    assert request.job is not None
    jobs.execute(request.job.pk)
    return request


def test_a_leitmotif_begins_every_take_and_gives_its_key():
    request = write(StartMode.FIRST, bars=3)
    assert (request.brief["key"], len(request.brief["theme"])) == ("G", 3)
    assert request.brief["start"]["mode"] == "first"
    for row in request.candidates.all():
        assert (row.state, row.reason, row.bars_written) == ("written", "", 6)
        assert parse(row.abc).bars[:3] == parse(ETUDE.stored).bars[:3]
        assert [row.raw[start:end] for start, end in row.forced[1:3]] == row.raw.splitlines(keepends=True)[11:13]
        assert row.version.piece.making["start"] == request.brief["start"]


@pytest.mark.parametrize(("cue_bars", "count"), [(12, 1), (5, 1), (14, 2)])
def test_a_whole_piece_is_cut_or_gone_on_from(cue_bars, count):
    request = write(StartMode.WHOLE, cue_bars=cue_bars)
    rows = list(request.candidates.all())
    assert [(row.state, row.bars_written) for row in rows] == [("written", cue_bars)] * count
    shared = min(12, cue_bars)
    for row in rows:
        assert parse(row.abc).bars[: shared - 1] == parse(ETUDE.stored).bars[: shared - 1]
        assert (row.lines_tried == 0) == (cue_bars <= 12)


@pytest.mark.parametrize(("mode", "voice"), [(StartMode.KEEP_RIGHT, 1), (StartMode.KEEP_LEFT, 2)])
def test_a_variation_keeps_one_hand(mode, voice):
    request = write(mode)
    assert (request.brief["kept_voice"], len(request.brief["kept"])) == (voice, 6)
    for row in request.candidates.all():
        assert (row.state, row.reason) == ("written", "")
        for new, old in zip(parse(row.abc).bars, parse(ETUDE.stored).bars, strict=False):
            assert new.parts[voice - 1].notes == old.parts[voice - 1].notes


def test_constraints_are_stored_with_the_request_and_told_to_the_engine():
    request = write(StartMode.FIRST, constraints={"highest": 90, "hands": True, "tonic": False, "density": None})
    assert request.constraints == {"highest": 90, "hands": True}
    assert brief_of(request).constraints.highest == 90
    assert set(request.candidates.values_list("state", flat=True)) == {"written"}
    first = request.candidates.first()
    again = ask_again(candidate=first)
    assert (again.brief, again.constraints) == (request.brief | {"like": first.public_id}, request.constraints)
    Cue.objects.filter(pk=request.cue.pk).update(metre="4/4")
    with pytest.raises(DomainError, match="The music is in 3/4 and the cue in 4/4"):
        ask_again(candidate=Candidate.objects.get(pk=request.candidates.get(index=1).pk))


@pytest.mark.parametrize(
    ("cue", "mode", "bars", "reason"),
    [
        ({"metre": "4/4"}, StartMode.FIRST, 2, "The music is in 3/4 and the cue in 4/4"),
        ({"bars": 4}, StartMode.FIRST, 4, "Start from 1 to 3 of them"),
        ({"bars": 4}, StartMode.FIRST, 0, "Start from 1 to 3 of them"),
    ],
)
def test_what_cannot_be_started_from_is_refused(cue, mode, bars, reason):
    start = Start(make_version(abc=ETUDE.stored), mode, bars)
    with pytest.raises(DomainError, match=reason):
        request_takes(cue=waltz_cue(**cue), checkpoint=small_checkpoint(), theme=start)
    with pytest.raises(DomainError, match="not here any more"):
        find_start(version="nothing", mode=mode)


def test_constraints_that_nothing_keeps_are_refused():
    with pytest.raises(DomainError, match="an octave or more"):
        request_takes(cue=waltz_cue(), checkpoint=small_checkpoint(), constraints={"lowest": 60, "highest": 62})


def test_offered_are_takes_of_the_cue_kept_takes_of_the_film_and_the_library():
    cue = make_cue()
    own = make_take(cue=cue)
    other = make_cue(film=cue.film)
    kept = make_take(cue=other, state=TakeState.KEPT)
    make_take(cue=other)
    make_take(cue=cue, state=TakeState.DISCARDED)
    make_take(state=TakeState.KEPT)
    own.version.piece.origin = kept.version.piece.origin = Origin.GENERATED
    own.version.piece.save()
    kept.version.piece.save()
    piece = make_version().piece
    last = make_version(piece=piece, abc=ETUDE.stored)
    found = {choice.version: choice for choice in starts_of(cue=cue)}
    assert found[own.version.public_id].label == "Take 1"
    assert found[kept.version.public_id].label == f"{other.number}, take 1"
    assert found[last.public_id].group == "library"
    assert [choice.group for choice in found.values()][:2] == ["own", "film"]
    assert not {v.public_id for v in piece.versions.exclude(pk=last.pk)} & found.keys()
