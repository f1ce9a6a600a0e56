"""The package for Digital Director: a zip with one folder per cue, manifest, cue sheet, markers and README.

The same cues give the same bytes: entries are sorted, timestamps fixed, nothing of the machine goes in.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from curator.delivery.manifest import CueEntry, File, FilmFacts, Manifest
from curator.delivery.names import unique
from curator.delivery.readme import readme
from curator.delivery.sheet import DeliveryError
from curator.delivery.tables import Dialect, cue_sheet, marker_list

# The earliest moment a zip can hold; a fixed one keeps equal packages equal.
_MOMENT = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class PackedCue:
    """One cue of a package: the stem of its files, its files by suffix (".musicxml"), and what the manifest says."""

    stem: str
    files: Mapping[str, bytes]
    entry: CueEntry


@dataclass(frozen=True)
class Package:
    """All that goes into a package. `pages`: further files at the top by name, such as the printable cue sheet."""

    film: FilmFacts
    cues: Sequence[PackedCue]
    dialect: Dialect = field(default_factory=Dialect)
    pages: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class PackedFile:
    """A file as it lies in the package."""

    name: str
    data: bytes

    @property
    def fact(self) -> File:
        """What the manifest says of it."""
        return File(name=self.name, bytes=len(self.data), sha256=hashlib.sha256(self.data).hexdigest())


def contents(package: Package) -> tuple[PackedFile, ...]:
    """Every file of the package with its path, sorted: folders of the cues and what stands at the top.

    Raises DeliveryError for a package without cues or a cue without files.
    """
    if not package.cues:
        raise DeliveryError("No cue is approved, so there is nothing to pack.")
    stems = unique([cue.stem for cue in package.cues])
    files: list[PackedFile] = []
    entries: list[CueEntry] = []
    for stem, cue in zip(stems, package.cues, strict=True):
        if not cue.files:
            raise DeliveryError("The cue %(cue)s has no files.", about="names", cue=stem)
        own = [PackedFile(f"{stem}/{stem}{suffix}", data) for suffix, data in sorted(cue.files.items())]
        files += own
        entries.append(cue.entry.model_copy(update={"folder": stem, "files": tuple(file.fact for file in own)}))
    top = {
        "README.txt": readme(package.film.title, stems).encode(),
        "cuesheet.csv": cue_sheet(package.film, entries, package.dialect),
        "markers.csv": marker_list(package.film, entries, package.dialect),
        **package.pages,
    }
    papers = [PackedFile(name, data) for name, data in sorted(top.items())]
    manifest = Manifest(film=package.film, cues=tuple(entries), files=tuple(paper.fact for paper in papers))
    return tuple(sorted([*files, *papers, PackedFile("manifest.json", manifest_bytes(manifest))], key=lambda f: f.name))


def manifest_bytes(manifest: Manifest) -> bytes:
    """manifest.json, its keys in the order of docs/package.md."""
    told = manifest.model_dump(mode="json", by_alias=True)
    return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()


def pack(files: Sequence[PackedFile]) -> bytes:
    """The zip file of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.data)
    return buffer.getvalue()
