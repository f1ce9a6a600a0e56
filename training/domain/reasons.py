"""What training.recipes says of a run, in the reader's language: the recipes know no Django and write English."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

PATTERNS = tuple(
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (r"The loss is no number any more\.", _noop("The loss is no number any more.")),
        (
            r"Chosen pieces became less likely by (?P<nats>\S+) nats\.",
            _noop("Chosen pieces became less likely by %(nats)s nats."),
        ),
        (
            r"Rejected pieces became less likely by (?P<nats>\S+) nats\.",
            _noop("Rejected pieces became less likely by %(nats)s nats."),
        ),
        (
            r"The model moved (?P<nats>\S+) nats a character away from its parent\.",
            _noop("The model moved %(nats)s nats a character away from its parent."),
        ),
        (
            r"The held-out loss was lowest after step (?P<step>\d+)\.",
            _noop("The held-out loss was lowest after step %(step)s."),
        ),
        (
            r"No piece was held out, so the last epoch is taken, not the best\.",
            _noop("No piece is held out, so the last epoch is taken, not the best."),
        ),
        (
            r"(?P<count>\d+) takes are read in other patches than they were written in\.",
            _noop("%(count)s takes are read in other patches than they were written in."),
        ),
        (
            r"(?P<count>\d+) cues share a prompt without a stage: what serves one may be wrong for another\.",
            _noop("%(count)s cues share a prompt without a stage: what serves one may be wrong for another."),
        ),
        (r"There is no piece to learn from\.", _noop("There is no piece to learn from.")),
        (r"There is no pair to learn from\.", _noop("There is no pair to learn from.")),
        (
            r"The takes (?P<one>\S+) and (?P<other>\S+) answer different prompts\.",
            _noop("The takes %(one)s and %(other)s answer different prompts."),
        ),
        (
            r"The base checkpoint is not the one that the job names\.",
            _noop("The weights of the base checkpoint have changed since they were imported."),
        ),
        (
            r"(?P<votes>\d+) votes are few: below (?P<good>\d+) a round may change little, or learn chance\.",
            _noop("%(votes)s votes are few: below %(good)s a round may change little, or learn chance."),
        ),
    )
)
"""What a run may say, and the same for the catalogues. What is not here is shown as it was written."""


def say_reason(text: str) -> str:
    """A sentence of a run in the language in force; any other text as it is."""
    for pattern, sentence in PATTERNS:
        if found := pattern.fullmatch(text):
            return _(sentence) % found.groupdict()
    return text
