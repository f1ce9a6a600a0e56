"""The package for Digital Director: a zip with one folder per cue, manifest.json and README.txt.

The same cues give the same bytes: entries are sorted, timestamps fixed, nothing of the machine goes in.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from curator.delivery.names import unique
from curator.delivery.readme import readme
from curator.delivery.sheet import DeliveryError

SCHEMA = "cuewright-package/1"
# The earliest moment a zip can hold; a fixed one keeps equal packages equal.
_MOMENT = (1980, 1, 1, 0, 0, 0)
Fact = str | int | float | None | Sequence[str] | Sequence[Mapping[str, str | int | float]]


@dataclass(frozen=True)
class PackedCue:
    """One cue of a package: the stem of its files, its files by suffix (".musicxml"), and facts for the manifest.

    The facts are documented in docs/package.md.
    """

    stem: str
    files: Mapping[str, bytes]
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class PackedFile:
    """A file as it lies in the package."""

    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def contents(film: Mapping[str, Fact], cues: Sequence[PackedCue]) -> tuple[PackedFile, ...]:
    """Every file of the package with its path, sorted: folders of the cues, README.txt, manifest.json.

    Raises DeliveryError for a package without cues or a cue without files.
    """
    if not cues:
        raise DeliveryError("No cue is approved, so there is nothing to pack.")
    stems = unique([cue.stem for cue in cues])
    files: list[PackedFile] = []
    entries: list[dict[str, object]] = []
    for stem, cue in zip(stems, cues, strict=True):
        if not cue.files:
            raise DeliveryError("The cue %(cue)s has no files.", about="names", cue=stem)
        own = [PackedFile(f"{stem}/{stem}{suffix}", data) for suffix, data in sorted(cue.files.items())]
        files += own
        entries.append(
            {
                **cue.facts,
                "folder": stem,
                "files": [{"name": f.name, "bytes": len(f.data), "sha256": f.sha256} for f in own],
            }
        )
    manifest = {"schema": SCHEMA, "film": dict(film), "cues": entries}
    text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True, default=_plain) + "\n"
    files.append(PackedFile("manifest.json", text.encode()))
    files.append(PackedFile("README.txt", readme(str(film.get("title") or ""), stems).encode()))
    return tuple(sorted(files, key=lambda f: f.name))


def pack(film: Mapping[str, Fact], cues: Sequence[PackedCue]) -> bytes:
    """The zip file. Raises as `contents`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in contents(film, cues):
            entry = zipfile.ZipInfo(file.name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.data)
    return buffer.getvalue()


def _plain(value: object) -> float:
    if isinstance(value, Fraction):
        return float(round(value, 6))
    raise TypeError(f"{type(value).__name__} has no place in a manifest")
