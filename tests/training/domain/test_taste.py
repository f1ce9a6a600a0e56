import numpy as np
import pytest
from django.utils import timezone

from curator import jobs
from curator.domain.standings import read_standings
from curator.models.ranking import Standing, Take
from generation.clamp.space import PIPELINE, content_key, music_text
from generation.models.encoders import Encoder, Vector, VectorKind
from tests.factories import make_cue, make_film, make_take, make_user, make_version
from tests.training.judged import say
from training.domain.taste import SOURCE, learn_due_tastes, read_taste, request_taste, set_taste, setting_of
from training.models.taste import TasteModel

pytestmark = pytest.mark.django_db
DIM, CUES, TAKES = 12, 6, 6


def encoder():
    return Encoder.objects.create(name="E", family="Demo", sha256="e" * 64, size=1, dim=DIM, chosen_at=timezone.now())


def film_of_takes():
    """Cues with takes whose first coordinate is their density, and one more cue that nobody has judged."""
    film, row, random = make_film(), encoder(), np.random.default_rng(1)
    cues = [make_cue(film=film) for _ in range(CUES + 1)]
    for cue in cues:
        for number in range(TAKES):
            abc = f"K:C\n[V:1]C{number + 1}|{cue.pk}|\n"
            vector = random.normal(size=DIM)
            notes = int(2 ** (5 + vector[0]))
            make_take(cue=cue, version=make_version(abc=abc, facts={"notes": notes, "bars": 4, "ambitus": [40, 60]}))
            space = {"encoder": row, "pipeline": PIPELINE, "kind": VectorKind.MUSIC}
            key, numbers = content_key(music_text(abc)), vector.astype("<f4").tobytes()
            Vector.objects.create(**space, content=key, vector=numbers)
    return cues


def value(take, turned=False):
    notes = np.log2(take.version.facts["notes"])
    return -notes if turned else notes


def judge(cues, rater, count, *, likes=value, seed=2):
    random = np.random.default_rng(seed)
    for number in range(count):
        cue = cues[number % len(cues)]
        left, right = random.permutation(list(cue.takes.select_related("version")))[:2]
        ahead = 1 / (1 + np.exp(3 * (likes(right) - likes(left))))
        say(cue, left, right, "left" if random.random() < ahead else "right", rater)


def learn(rater):
    job = request_taste(rater=rater)
    jobs.execute(job.pk)
    job.refresh_from_db()
    return job


def test_a_proved_taste_starts_the_ranking_of_takes_nobody_has_judged(owner):
    cues = film_of_takes()
    judge(cues[:-1], owner, 90)
    job = learn(owner)
    model = TasteModel.objects.get()
    assert (job.state, job.queue, job.result["proved"], model.proved) == ("done", "gpu", True, True)
    assert model.metrics["answers"] == 90
    assert 0.5 < model.metrics["low"] < model.metrics["accuracy"] < model.metrics["high"] <= 1
    takes = list(cues[-1].takes.select_related("version"))
    assert {take.prior_source for take in takes} == {f"{SOURCE}{model.public_id}"}
    likes = [value(take) for take in takes]
    assert np.corrcoef([take.prior_mean for take in takes], likes)[0, 1] > 0.7
    first = read_standings(cue=cues[-1]).rows[0].take
    assert first.pk == takes[int(np.argmax([take.prior_mean for take in takes]))].pk
    assert {trait["fact"]: trait["more"] for trait in model.told["traits"]}["density"] is True
    densities = {take.public_id: value(take) for take in Take.objects.select_related("version")}
    assert np.mean([densities[key] for key in model.told["liked"]]) > np.mean(
        [densities[key] for key in model.told["disliked"]]
    )


def test_standings_of_judged_cues_are_written_anew_with_the_start(owner):
    cues = film_of_takes()
    judge(cues[:-1], owner, 90)
    learn(owner)
    assert set(Standing.objects.values_list("cue", flat=True)) == {cue.pk for cue in cues[:-1]}


