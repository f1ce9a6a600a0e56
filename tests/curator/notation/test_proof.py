import pytest

from curator.notation.proof import Proof, Trouble, proofread

HEADER = "%%score { 1 | 2 }\nL:1/8\nM:3/4\nK:C\nV:1 treble\nV:2 bass\n"


def read(*lines, header=HEADER):
    return proofread(header + "".join(f"{line}\n" for line in lines))


def test_every_bar_is_read_by_itself():
    found = read(
        "[V:1]e2 d2 c2|[V:2]C,6|",
        "[V:1]e2 d2|[V:2]C,6|",
        "[V:1]nonsense|[V:2]C,6|",
        "[V:1]e6|",
        "[V:1]e6|[V:3]C,6|",
        "[V:1]e8|[V:2]C,8|",
    )
    assert found.bars == 6
    assert [(one.bar, one.fatal) for one in found.troubles] == [(2, True), (3, True), (4, True), (5, True), (6, False)]
    assert found.troubles[0].sentence == "Voice 1 is 1/2 long, another voice 3/4."
    assert found.troubles[2].sentence == "Voice 2 is missing."
    assert found.troubles[3].sentence == "Voice 3 is not declared in the header."
    assert found.troubles[4].sentence == "It is 1/1 long, but the metre is 3/4."


def test_an_upbeat_and_a_changed_metre_are_no_trouble():
    assert read("[V:1]e2|[V:2]C,2|", "[V:1][M:2/4]e4|[V:2][M:2/4]C,4|", "[V:1]e4|[V:2]C,4|") == Proof(3, ())


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("L:1/8\nK:C\n", "There is no bar: no line begins with a voice."),
        ("L:1/8\nV:1\nV:1\nK:C\n", "The header declares a voice twice."),
        ("L:1/8\nV:1\n", "The header names no key."),
        ("hello\nV:1\n", "The line 'hello' before the music is no field."),
    ],
)
def test_a_header_that_cannot_be_read_is_bar_zero(header, sentence):
    assert read("[V:1]c|", header=header).troubles == (Trouble(0, sentence, fatal=True),)
