from curator.preference.stop import Certainty, votes_needed


def at(regret: float, *, sure: bool = False) -> Certainty:
    return Certainty(leader=0, p_best=0.4, regret=regret, sure=sure)


def test_votes_needed_is_nothing_once_sure():
    assert votes_needed(at(0.4, sure=True), clips=8, votes=20) == 0
    assert votes_needed(at(2.0), clips=1, votes=0) == 0


def test_votes_needed_falls_with_the_regret_and_grows_with_the_clips():
    way = [votes_needed(at(regret), clips=16, votes=20) for regret in (1.5, 0.8, 0.4, 0.2, 0.11)]
    assert way == sorted(way, reverse=True)
    assert way[-1] >= 1
    assert votes_needed(at(1.0), clips=32, votes=20) > votes_needed(at(1.0), clips=8, votes=20)


def test_votes_needed_learns_from_the_way_so_far():
    # the same regret after more votes: these takes are closer, so the rest will be slower too
    assert votes_needed(at(0.5), clips=16, votes=60) > votes_needed(at(0.5), clips=16, votes=25)


def test_votes_needed_before_anything_was_heard():
    # as the simulations say: 56 for a decided listener of 16 clips, 108 for a doubtful one
    assert 56 < votes_needed(at(2.64), clips=16, votes=0) < 108
