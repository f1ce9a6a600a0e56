from contextlib import contextmanager

import numpy as np
import pytest

from curator import jobs
from curator.domain.errors import DomainError
from curator.domain.matches import end_match, open_match
from curator.models.jobs import Job
from curator.models.library import Origin, Piece
from curator.models.ranking import Pair
from generation.clamp.scores import Style as References
from generation.clamp.space import music_text
from generation.domain import ear
from generation.domain.ear import listens_blind, read_ear, request_scores, set_style, style_pieces
from generation.domain.encoders import weights_path
from generation.domain.vectors import read_vectors
from generation.models.encoders import TakeScore, Vector, VectorKind
from tests.factories import ABC, make_cue, make_film, make_take, make_user, make_version
from tests.generation.encoding import other_notes, small_encoder

pytestmark = pytest.mark.django_db


def piece(composer, step):
    owner = Piece.objects.create(title=f"{composer} {step}", composer=composer, origin=Origin.CORPUS)
    return make_version(piece=owner, abc=other_notes(ABC, step))


def cue_with_takes(count=3):
    cue = make_cue()
    for step in range(count):
        made = Piece.objects.create(title=f"take {step}", origin=Origin.GENERATED)
        make_take(cue=cue, version=make_version(piece=made, abc=other_notes(ABC, 20 + step)))
    return cue


def scored(cue):
    job = request_scores(cue=cue)
    jobs.execute(job.pk)
    job.refresh_from_db()
    return job


def test_a_worker_scores_the_takes_and_every_vector_names_its_space(tmp_path):
    encoder = small_encoder(tmp_path)
    satie = [piece("Satie, Erik", step) for step in range(7)]
    cue = cue_with_takes()
    job = scored(cue)
    assert (job.state, job.queue, job.result) == ("done", "gpu", {"takes": 3, "vectors": 7 + 3 + 3 + 16})
    assert set(Vector.objects.values_list("encoder", "pipeline")) == {(encoder.pk, "1")}
    texts = [music_text(version.abc) for version in satie]
    takes = list(cue.takes.select_related("version"))
    vectors = read_vectors(encoder=encoder, kind=VectorKind.MUSIC,
                           texts=texts + [music_text(take.version.abc) for take in takes])  # fmt: skip
    likeness = References(np.stack([vectors[text] for text in texts])).likeness(
        np.stack([vectors[music_text(take.version.abc)] for take in takes])
    )
    found = read_ear(cue=cue)
    rows = [found.heard[take.pk] for take in takes]
    np.testing.assert_allclose([row.score.likeness for row in rows], likeness.mean, atol=1e-6)
    np.testing.assert_allclose([row.score.nearest for row in rows], likeness.nearest, atol=1e-6)
    np.testing.assert_allclose([row.score.closest for row in rows], likeness.closest, atol=1e-6)
    assert [row.score.closest_piece for row in rows] == [satie[at].piece for at in likeness.which]
    assert sorted(row.style for row in rows) == sorted(row.fit for row in rows) == [1, 2, 3]
    assert (found.missing, found.reads_texts, request_scores(cue=cue)) == (0, True, None)


def test_a_second_run_makes_nothing_twice_and_a_new_take_costs_one_vector(tmp_path):
    small_encoder(tmp_path)
    piece("Satie, Erik", 1)
    cue = cue_with_takes(2)
    scored(cue)
    make_take(cue=cue, version=make_version(abc=other_notes(ABC, 40), piece=Piece.objects.create(
        title="late", origin=Origin.GENERATED)))  # fmt: skip
    assert read_ear(cue=cue).missing == 1
    assert scored(cue).result == {"takes": 3, "vectors": 1}


def test_a_copy_of_a_piece_of_the_library_is_seen(tmp_path):
    small_encoder(tmp_path)
    original = piece("Satie, Erik", 3)
    cue = cue_with_takes(1)
    copied = make_version(abc=f"T:Mine\n{original.abc}", piece=Piece.objects.create(title="c", origin=Origin.GENERATED))
    copy = make_take(cue=cue, version=copied)
    scored(cue)
    heard = read_ear(cue=cue).heard[copy.pk]
    assert (heard.near_copy, heard.score.closest_piece) == (True, original.piece)


def test_the_demo_encoder_takes_only_what_is_all_but_the_same_for_a_copy(tmp_path):
    encoder = small_encoder(tmp_path)
    original = piece("Satie, Erik", 3)
    cue = cue_with_takes(1)
    copied = make_version(abc=original.abc, piece=Piece.objects.create(title="c", origin=Origin.GENERATED))
    copy = make_take(cue=cue, version=copied)
    scored(cue)
    near = cue.takes.exclude(pk=copy.pk).get()
    TakeScore.objects.filter(take=near).update(closest=0.997)
    assert [heard.near_copy for heard in read_ear(cue=cue).heard.values()] == [True, True]
    encoder.family = "Demo"
    encoder.save()
    assert [heard.near_copy for heard in read_ear(cue=cue).heard.values()] == [False, True]


