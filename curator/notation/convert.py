"""ABC to MusicXML and back, by the two scripts of the package abctoolkit, each in a bounded subprocess.

The scripts keep globals, read the command line, expand file includes and always exit with 0; therefore
they see one cleaned file in an empty folder, and what they write is counted against what they were given.
"""

import importlib.util
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from lxml import etree

from curator.notation.abc import parse
from curator.notation.errors import NotationError, Sentence
from curator.notation.interleave import interleave
from curator.notation.musicxml import lost_notes, measures_of, read_xml, struck_count
from curator.notation.simplify import simplify_for_abc
from curator.notation.tally import Difference, compare, tally_of_parts, tally_of_text
from curator.processes import run_bounded

# Measured: half a second for a piano piece of some hundred notes, 2 s and 60 MB for ten thousand.
XML2ABC_CPU_SECONDS = 20.0
ABC2XML_CPU_SECONDS = 60.0
SECONDS = 120.0  # on a machine that has much else to do
MEMORY_MB = 640

MOST_CHANGED = Fraction(1, 4)
"""A conversion that changes more of the notes than this has not understood the score."""

_KEPT = ("%%score", "T:", "C:", "L:", "Q:", "M:", "K:", "V:")
_MARKER = re.compile(r"^\[r:[^\]]*\]")
# Lines of the scripts that tell of progress, not of trouble.
_PROGRESS = re.compile(
    r"decoded from|skipped header|done in|written with|accidental -?\d added|skipped empty voice|^-*\^?$"
)
# The date would make the same score another file tomorrow; the document type names a DTD nobody loads.
_PERISHABLE = re.compile(rb"[ \t]*<encoding-date>[^<]*</encoding-date>\r?\n|<!DOCTYPE[^>]*>\r?\n")


@dataclass(frozen=True, slots=True)
class Conversion:
    """A converted text and what a reader should know about it."""

    text: str
    warnings: tuple[str, ...]
    difference: Difference | None = None  # of the notes before and after, where these are compared and not held equal


def abc_to_musicxml(text: str, *, title: str = "", composer: str = "") -> Conversion:
    """The MusicXML 4.0 of a stored text, the same bytes every time.

    Raises NotationError when a bar, a note or its exact place and length is lost on the way (the converter
    rounds 64ths).
    """
    score = parse(text)
    made, warnings = run_abc2xml(clean_abc(text, title=title, composer=composer))
    xml = _PERISHABLE.sub(b"", made)
    if lost := lost_notes(score, xml):
        raise NotationError(lost)
    written = _written(xml)
    for number, (bar, there) in enumerate(zip(score.bars, written, strict=True), start=1):
        if Counter((note.onset, note.length) for part in bar.parts for note in part.notes) != there:
            raise NotationError("Bar %(bar)d has notes too short for the converter.", bar=number)
    return Conversion(xml.decode("utf-8"), warnings)


def musicxml_to_abc(xml: bytes) -> Conversion:
    """The interleaved ABC of a part-wise score, with the notes that differ.

    Raises NotationError when bars, staves or more than a tenth of the notes are lost.
    """
    root = read_xml(xml)
    before = tally_of_parts(root)
    simplify_for_abc(root)
    standard, warnings = _run_xml2abc(etree.tostring(root, encoding="utf-8", xml_declaration=True))
    made = interleave(standard)
    score = parse(made.text)
    difference = compare(before, tally_of_text(score))
    if len(before.bars) != len(score.bars) or not difference.staves_agree:
        raise NotationError(difference.sentences()[0])
    if difference.notes > before.notes * MOST_CHANGED:
        raise NotationError(
            "Too much changes on the way to ABC: %(differ)d of %(notes)d notes differ.",
            differ=difference.notes,
            notes=before.notes,
        )
    again = score.sounding - struck_count(xml)
    if again > 0:
        warnings += (
            Sentence("Ties between voices are lost in ABC; that many notes are struck again: %(notes)d.", notes=again),
        )
    return Conversion(made.text, warnings + made.warnings + difference.sentences(), difference)


