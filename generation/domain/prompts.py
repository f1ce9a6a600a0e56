"""From a cue to the prompt lines that a checkpoint understands."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.models.film import Cue
from generation.models.checkpoints import Checkpoint
from generation.notagen.header import BARE_THREE_PLUS_STAGE, prompt_lines

SEPARATOR = " / "
_ETUDE = "Etude, "
_SATIE = ("Romantic", "Satie, Erik", "Keyboard")
"""The nearest to quiet film music among the prompts of NotaGen-X."""


@dataclass(frozen=True)
class Style:
    """One manner of writing that a checkpoint knows: `value` names it in forms and requests, `label` is shown."""

    value: str
    label: str


def styles_of(checkpoint: Checkpoint) -> list[Style]:
    """The manners that may be asked of a checkpoint; empty where its vocabulary is not known."""
    words = _words(checkpoint)
    if checkpoint.header == BARE_THREE_PLUS_STAGE:
        return [Style(name.removeprefix(_ETUDE), name.removeprefix(_ETUDE)) for name in words.get("composer", [])]
    piano = [entry for entry in words.get("combinations", []) if entry[-1] == "Keyboard"]
    return [Style(SEPARATOR.join(entry), SEPARATOR.join(entry[:2])) for entry in piano]


def default_style(cue: Cue, checkpoint: Checkpoint) -> str:
    """The manner for a cue when none is asked for: its texture, else the first one; Satie's where he is known."""
    known = [style.value for style in styles_of(checkpoint)]
    wishes = [cue.texture, SEPARATOR.join(_SATIE)]
    return next((value for wish in wishes for value in known if value.casefold() == wish.casefold()), "") or next(
        iter(known), ""
    )


def prompt_of(*, cue: Cue, checkpoint: Checkpoint, style: str = "") -> tuple[str, ...]:
    """The prompt lines for a cue. Raises DomainError for a style that the checkpoint does not know."""
    known = [entry.value for entry in styles_of(checkpoint)]
    style = style or default_style(cue, checkpoint)
    if style and style not in known:
        raise DomainError(
            _("%(checkpoint)s does not know the style %(style)s.") % {"checkpoint": checkpoint.name, "style": style}
        )
    if checkpoint.header == BARE_THREE_PLUS_STAGE:
        words = _words(checkpoint)
        texture = [f"{_ETUDE}{style}"] if style else []
        return prompt_lines(
            *words.get("period", [])[:1], *texture, *words.get("instrumentation", [])[:1], _stage(cue, words)
        )
    return prompt_lines(*(style.split(SEPARATOR) if style else _SATIE))


def _words(checkpoint: Checkpoint) -> dict[str, list[str]]:
    return checkpoint.vocabulary if isinstance(checkpoint.vocabulary, dict) else {}


def _stage(cue: Cue, words: dict[str, list[str]]) -> str:
    """The trained word for the cue's stage: by name, else by its place on the arc (the stage's colour)."""
    known = words.get("stage", [])
    if cue.stage is None or not known:
        return known[-1] if known else "Peace"
    same = [word for word in known if word.casefold() == cue.stage.name.casefold()]
    return same[0] if same else known[min(cue.stage.colour, len(known)) - 1]
