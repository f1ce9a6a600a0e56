"""From a cue to the prompt lines that a checkpoint understands."""

from dataclasses import dataclass
from itertools import product

from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.models.film import Cue
from generation.models.checkpoints import Checkpoint
from generation.notagen.header import HEADER_STYLES, HeaderStyle
from generation.notagen.prompts import Prompt, read_prompt, unseen

_ETUDE = "Etude, "
_SATIE = Prompt("Romantic", "Satie, Erik", "Keyboard")
"""The nearest to quiet film music among the prompts of NotaGen-X."""


@dataclass(frozen=True)
class Style:
    """One manner of writing that a checkpoint knows: `value` names it in forms and requests, `label` is shown."""

    value: str
    label: str


def known_prompts(checkpoint: Checkpoint) -> tuple[Prompt, ...]:
    """The combinations that a checkpoint was trained with; empty where nobody knows them."""
    words = _words(checkpoint)
    if "combinations" in words:
        return tuple(Prompt(*entry) for entry in words["combinations"])
    columns = [words.get(name, []) for name in ("period", "composer", "instrumentation")]
    return tuple(Prompt(*entry) for entry in product(*columns))


def styles_of(checkpoint: Checkpoint) -> list[Style]:
    """The manners that a checkpoint knows, those for the piano first; empty where they are not known."""
    known = known_prompts(checkpoint)
    if _is_etudes(known):
        return [Style(prompt.composer.removeprefix(_ETUDE), prompt.composer.removeprefix(_ETUDE)) for prompt in known]
    by_hand = sorted(known, key=lambda prompt: prompt.instrumentation != "Keyboard")
    return [Style(str(prompt), str(prompt)) for prompt in by_hand]


def stages_of(checkpoint: Checkpoint) -> list[str]:
    """The stages of the arc that a checkpoint was trained with; empty where its header has no such line."""
    return list(_words(checkpoint).get("stage", [])) if _header(checkpoint).stage else []


def default_style(cue: Cue, checkpoint: Checkpoint) -> str:
    """The manner for a cue when none is asked for: its texture, else Satie's where he is known, else the first."""
    known = [style.value for style in styles_of(checkpoint)]
    wishes = [cue.texture, str(_SATIE)]
    return next((value for wish in wishes for value in known if value.casefold() == wish.casefold()), "") or next(
        iter(known), ""
    )


def default_stage(cue: Cue, checkpoint: Checkpoint) -> str:
    """The trained word for the cue's stage: by name, else by its place on the arc (the stage's colour)."""
    known = stages_of(checkpoint)
    if cue.stage is None or not known:
        return known[-1] if known else ""
    same = [word for word in known if word.casefold() == cue.stage.name.casefold()]
    return same[0] if same else known[min(cue.stage.colour, len(known)) - 1]


def prompt_of(*, cue: Cue, checkpoint: Checkpoint, style: str = "", stage: str = "") -> tuple[str, ...]:
    """The prompt lines for a cue, in the header style of the checkpoint.

    style: one that the checkpoint knows, or any `Period / Composer / Instrumentation`. Raises DomainError for
    another style and for a stage that the checkpoint was not trained with.
    """
    header, stages = _header(checkpoint), stages_of(checkpoint)
    if stage and stage not in stages:
        raise DomainError(
            _("%(checkpoint)s was not trained with the stage %(stage)s.")
            % {"checkpoint": checkpoint.name, "stage": stage}
        )
    prompt = _prompt(checkpoint, style or default_style(cue, checkpoint))
    return header.lines(
        period=prompt.period,
        composer=prompt.composer,
        instrumentation=prompt.instrumentation,
        stage=stage or default_stage(cue, checkpoint) or "Peace",
    )


def never_seen(*, checkpoint: Checkpoint, style: str) -> str:
    """A sentence that warns of a style which the checkpoint has never seen; empty where it has."""
    if not style or style in [entry.value for entry in styles_of(checkpoint)]:
        return ""
    known = known_prompts(checkpoint)
    if not known:
        return _("Nobody knows which prompts %(checkpoint)s was trained with. It may ignore this one.") % {
            "checkpoint": checkpoint.name
        }
    found = unseen(_prompt(checkpoint, style), known)
    if found is None:
        return ""
    values = {"checkpoint": checkpoint.name, "words": ", ".join(found.words)}
    if found.words:
        sentence = _("%(checkpoint)s has never seen: %(words)s. It may ignore this or write nonsense.") % values
    else:
        sentence = _("%(checkpoint)s knows these words, but has never seen them together.") % values
    if found.nearest:
        near = _("It does know: %(prompts)s.") % {"prompts": "; ".join(str(prompt) for prompt in found.nearest)}
        sentence = f"{sentence} {near}"
    return sentence


def _prompt(checkpoint: Checkpoint, style: str) -> Prompt:
    """The prompt that a style means for this checkpoint. Raises DomainError for what is none."""
    known = known_prompts(checkpoint)
    for prompt in known:
        if style in (str(prompt), prompt.composer.removeprefix(_ETUDE)) and (_is_etudes(known) or "/" in style):
            return prompt
    if not style:
        return _SATIE
    try:
        return read_prompt(style)
    except ValueError as error:
        raise DomainError(
            _("%(checkpoint)s does not know the style %(style)s.") % {"checkpoint": checkpoint.name, "style": style}
        ) from error


def _is_etudes(known: tuple[Prompt, ...]) -> bool:
    """Whether the composer alone tells the prompts apart, as with the demo checkpoint: its etudes have textures."""
    return bool(known) and all(prompt.composer.startswith(_ETUDE) for prompt in known)


def _header(checkpoint: Checkpoint) -> HeaderStyle:
    return HEADER_STYLES.get(checkpoint.header, HeaderStyle())


def _words(checkpoint: Checkpoint) -> dict[str, list[str]]:
    return checkpoint.vocabulary if isinstance(checkpoint.vocabulary, dict) else {}
