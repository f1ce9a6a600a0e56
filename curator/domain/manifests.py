"""Lists of scores that a research bot wrote: each address is fetched, checked and imported, once and for all runs.

What became of an address stands in its Download row, so that a run that was cut off, or a second one, does only what
is left.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.library import About, Imported, import_score
from curator.downloads import MOST_ADDRESS, Fetched, Fetcher, NotFetched
from curator.models.accounts import User
from curator.models.downloads import Download, DownloadState
from curator.models.library import Origin, Rights, Source
from curator.notation.archive import is_zip
from curator.notation.intake import ENDINGS, MOST_UPLOAD, clean_text

MOST_MANIFEST = 10_000_000
MOST_LINES = 5000

_HOLDERS = ("scores", "files", "pieces", "items", "results")
_FORMATS = {"musicxml": ".musicxml", "xml": ".xml", "mxl": ".mxl", "abc": ".abc", "compressed musicxml": ".mxl"}
_TYPES = {"application/vnd.recordare.musicxml": ".mxl", "application/vnd.recordare.musicxml+xml": ".musicxml"}
# Formats that are known not to be read; anything else is fetched and looked at.
_OTHERS = frozenset(
    {
        *("pdf", "ps", "png", "jpg", "jpeg", "tif", "tiff", "svg", "midi", "mid", "mp3", "ogg", "wav", "flac"),
        *("lilypond", "ly", "mscz", "mscx", "musescore", "sib", "sibelius", "mus", "musx", "finale", "kern", "krn"),
        *("humdrum", "mei", "gp", "gp5", "gpx", "ptb", "capella", "cap", "capx", "encore", "enc", "dorico"),
    }
)


@dataclass(frozen=True)
class Line:
    """What a list says of one score; `url` is empty where the line names no address."""

    url: str
    piece: str = ""
    composer: str = ""
    period: str = ""
    instrumentation: str = ""
    format: str = ""
    source: str = ""
    license: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one line. `again` when the next run tries it once more, `known` when an earlier run did it."""

    line: Line
    status: str  # imported, duplicate or refused
    reason: str = ""
    piece: str = ""  # public id
    title: str = ""
    how: str = ""
    like: str = ""  # public id of the piece it is like
    warnings: tuple[str, ...] = ()
    notes_in: int | None = None
    notes_out: int | None = None
    again: bool = False
    known: bool = False


