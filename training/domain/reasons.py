"""What training.recipes says of a run, in the reader's language: the recipes know no Django and write English."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

SENTENCES = (
    # guards, ends and warnings of a run
    _noop("The loss is no number any more."),
    _noop("Chosen pieces became less likely by %(nats)s nats."),
    _noop("Rejected pieces became less likely by %(nats)s nats."),
    _noop("The model moved %(nats)s nats a character away from its parent."),
    _noop("The held-out loss was lowest after step %(step)s."),
    _noop("%(count)s takes are read in other patches than they were written in."),
    _noop("%(count)s cues share a prompt without a stage: what serves one may be wrong for another."),
    _noop("%(votes)s votes are few: below %(good)s a round may change little, or learn chance."),
    # settings that make no sense
    _noop("The recipe %(recipe)s has no preset %(name)s."),
    _noop("The recipe %(recipe)s has no setting %(name)s."),
    _noop("The setting %(name)s cannot be %(value)s."),
    _noop("Epochs, batches and patches are at least 1, rate and epsilon above 0, the warm-up no less."),
    _noop("The precision is float32 or bfloat16."),
    _noop("%(count)s batches a step cannot be shared by %(processes)s processes."),
    # data that cannot be learned from
    _noop("There is no piece to learn from."),
    _noop("There is no pair to learn from."),
    _noop("%(name)s has no text."),
    _noop("%(name)s holds characters that are not ASCII."),
    _noop("%(name)s of this training set is missing."),
    _noop("The takes %(one)s and %(other)s answer different prompts."),
    _noop("The take %(name)s is there twice."),
    _noop("The take %(name)s is there with two texts."),
    _noop("The take %(name)s of a pair is not there."),
    _noop("The take %(name)s is both learned from and held out."),
    _noop("The take %(name)s is compared with itself."),
    _noop("In a pair of %(name)s the model chose nothing, so there is nothing to learn."),
    _noop("A pair has a probability from 0 to 1 and a weight above 0."),
    _noop("%(name)s is partly held out; it must be wholly so or not at all."),
    # what does not belong together
    _noop("This bundle is for the recipe %(one)s, not %(other)s."),
    _noop("This bundle was made for another base checkpoint."),
    _noop("%(name)s of this bundle is missing or was changed."),
    _noop("The pairs begin in the style %(one)s, the model in %(other)s."),
    _noop("The bundle holds pieces of %(one)s patches, this model reads %(other)s."),
    _noop("The folder holds the run of another job."),
    _noop("%(name)s does not hold the weights of this run."),
)
"""What a run may say to the owner, with the places of its values. What is not here is shown as it was written."""

_OTHERWISE = {
    "No piece was held out, so the last epoch is taken, not the best.": _noop(
        "No piece is held out, so the last epoch is taken, not the best."
    ),
    "The base checkpoint is not the one that the job names.": _noop(
        "The weights of the base checkpoint have changed since they were imported."
    ),
}
"""What is said in other words on a page."""


STAGES = {
    "starts": _noop("The machine starts"),
    "installs": _noop("The machine installs its packages"),
    "fetches": _noop("The machine fetches the data"),
    "trains": _noop("The machine loads the model"),
    "carries the result": _noop("The machine carries the result back"),
    "ended": _noop("The machine has ended its work"),
    "told to end": _noop("The machine was told to end"),
}
"""What training.recipes.pod does at the moment."""


def say_stage(text: str) -> str:
    """What a rented machine does, in the language in force; anything else as it is."""
    return _(STAGES[text]) if text in STAGES else text


def _pattern(sentence: str) -> re.Pattern[str]:
    """What finds a sentence with any values in its places."""
    return re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+?)", re.escape(sentence)))


PATTERNS = tuple((_pattern(sentence), sentence) for sentence in SENTENCES)


def say_reason(text: str) -> str:
    """A sentence of a run in the language in force; any other text as it is."""
    if text in _OTHERWISE:
        return _(_OTHERWISE[text])
    for pattern, sentence in PATTERNS:
        if found := pattern.fullmatch(text):
            return _(sentence) % found.groupdict()
    return text
