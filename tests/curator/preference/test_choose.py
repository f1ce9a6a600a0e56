from collections import Counter

import numpy as np
import pytest

from curator.preference.choose import REPEAT_AFTER, RETURN_AFTER, Aim, Choice, choose, sides
from curator.preference.fit import fit
from curator.preference.rules import information_gain
from curator.preference.votes import Answer, Vote


def session(
    n: int, count: int, *, seed: int = 1, rater: str = "mia", answer=None, aim: Aim = "winner"
) -> list[tuple[Choice, Vote]]:
    """A listener who prefers the clip with the smaller index, unless told otherwise."""
    votes: list[Vote] = []
    choices: list[Choice] = []
    for index in range(count):
        choice = choose(fit(n, votes), votes, seed=seed, rater=rater, aim=aim)
        assert choice is not None
        better: Answer = "left" if choice.left < choice.right else "right"
        said: Answer = answer(index) if answer else better
        votes.append(Vote(choice.left, choice.right, said))
        choices.append(choice)
    return list(zip(choices, votes, strict=True))


def test_choose_needs_two_clips():
    assert choose(fit(0, []), [], seed=1, rater="mia") is None
    assert choose(fit(1, []), [], seed=1, rater="mia") is None


def test_choose_gives_the_same_pair_to_the_same_history():
    assert session(6, 12) == session(6, 12)
    assert session(6, 12) != session(6, 12, seed=2)
    assert session(6, 12) != session(6, 12, rater="jan")


def test_choose_brings_back_a_pair_only_after_a_while_with_the_sides_swapped():
    done = session(8, 60)
    for index, (choice, vote) in enumerate(done):
        before = [at for at in range(index) if done[at][1].pair == vote.pair]
        assert choice.occurrence == len(before)
        assert choice.repeat_of == (before[-1] if before else None)
        if before:
            assert index - before[-1] > (REPEAT_AFTER if choice.policy == "repeat" else RETURN_AFTER)
        if len(before) % 2:
            last = done[before[-1]][1]
            assert (choice.left, choice.right) == (last.right, last.left)


def test_choose_hears_one_pair_in_ten_again():
    # whether the rule returns to the leaders or meets ever new pairs
    for aim in ("winner", "rank"):
        choices = [choice for seed in range(6) for choice, _ in session(12, 50, seed=seed, aim=aim)]
        assert sum(choice.occurrence > 0 for choice in choices) >= 0.07 * len(choices)
        hidden = [choice for choice in choices if choice.policy == "repeat"]
        assert 0 < len(hidden) < 0.12 * len(choices)


def test_choose_plays_a_clip_at_most_three_times_in_a_row():
    for seed in range(5):
        heard = [set(vote.pair) for _, vote in session(8, 40, seed=seed)]
        for at in range(3, len(heard)):
            assert not set.intersection(*heard[at - 3 : at + 1])


def test_choose_starts_with_information_and_ends_with_the_best():
    done = session(8, 50)
    assert {choice.policy for choice, _ in done[:8]} == {"eig"}
    assert {choice.policy for choice, _ in done[8:]} <= {"best", "repeat"}
    # the first pairs meet everybody; the last ones are about the leaders
    assert {clip for _, vote in done[:8] for clip in vote.pair} == set(range(8))
    assert Counter(clip for _, vote in done[30:] for clip in vote.pair).most_common(1)[0][0] in (0, 1)


def test_choose_counts_the_answers_of_other_listeners():
    votes = [Vote(0, 1, "left"), Vote(1, 2, "left"), Vote(2, 3, "left"), Vote(0, 3, "left")]
    alone = choose(fit(4, votes), [], seed=1, rater="mia")
    together = choose(fit(4, votes), [], seed=1, rater="mia", informed=4)
    assert alone is not None
    assert together is not None
    assert (alone.policy, together.policy) == ("eig", "best")


def test_choose_states_probabilities_that_come_true():
    posterior = fit(4, [Vote(0, 1, "left"), Vote(2, 3, "left"), Vote(0, 2, "tie")])
    seen: Counter[tuple[int, int]] = Counter()
    stated: dict[tuple[int, int], list[float]] = {}
    for seed in range(300):
        choice = choose(posterior, [], seed=seed, rater="mia", informed=4)
        assert choice is not None
        pair = min(choice.left, choice.right), max(choice.left, choice.right)
        seen[pair] += 1
        stated.setdefault(pair, []).append(choice.probability)
    for pair, count in seen.items():
        assert count / 300 == pytest.approx(np.mean(stated[pair]), abs=0.08)
    assert sum(np.mean(values) for values in stated.values()) == pytest.approx(1.0, abs=0.05)


