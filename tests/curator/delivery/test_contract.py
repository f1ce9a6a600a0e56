import pytest

from curator.delivery.contract import CHECKS, inspect
from tests.curator.delivery.scores import GOLDEN

PLAIN = (GOLDEN / "plain.musicxml").read_bytes()


def _troubles(musicxml: bytes, stem: str = "") -> dict[str, str]:
    return {check.name: check.trouble for check in inspect(musicxml, stem=stem) if not check.ok}


def test_inspect_looks_at_everything_in_order():
    assert tuple(check.name for check in inspect(PLAIN)) == CHECKS
    assert _troubles(PLAIN, "1m1_dachboden_v2") == {}


@pytest.mark.parametrize(
    ("old", "new", "name", "sentence"),
    [
        (b'number="2">', b'number="3">', "bars", "Bar 2 is not numbered plainly."),
        (b'<measure number="1">', b'<measure implicit="no" number="1">', "bars", "Bar 1 is not numbered plainly."),
        (b"<duration>2</duration>", b"<duration>1</duration>", "bars", "Voice 5 does not fill bar 1 exactly."),
        (b"<beats>4</beats>", b"<beats>3+1</beats>", "bars", "The time signature in bar 1 is not a plain one."),
        (b"<voice>5</voice>", b"<voice>1</voice>", "bars", "Voice 1 changes the staff in bar 1."),
        (
            b"<bar-style>light-heavy</bar-style>",
            b'<repeat direction="backward"/>',
            "bars",
            "A repeat is not written out.",
        ),
        (
            b'<sound tempo="66.5"/>',
            b'<sound tempo="66"/>',
            "tempo",
            "The metronome mark and the sounding tempo in bar 1 differ.",
        ),
        (b"<metronome>", b'<metronome parentheses="no">', "tempo", "The metronome mark in bar 1 is not a bare one."),
        (
            b"<per-minute>66.5",
            b"<per-minute>circa 66",
            "tempo",
            "The metronome mark and the sounding tempo in bar 1 differ.",
        ),
        (
            b"<mp/>",
            b"<other-dynamics>x</other-dynamics>",
            "dynamics",
            "The dynamic mark other-dynamics in bar 1 is no step from pp to ff.",
        ),
        (
            b"<part-name>Piano",
            b"<part-name>Piano (Bass)",
            "names",
            "The part is called 'Piano (Bass)' instead of Piano.",
        ),
        (b"<midi-program>1<", b"<midi-program>2<", "names", "The part is not set to a piano sound."),
        (b"<line>4</line>", b"<line>3</line>", "names", "The score does not begin with a treble and a bass staff."),
        (b"<work-title>1m1 Dachboden</work-title>", b"<work-title/>", "names", "The score has no title."),
        (b'encoding="UTF-8"', b'encoding="utf-8"', "schema", "The file does not declare UTF-8."),
    ],
)
def test_inspect_names_what_breaks_the_contract(old, new, name, sentence):
    assert old in PLAIN
    assert _troubles(PLAIN.replace(old, new)).get(name, "") == sentence


def test_inspect_finds_one_key_held_by_two_voices():
    doubled = PLAIN.replace(
        b"<step>E</step>\n          <octave>3</octave>", b"<step>B</step>\n          <octave>4</octave>"
    )
    assert _troubles(doubled) == {"notes": "One key is held by two voices at once in bar 2."}


def test_inspect_finds_a_grace_note():
    grace = PLAIN.replace(
        b"<note>\n        <pitch>\n          <step>D</step>",
        b"<note><grace/><pitch><step>C</step><octave>5</octave></pitch><voice>1</voice><staff>1</staff></note>"
        b"<note>\n        <pitch>\n          <step>D</step>",
        1,
    )
    assert _troubles(grace) == {"notes": "A grace note is left; it would hang in the client."}


def test_inspect_wants_dynamics_on_both_staves():
    head, _, tail = PLAIN.partition(b"<mp/>")
    assert _troubles(head + b"<f/>" + tail.replace(b"<mp/>", b"<f/>")) == {}
    second = b'<measure number="2">'
    alone = (
        second + b"<direction><direction-type><dynamics><f/></dynamics></direction-type><staff>2</staff></direction>"
    )
    assert _troubles(PLAIN.replace(second, alone)) == {"dynamics": "A dynamic mark in bar 2 stands on one staff only."}
    without = PLAIN.replace(b"<dynamics>\n            <mp/>\n          </dynamics>", b"<words>mp</words>", 1)
    assert _troubles(without) == {"dynamics": "Staff 1 begins without a dynamic mark."}


def test_inspect_of_something_else_says_so_everywhere():
    assert set(_troubles(b"%PDF").values()) == {_troubles(b"%PDF")["bars"]}
    broken = PLAIN.replace(b"<voice>1</voice>", b"<vice>1</vice>")
    assert set(_troubles(broken)) == set(CHECKS)
    assert _troubles(broken)["bars"] == "Not checked: the file is not valid MusicXML."


def test_inspect_wants_names_of_the_contracts_form():
    assert _troubles(PLAIN, "Cue 1") == {"names": "The file name 'Cue 1' is not of the form 1m1_title_v2."}
