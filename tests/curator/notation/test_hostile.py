"""Files made to harm or to confuse: each is taken or refused with a sentence, and nothing of this machine is read."""

import re

import pytest

from curator.notation.arrival import receive
from curator.notation.convert import musicxml_to_abc
from curator.notation.errors import NotationError
from curator.notation.gate import read_bounded
from curator.notation.intake import read_score
from tests.curator.notation.hostile import Case, cases

# These would cost the process of the tests what they are made to cost.
COSTLY = ("layers.xml", "tags.xml", "attributes.xml")


@pytest.mark.parametrize("case", cases(), ids=lambda case: case[0])
def test_every_file_is_taken_or_refused_with_a_sentence(case: Case):
    name, data, wanted = case
    try:
        intake = (read_bounded if name in COSTLY else read_score)(name, data)
        text = musicxml_to_abc(intake.musicxml).text
    except NotationError as refused:
        outcome, said = "refused", str(refused)
        assert re.fullmatch(r".{8,500}", said, re.DOTALL)
    else:
        outcome, said = "taken", text + intake.musicxml.decode() + intake.title + " ".join(intake.warnings)
    assert "root:" not in said
    assert wanted in ("either", outcome), said


@pytest.mark.parametrize("name", ["chord.xml", "voices.xml", "metre_999999_4.xml", "laughs.xml", "bomb.mxl"])
def test_the_whole_way_refuses_them_as_well(name):
    data = next(data for found, data, _wanted in cases() if found == name)
    with pytest.raises(NotationError):
        receive(name, data)