def _written(xml: bytes) -> list[Counter[tuple[Fraction, Fraction]]]:
    """Onset and length of every written note, bar by bar, over all parts."""
    bars: list[Counter[tuple[Fraction, Fraction]]] = []
    for part in read_xml(xml).findall("part"):
        for measure in measures_of(part):
            if measure.place > len(bars):
                bars.append(Counter())
            bars[measure.place - 1].update((e.onset, e.length) for e in measure.events if e.pitched)
    return bars


def clean_abc(text: str, *, title: str = "", composer: str = "") -> str:
    """The text as the converter may see it: known header fields and bars only, no comment, no include."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    first = next((i for i, line in enumerate(lines) if line.startswith(("[V:", "[r:"))), len(lines))
    header = ["X:1"]
    header += [f"{letter}:{_plain(value)}" for letter, value in (("T", title), ("C", composer)) if value]
    for line in lines[:first]:
        if line.startswith(_KEPT) and not (line[:2] in ("T:", "C:") and (title or composer)):
            header.append(line)
    # The converter ends the header at K:, and reads voices only after it.
    order = {"X:": 0, "T:": 1, "C:": 2, "%%": 3, "K:": 5, "V:": 6}
    header.sort(key=lambda line: order.get(line[:2], 4))
    return "\n".join([*header, *(_MARKER.sub("", line) for line in lines[first:])]) + "\n"


def run_abc2xml(text: str, *, cpu_seconds: float = ABC2XML_CPU_SECONDS) -> tuple[bytes, tuple[str, ...]]:
    """What abc2xml makes of a cleaned text, with its complaints. Raises NotationError when it makes nothing."""
    if re.search(r"abc-include", text):
        raise NotationError("A score must not include another file.")
    out, complaints = _run("abc2xml.py", "score.abc", text.encode("utf-8"), [], cpu_seconds)
    return out, complaints


def _run_xml2abc(xml: bytes) -> tuple[str, tuple[str, ...]]:
    # -d 8: L:1/8; -c 6: no credit filter; -x: no line-break signs. The reference's preparation.
    out, complaints = _run("xml2abc.py", "score.musicxml", xml, ["-d", "8", "-c", "6", "-x"], XML2ABC_CPU_SECONDS)
    return out.decode("utf-8", "replace"), complaints


def _run(script: str, name: str, data: bytes, options: list[str], cpu_seconds: float) -> tuple[bytes, tuple[str, ...]]:
    with tempfile.TemporaryDirectory(prefix="convert-") as folder:
        (Path(folder) / name).write_bytes(data)
        done = run_bounded(
            [sys.executable, "-I", "-B", "-X", "utf8", "-W", "ignore", str(_script(script)), *options, name],
            timeout=SECONDS,
            cpu_seconds=cpu_seconds,
            memory_mb=MEMORY_MB,
            cwd=Path(folder),
        )
    said = [line.strip() for line in done.stderr.decode("utf-8", "replace").splitlines()]
    marked = [line for line in said if line.startswith(("--", "**"))]  # the rest quotes the text around
    sentences = (line.lstrip("-* ")[:200] for line in marked if not _PROGRESS.search(line))
    complaints = tuple(dict.fromkeys(sentences))
    if done.timed_out:
        raise NotationError("The conversion took too long and was stopped.")
    if done.returncode != 0 or not done.stdout.strip():
        reason = complaints[-1] if complaints else f"it ended with status {done.returncode}"
        raise NotationError("The converter could not read the score: %(reason)s", reason=reason)
    return done.stdout, complaints[:20]


def _script(name: str) -> Path:
    # Located, not imported: the package imports a GPL library, which stays out of this process.
    spec = importlib.util.find_spec("abctoolkit")
    if spec is None or not spec.submodule_search_locations:
        raise NotationError("The package abctoolkit is not installed; it converts scores.")
    return Path(spec.submodule_search_locations[0]) / name


def _plain(value: str) -> str:
    return " ".join(value.replace("%", " percent").replace("\\", "/").split())[:200]
