"""The registry of encoders: what is imported, which one is in use, where its weights and its tokenizer lie."""

import contextlib
import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from curator.domain.errors import DomainError
from curator.environment import ROOT
from generation.domain.carrying import bring_weights, share_weights
from generation.models.encoders import Encoder

if TYPE_CHECKING:
    from generation.clamp.encoder import MusicEncoder, TextEncoder
    from generation.clamp.weights import Meta

DEMO_FOLDER = ROOT / "data" / "demo" / "encoder"
DEMO_WEIGHTS = DEMO_FOLDER / "clamp.safetensors"
DEMO_FAMILY = "Demo"

# What generation.clamp can say of a file; here so that the catalogues hold them.
SENTENCES = (
    _noop("There is no such file."),
    _noop("CLaMP weights come as a .pth file."),
    _noop("This is the saas variant of CLaMP 3, trained for sound recordings; scores need the c2 variant."),
    _noop("These are the weights of M3 alone; scores need those of CLaMP 2 or CLaMP 3 c2."),
    _noop("This file holds weights, but not those of CLaMP."),
    _noop("The sizes in this file are not those of a CLaMP model."),
    _noop("This .safetensors file does not hold CLaMP weights."),
)


def weights_path(encoder: Encoder) -> Path:
    """Where the weights of an encoder lie."""
    return Path(settings.WEIGHTS) / f"clamp-{encoder.sha256}.safetensors"


def words_folder(encoder: Encoder) -> Path:
    """The folder of the tokenizer that an encoder reads texts with."""
    return DEMO_FOLDER if encoder.family == DEMO_FAMILY else Path(settings.WEIGHTS) / "xlm-roberta-base"


def bring_words(encoder: Encoder) -> None:
    """Fetch the tokenizer of an encoder from the shared storage where it is missing here and is there."""
    if encoder.family != DEMO_FAMILY:
        bring_weights(words_folder(encoder) / "tokenizer.json")


def encoder_in_use() -> Encoder | None:
    """The encoder that was chosen last; None while there is none."""
    return Encoder.objects.first()


def import_encoder(*, path: Path, name: str, half: bool = False) -> tuple[Encoder, bool]:
    """Take a published .pth of CLaMP 2 or CLaMP 3 c2 into the registry and use it: the row, and whether it is new.

    half: keep it as bfloat16. Raises DomainError for other files.
    """
    # torch is heavy and only workers and commands load it.
    from generation.clamp.weights import NotAClamp, import_weights

    name = _checked(name)
    folder = Path(settings.WEIGHTS)
    part = folder / f"clamp-{path.stem[:40]}.incoming.safetensors"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        meta = import_weights(path, part, half=half)
        return _keep(part, meta, name, moved=True)
    except NotAClamp as error:
        raise DomainError(_(str(error))) from error
    except OSError as error:
        sentence = _("The weights cannot be kept in %(folder)s: %(reason)s.")
        raise DomainError(sentence % {"folder": folder, "reason": error.strerror or error}) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def seed_demo_encoder() -> Encoder | None:
    """The encoder that comes with the project, taken in when it is not there yet; None where it does not lie.

    It is not chosen over one that is in use.
    """
    from generation.clamp.weights import NotAClamp, read_meta

    if not DEMO_WEIGHTS.is_file():
        return None
    try:
        meta = read_meta(DEMO_WEIGHTS)
    except NotAClamp as error:
        raise DomainError(_(str(error))) from error
    present = Encoder.objects.filter(sha256=meta.source_sha256).first()
    if present is not None and weights_path(present).is_file():
        return present
    name = "Demo" if not Encoder.objects.filter(name="Demo").exists() else f"Demo {meta.source_sha256[:6]}"
    first = not Encoder.objects.exclude(family=DEMO_FAMILY).exists()
    return _keep(DEMO_WEIGHTS, meta, name, moved=False, chosen=first)[0]


def choose_encoder(*, encoder: Encoder) -> None:
    """Use this encoder from now on."""
    encoder.chosen_at = timezone.now()
    encoder.save(update_fields=["chosen_at"])


def load_music(encoder: Encoder) -> "MusicEncoder":
    """The music side of an encoder. Raises DomainError when its weights are gone."""
    from generation.clamp.encoder import MusicEncoder
    from generation.clamp.weights import NotAClamp

    try:
        return MusicEncoder(bring_weights(weights_path(encoder)))
    except NotAClamp as error:
        raise DomainError(_unreadable(encoder, error)) from error


def load_text(encoder: Encoder) -> "TextEncoder":
    """The text side of an encoder. Raises DomainError when its weights or its tokenizer are missing."""
    from generation.clamp.encoder import TextEncoder
    from generation.clamp.tokens import NoTokenizer
    from generation.clamp.weights import NotAClamp

    try:
        return TextEncoder(bring_weights(weights_path(encoder)), words_folder(encoder))
    except NoTokenizer as error:
        raise DomainError(
            _("Texts cannot be read yet: put tokenizer.json of xlm-roberta-base into %(folder)s.")
            % {"folder": words_folder(encoder)}
        ) from error
    except NotAClamp as error:
        raise DomainError(_unreadable(encoder, error)) from error


def _unreadable(encoder: Encoder, error: Exception) -> str:
    sentence = _("The weights of %(name)s cannot be read: %(reason)s")
    return sentence % {"name": encoder.name, "reason": _(str(error))}


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 80:
        raise DomainError(_("An encoder needs a name of at most 80 characters."))
    return name


def _keep(path: Path, meta: "Meta", name: str, *, moved: bool, chosen: bool = True) -> tuple[Encoder, bool]:
    target = Path(settings.WEIGHTS) / f"clamp-{meta.source_sha256}.safetensors"
    target.parent.mkdir(parents=True, exist_ok=True)
    if moved:
        path.replace(target)
    else:
        part = target.with_suffix(".part")
        shutil.copyfile(path, part)
        part.replace(target)
    share_weights(target)
    facts: dict[str, Any] = {
        "precision": meta.precision,
        "music": {"width": meta.music.hidden, "layers": meta.music.layers},
        "text": {"width": meta.text.hidden, "layers": meta.text.layers, "words": meta.text.vocabulary},
    }
    present = Encoder.objects.filter(sha256=meta.source_sha256).first()
    if present is not None:
        if moved:  # asked for again by name: that is the one to use, perhaps in another precision
            present.facts, present.size = facts, target.stat().st_size
            present.save(update_fields=["facts", "size"])
            choose_encoder(encoder=present)
        return present, False
    oldest = Encoder.objects.last()
    now = timezone.now()
    when = now if chosen or oldest is None else min(now, oldest.chosen_at - timedelta(seconds=1))
    try:
        with transaction.atomic():
            row = Encoder.objects.create(
                name=name,
                family=meta.family,
                sha256=meta.source_sha256,
                size=target.stat().st_size,
                dim=meta.dim,
                facts=facts,
                chosen_at=when,
            )
    except IntegrityError as error:
        raise DomainError(_("There is already another encoder called %(name)s.") % {"name": name}) from error
    return row, True
