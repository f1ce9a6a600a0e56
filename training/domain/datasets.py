"""Training sets: built from a choice of pieces, frozen with hash and manifest, handed out as the files of NotaGen."""

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.domain.media import read_media, store_media
from curator.domain.sentences import say
from curator.jobs import Run, enqueue
from curator.models.accounts import User
from curator.models.jobs import OPEN_STATES, Job, JobState
from curator.models.library import PieceVersion
from curator.notation.errors import NotationError
from curator.notation.transpose import KEYS, major_of
from training.domain.choosing import Candidate, Choice, Chosen, LeftOut, choose
from training.models.sets import TrainingSet
from training.recipes.bundling import Lesson, Version
from training.recipes.data import (
    AUGMENTED,
    CONTEXT,
    INTERLEAVED,
    Entry,
    SetHash,
    Transposition,
    file_name,
    index_files,
    piece_files,
    readme,
    write_piece,
)

BUILD_JOB = "training.build_set"
FORMAT = 1
MANIFEST, README = "manifest.json", "README.txt"
_OURS = (AUGMENTED, INTERLEAVED, MANIFEST, README, *(f"{AUGMENTED}{end}.jsonl" for end in ("", "_train", "_eval")))
_EPOCH = (1980, 1, 1, 0, 0, 0)

Step = Callable[[float, float], None]


@dataclass(frozen=True)
class Built:
    """A set that was made: its row, and whether it is new (the same files give the row that is there)."""

    training_set: TrainingSet
    new: bool


def build_set(*, choice: Choice, name: str = "", run: Run | None = None, step: Step | None = None) -> Built:
    """Make the files of a choice and freeze them. The same files again give the set that is there.

    `step` is told how many pieces of how many are done. Raises DomainError when no set can be made of the choice.
    """
    chosen = choose(choice)
    if chosen.trouble:
        raise DomainError(chosen.trouble)
    chosen, pieces, files = _written(chosen, step or (run.progress if run is not None else _silent))
    if chosen.trouble:
        raise DomainError(chosen.trouble)
    sha256 = _hash(files)
    manifest = {
        "format": FORMAT,
        "sha256": sha256,
        "header": chosen.heading.style.name,
        "base": {"name": chosen.base.name, "sha256": chosen.base.sha256} if chosen.base else None,
        "choice": choice.as_json(),
        "totals": chosen.totals,
        "pieces": pieces,
        "left_out": [
            {"piece": one.piece.public_id, "title": one.piece.title, "reason": one.reason} for one in chosen.left_out
        ],
    }
    with run.commit() if run is not None else transaction.atomic():
        present = TrainingSet.objects.filter(sha256=sha256).first()
        if present is not None:
            return Built(present, False)
        row = TrainingSet(
            name=_free_name(name, chosen, sha256),
            sha256=sha256,
            header=chosen.heading.style.name,
            keys=[key for key in KEYS if any(key in facts["keys"] for facts in pieces)],
            train_count=chosen.train,
            eval_count=chosen.held_out,
            totals=chosen.totals,
            manifest=manifest,
            archive=store_media(data=_with_papers(files, manifest), suffix=".zip"),
        )
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:  # built twice at the same moment
            return Built(TrainingSet.objects.get(sha256=sha256), False)
        row.versions.set([one.version.pk for one in chosen.kept])
    return Built(row, True)


def _silent(_done: float, _total: float) -> None:
    """Nobody watches."""


def _written(chosen: Chosen, tell: Step) -> tuple[Chosen, list[dict[str, Any]], dict[str, bytes]]:
    """What of the choice could be written, its lines in the manifest, and all files by path."""
    files: dict[str, bytes] = {}
    kept: list[Candidate] = []
    refused: list[LeftOut] = []
    made: dict[int, dict[str, Any]] = {}
    ranked = sorted(chosen.kept, key=lambda one: (one.work, one.version.sha256))
    for done, (one, version) in enumerate(zip(ranked, _texts(ranked), strict=True)):
        tell(done, len(ranked))
        try:
            written = write_piece(version.abc, prompt=one.prompt, transposition=chosen.choice.transposition)
        except NotationError as error:
            refused.append(LeftOut(one.piece, say(error.sentence)))
            continue
        kept.append(one)
        name = file_name(one.piece.title, version.sha256)
        files |= {path: text.encode("ascii") for path, text in piece_files(name, written)}
        made[version.pk] = {
            "name": name,
            "piece": one.piece.public_id,
            "title": one.piece.title,
            "composer": one.piece.composer,
            "version": version.public_id,
            "sha256": version.sha256,
            "work": one.work,
            "key": written.key,
            "keys": written.weights,
            "prompt": list(one.prompt),
            "bars": written.bars,
            "patches": written.patches,
            "over_context": written.patches > CONTEXT,
            "seconds": one.seconds,
        }
    tell(len(ranked), len(ranked))
    chosen = chosen.with_pieces(kept, refused)
    pieces = [made[one.version.pk] | {"split": "eval" if one.held_out else "train"} for one in chosen.kept]
    files |= {path: text.encode("ascii") for path, text in index_files(_entries(pieces))}
    return chosen, pieces, files


