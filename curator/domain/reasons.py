"""Why somebody answered as he did: words said after the answer, kept as facts."""

from django.db import transaction
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.models.accounts import User
from curator.models.ranking import Answer, Judgement, Reason, ReasonTag

SPEAKING = (Answer.LEFT, Answer.RIGHT, Answer.TIE, Answer.BAD)
"""Answers that may have a reason."""


def say_reason(*, judgement: Judgement, rater: User, tag: str, given: bool = True) -> None:
    """Give a reason for an answer, or take it back. Raises DomainError for another's answer or an unknown word."""
    if tag not in ReasonTag.values:
        raise DomainError(_("This is no reason that can be kept."))
    if judgement.rater_id != rater.pk or judgement.answer not in SPEAKING:
        raise DomainError(_("Reasons belong to one's own answers."))
    with transaction.atomic():
        if (tag in reasons_of(judgement)) != given:
            Reason.objects.create(judgement=judgement, tag=tag, given=given)


def reasons_of(judgement: Judgement) -> list[str]:
    """The reasons that hold, in the order in which they are offered."""
    held = {said.tag: said.given for said in judgement.reasons.all()}
    return [tag for tag in ReasonTag.values if held.get(tag, tag in judgement.tags)]
