"""Engraved SVG made fit for a page: an allow-list of elements, attributes and classes, and ids of one's own.

Verovio copies text of the score into its SVG and colours it in an embedded <style>, which a strict Content
Security Policy drops. What is left here needs static/css/score.css and nothing else. Titles, descriptions,
colours and inline styles go; so an SVG says nothing about a score but its notes.
"""

import re
from html import escape
from typing import Any

from lxml import etree

from curator.rendering.errors import EngravingError

SVG = "http://www.w3.org/2000/svg"

_ELEMENTS = "circle defs ellipse g line path polygon polyline rect svg symbol text tspan use"
ELEMENTS = frozenset(_ELEMENTS.split())

# Verovio's class names that the style sheet, the player or a test looks at.
_CLASSES = """
accid arpeg artic barLine beam beatRpt bracket breath caesura chord clef dir dots dynam ending fermata fing flag
grace hairpin harm keyAccid keySig label labelAbbr layer ledgerLines lv mNum mRest measure meterSig mordent
multiRest note notehead octave ornam page-margin pedal phrase placeholder reh rend repeatMark rest section slur
staff stem syl system tempo text tie trill tuplet tupletBracket tupletNum turn verse voltaBracket
"""
CLASSES = frozenset(_CLASSES.split())

# Elements whose id the time map or the player speaks of; all other ids only make the page heavier.
NAMED = frozenset(["measure", "note", "rest", "mRest"])

_NUMBER = r"-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?"
_LENGTH = re.compile(rf"{_NUMBER}(?:px|em|%)?")
_NUMBERS = re.compile(rf"[\s,]*{_NUMBER}(?:[\s,]+{_NUMBER})*[\s,]*")
_PATH = re.compile(r"[MmLlHhVvCcSsQqTtAaZz0-9eE,.\s+-]*")
_TRANSFORM = re.compile(r"(?:\s*(?:translate|scale|rotate|matrix)\([-+0-9eE,.\s]*\)\s*)*")
_ID = re.compile(r"[A-Za-z_][\w.-]*")
_REFERENCE = re.compile(r"#[A-Za-z_][\w.-]*")

# Allowed attributes, each with the only form its value may have.
ATTRIBUTES: dict[str, re.Pattern[str]] = {
    "d": _PATH,
    "fill": re.compile("none|currentColor"),
    "fill-opacity": _LENGTH,
    "font-family": re.compile("Leland"),
    "font-size": _LENGTH,
    "font-style": re.compile("normal|italic|oblique"),
    "font-weight": re.compile("normal|bold"),
    "href": _REFERENCE,
    "id": _ID,
    "opacity": _LENGTH,
    "overflow": re.compile("visible|hidden"),
    "points": _NUMBERS,
    "preserveAspectRatio": re.compile(r"[A-Za-z ]*"),
    "stroke": re.compile("none|currentColor"),
    "stroke-dasharray": _NUMBERS,
    "stroke-linecap": re.compile("butt|round|square"),
    "stroke-linejoin": re.compile("miter|round|bevel"),
    "stroke-opacity": _LENGTH,
    "stroke-width": _LENGTH,
    "text-anchor": re.compile("start|middle|end"),
    "transform": _TRANSFORM,
    "viewBox": _NUMBERS,
    "visibility": re.compile("visible|hidden"),
    **dict.fromkeys(
        ["cx", "cy", "dx", "dy", "height", "r", "rx", "ry", "width", "x", "x1", "x2", "y", "y1", "y2"],
        _LENGTH,
    ),
}

# A glyph of the music font: its code point, then the id of the SVG.
_GLYPH = re.compile(r"^(#?E[0-9A-F]{3,4})-\w+$")
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


def clean(svg: str, *, page: int = 1) -> str:
    """One engraved page with nothing left but shapes, text, classes and the ids of notes, rests and bars.

    Ids of glyphs end in the number of the `page`, so that they differ between the pages of a score. The same SVG in
    gives the same text out. Raises EngravingError when `svg` is not SVG.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(svg.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise EngravingError("The engraving is not a drawing that can be shown.") from error
    if root.tag != f"{{{SVG}}}svg":
        raise EngravingError("The engraving is not a drawing that can be shown.")
    return etree.tostring(_copy(root, page), encoding="unicode")


def _copy(source: etree._Element, page: int) -> etree._Element:
    name = etree.QName(source).localname
    # lxml knows None as the default namespace's prefix, its stubs do not.
    nsmap: Any = {None: SVG} if source.getparent() is None else None
    copy = etree.Element(f"{{{SVG}}}{name}", attrib=_attributes(source, page), nsmap=nsmap)
    if name in ("text", "tspan"):
        copy.text = source.text
    for child in source:
        if isinstance(child.tag, str) and child.tag.startswith(f"{{{SVG}}}"):
            if etree.QName(child).localname not in ELEMENTS:
                continue
            copy.append(_copy(child, page))
            if name in ("text", "tspan"):
                copy[-1].tail = child.tail
    return copy


def _attributes(element: etree._Element, page: int) -> dict[str, str]:
    kept: dict[str, str] = {}
    classes = [word for word in str(element.get("class", "")).split() if word in CLASSES]
    if classes:
        kept["class"] = " ".join(classes)
    tag = etree.QName(element).localname
    parent = element.getparent()
    glyph = parent is not None and etree.QName(parent).localname == "defs"
    named = tag in ("g", "symbol") and (glyph or bool(NAMED.intersection(classes)))
    for key, raw in element.attrib.items():
        name, value = etree.QName(key).localname, str(raw)
        if key == _XML_SPACE and value == "preserve":
            kept[_XML_SPACE] = value
        elif (name == "id" and not named) or (name == "href" and tag != "use"):
            continue
        elif name in ATTRIBUTES and ATTRIBUTES[name].fullmatch(value):
            kept[name] = _GLYPH.sub(rf"\1-{page}", value) if name in ("id", "href") else value
    return kept


# One a tag at most: ids stand on groups, references on <use>. Text cannot match, its < is escaped.
_OWN_ID = re.compile(r'(<(?:g|symbol|use)\b[^<>]*? (?:id="|href="#))')


def personalise(svg: str, prefix: str, *, label: str = "") -> str:
    """A cleaned SVG for one place on one page view: `prefix-` stands before every id and every reference.

    So the same score, or two scores, can stand on a page twice. The outer element gets the class `engraving`
    and, with `label`, its text for those who listen to the page; without, it is hidden from them.
    Raises ValueError when `prefix` is not letters, digits, `_` and `-` after a letter.
    """
    if not re.fullmatch(r"[A-Za-z][\w-]*", prefix, re.ASCII):
        raise ValueError(f"not usable in an id: {prefix!r}")
    opening = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    renamed = _OWN_ID.sub(rf"\g<1>{prefix}-", svg)
    return renamed.replace("<svg ", f'<svg class="engraving" {opening} ', 1)
