"""The registry of weights: what is imported, where it lies, which one is used unless another is named."""

import contextlib
import hashlib
import shutil
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from curator.domain.errors import DomainError
from curator.environment import ROOT
from generation.domain.carrying import share_weights
from generation.models.checkpoints import Checkpoint, CheckpointKind
from generation.notagen.header import HEADER_STYLES
from generation.notagen.prompts import published

if TYPE_CHECKING:
    from generation.notagen.checkpoint import Checkpoint as LoadedCheckpoint

DEMO_WEIGHTS = ROOT / "data" / "demo" / "checkpoint" / "model.safetensors"
DEMO_NAME = "Demo"

LARGE = {"hidden_size": 1280, "patch_layers": 20, "char_layers": 6}
"""Sizes of NotaGen-X. The large base model has them too, and it knows no prompts: see docs/runbooks/notagen-x.md."""


class Prompts(StrEnum):
    """What is known of the prompts of weights that do not say it themselves."""

    AUTO = "auto"  # by their size
    PUBLISHED = "published"  # the 112 of NotaGen-X
    NONE = "none"  # a base model, which ignores prompts


# What generation.notagen.checkpoint can say of a file; here so that the catalogues hold them.
SENTENCES = (
    _noop("There is no such file."),
    _noop("A checkpoint is a .pth or .safetensors file."),
    _noop("This file is not a whole .safetensors file."),
    _noop("This file holds other things than weights and is not opened."),
    _noop("This file is damaged or cut short."),
    _noop("This file is not a NotaGen checkpoint."),
    _noop("This file holds weights, but not those of a NotaGen model."),
    _noop("The sizes in this file are not those of a NotaGen model."),
    _noop("The output matrix of this file differs from its token table."),
    _noop("The meta.json beside this file belongs to other weights."),
    _noop("The meta.json beside this file cannot be read."),
)


def cohort_of(checkpoint: Checkpoint) -> str:
    """What stands in Take.cohort of the takes that these weights wrote."""
    return checkpoint.sha256[:16]


def weights_path(checkpoint: Checkpoint) -> Path:
    """Where the weights of `checkpoint` lie."""
    return Path(settings.WEIGHTS) / f"{checkpoint.sha256}.safetensors"


def import_checkpoint(
    *,
    path: Path,
    name: str,
    kind: CheckpointKind = CheckpointKind.IMPORTED,
    made_by: str = "",
    header: str = "",
    prompts: Prompts = Prompts.AUTO,
) -> tuple[Checkpoint, bool]:
    """Take a .pth of the reference or a .safetensors file into the registry: the row, and whether it is new.

    header, prompts: what to believe of a file that has no meta.json; without them three bare lines, and for
    weights of NotaGen-X's size its prompts. The same file again gives the row that is there. Raises DomainError
    for a file that is not a NotaGen checkpoint, for a header that contradicts its meta.json, and for a name that
    other weights have.
    """
    # torch is heavy and only workers and commands load it.
    from generation.notagen.checkpoint import NotACheckpoint, file_sha256, load_checkpoint, says_of_itself

    if header and header not in HEADER_STYLES:
        styles = ", ".join(HEADER_STYLES)
        raise DomainError(_("A header style is one of %(styles)s.") % {"styles": styles})
    name = name.strip()
    if not name or len(name) > 80:
        raise DomainError(_("A checkpoint needs a name of at most 80 characters."))
    try:
        loaded = load_checkpoint(path)
    except NotACheckpoint as error:
        raise DomainError(_(str(error))) from error
    said = loaded.meta.header_style
    if header and header != said and says_of_itself(path):
        raise DomainError(_("The file says that its header style is %(style)s.") % {"style": said})
    present = Checkpoint.objects.filter(sha256=loaded.sha256).first()
    stored = _store(path, loaded, present)
    share_weights(stored)
    if present is not None:
        return present, False
    sizes = _sizes(loaded)
    try:
        with transaction.atomic():
            row = Checkpoint.objects.create(
                name=name,
                kind=kind,
                sha256=loaded.sha256,
                size=stored.stat().st_size,
                sizes=sizes,
                header=header or said,
                vocabulary=_vocabulary(loaded, sizes, prompts),
                sampling=_sampling(loaded),
                meta={
                    "stored_sha256": file_sha256(stored),
                    "training": dict(loaded.meta.training),
                    "data_sha256": loaded.meta.data_sha256,
                },
                parent=Checkpoint.objects.filter(sha256=loaded.meta.parent or "-").first(),
                made_by=made_by,
            )
    except IntegrityError as error:
        raise DomainError(_("There are already other weights called %(name)s.") % {"name": name}) from error
    return row, True


