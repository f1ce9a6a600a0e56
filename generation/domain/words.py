"""The words of the prompt that models know: offered where a piece is described, with a warning for others."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from generation.domain.prompts import known_prompts
from generation.models.checkpoints import Checkpoint
from generation.notagen.prompts import Prompt, published, unseen


@dataclass(frozen=True)
class Vocabulary:
    """Every combination that NotaGen-X or a checkpoint of this installation was trained with."""

    prompts: tuple[Prompt, ...]

    @property
    def periods(self) -> list[str]:
        """In the order of the alphabet, as the others."""
        return sorted({prompt.period for prompt in self.prompts})

    @property
    def composers(self) -> list[str]:
        """Surname first, as the models write them."""
        return sorted({prompt.composer for prompt in self.prompts})

    @property
    def instrumentations(self) -> list[str]:
        """The piano is Keyboard."""
        return sorted({prompt.instrumentation for prompt in self.prompts})

    def never_seen(self, *, period: str, composer: str, instrumentation: str) -> str:
        """A sentence that warns of words or a combination of them that no model knows; "" where all is known.

        Empty words are not asked for.
        """
        said = {"period": period, "composer": composer, "instrumentation": instrumentation}
        columns = {"period": self.periods, "composer": self.composers, "instrumentation": self.instrumentations}
        strange = [word for name, word in said.items() if word and word not in columns[name]]
        near = unseen(Prompt(period, composer, instrumentation), self.prompts)
        if strange:
            sentence = _("No model here has seen: %(words)s. It will have to learn this from your pieces alone.") % {
                "words": ", ".join(strange)
            }
        elif all(said.values()) and near is not None:
            sentence = _("The models know these words, but not together.")
        else:
            return ""
        if near is not None and near.nearest:
            known = _("They do know: %(prompts)s.") % {"prompts": "; ".join(map(str, near.nearest))}
            sentence = f"{sentence} {known}"
        return sentence


def read_vocabulary() -> Vocabulary:
    """What is known here now."""
    known = [prompt for checkpoint in Checkpoint.objects.order_by("pk") for prompt in known_prompts(checkpoint)]
    return Vocabulary(tuple(dict.fromkeys([*published(), *known])))