def read_manifest(data: bytes) -> list[Line]:
    """The lines of a JSON list: url, composer, piece, format, instrumentation, period, source, license.

    An object that holds the list under a usual name does as well. Raises DomainError for what is no such list.
    """
    if len(data) > MOST_MANIFEST:
        raise DomainError(_("The list is larger than %(size)d MB.") % {"size": MOST_MANIFEST // 1_000_000})
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DomainError(_("The list is not JSON.")) from error
    if isinstance(found, dict):
        found = next((found[name] for name in _HOLDERS if isinstance(found.get(name), list)), None)
    if not isinstance(found, list):
        raise DomainError(_("This JSON is no list of scores."))
    if len(found) > MOST_LINES:
        raise DomainError(_("The list has more than %(most)d lines.") % {"most": MOST_LINES})
    return [_line(entry) for entry in found]


def _line(entry: Any) -> Line:
    if isinstance(entry, str):
        entry = {"url": entry}
    if not isinstance(entry, dict):
        return Line("")
    named = {"piece": entry.get("title"), "license": entry.get("licence")} | entry
    values = {field.name: named.get(field.name) for field in fields(Line)}
    url = values.pop("url")
    words = {name: clean_text(value) for name, value in values.items() if isinstance(value, str)}
    return Line(url.strip() if isinstance(url, str) else "", **words)


def rights_of(licence: str) -> str:
    """The rights that the words of a licence mean; unknown where they say none of the usual things."""
    words = licence.casefold()
    if re.search(r"public domain|\bcc\W?0\b|\bcc zero\b|\bpd\b|gemeinfrei", words):
        return Rights.PUBLIC_DOMAIN
    if re.search(r"\bcc\b|creative commons", words):
        return Rights.CREATIVE_COMMONS
    if re.search(r"copyright|all rights reserved|©", words):
        return Rights.OWN_COPY
    return Rights.UNKNOWN


def import_lines(
    *, lines: Sequence[Line], fetcher: Fetcher, created_by: User | None = None, again: bool = False
) -> Iterator[Outcome]:
    """Fetch and import one line after the other; what an earlier run finished is told and not fetched.

    With `again`, addresses that were refused are tried once more too.
    """
    seen: set[str] = set()
    for line in lines:
        known = Download.objects.filter(url=line.url).select_related("piece__merged_into").first() if line.url else None
        if not line.url:
            yield Outcome(line, "refused", _("This line of the list names no address."))
        elif len(line.url) > MOST_ADDRESS or not line.url.isprintable():
            yield Outcome(line, "refused", _("This is no address."))
        elif known and (line.url in seen or _final(known, again)):
            yield _told(line, known)
        else:
            yield _import(line, fetcher, created_by)
        seen.add(line.url)


def _final(known: Download, again: bool) -> bool:
    if known.state in (DownloadState.IMPORTED, DownloadState.DUPLICATE):
        return True
    return known.state == DownloadState.REFUSED and not again


def _import(line: Line, fetcher: Fetcher, created_by: User | None) -> Outcome:
    sha256 = ""
    try:
        if line.format.lower().strip(". ") in _OTHERS:
            words = _("The list gives the format as %(format)s; only MusicXML and ABC become pieces.")
            raise DomainError(words % {"format": line.format})
        fetched = fetcher.fetch(line.url, most=MOST_UPLOAD)
        sha256 = hashlib.sha256(fetched.data).hexdigest()
        if _is_page(fetched):
            words = _("This is a web page, not a score (IMSLP shows its disclaimer first): open it in the browser and "
                      "drop the file here.")  # fmt: skip
            raise DomainError(words)
        done = _into_library(line, fetched, created_by)
    except DomainError as error:
        again = isinstance(error, NotFetched) and error.again
        outcome = Outcome(line, "refused", str(error), again=again)
        state = DownloadState.FAILED if again else DownloadState.REFUSED
        return _kept(outcome, state, sha256, None)
    status, like = done.status, done.like
    if like and like.how == "same file" and done.piece.source is not None and done.piece.source.url == line.url:
        status, like = "imported", None  # a run that ended just after the import
    outcome = Outcome(
        line,
        status,
        piece=done.piece.public_id,
        title=done.piece.title,
        how=like.how if like else "",
        like=like.piece.public_id if like else "",
        warnings=done.warnings,
        notes_in=done.notes_in,
        notes_out=done.notes_out,
    )
    return _kept(outcome, DownloadState(status), sha256, done)


def _into_library(line: Line, fetched: Fetched, created_by: User | None) -> Imported:
    source = _source(line)
    try:
        return import_score(
            name=_file_name(line, fetched),
            data=fetched.data,
            about=About(line.piece, line.composer, line.period, line.instrumentation),
            source=source,
            origin=Origin.CORPUS,
            created_by=created_by,
        )
    finally:
        if not source.pieces.exists():
            source.delete()


def _source(line: Line) -> Source:
    """The row of where the score is from, with the licence the list names."""
    rights = rights_of(line.license)
    name = line.source or urlsplit(line.url).hostname or line.url
    row, _made = Source.objects.get_or_create(
        name=name[:200], url=line.url, defaults={"licence": line.license[:120], "rights": rights}
    )
    return row


def _is_page(fetched: Fetched) -> bool:
    start = fetched.data[:2000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb"(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*<(?:!doctype\s+)?html\b", start, re.IGNORECASE | re.DOTALL):
        return True
    return (
        fetched.content_type in ("text/html", "application/xhtml+xml") and not is_zip(start) and b"<score-" not in start
    )


def _file_name(line: Line, fetched: Fetched) -> str:
    """The name of what came, with an ending that says what it is."""
    name = fetched.name or "score"
    if name.lower().endswith(ENDINGS):
        return name
    stem = re.sub(r"\.\w{1,8}$", "", name)
    if is_zip(fetched.data):
        return stem + ".mxl"
    asked = _FORMATS.get(line.format.lower().strip(". "))
    return stem + (asked or _TYPES.get(fetched.content_type) or ".musicxml")


def _kept(outcome: Outcome, state: DownloadState, sha256: str, done: Imported | None) -> Outcome:
    before = Download.objects.filter(url=outcome.line.url).values_list("tries", flat=True).first() or 0
    Download.objects.update_or_create(
        url=outcome.line.url,
        defaults={
            "asked": asdict(outcome.line),
            "state": state,
            "reason": outcome.reason,
            "how": outcome.how,
            "like": outcome.like,
            "piece": done.piece if done else None,
            "warnings": list(outcome.warnings),
            "notes_in": outcome.notes_in,
            "notes_out": outcome.notes_out,
            "sha256": sha256,
            "tries": before + 1,
        },
    )
    return outcome


def _told(line: Line, row: Download) -> Outcome:
    piece = row.piece and (row.piece.merged_into or row.piece)
    return Outcome(
        line,
        "refused" if row.state == DownloadState.FAILED else row.state,
        row.reason,
        piece.public_id if piece else "",
        piece.title if piece else "",
        row.how,
        row.like,
        tuple(row.warnings),
        row.notes_in,
        row.notes_out,
        again=row.state == DownloadState.FAILED,
        known=True,
    )