def _texts(candidates: Sequence[Candidate]) -> Iterator[PieceVersion]:
    """The versions with their texts, a few hundred at a time."""
    for start in range(0, len(candidates), _AT_ONCE):
        ids = [one.version.pk for one in candidates[start : start + _AT_ONCE]]
        rows = PieceVersion.objects.defer("musicxml").in_bulk(ids)
        yield from (rows[pk] for pk in ids)


def _entries(pieces: Iterable[dict[str, Any]]) -> list[Entry]:
    """The index of pieces as the manifest describes them."""
    return [Entry(facts["name"], facts["key"], facts["split"] == "eval") for facts in pieces]


_AT_ONCE = 300


def _hash(files: dict[str, bytes]) -> str:
    digest = SetHash()
    for path, data in files.items():
        digest.add(path, data)
    return digest.value


def _free_name(name: str, chosen: Chosen, sha256: str) -> str:
    """The wished name, else the composers'; with the beginning of the hash where it is taken."""
    composers = list(dict.fromkeys(one.piece.composer.split(",")[0].strip() for one in chosen.kept))
    wish = " ".join(name.split())[:80] or ", ".join(composers[:3])[:70] or "Set"
    if TrainingSet.objects.filter(name=wish).exists():
        wish = f"{wish[:70]} {sha256[:8]}"
    return wish


def find_set(name: str) -> TrainingSet:
    """The set of this public id, name or sha256. Raises DomainError."""
    found = TrainingSet.objects.filter(Q(public_id=name) | Q(name=name) | Q(sha256=name)).first()
    if found is None:
        raise DomainError(_("There is no set called %(name)s.") % {"name": name})
    return found


# --- handing out ----------------------------------------------------------------------------------


def _with_papers(files: dict[str, bytes], manifest: dict[str, Any]) -> bytes:
    """The files, the manifest and a readme as a .zip that is the same for the same set."""
    papers = {
        MANIFEST: json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False).encode(),
        README: readme(Transposition(manifest["choice"]["transposition"])).encode(),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in sorted((files | papers).items()):
            info = zipfile.ZipInfo(path, _EPOCH)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, data)
    return stream.getvalue()


def archive_of(training_set: TrainingSet) -> bytes:
    """The set as a .zip. Where its archive is gone (after a restore), it is made again from the manifest and checked.

    Raises DomainError when a text is gone or when other files come out than were frozen.
    """
    if training_set.archive is not None:
        try:
            return read_media(training_set.archive)
        except FileNotFoundError:
            pass  # the storage lost it; the manifest did not
    files = _again(training_set)
    data = _with_papers(files, training_set.manifest)
    training_set.archive = store_media(data=data, suffix=".zip")
    training_set.save(update_fields=["archive"])
    return data


def _again(training_set: TrainingSet) -> dict[str, bytes]:
    """The files of a set from its manifest."""
    manifest = training_set.manifest
    transposition = Transposition(manifest["choice"]["transposition"])
    texts = dict(
        PieceVersion.objects.filter(public_id__in=[facts["version"] for facts in manifest["pieces"]]).values_list(
            "public_id", "abc"
        )
    )
    gone = next((facts["title"] for facts in manifest["pieces"] if facts["version"] not in texts), None)
    if gone is not None:
        raise DomainError(_("%(title)s is not in the library any more.") % {"title": gone})
    files: dict[str, bytes] = {}
    for facts in manifest["pieces"]:
        written = write_piece(texts[facts["version"]], prompt=facts["prompt"], transposition=transposition)
        files |= {path: text.encode("ascii") for path, text in piece_files(facts["name"], written)}
    files |= {path: text.encode("ascii") for path, text in index_files(_entries(manifest["pieces"]))}
    if _hash(files) != training_set.sha256:
        raise DomainError(_("Other files come out now than were frozen: Cuewright prepares pieces in another way."))
    return files


