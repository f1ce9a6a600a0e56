"""Safe reading of MusicXML: no entities, no network, no huge trees; counts and schema validation."""

from typing import TYPE_CHECKING

from lxml import etree

from curator.notation.errors import NotationError

if TYPE_CHECKING:
    from lxml.etree import _Element, _ElementTree

MOST_BYTES = 30_000_000


def read_xml(data: bytes) -> "_Element":
    """The root of a part-wise score. Raises NotationError for ill-formed or dangerous XML and other roots.

    A document type may name a DTD, which is never loaded; a document that declares entities is refused.
    """
    root = parse_tree(data)
    if root.tag == "score-timewise":
        raise NotationError("The score is time-wise MusicXML; save it as part-wise MusicXML.")
    if root.tag != "score-partwise":
        raise NotationError(f"This is XML, but not a score: its root is <{str(root.tag)[:40]}>.")
    return root


def parse_tree(data: bytes) -> "_Element":
    """The root element of any XML, under the same bounds as `read_xml`."""
    if len(data) > MOST_BYTES:
        raise NotationError(f"The XML is larger than {MOST_BYTES // 1_000_000} MB.")
    if not data.strip():
        raise NotationError("The file is empty.")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotationError(f"The XML is damaged: {_short(error)}") from None
    tree: _ElementTree = root.getroottree()
    dtd = tree.docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise NotationError("The XML declares entities, which a score never needs.")
    return root


def heads_by_bar(data: bytes) -> list[int]:
    """Written notes (grace notes and tied continuations too) in each bar, over all parts."""
    root = read_xml(data)
    counts: list[int] = []
    for part in root.findall("part"):
        for place, measure in enumerate(part.findall("measure")):
            if place == len(counts):
                counts.append(0)
            counts[place] += sum(1 for note in measure.findall("note") if note.find("pitch") is not None)
    return counts


def note_count(data: bytes) -> int:
    """All written notes of a score, in every part."""
    return sum(heads_by_bar(data))


def _short(error: BaseException) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text[:160]
