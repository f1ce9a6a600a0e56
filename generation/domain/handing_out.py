"""Checkpoints as files for elsewhere, and files from elsewhere as checkpoints. Both load torch, so workers do them."""

from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.jobs import Run, enqueue
from curator.models.accounts import User
from curator.models.jobs import OPEN_STATES, Job, JobState
from curator.storage import disk_is_full
from generation.domain.checkpoints import Prompts, import_checkpoint, weights_path
from generation.models.checkpoints import Checkpoint
from generation.notagen.header import HEADER_STYLES

EXPORT_JOB = "generation.export"
IMPORT_JOB = "generation.import"
ENDINGS = (".pth", ".pt", ".bin", ".safetensors")


def reference_path(checkpoint: Checkpoint) -> Path:
    """Where the reference's form of the weights lies once a worker has written it."""
    return Path(settings.WEIGHTS) / f"{checkpoint.sha256}.pth"


def request_reference(*, checkpoint: Checkpoint, created_by: User | None = None) -> Job:
    """Have a worker write the weights as the reference's .pth. Raises DomainError when they are not here."""
    if not weights_path(checkpoint).is_file():
        raise DomainError(_("The weights of %(name)s are not on this machine.") % {"name": checkpoint.name})
    return enqueue(
        kind=EXPORT_JOB,
        queue="cpu",
        arguments={"checkpoint": checkpoint.pk, "name": checkpoint.name},
        key=f"export:{checkpoint.sha256[:40]}",
        created_by=created_by,
    )


def write_reference(*, checkpoint_id: int) -> dict[str, Any]:
    """Write the reference's .pth of a checkpoint, whole or not at all."""
    from generation.notagen.checkpoint import NotACheckpoint, load_checkpoint, save_reference  # loads torch

    row = Checkpoint.objects.filter(pk=checkpoint_id).first()
    if row is None:
        return {}
    try:
        loaded = load_checkpoint(weights_path(row))
    except NotACheckpoint as error:
        sentence = _("The weights of %(name)s cannot be read: %(reason)s")
        raise DomainError(sentence % {"name": row.name, "reason": _(str(error))}) from error
    if loaded.sha256 != row.meta.get("stored_sha256", row.sha256):
        raise DomainError(_("The weights of %(name)s have changed since they were imported.") % {"name": row.name})
    save_reference(reference_path(row), loaded.model)
    return {"checkpoint": row.public_id}


def request_import(
    *,
    name: str,
    upload: "UploadedFile[Any] | None" = None,
    path: str = "",
    header: str = "",
    prompts: Prompts = Prompts.AUTO,
    created_by: User | None = None,
) -> Job:
    """Have a worker take a file into the registry: an uploaded one, or one on this machine. Raises DomainError."""
    name = " ".join(name.split())
    if not name or len(name) > 80:
        raise DomainError(_("A checkpoint needs a name of at most 80 characters."))
    if Checkpoint.objects.filter(name=name).exists():
        raise DomainError(_("There are already other weights called %(name)s.") % {"name": name})
    if header and header not in HEADER_STYLES:
        raise DomainError(_("A header style is one of %(styles)s.") % {"styles": ", ".join(HEADER_STYLES)})
    file = _kept(upload) if upload is not None else Path(path.strip())
    if file.suffix.lower() not in ENDINGS:
        raise DomainError(_("A checkpoint is a .pth or .safetensors file."))
    if not file.is_absolute() or not file.is_file():
        raise DomainError(_("There is no such file."))
    arguments = {
        "path": str(file),
        "name": name,
        "header": header,
        "prompts": prompts.value,
        "uploaded": upload is not None,
    }
    return enqueue(kind=IMPORT_JOB, queue="cpu", arguments=arguments, key=f"weights:{name}", created_by=created_by)


def import_requested(*, path: str, name: str, header: str, prompts: str, uploaded: bool, run: Run) -> dict[str, Any]:
    """Import what `request_import` asked for; an uploaded file is removed when it is done with."""
    run.check()
    try:
        row, new = import_checkpoint(path=Path(path), name=name, header=header, prompts=Prompts(prompts))
    except DomainError as error:
        if uploaded and not disk_is_full(error):  # then the job comes back for it
            Path(path).unlink(missing_ok=True)
        raise
    if uploaded:
        Path(path).unlink(missing_ok=True)
    return {"checkpoint": row.public_id, "new": new}


def open_work() -> list[Job]:
    """Imports and exports that wait or are at work, and imports that failed today; newest first."""
    failed = Q(state=JobState.FAILED, finished_at__gte=timezone.now() - timedelta(days=1))
    found = Job.objects.filter(Q(state__in=OPEN_STATES) | failed, kind__in=(IMPORT_JOB, EXPORT_JOB))
    return list(found.order_by("-created_at", "-pk")[:5])


def _kept(upload: "UploadedFile[Any]") -> Path:
    ending = Path(upload.name or "").suffix.lower()
    if ending not in ENDINGS:
        raise DomainError(_("A checkpoint is a .pth or .safetensors file."))
    folder = Path(settings.WEIGHTS) / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{token_hex(8)}{ending}"
    with file.open("wb") as target:
        for chunk in upload.chunks():
            target.write(chunk)
    return file
