"""Translations without GNU gettext: what the sources say, what the catalogues know, and the compiled files.

Words of Python files go to the catalogue of their app; words of templates/ go to curator's. Django reads all of them.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from curator.environment import ROOT

APPS = ("curator", "generation", "training")
LANGUAGE = "de"
KEYWORDS: dict[str, Any] = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "_noop": None,  # how modules call gettext_noop for sentences that are translated elsewhere
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}

Key = tuple[str, str | None]
"""A message is known by its (first) text and its context."""


@dataclass(frozen=True)
class Problems:
    """What is wrong with one app's catalogue; every text is a msgid."""

    app: str
    missing: list[str] = field(default_factory=list)
    untranslated: list[str] = field(default_factory=list)
    fuzzy: list[str] = field(default_factory=list)
    obsolete: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any((self.missing, self.untranslated, self.fuzzy, self.obsolete, self.broken))

    def lines(self) -> Iterator[str]:
        """One line a problem."""
        for kind in ("missing", "untranslated", "fuzzy", "obsolete", "broken"):
            for text in getattr(self, kind):
                yield f"{self.app}: {kind}: {text}"


def path_of(app: str) -> Path:
    """The catalogue of an app."""
    return ROOT / app / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"


def texts_of(app: str) -> Catalog:
    """Every text that the sources of `app` ask to have translated, without translations."""
    catalog = Catalog(locale=LANGUAGE, project="Cuewright", charset="utf-8")
    for path in sorted((ROOT / app).rglob("*.py")):
        if "migrations" not in path.parts:
            _collect(catalog, path, path.read_bytes())
    if app == "curator":
        for path in sorted((ROOT / "templates").rglob("*.html")):
            # In brackets, because the blanked-out markup is not indented as Python wants it.
            source = f"({templatize(path.read_text(encoding='utf-8'), origin=str(path))}\n)"
            _collect(catalog, path, source.encode())
    return catalog


def _collect(catalog: Catalog, path: Path, source: bytes) -> None:
    name = path.relative_to(ROOT).as_posix()
    options = {"encoding": "utf-8"}
    for _line, text, comments, context in extract("python", io.BytesIO(source), KEYWORDS, ["Translators:"], options):
        catalog.add(text, None, [(name, 1)], auto_comments=comments, context=context)


def read(app: str) -> Catalog:
    """The catalogue of an app as it is on disk; empty where there is none yet."""
    path = path_of(app)
    if not path.exists():
        return Catalog(locale=LANGUAGE, project="Cuewright", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGE, charset="utf-8")


def merge(app: str) -> tuple[int, int]:
    """Write the catalogue of `app` with all texts of its sources; returns how many there are and how many wait."""
    known = {_key(message): message.string for message in read(app) if message.id}
    merged = texts_of(app)
    waiting = 0
    for message in merged:
        if not message.id:
            continue
        message.string = known.get(_key(message), message.string)
        waiting += not _is_translated(message)
    path = path_of(app)
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    write_po(buffer, merged, width=110, sort_output=True, omit_header=True, include_lineno=False)
    path.write_bytes(_header().encode() + b"\n" + buffer.getvalue())
    return len(merged), waiting


def _header() -> str:
    # Without dates and names: they would change with every run and say nothing.
    lines = (
        "Language: de",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "Plural-Forms: nplurals=2; plural=(n != 1);",
    )
    return 'msgid ""\nmsgstr ""\n' + "".join(f'"{line}\\n"\n' for line in lines)


def check(app: str) -> Problems:
    """What is missing in the catalogue of `app`, not translated, doubtful, no longer asked for, or broken."""
    asked = {_key(message): message for message in texts_of(app) if message.id}
    known = {_key(message): message for message in read(app) if message.id}
    both = [known[key] for key in asked if key in known]
    return Problems(
        app=app,
        missing=[key[0] for key in asked if key not in known],
        untranslated=[_text(message) for message in both if not _is_translated(message)],
        fuzzy=[_text(message) for message in both if message.fuzzy],
        obsolete=[key[0] for key in known if key not in asked] + [key[0] for key in _obsolete(app)],
        broken=[f"{_text(message)}: {error}" for message in both for error in _errors(message)],
    )


def _errors(message: Message) -> list[str]:
    if not _is_translated(message):
        return []
    errors = [str(error) for error in message.check()]
    source, target = message.id, message.string
    # Texts are joined to others; a line break more or less at an end would show.
    if isinstance(source, str) and isinstance(target, str) and _ends(source) != _ends(target):
        errors.append("begins or ends with another line break")
    return errors


def _ends(text: str) -> tuple[bool, bool]:
    return text.startswith("\n"), text.endswith("\n")


def _obsolete(app: str) -> list[Key]:
    return [(str(text), None) for text in read(app).obsolete]


def compile_all() -> int:
    """Write django.mo beside every catalogue; returns how many texts they hold."""
    count = 0
    for app in APPS:
        if not path_of(app).exists():
            continue
        catalog = read(app)
        buffer = io.BytesIO()
        write_mo(buffer, catalog)
        path_of(app).with_suffix(".mo").write_bytes(buffer.getvalue())
        count += len(catalog)
    return count


def _text(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _key(message: Message) -> Key:
    return _text(message), message.context


def _is_translated(message: Message) -> bool:
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return all(strings) and bool(strings)
