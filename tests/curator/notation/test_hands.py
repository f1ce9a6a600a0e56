from curator.notation.abc import parse
from curator.notation.hands import Reach, reach_of

HEADER = "%%score { ( 1 3 ) | 2 }\nL:1/8\nM:3/4\nK:C\nV:1 treble\nV:3 treble\nV:2 bass\n"


def score(*lines):
    return parse(HEADER + "".join(f"{line}\n" for line in lines))


def test_voices_of_one_staff_are_one_hand_and_held_keys_stay_down():
    found = reach_of(
        score(
            "[V:1]e6|[V:3]C2 E4|[V:2]C,2 [E,G,]4|",
            "[V:1]e2 z4|[V:3]C,6|[V:2]C,,6|",  # two octaves and a third at once
            "[V:1]z2 e4|[V:3]C,2 z4|[V:2][C,,D,,E,,F,,G,,A,,]6|",  # six fingers
        )
    )
    assert found == Reach(widest=(28, 9), beyond=(2, 3))


def test_a_grip_is_as_wide_as_what_is_still_held():
    assert reach_of(score("[V:1]z6|[V:3]z6|[V:2]C,,4 C2|")).widest == (0, 0)
    assert reach_of(score("[V:1]z6|[V:3]z6|[V:2]C,,4 [C,,C]2|")).widest == (0, 24)
