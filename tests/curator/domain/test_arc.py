import pytest

from curator.domain.arc import StepKind, film_facts
from curator.domain.chosen import Chosen
from curator.domain.courses import keep_course
from curator.models.film import ArcStage, CueState
from curator.models.jobs import Job
from curator.models.ranking import Approval, Standing
from curator.models.stills import Still
from curator.models.themes import CueTheme, Theme
from curator.notation.convert import abc_to_musicxml
from tests.factories import ABC, make_cue, make_film, make_take, make_user, make_version

pytestmark = pytest.mark.django_db


def test_facts_of_a_cue():
    cue = make_cue(in_frame=240, out_frame=1392)
    make_take(cue=cue, number=1)
    make_take(cue=cue, number=2, version=make_version(abc="other"), state="discarded")
    Standing.objects.create(cue=cue, strengths=[{"p_best": 0.4}], estimator="test")
    Standing.objects.create(cue=cue, strengths=[{"p_best": 0.2}, {"p_best": 0.7}], sure_enough=True, estimator="test")
    [facts] = film_facts(film=cue.film).cues
    assert (facts.start, facts.end, facts.seconds, facts.timecode) == (10, 58, 48, "00:00:10:00")
    assert (facts.takes, facts.sure, facts.sure_enough, facts.written) == (1, 0.7, True, None)


def test_an_open_job_of_a_cue_says_how_far_it_is():
    cue = make_cue(state=CueState.GENERATING)
    Job.objects.create(kind="test.write", queue="gpu", arguments={"cue": cue.pk}, progress_done=3, progress_total=8)
    [facts] = film_facts(film=cue.film).cues
    assert (facts.written, facts.step) == ((3, 8), StepKind.WAIT)


@pytest.mark.parametrize(
    ("states", "kind", "number"),
    [
        ([], StepKind.MARK, None),
        (["spotted", "to_rank", "decided"], StepKind.LISTEN, "1m2"),
        (["spotted", "decided"], StepKind.APPROVE, "1m2"),
        (["generating", "spotted"], StepKind.ASK, "1m2"),
        (["approved", "generating"], StepKind.WAIT, "1m2"),
        (["approved", "delivered"], StepKind.DELIVER, None),
        (["delivered"], StepKind.DONE, None),
    ],
)
def test_the_next_step_is_the_most_urgent(states, kind, number):
    film = make_film()
    for state in states:
        make_cue(film=film, state=state)
    step = film_facts(film=film).next_step
    assert (step.kind, step.cue.cue.number if step.cue else None) == (kind, number)


def test_lights_and_scored_time():
    film = make_film()
    make_cue(film=film, in_frame=0, out_frame=240, state="approved")
    make_cue(film=film, in_frame=120, out_frame=480, state="delivered")
    make_cue(film=film, in_frame=960, out_frame=1200, state="decided")
    make_cue(film=film, in_frame=0, out_frame=1440, state="approved", practice=True)
    facts = film_facts(film=film)
    assert (len(facts.cues), facts.lit, facts.scored, facts.seconds) == (3, 2, 30, 60)


def test_stages_without_a_place_begin_with_their_first_cue_or_evenly():
    film = make_film()
    second = ArcStage.objects.create(film=film, position=2, name="Chosen", colour=2)
    ArcStage.objects.create(film=film, position=3, name="Humiliation", colour=3)
    ArcStage.objects.create(film=film, position=4, name="Peace", colour=6, start_frame=1200)
    make_cue(film=film, stage=second, in_frame=480, out_frame=720)
    stages = film_facts(film=film).stages
    assert [(time.stage.name, time.start, time.end) for time in stages] == [
        ("Forgotten", 0, 20),
        ("Chosen", 20, 35),
        ("Humiliation", 35, 50),
        ("Peace", 50, 60),
    ]


def test_shots_follow_one_another():
    times = film_facts(film=make_film()).shots
    assert [(time.start, time.end) for time in times] == [(0, 30), (30, 60)]


def test_the_approved_take_stands_for_its_cue_else_the_one_that_leads():
    cue = make_cue(in_frame=240, out_frame=1392, tempo_map=[[1, 90]])
    musicxml = abc_to_musicxml(ABC).text
    one, two = (make_take(cue=cue, version=make_version(musicxml=musicxml, sha256=kept * 64)) for kept in "ab")
    keep_course(version=two.version)
    strengths = [{"take": one.public_id, "p_best": 0.3}, {"take": two.public_id, "p_best": 0.7}]
    Standing.objects.create(cue=cue, votes=9, strengths=strengths, estimator="test")
    [facts] = film_facts(film=cue.film).cues
    assert facts.chosen == Chosen(two, approved=False)
    assert [(moment.start, moment.end) for moment in facts.moments] == [(10, 12), (12, 14)]
    Approval.objects.create(cue=cue, take=one, by=make_user())
    facts = film_facts(film=cue.film)
    assert facts.cues[0].chosen == Chosen(one, approved=True)
    assert (facts.cues[0].moments, facts.uncomputed) == ((), [one.version])


def test_a_discarded_leader_and_a_standing_without_votes_stand_for_nothing():
    cue = make_cue()
    take = make_take(cue=cue, state="discarded")
    Standing.objects.create(cue=cue, votes=9, strengths=[{"take": take.public_id, "p_best": 0.9}], estimator="test")
    other = make_take(cue=make_cue(film=cue.film))
    Standing.objects.create(
        cue=other.cue, votes=0, strengths=[{"take": other.public_id, "p_best": 0.5}], estimator="test"
    )
    assert [facts.chosen for facts in film_facts(film=cue.film).cues] == [None, None]


def test_themes_are_heard_at_the_bar_that_a_cue_names():
    cue = make_cue(in_frame=240, out_frame=1392)  # 3/4 at 60: three seconds a bar
    theme = Theme.objects.create(film=cue.film, name="The lantern")
    for bar, how in ((5, "fragment"), (1, "statement")):
        CueTheme.objects.create(cue=cue, theme=theme, how=how, bar=bar)
    [facts] = film_facts(film=cue.film).themes
    assert [(heard.second, heard.use.how) for heard in facts.heard] == [(10, "statement"), (22, "fragment")]


def test_shots_have_their_stills():
    film = make_film()
    Still.objects.create(shot=film.shots.first(), large="a" * 64, tile="b" * 64)
    assert [time.still for time in film_facts(film=film).shots] == ["b" * 64, ""]


def test_queries_do_not_grow_with_the_film(django_assert_num_queries):
    small, large = make_film(), make_film()
    make_cue(film=small)
    for number in range(3):
        take = make_take(cue=make_cue(film=large))
        theme = Theme.objects.create(film=large, name=f"Theme {number}", version=take.version, first_bar=1, last_bar=2)
        CueTheme.objects.create(cue=take.cue, theme=theme)
    for film in (small, large):
        with django_assert_num_queries(11):
            facts = film_facts(film=film)
            assert [list(cue.cue.hits.all()) for cue in facts.cues] == [[]] * len(facts.cues)
