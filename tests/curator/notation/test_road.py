"""The order in which bars are played."""

from typing import Any

import pytest

from curator.notation.errors import NotationError
from curator.notation.road import Road, play_order


def _order(words: str) -> str:
    """Bars as letters with signs before and behind, such as `|:A B :|` or `(1 A :|) (2 B )`, in playing order."""
    roads: list[Road] = []
    signs: dict[str, Any] = {}
    now: tuple[int, ...] = ()
    letters = ""
    for word in words.split():
        if word == "|:":
            signs["forward"] = True
        elif word.startswith("("):
            now = tuple(int(digit) for digit in word[1:])
        elif word.isalpha() and word.isupper() and len(word) == 1:
            roads.append(Road(ending=now, **signs))
            letters += word
            signs = {}
        else:
            name, _, times = word.partition("=")
            extra = {"backward": True, "times": int(times or 2)} if name == ":|" else {name: True}
            if name == ")":
                now = ()
            else:
                roads[-1] = Road(**{**roads[-1].__dict__, **extra})
    return "".join(letters[place] for place in play_order(roads))


@pytest.mark.parametrize(
    ("words", "played"),
    [
        ("A B C", "ABC"),
        ("A B :| C", "ABABC"),
        ("A |: B :| C", "ABBC"),
        ("A |: B :|=3 C", "ABBBC"),
        ("A :| B :| C", "AABABC"),
        ("A |: B :| C :| D", "ABBCBCD"),
        ("|: A :| |: B C :|", "AABCBC"),
        ("|: A (1 B :| ) (2 C ) D", "ABACD"),
        ("|: A (1 B :| ) (2 C :| ) D", "ABACD"),
        ("A (1 B :| ) C", "ABAC"),
        ("|: A (12 B :| ) (3 C ) D", "ABABACD"),
        ("|: A (1 B :| ) (2 C D ) |: E (1 F :| ) (2 G )", "ABACDEFEG"),
        ("A B fine C dacapo D", "ABCAB"),
        ("A segno B tocoda C dalsegno D coda E", "ABCABDE"),
        ("A B segno C dalsegno D", "ABCBCD"),
        ("|: A :| fine B dacapo", "AABA"),
        ("|: A (1 B :| ) (2 C fine ) D dacapo", "ABACDAC"),
        ("A dalsegno B", "AAB"),
    ],
)
def test_play_order_follows_the_road(words, played):
    assert _order(words) == played


def test_play_order_refuses_a_score_that_never_ends():
    with pytest.raises(NotationError, match="more than 2000 bars"):
        play_order([Road(forward=True)] * 1999 + [Road(backward=True, times=19)])
