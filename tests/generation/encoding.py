"""A small random encoder in the registry and a tokenizer beside it, for tests."""

import re
from pathlib import Path

from django.conf import settings
from tokenizers import Tokenizer

from generation.domain.encoders import import_encoder
from generation.models.encoders import Encoder
from tests.generation.clamp import test_weights as small
from training.recipes.demo_captions import make_tokenizer


def small_encoder(folder: Path, *, name: str = "Small", words: bool = True) -> Encoder:
    """An encoder with random weights that is in use; with `words` it reads texts."""
    if words:
        target = Path(settings.WEIGHTS) / "xlm-roberta-base"
        target.mkdir(parents=True, exist_ok=True)
        tokenizer().save(str(target / "tokenizer.json"))
    return import_encoder(path=small.write(folder / f"{name}.pth", small.state()), name=name)[0]


def tokenizer() -> Tokenizer:
    """A tokenizer of few words."""
    return make_tokenizer(["forgotten dust waiting piano music a slow loud bright minor"])


def other_notes(abc: str, step: int) -> str:
    """The same piece with other notes in its melody."""
    names = "abcdefg"
    return re.sub(r"\[V:1\][^|]*", lambda bar: f"[V:1]{names[step % 7]}4 {names[step // 7 % 7]}2", abc)