def store_weights(*, path: Path, sha256: str) -> None:
    """Take a .safetensors file that a round made into the folder of weights. Loads no torch, and may be done twice.

    Raises DomainError when it is not the file of this sha256, and where it cannot be kept.
    """
    target = Path(settings.WEIGHTS) / f"{sha256}.safetensors"
    try:
        if target.is_file() and _sha256(target) == sha256:
            return
        if not path.is_file() or _sha256(path) != sha256:
            raise DomainError(_("The weights are not those that the run tells of."))
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        shutil.copyfile(path, part)
        part.replace(target)
    except OSError as error:
        sentence = _("The weights cannot be kept in %(folder)s: %(reason)s.")
        raise DomainError(sentence % {"folder": target.parent, "reason": error.strerror or error}) from error
    share_weights(target)


def register_result(
    *,
    sha256: str,
    name: str,
    kind: CheckpointKind,
    parent: Checkpoint,
    header: str,
    vocabulary: dict[str, Any],
    meta: dict[str, Any],
    made_by: str,
) -> Checkpoint:
    """The row of stored weights that a round made from `parent`, whose sizes and sampling they have.

    The same weights again give the row that is there. It is used only when somebody chooses it or it is promoted.
    """
    present = Checkpoint.objects.filter(sha256=sha256).first()
    if present is not None:
        return present
    wished, number = name[:70], 2
    while Checkpoint.objects.filter(name=name).exists():
        name, number = f"{wished} ({number})", number + 1
    return Checkpoint.objects.create(
        name=name,
        kind=kind,
        sha256=sha256,
        size=(Path(settings.WEIGHTS) / f"{sha256}.safetensors").stat().st_size,
        sizes=parent.sizes,
        header=header,
        vocabulary=vocabulary,
        sampling=parent.sampling,
        meta={"stored_sha256": sha256, **meta},
        parent=parent,
        made_by=made_by,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seed_demo_checkpoint() -> Checkpoint:
    """The checkpoint that comes with the project, imported when it is not there yet. Raises DomainError.

    When the project brings newer weights, the older row keeps its name and the newer one shows its sha256.
    """
    from generation.notagen.checkpoint import file_sha256  # loads torch

    name = DEMO_NAME
    if DEMO_WEIGHTS.is_file():
        sha256 = file_sha256(DEMO_WEIGHTS)
        if Checkpoint.objects.filter(name=DEMO_NAME).exclude(sha256=sha256).exists():
            name = f"{DEMO_NAME} {sha256[:6]}"
    row, _new = import_checkpoint(path=DEMO_WEIGHTS, name=name, kind=CheckpointKind.DEMO)
    return row


def find_checkpoint(*, name: str = "") -> Checkpoint:
    """The checkpoint of this name, public id or sha256, or without one the one in use. Raises DomainError."""
    if name:
        found = Checkpoint.objects.filter(Q(name=name) | Q(public_id=name) | Q(sha256=name)).first()
        if found is None:
            raise DomainError(_("There is no checkpoint called %(name)s.") % {"name": name})
        return found
    known = list(Checkpoint.objects.order_by("-pk"))
    if not known:
        raise DomainError(_("No checkpoint is here yet. `manage.py seed_demo` brings the demo checkpoint."))
    return in_use(known)


def in_use(known: Sequence[Checkpoint]) -> Checkpoint:
    """Of some checkpoints the one to use: the last promoted, else the newest imported one, else the newest.

    What a round made is passed over until it is promoted, unless there is nothing else.
    """
    promoted = [row for row in known if row.promoted_at]
    if promoted:
        return max(promoted, key=lambda row: row.promoted_at or row.created_at)
    given = [row for row in known if row.kind not in (CheckpointKind.SFT, CheckpointKind.DPO)]
    newest = sorted(given or known, key=lambda row: row.pk, reverse=True)
    return next((row for row in newest if row.kind == CheckpointKind.IMPORTED), newest[0])


def use_checkpoint(*, checkpoint: Checkpoint) -> None:
    """Let this checkpoint be the one in use from now on, unless another is named. Nothing does this by itself."""
    checkpoint.promoted_at = timezone.now()
    checkpoint.save(update_fields=["promoted_at"])


def _store(path: Path, loaded: "LoadedCheckpoint", present: Checkpoint | None) -> Path:
    """Keep the weights in the folder of weights; the optimiser of a .pth is left out. Mends a damaged copy."""
    import torch
    from safetensors import SafetensorError

    from generation.notagen.checkpoint import file_sha256, write_weights

    target = Path(settings.WEIGHTS) / f"{loaded.sha256}.safetensors"
    known = present.meta.get("stored_sha256") if present else None
    part = target.with_suffix(".part")
    try:
        if target.exists() and known in (None, file_sha256(target)):
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".safetensors":
            shutil.copyfile(path, part)
            part.replace(target)
        else:
            write_weights(target, loaded.model, torch.float32)
    except (OSError, SafetensorError) as error:
        with contextlib.suppress(OSError):
            part.unlink()
        reason = getattr(error, "strerror", None) or str(error)
        sentence = _("The weights cannot be kept in %(folder)s: %(reason)s.")
        raise DomainError(sentence % {"folder": target.parent, "reason": reason}) from error
    return target


def _sizes(loaded: "LoadedCheckpoint") -> dict[str, int]:
    config = loaded.config
    return {
        "patch_size": config.patch_size,
        "patch_length": config.patch_length,
        "hidden_size": config.hidden,
        "patch_layers": config.patch_layers,
        "char_layers": config.char_layers,
        "parameters": config.parameters,
    }


def _vocabulary(loaded: "LoadedCheckpoint", sizes: dict[str, int], prompts: Prompts) -> dict[str, list[Any]]:
    """What may stand in each prompt line; for weights of NotaGen-X's size its published combinations."""
    if loaded.meta.vocabulary:
        return {line: list(values) for line, values in loaded.meta.vocabulary.items()}
    if prompts == Prompts.PUBLISHED or (prompts == Prompts.AUTO and LARGE.items() <= sizes.items()):
        return {"combinations": [[p.period, p.composer, p.instrumentation] for p in published()]}
    return {}


def _sampling(loaded: "LoadedCheckpoint") -> dict[str, float]:
    chosen = loaded.meta.sampling
    return {"top_k": chosen.top_k, "top_p": chosen.top_p, "temperature": chosen.temperature}


def ancestors_of(checkpoint: Checkpoint) -> list[dict[str, str]]:
    """The checkpoint and those it was trained from, back to the first: name, sha256, kind, round, what it learned.

    Kept with every piece that is written, so that a delivered cue can be followed back to the preferences behind it:
    `made_by` is the round, `data_sha256` that of its training or preference set.
    """
    line: list[dict[str, str]] = []
    row: Checkpoint | None = checkpoint
    while row is not None and row.sha256 not in {told["sha256"] for told in line}:
        line.append(
            {
                "name": row.name,
                "sha256": row.sha256,
                "kind": row.kind,
                "made_by": row.made_by,
                "data_sha256": str(row.meta.get("data_sha256") or ""),
            }
        )
        row = row.parent
    return line
