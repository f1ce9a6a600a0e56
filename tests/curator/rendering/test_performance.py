from pathlib import Path

from lxml import etree

from curator.rendering.performance import TempoMark, perform

SCORES = Path(__file__).resolve().parents[2] / "golden" / "scores"

BAR = "<measure number='{n}'>{attributes}{inside}</measure>"
ATTRIBUTES = "<attributes><divisions>1</divisions><time><beats>2</beats><beat-type>4</beat-type></time></attributes>"


def note(step: str = "C", octave: int = 5, staff: int = 1, inside: str = "") -> str:
    return (
        f"<note><pitch><step>{step}</step><octave>{octave}</octave></pitch><duration>1</duration>"
        f"<staff>{staff}</staff>{inside}</note>"
    )


def direction(inside: str, staff: int = 1, sound: str = "") -> str:
    return f"<direction><direction-type>{inside}</direction-type><staff>{staff}</staff>{sound}</direction>"


def score(*bars: str) -> etree._Element:
    written = "".join(
        BAR.format(n=n, attributes=ATTRIBUTES if n == 1 else "", inside=bar) for n, bar in enumerate(bars, start=1)
    )
    return etree.fromstring(f"<score-partwise><part id='P1'>{written}</part></score-partwise>")


def velocities(root: etree._Element, staff: int | None = None) -> list[int]:
    notes = [note for note in root.iter("note") if note.get("dynamics")]
    return [
        round(float(note.get("dynamics", "")) * 0.9)
        for note in notes
        if staff is None or note.findtext("staff") == str(staff)
    ]


def test_perform_waltz_marks_and_hairpins_rule_both_hands():
    root = etree.parse(SCORES / "waltz.musicxml").getroot()
    perform(root)
    bars = [velocities(measure) for measure in root.iter("measure")]
    # p; crescendo over bar 5 (with an accent on its third beat) to f; diminuendo over bar 7 to pp.
    assert bars == [
        [49, 46, 40, 40],
        [53, 50, 49, 46, 40, 40],
        [53, 50, 50, 49, 46, 40, 40],
        [53, 49, 46, 40, 40],
        [53, 63, 88, 49, 59, 53, 53],
        [93, 90, 89, 86, 80, 80],
        [93, 72, 64, 55, 89, 68, 62, 62],
        [40, 36, 33, 27, 27],
    ]


def test_perform_without_marks_plays_one_level_with_the_first_beat_a_little_stronger():
    root = score(note() + note(), note() + note())
    perform(root)
    assert velocities(root) == [71, 68, 71, 68]


def test_perform_a_mark_of_the_other_hand_is_heard_except_where_this_hand_has_its_own():
    def bar(right: str, left: str) -> str:
        return (
            right
            + note()
            + note()
            + "<backup><duration>2</duration></backup>"
            + left
            + note("C", 3, 2)
            + note("C", 3, 2)
        )

    loud, soft = direction("<dynamics><f/></dynamics>"), direction("<dynamics><pp/></dynamics>", staff=2)
    root = score(bar(loud, ""), bar(loud, soft), bar("", ""))
    perform(root)
    assert velocities(root, 1) == [93, 90, 93, 90, 93, 90]
    assert velocities(root, 2) == [89, 86, 36, 33, 36, 33]


def test_perform_hairpin_without_a_goal_goes_one_step():
    root = score(
        direction("<dynamics><p/></dynamics>") + direction("<wedge type='crescendo'/>") + note() + note(),
        direction("<wedge type='stop'/>") + note() + note(),
    )
    perform(root)
    assert velocities(root) == [53, 57, 67, 64]


def test_perform_attacks_articulations_and_grace_notes():
    accent = "<notations><articulations><accent/></articulations></notations>"
    grace = "<note><grace/><pitch><step>B</step><octave>4</octave></pitch><staff>1</staff></note>"
    root = score(direction("<dynamics><sfz/></dynamics>") + note() + note(inside=accent), grace + note("D") + note())
    perform(root)
    assert velocities(root) == [89, 79, 57, 71, 68]


def test_perform_two_parts_of_one_staff_are_the_two_hands():
    parts = "".join(
        f"<part id='P{n}'><measure number='1'>{ATTRIBUTES}{mark}{note(octave=6 - n)}</measure></part>"
        for n, mark in ((1, direction("<dynamics><ff/></dynamics>")), (2, ""))
    )
    root = etree.fromstring(f"<score-partwise>{parts}</score-partwise>")
    perform(root)
    assert velocities(root) == [108, 104]


def test_perform_reads_no_number_it_should_not():
    broken = note().replace("<duration>1</duration>", "<duration>NaN</duration>") + note().replace(
        "<staff>1</staff>", "<staff>1e999999999</staff>"
    )
    root = score(broken.replace("<octave>5</octave>", "<octave>-</octave>"))
    perform(root)
    assert velocities(root) == [71, 65]


def test_perform_tempo_marks_silence_the_written_ones():
    metronome = "<metronome><beat-unit>quarter</beat-unit><per-minute>90</per-minute></metronome>"
    written = direction(metronome, sound="<sound tempo='90'/>")
    root = score(written + note(), note(), written + note())
    perform(root, tempo=[TempoMark(1, 72), TempoMark(3, 66.5)])
    assert [[s.get("tempo") for s in measure.iter("sound")] for measure in root.iter("measure")] == [
        ["72", "72"],
        [],
        ["66.5", "66.5"],
    ]
    assert [shown.text for shown in root.iter("per-minute")] == ["72", "66.5"]
