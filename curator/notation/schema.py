"""The MusicXML 4.0 schema, from the file that the package `musicxml` carries."""

import importlib.util
import re
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree

from curator.notation.errors import NotationError

if TYPE_CHECKING:
    from lxml.etree import _Element

MOST_ODD = 5000

# The schema imports two others from the network; it uses only these attributes of them.
_XML = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
<xs:attribute name="lang" type="xs:language"/><xs:attribute name="base" type="xs:anyURI"/>
<xs:attribute name="space"><xs:simpleType><xs:restriction base="xs:NCName"><xs:enumeration value="default"/>
<xs:enumeration value="preserve"/></xs:restriction></xs:simpleType></xs:attribute></xs:schema>"""
_XLINK = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/1999/xlink">
<xs:attribute name="href" type="xs:anyURI"/><xs:attribute name="type" type="xs:string"/>
<xs:attribute name="role" type="xs:token"/><xs:attribute name="title" type="xs:token"/>
<xs:attribute name="show"><xs:simpleType><xs:restriction base="xs:token"><xs:enumeration value="new"/>
<xs:enumeration value="replace"/><xs:enumeration value="embed"/><xs:enumeration value="other"/>
<xs:enumeration value="none"/></xs:restriction></xs:simpleType></xs:attribute>
<xs:attribute name="actuate"><xs:simpleType><xs:restriction base="xs:token"><xs:enumeration value="onRequest"/>
<xs:enumeration value="onLoad"/><xs:enumeration value="other"/><xs:enumeration value="none"/></xs:restriction>
</xs:simpleType></xs:attribute></xs:schema>"""


class _Imports(etree.Resolver):
    # lxml passes a third argument that its stubs leave out.
    def resolve(self, system_url: str, public_id: str, context: Any = None) -> Any:  # noqa: ARG002 (lxml's signature)
        if system_url.endswith("/xml.xsd"):
            return self.resolve_string(_XML, context, base_url=None)
        if system_url.endswith("/xlink.xsd"):
            return self.resolve_string(_XLINK, context, base_url=None)
        return None


@lru_cache(maxsize=1)
def _schema() -> etree.XMLSchema:
    # The package is located, not imported: importing it builds hundreds of classes.
    spec = importlib.util.find_spec("musicxml")
    if spec is None or not spec.submodule_search_locations:
        raise NotationError("The package musicxml is not installed; it carries the MusicXML schema.")
    path = Path(spec.submodule_search_locations[0]) / "generate_classes" / "musicxml_4_0.xsd"
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Imports())
    return etree.XMLSchema(etree.parse(str(path), parser))


def schema_errors(root: "_Element", *, most: int = 5) -> tuple[str, ...]:
    """What breaks the MusicXML 4.0 schema, in document order, at most `most` sentences; empty when valid."""
    schema = _schema()
    if schema.validate(root):
        return ()
    log: Any = schema.error_log
    return tuple(f"Line {entry.line}: {entry.message[:200]}" for entry in islice(log, most))


def drop_odd_attributes(root: "_Element") -> int:
    """Remove attributes that break the schema; how many went.

    Exporters write impossible loudness or layout there (MuseScore a dynamics of -1.11); notes are elements.
    """
    schema = _schema()
    if schema.validate(root):
        return 0
    dropped = 0
    tree = root.getroottree()
    log: Any = schema.error_log
    for entry in islice(log, MOST_ODD):
        found = re.match(r"Element '[^']+', attribute '([^']+)'", entry.message)
        if found is None or not entry.path:
            continue
        places: Any = tree.xpath(entry.path)
        for element in places:
            if found[1] in element.attrib:
                del element.attrib[found[1]]
                dropped += 1
    return dropped
