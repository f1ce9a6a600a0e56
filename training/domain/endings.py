"""Why a rented machine ended: its row keeps an English sentence, the pages say it in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

NEVER_ASKED = _noop("It was never asked for.")
NEVER_CAME = _noop("No machine came of the order.")
NOT_STARTED = _noop("It did not start.")
STOPPED_BEFORE = _noop("It was stopped before it started.")
KILLED = _noop("It was stopped at once.")
DONE = _noop("Its work was done.")
FELL_SILENT = _noop("It fell silent.")
VANISHED = _noop("It vanished.")
ROUND_OVER = _noop("Its round has ended.")
TOO_LATE = _noop("Its deadline has passed.")
BUDGET = _noop("The budget is used up.")
REFUSED = _noop("The run was refused.")
BROKEN = _noop("The run broke off.")
RAN_ON = _noop("It could not end itself and ran on until RunPod ended it, at the latest when the balance was used up.")
STATUS = {
    "EXITED": _noop("RunPod says of it: EXITED."),
    "ERROR": _noop("RunPod says of it: ERROR."),
    "TERMINATED": _noop("RunPod says of it: TERMINATED."),
}
"""By RunPod's state of a machine that does not live any more."""

ENDINGS = (
    NEVER_ASKED, NEVER_CAME, NOT_STARTED, STOPPED_BEFORE, KILLED, DONE, FELL_SILENT, VANISHED, ROUND_OVER, TOO_LATE,
    BUDGET, REFUSED, BROKEN, RAN_ON, *STATUS.values(),
)  # fmt: skip


def say_ending(text: str) -> str:
    """The same in the language in force; what RunPod or a run said beside it stays as it is."""
    for sentence in ENDINGS:
        text = text.replace(sentence, _(sentence))
    return text
