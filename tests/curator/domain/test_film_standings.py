import pytest

from curator.domain.cohorts import Cohort, cohort_gaps, read_cohorts
from curator.domain.film_standings import read_film_standings
from curator.domain.listeners import read_listeners
from curator.domain.standings import read_field, read_fields
from curator.models.film import ArcStage
from curator.models.ranking import Judgement, Take
from tests.factories import make_film, make_user
from tests.listening import cue_with_takes, judge

pytestmark = pytest.mark.django_db


def say(cue, rater, left: int, right: int, answer: str = "left") -> None:
    takes = {take.number: take for take in cue.takes.all()}
    Judgement.objects.create(
        cue=cue,
        rater=rater,
        pair=f"{rater.pk}-{Judgement.objects.count()}",
        left=takes[left],
        right=takes[right],
        answer=answer,
    )


def two_rounds(owner, *, film=None, newer_wins: bool = True):
    """Takes 1 and 2 of an old cohort, 3 and 4 of a new one, which wins all its pairs."""
    cue = cue_with_takes(4, film=film or make_film())
    Take.objects.filter(cue=cue, number__lte=2).update(cohort="old")
    Take.objects.filter(cue=cue, number__gte=3).update(cohort="new")
    for new in (3, 4):
        for old in (1, 2):
            for _ in range(3):
                say(cue, owner, new, old, "left" if newer_wins else "right")
    return cue


def test_a_newer_cohort_is_compared_with_the_older(owner):
    cue = two_rounds(owner)
    cohorts = read_cohorts(cues=[cue])
    assert cohorts == [Cohort("old", "old"), Cohort("new", "new")]
    (gap,) = cohort_gaps(fields=[read_field(cue=cue)], cohorts=cohorts)
    assert (gap.newer.key, gap.older.key, gap.cues) == ("new", "old", 1)
    low, high = gap.comparison.interval()
    assert 0 < low < gap.comparison.mean < high
    assert gap.comparison.p_better > 0.97


def test_cohorts_are_called_as_their_pieces_say(owner):
    cue = two_rounds(owner)
    for take in cue.takes.filter(cohort="new"):
        take.version.piece.making = {"checkpoint_name": "Round 1"}
        take.version.piece.save()
    assert [cohort.name for cohort in read_cohorts(cues=[cue])] == ["old", "Round 1"]


def test_cohorts_pool_over_cues_and_count_discarded_takes(owner):
    film = make_film()
    better, worse = two_rounds(owner, film=film), two_rounds(owner, film=film, newer_wins=False)
    (gap,) = read_film_standings(film=film).gaps
    assert gap.cues == 2
    assert gap.comparison.mean == pytest.approx(0, abs=1e-6)
    before = cohort_gaps(fields=[read_field(cue=better)], cohorts=read_cohorts(cues=[better]))
    better.takes.filter(number=1).update(state="discarded")
    assert cohort_gaps(fields=[read_field(cue=better)], cohorts=read_cohorts(cues=[better])) == before
    assert worse.takes.count() == 4


def test_a_cohort_that_nobody_heard_is_not_compared(owner):
    cue = cue_with_takes(4)
    cue.takes.filter(number__gte=3).update(cohort="new")
    cue.takes.filter(number__lte=2).update(cohort="old")
    say(cue, owner, 1, 2)
    assert cohort_gaps(fields=[read_field(cue=cue)], cohorts=read_cohorts(cues=[cue])) == []


def test_stages_hold_their_cues_and_their_own_cohorts(owner):
    film = make_film()
    other = ArcStage.objects.create(film=film, position=2, name="Chosen", colour=2)
    first, second = two_rounds(owner, film=film), two_rounds(owner, film=film, newer_wins=False)
    third = cue_with_takes(2, film=film)
    type(second).objects.filter(pk=second.pk).update(stage=other)
    type(third).objects.filter(pk=third.pk).update(stage=None)
    now = read_film_standings(film=film)
    assert [(shown.stage.name if shown.stage else None, [cue.cue for cue in shown.cues]) for shown in now.stages] == [
        ("Forgotten", [first]),
        ("Chosen", [second]),
        (None, [third]),
    ]
    assert [shown.votes for shown in now.stages] == [12, 12, 0]
    assert [[gap.comparison.mean > 0 for gap in shown.gaps] for shown in now.stages] == [[True], [False], []]
    assert now.votes == 24


def test_listeners_against_themselves_and_each_other(owner, rater):
    cue = cue_with_takes(4)
    between = [(1, 4, "bad")] + [(2, 4, "skip")] * 8  # nobody remembers a pair after so many
    for left, right, answer in [(1, 2, "left"), (1, 3, "left"), *between, (2, 1, "right"), (3, 1, "left")]:
        say(cue, owner, left, right, answer)
    for left, right, answer in ((1, 2, "left"), (1, 3, "right")):
        say(cue, rater, left, right, answer)
    found = read_listeners(fields=[read_field(cue=cue)])
    first, second = found.everyone
    assert (first.user, first.answers, second.user, second.answers) == (owner, 4, rater, 2)
    # the owner said 1 before 2 twice, and took 3 over 1 back when the sides were swapped
    assert (first.consistency.repeats, first.consistency.same) == (2, 1.0)
    assert second.consistency.repeats == 0
    assert (first.side.left, first.side.sided) == (3, 4)
    (pair,) = found.together
    assert (pair.one, pair.other, pair.agreement.pairs, pair.agreement.same) == (owner, rater, 2, 0.5)
    assert found.agreement.pairs == 2
    (dispute,) = found.disputes
    assert (dispute.cue, dispute.one.number, dispute.other.number) == (cue, 1, 3)
    assert (dispute.for_one, dispute.for_other) == ((owner,), (rater,))


def test_one_listener_alone_agrees_with_nobody(owner):
    cue = cue_with_takes(2)
    say(cue, owner, 1, 2, "tie")
    found = read_listeners(fields=[read_field(cue=cue)])
    assert (found.agreement, found.together, found.disputes) == (None, (), ())
    assert found.everyone[0].side is None


def test_disputes_are_cut_at_the_most_disputed(owner, rater):
    cue = cue_with_takes(8)
    third = make_user(role="rater")
    for left in range(1, 9):
        for right in range(left + 1, 9):
            say(cue, owner, left, right)
            say(cue, rater, left, right, "right")
    for user in (third, make_user(role="rater")):
        say(cue, user, 7, 8, "left" if user == third else "right")
    found = read_listeners(fields=[read_field(cue=cue)])
    assert (found.disputed, len(found.disputes)) == (28, 20)
    assert (found.disputes[0].one.number, found.disputes[0].other.number) == (7, 8)


@pytest.mark.parametrize("count", [1, 4])
def test_film_standings_queries_do_not_grow(owner, rater, django_assert_num_queries, count):
    film = make_film()
    for _ in range(count):
        cue = two_rounds(owner, film=film)
        say(cue, rater, 1, 2)
    with django_assert_num_queries(6):
        read_film_standings(film=film)


def test_fields_know_everyone_and_everything_said(owner):
    cue = cue_with_takes(3)
    judge(cue, owner, 4)
    cue.takes.filter(number=1).update(state="discarded")
    field = read_fields(cues=[cue])[cue.pk]
    assert [take.number for take in field.everyone] == [1, 2, 3]
    assert [take.number for take in field.takes] == [2, 3]
    assert len(field.said) == 4
    assert len(field.votes) < 4