def test_choose_first_pair_is_even_among_all():
    choice = choose(fit(5, []), [], seed=3, rater="mia")
    assert choice is not None
    assert choice.probability == pytest.approx(1 / 10)
    assert (choice.occurrence, choice.repeat_of) == (0, None)


def test_choose_never_ends_in_silence_with_two_clips():
    done = session(2, 12)
    assert [choice.occurrence for choice, _ in done] == list(range(12))
    lefts = [choice.left for choice, _ in done]
    assert all(lefts[at] != lefts[at + 1] for at in range(0, 12, 2))


def test_choose_does_not_repeat_a_skipped_pair_as_a_test():
    done = session(10, 30, answer=lambda _: "skip")
    assert "repeat" not in {choice.policy for choice, _ in done}


def test_sides_are_even_and_swap_on_the_second_time():
    lefts = [sides((0, 1), seed=seed, rater="mia", occurrence=0)[0] for seed in range(400)]
    assert 150 < sum(lefts) < 250
    for seed in range(20):
        once = sides((4, 2), seed=seed, rater="mia", occurrence=0)
        again = sides((2, 4), seed=seed, rater="mia", occurrence=1)
        assert again == (once[1], once[0])


def test_information_gain_is_largest_for_the_open_question():
    gain = information_gain(np.array([0.0, 0.0, 4.0]), np.array([4.0, 0.5, 0.5]))
    assert gain[0] > gain[1] > gain[2] > 0.0
    # against the integral on a fine grid
    grid = np.linspace(-16.0, 16.0, 20001)
    weight = np.exp(-(grid**2) / 8.0)
    weight /= weight.sum()
    chance = 0.95 / (1.0 + np.exp(-grid)) + 0.025

    def entropy(p):
        return -p * np.log(p) - (1.0 - p) * np.log(1.0 - p)

    expected = entropy(weight @ chance) - weight @ entropy(chance)
    assert gain[0] == pytest.approx(expected, rel=0.01)


def test_choose_tosses_the_coin_by_lasting_names():
    # clip 7 was taken out of the running: the others keep their sides
    names = [3, 7, 9]
    for seed in range(20):
        choice = choose(fit(3, []), [], seed=seed, rater="mia", names=names)
        assert choice is not None
        called = names[choice.left], names[choice.right]
        assert called == sides((called[1], called[0]), seed=seed, rater="mia", occurrence=0)


def test_choose_teaches_with_both_rules_and_ranks_with_one():
    posterior = fit(8, [Vote(0, clip, "left") for clip in range(1, 8)] * 2)
    policies = {
        aim: Counter(
            choice.policy
            for seed in range(100)
            if (choice := choose(posterior, [], seed=seed, rater="mia", informed=14, aim=aim))
        )
        for aim in ("winner", "teach", "rank")
    }
    assert policies["winner"] == {"best": 100}
    assert policies["rank"] == {"eig": 100}
    assert set(policies["teach"]) == {"eig", "best"}
    assert 30 < policies["teach"]["eig"] < 70


def test_choose_states_the_probability_of_a_mixed_aim():
    posterior = fit(3, [Vote(0, 1, "left"), Vote(0, 2, "tie")])
    stated = {}
    seen: Counter[tuple[int, int]] = Counter()
    for seed in range(400):
        choice = choose(posterior, [], seed=seed, rater="mia", informed=3, aim="teach")
        assert choice is not None
        pair = min(choice.left, choice.right), max(choice.left, choice.right)
        seen[pair] += 1
        stated[pair] = choice.probability
    assert sum(stated.values()) == pytest.approx(1.0, abs=0.01)
    for pair, count in seen.items():
        assert count / 400 == pytest.approx(stated[pair], abs=0.08)


def test_choose_shares_a_fifth_of_the_pairs_with_other_listeners():
    others = [(0, 1), (5, 2)]
    choices = [choose(fit(8, []), [], seed=seed, rater="mia", others=others) for seed in range(400)]
    shared = [choice for choice in choices if choice and choice.policy == "shared"]
    assert 0.12 < len(shared) / 400 < 0.28
    assert {tuple(sorted((choice.left, choice.right))) for choice in shared} == {(0, 1), (2, 5)}
    assert all(choice.probability == pytest.approx(0.1) for choice in shared)


def test_choose_leaves_a_pair_that_is_being_heard_alone():
    for seed in range(30):
        choice = choose(fit(3, []), [], seed=seed, rater="mia", busy=[(1, 0), (2, 1)])
        assert choice is not None
        assert {choice.left, choice.right} == {0, 2}
    # rather than silence the busy pair is handed out twice
    assert choose(fit(2, []), [], seed=1, rater="mia", busy=[(0, 1)]) is not None