def test_coins_prove_nothing_and_write_nothing(owner):
    cues = film_of_takes()
    judge(cues[:-1], owner, 60, likes=lambda take: 0.0)
    assert learn(owner).result["proved"] is False
    assert not TasteModel.objects.get().proved
    assert set(Take.objects.values_list("prior_mean", "prior_source")) == {(0.0, "")}


def test_a_taste_that_proves_itself_no_more_takes_its_starts_back(owner):
    cues = film_of_takes()
    judge(cues[:-1], owner, 60)
    learn(owner)
    assert Take.objects.filter(prior_source__startswith=SOURCE).exists()
    judge(cues[:-1], owner, 70, likes=lambda take: value(take, turned=True), seed=3)
    assert learn(owner).result["proved"] is False
    assert not Take.objects.exclude(prior_source="").exists()


def test_switching_it_off_takes_its_starts_back_and_only_one_helps_at_a_time(owner):
    cues = film_of_takes()
    judge(cues[:-1], owner, 90)
    learn(owner)
    set_taste(rater=owner, helps=False, with_facts=False)
    assert not Take.objects.exclude(prior_source="").exists()
    assert not read_taste(rater=owner).helps
    learn(owner)
    assert not Take.objects.exclude(prior_source="").exists()
    other = make_user()
    set_taste(rater=owner, helps=True, with_facts=True)
    set_taste(rater=other, helps=True, with_facts=False)
    assert (setting_of(owner).helps, setting_of(other).helps, setting_of(owner).with_facts) == (False, True, True)


def test_too_few_judgements_teach_nothing(owner):
    cues = film_of_takes()
    judge(cues[:-1], owner, 12)
    assert learn(owner).result == {"judgements": 12, "proved": False}
    state = read_taste(rater=owner)
    assert (state.model, state.judgements, state.missing, state.helps) == (None, 12, 18, False)


def test_it_is_learned_by_itself_after_enough_new_judgements(owner):
    cues = film_of_takes()
    judge(cues[:-1], owner, 29)
    assert learn_due_tastes() == []
    judge(cues[:-1], owner, 1, seed=4)
    (job,) = learn_due_tastes()
    assert learn_due_tastes() == []
    jobs.execute(job.pk)
    assert TasteModel.objects.get().metrics["answers"] == 30
    judge(cues[:-1], owner, 9, seed=5)
    assert learn_due_tastes() == []
    judge(cues[:-1], owner, 1, seed=6)
    assert [row.arguments for row in learn_due_tastes()] == [{"rater": owner.pk}]


def test_what_could_not_be_learned_is_not_tried_again_before_there_is_something_new(owner):
    cues = film_of_takes()
    judge(cues[:1], owner, 40)
    (job,) = learn_due_tastes()
    jobs.execute(job.pk)
    assert not TasteModel.objects.exists()
    assert learn_due_tastes() == []
    judge(cues[1:-1], owner, 10, seed=7)
    assert len(learn_due_tastes()) == 1


def test_it_is_not_learned_by_itself_where_that_is_switched_off_or_no_film_maker_judged(owner, rater):
    cues = film_of_takes()
    judge(cues[:-1], rater, 40)
    judge(cues[:-1], owner, 40)
    set_taste(rater=owner, helps=True, with_facts=False, by_itself=False)
    assert learn_due_tastes() == []
    set_taste(rater=owner, helps=True, with_facts=False)
    assert [row.arguments for row in learn_due_tastes()] == [{"rater": owner.pk}]


def test_new_judgements_and_those_of_others_are_told_apart(owner):
    cues = film_of_takes()
    judge(cues[:-1], owner, 40)
    learn(owner)
    judge(cues[:-1], owner, 5, seed=9)
    judge(cues[:-1], make_user(), 7, seed=9)
    state = read_taste(rater=owner)
    assert (state.judgements, state.new) == (45, 5)
