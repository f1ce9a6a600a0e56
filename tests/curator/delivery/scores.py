"""Small scores for tests: built from short words, and read back into short words."""

from datetime import date
from fractions import Fraction
from pathlib import Path

from lxml import etree

from curator.delivery.sheet import Sheet

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "delivery"
SHEET = Sheet(
    number="1m1",
    title="Dachboden",
    composer="Cuewright, piano étude",
    tempo_map=((1, Fraction(133, 2)),),
    encoded=date(2026, 11, 22),
    film="Die kleine Laterne",
    version=2,
    checkpoint="demo 4f1c",
    seed=7,
)
_NAMES = {16: ("quarter", 0), 8: ("eighth", 0), 4: ("16th", 0), 32: ("half", 0), 64: ("whole", 0), 48: ("half", 1)}


def voice(words: str, *, number: str = "1", staff: int = 1) -> str:
    """A voice in 16 divisions a quarter: `C4:16` a note, `C4+E4:16` a chord, `r:16` a rest, `x:16` a hidden one.

    `~` behind a length starts a tie, before a pitch ends one; `g` for a length is a grace note, `>16` moves on.
    """
    return "".join(_word(word, number, staff) for word in words.split())


def _word(word: str, number: str, staff: int) -> str:
    if word.startswith(">"):
        return f"<forward><duration>{word[1:]}</duration></forward>"
    names, length = word.split(":")
    start, stop = length.endswith("~"), names.startswith("~")
    length = length.strip("~")
    result = ""
    for place, name in enumerate(names.strip("~").split("+")):
        hidden = ' print-object="no"' if name == "x" else ""
        ties = '<tie type="stop"/>' * stop + '<tie type="start"/>' * start
        kind, dots = _NAMES.get(int(length) if length != "g" else 8, ("", 0))
        result += (
            f"<note{hidden}>{'<grace/>' if length == 'g' else ''}{'<chord/>' if place else ''}{_pitch(name)}"
            f"{'' if length == 'g' else f'<duration>{length}</duration>'}{ties}<voice>{number}</voice>"
            f"{f'<type>{kind}</type>' if kind else ''}{'<dot/>' * dots}<staff>{staff}</staff></note>"
        )
    return result


def _pitch(name: str) -> str:
    if name in "rx":
        return "<rest/>"
    alter = {"#": "<alter>1</alter>", "b": "<alter>-1</alter>"}.get(name[1:-1], "")
    return f"<pitch><step>{name[0]}</step>{alter}<octave>{name[-1]}</octave></pitch>"


def back(length: int) -> str:
    return f"<backup><duration>{length}</duration></backup>"


def score(*bars: str, beats: int = 4, fifths: int = 0) -> bytes:
    """A piano score of these bars; the first one gets divisions, key, metre and clefs."""
    head = (
        f"<attributes><divisions>16</divisions><key><fifths>{fifths}</fifths></key><time><beats>{beats}</beats>"
        "<beat-type>4</beat-type></time><staves>2</staves><clef number='1'><sign>G</sign><line>2</line></clef>"
        "<clef number='2'><sign>F</sign><line>4</line></clef></attributes>"
    )
    measures = "".join(
        f'<measure number="{n}">{head if n == 1 else ""}{bar}</measure>' for n, bar in enumerate(bars, 1)
    )
    return (
        '<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>Piano</part-name></score-part>'
        f'</part-list><part id="P1">{measures}</part></score-partwise>'
    ).encode()


def left(*inside: str) -> str:
    return f'<barline location="left">{"".join(inside)}</barline>'


def right(*inside: str) -> str:
    return f'<barline location="right">{"".join(inside)}</barline>'


def repeat(direction: str, times: int = 2) -> str:
    return f'<repeat direction="{direction}" times="{times}"/>'


def ending(number: str, kind: str) -> str:
    return f'<ending number="{number}" type="{kind}"/>'


def told(musicxml: bytes) -> list[str]:
    """Each bar as words: voice number, then notes with lengths in quarters as `voice` takes them (R = whole bar)."""
    root = etree.fromstring(musicxml)
    divisions = int(root.findtext(".//divisions") or "1")
    return [_bar_words(measure, divisions) for measure in root.iter("measure")]


def _bar_words(measure: etree._Element, divisions: int) -> str:
    words: list[str] = []
    voice_now = ""
    for note in measure.findall("note"):
        number = note.findtext("voice") or ""
        if number != voice_now:
            words.append(f"|{number}")
            voice_now = number
        ties = {tie.get("type") for tie in note.findall("tie")}
        pitch = note.find("pitch")
        rest = note.find("rest")
        if pitch is not None:
            sign = {"1": "#", "-1": "b", None: ""}[pitch.findtext("alter")]
            name = f"{'~' if 'stop' in ties else ''}{pitch.findtext('step')}{sign}{pitch.findtext('octave')}"
        elif rest is not None and rest.get("measure") == "yes":
            name = "R"
        else:
            name = "x" if note.get("print-object") == "no" else "r"
        length = Fraction(int(note.findtext("duration") or "0"), divisions)
        if note.find("chord") is not None:
            before, behind = words[-1].rsplit(":", 1)
            words[-1] = f"{before}+{name}:{behind}"
            if "start" in ties and not behind.endswith("~"):
                words[-1] += "~"
        else:
            words.append(f"{name}:{length}{'~' if 'start' in ties else ''}")
    return " ".join(words)
