"""Two pairs to try the keys on before the first listening. The browser plays them itself; nothing of them is kept."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from curator.models.ranking import Answer

TEMPO = 96
"""Quarters a minute."""

Notes = tuple[tuple[float, int, float], ...]
"""(quarter at which it begins, MIDI pitch, quarters it lasts), ..."""

_BASS: Notes = ((0, 48, 4), (4, 53, 2), (6, 55, 2))
_TUNE: Notes = ((0, 67, 1), (1, 64, 1), (2, 65, 1), (3, 67, 1), (4, 69, 1), (5, 72, 1), (6, 71, 1), (7, 67, 1))
_REST: Notes = ((8, 48, 4), (8, 55, 4), (8, 64, 4), (8, 72, 4))
_UNREST: Notes = ((8, 48, 4), (8, 54, 4), (8, 61, 4), (8, 71, 4))


@dataclass(frozen=True)
class Trial:
    """A pair whose answer is plain: what is asked, a hint at the keys, both sides, the answer, what is said of it."""

    question: str | Promise
    hint: str | Promise
    left: Notes
    right: Notes
    answer: Answer
    right_words: str | Promise
    wrong_words: str | Promise

    @property
    def seconds(self) -> float:
        """How long both sides are."""
        return max(begin + length for begin, _pitch, length in self.left + self.right) * 60 / TEMPO


TRIALS = (
    Trial(
        question=_("Which one comes to rest at the end?"),
        hint=_("Play A, play B, switch as often as you like: the music goes on at the same place. Then answer."),
        left=_BASS + _TUNE + _UNREST,
        right=_BASS + _TUNE + _REST,
        answer=Answer.RIGHT,
        right_words=_("So it is: B comes home, A hangs in the air."),
        wrong_words=_("It was B: A hangs in the air. With the undo key you may take an answer back."),
    ),
    Trial(
        question=_("Which one is calmer?"),
        hint=_("Sometimes there is nothing to choose: Equal is an answer, and so is Neither."),
        left=_BASS + _TUNE + _REST,
        right=_BASS + _TUNE + _REST,
        answer=Answer.TIE,
        right_words=_("Quite: both were the same. Now the music."),
        wrong_words=_("Both were the same; Equal would have said so. Now the music."),
    ),
)


def judge_trial(*, step: int, answer: str) -> str:
    """What is said to an answer to trial `step` (from 1)."""
    trial = TRIALS[step - 1]
    return str(trial.right_words if answer == trial.answer else trial.wrong_words)


def notes_text(notes: Notes) -> str:
    """Notes for the page: "second pitch seconds" with commas between."""
    quarter = 60 / TEMPO
    return ",".join(f"{begin * quarter:g} {pitch} {length * quarter:g}" for begin, pitch, length in notes)