def test_a_piece_that_is_put_up_is_not_compared_with_itself(tmp_path):
    small_encoder(tmp_path)
    satie = [piece("Satie, Erik", step) for step in range(4)]
    cue = cue_with_takes(1)
    own = make_take(cue=cue, version=satie[2])
    scored(cue)
    heard = read_ear(cue=cue).heard[own.pk]
    assert heard.score.closest_piece != satie[2].piece
    vectors = read_vectors(
        encoder=heard.score.encoder, kind=VectorKind.MUSIC, texts=[music_text(version.abc) for version in satie]
    )
    others = [vectors[music_text(version.abc)] for version in satie if version != satie[2]]
    told = References(np.stack(others)).likeness(vectors[music_text(satie[2].abc)][None])
    np.testing.assert_allclose(heard.score.nearest, told.nearest[0], atol=1e-6)


def test_one_listens_blind_while_his_pair_is_open_or_the_cue_is_matched(owner):
    cue, other = cue_with_takes(2), make_user()
    left, right = cue.takes.all()
    assert not listens_blind(cue=cue, rater=owner)
    Pair.objects.create(cue=cue, rater=other, left=left, right=right, side_seed="s", policy="eig", probability=1)
    assert (listens_blind(cue=cue, rater=owner), listens_blind(cue=cue, rater=other)) == (False, True)
    open_match(key="m", cues=[cue], older="old", newer="new", wanted=4)
    assert listens_blind(cue=cue, rater=owner)
    end_match(key="m")
    assert not listens_blind(cue=cue, rater=owner)


def test_why_the_last_job_failed_is_told_until_another_one_is_asked_for(tmp_path):
    encoder = small_encoder(tmp_path)
    cue = cue_with_takes(1)
    weights_path(encoder).unlink()
    assert scored(cue).state == "failed"
    assert "cannot be read" in read_ear(cue=cue).trouble
    request_scores(cue=cue)
    assert read_ear(cue=cue).trouble == ""


def test_a_changed_brief_or_style_makes_scores_old(tmp_path):
    small_encoder(tmp_path)
    piece("Satie, Erik", 1)
    piece("Czerny", 2)
    cue = cue_with_takes(2)
    scored(cue)
    cue.brief = "Loud and bright."
    cue.save()
    assert read_ear(cue=cue).missing == 2
    scored(cue)
    assert read_ear(cue=cue).missing == 0
    set_style(film=cue.film, composers=["Czerny"], tags=[])
    assert read_ear(cue=cue).missing == 2


def test_without_a_tokenizer_pieces_are_compared_and_texts_are_not(tmp_path):
    small_encoder(tmp_path, words=False)
    piece("Satie, Erik", 1)
    cue = cue_with_takes(2)
    scored(cue)
    found = read_ear(cue=cue)
    assert not found.reads_texts
    assert [(row.fit, row.style is not None) for row in found.heard.values()] == [(None, True)] * 2


def test_without_an_encoder_or_a_library_nothing_breaks(tmp_path):
    cue = cue_with_takes(1)
    assert (request_scores(cue=cue), read_ear(cue=cue).encoder, Job.objects.count()) == (None, None, 0)
    small_encoder(tmp_path)
    scored(cue)
    row = TakeScore.objects.get()
    assert (row.likeness, row.closest, row.fit is not None) == (None, None, True)


def test_the_style_of_a_film_is_satie_and_einaudi_until_it_names_its_own():
    film = make_film()
    czerny = piece("Czerny", 1).piece
    assert list(style_pieces(film)) == [czerny]
    house = [piece("Satie, Erik", 2).piece, piece("Ludovico Einaudi", 3).piece]
    assert list(style_pieces(film)) == house
    set_style(film=film, composers=["Czerny"], tags=[])
    assert list(style_pieces(film)) == [czerny]
    with pytest.raises(DomainError, match="No piece"):
        set_style(film=film, composers=["Nobody"], tags=[])
    set_style(film=film, composers=[], tags=[])
    assert list(style_pieces(film)) == house


def test_the_texts_of_a_cue_stand_on_one_line_each():
    cue = make_cue(brief="Dust,\n waiting.")
    assert ear.cue_texts(cue) == ["Forgotten: Dust, waiting.", "Dust, waiting.", "piano music, Forgotten"]
    assert ear.cue_texts(make_cue(brief="", stage=None)) == []


class Unbothered:
    """A run that nobody stops."""

    def check(self):
        pass

    def progress(self, done, total):
        pass

    @contextmanager
    def commit(self):
        yield


def test_average_scores_of_two_sides_against_the_house_style(tmp_path):
    sides = {"base": [other_notes(ABC, 31), other_notes(ABC, 32)], "result": [other_notes(ABC, 33)], "none": []}
    assert ear.average_scores(sides=sides, run=Unbothered()) == {}
    encoder = small_encoder(tmp_path)
    assert ear.average_scores(sides=sides, run=Unbothered()) == {}
    references = [piece("Satie, Erik", step).abc for step in range(3)]
    piece("Czerny", 5)
    found = ear.average_scores(sides=sides, run=Unbothered())
    vectors = read_vectors(
        encoder=encoder, kind=VectorKind.MUSIC, texts=[*references, *sides["base"], *sides["result"]]
    )
    style = References(np.stack([vectors[text] for text in references]))
    wanted = {
        name: style.likeness(np.stack([vectors[text] for text in sides[name]])).average for name in ("base", "result")
    }
    assert found == {
        "encoder": "Small",
        "references": 3,
        "base": pytest.approx(wanted["base"], abs=1e-4),
        "result": pytest.approx(wanted["result"], abs=1e-4),
        "none": None,
    }