def export_set(*, training_set: TrainingSet, out: Path, root: str = "") -> None:
    """Write the files of a set into the folder `out`, whole or not at all.

    root: the folder that the paths in the indices begin with; without it `out` itself, so that NotaGen's script finds
    the files from wherever it is started. An earlier export in `out` is replaced. Raises DomainError for a folder with
    anything else in it and where nothing can be written.
    """
    out = out.resolve()
    seen = root or out.as_posix()
    part = out.with_name(out.name + ".unfinished")
    strange = [path.name for path in out.iterdir() if path.name not in _OURS] if out.is_dir() else []
    if strange:
        raise DomainError(
            _("%(folder)s holds other things already (%(name)s).") % {"folder": out, "name": sorted(strange)[0]}
        )
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _unpack(training_set, part, seen)
        if out.is_dir():
            shutil.rmtree(out)
        part.rename(out)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        reason = error.strerror or str(error)
        raise DomainError(_("%(name)s cannot be written: %(reason)s.") % {"name": out, "reason": reason}) from error


def _unpack(training_set: TrainingSet, folder: Path, root: str) -> None:
    papers = {path: text.encode() for path, text in index_files(_entries(training_set.manifest["pieces"]), root=root)}
    transposition = Transposition(training_set.manifest["choice"]["transposition"])
    papers[README] = readme(transposition, root=root).encode()
    made: set[Path] = set()
    with zipfile.ZipFile(io.BytesIO(archive_of(training_set))) as archive:
        for name in archive.namelist():
            target = folder / name
            if target.parent not in made:
                target.parent.mkdir(parents=True, exist_ok=True)
                made.add(target.parent)
            target.write_bytes(papers.get(name) or archive.read(name))


# --- for our own recipes --------------------------------------------------------------------------


def lessons_of(training_set: TrainingSet) -> list[Lesson]:
    """The pieces of a set as our recipes take them: each in every key with its share, its own key first.

    Raises DomainError as `archive_of`.
    """
    with zipfile.ZipFile(io.BytesIO(archive_of(training_set))) as archive:
        return [_lesson(facts, archive) for facts in training_set.manifest["pieces"]]


def _lesson(facts: dict[str, Any], archive: zipfile.ZipFile) -> Lesson:
    own = major_of(facts["key"])
    ranked = sorted(facts["keys"].items(), key=lambda item: item[0] != own)
    versions = tuple(
        Version(archive.read(f"{AUGMENTED}/{key}/{facts['name']}_{key}.abc").decode("ascii"), key, share)
        for key, share in ranked
    )
    return Lesson(facts["name"], versions, held_out=facts["split"] == "eval")


# --- as a job -------------------------------------------------------------------------------------


def request_set(*, choice: Choice, name: str = "", created_by: User | None = None) -> Job:
    """Have a worker build the set. Raises DomainError when none can be made of the choice, or the name is taken."""
    name = " ".join(name.split())
    if name and TrainingSet.objects.filter(name=name).exists():
        raise DomainError(_("There is already a set called %(name)s.") % {"name": name})
    chosen = choose(choice, seconds=0)
    if chosen.trouble:
        raise DomainError(chosen.trouble)
    arguments = {"choice": choice.as_json(), "name": name, "language": get_language()}
    told = json.dumps(choice.as_json(), sort_keys=True).encode()
    key = f"training-set:{hashlib.sha256(told).hexdigest()[:40]}"
    return enqueue(kind=BUILD_JOB, queue="cpu", arguments=arguments, key=key, created_by=created_by)


def build_requested(*, choice: dict[str, Any], name: str, language: str | None, run: Run) -> dict[str, Any]:
    """Build what `request_set` asked for; what the job keeps as its result. Reasons are written in `language`."""
    with override(language) if language else nullcontext():
        built = build_set(choice=Choice.from_json(choice), name=name, run=run)
    row = built.training_set
    return {"set": row.public_id, "name": row.name, "new": built.new}


def recent_builds(*, most: int = 5) -> list[Job]:
    """Sets being built, and the builds that failed within a day; newest first."""
    failed = Q(state=JobState.FAILED, finished_at__gte=timezone.now() - timedelta(days=1))
    found = Job.objects.filter(Q(state__in=OPEN_STATES) | failed, kind=BUILD_JOB)
    return list(found.order_by("-created_at", "-pk")[:most])
