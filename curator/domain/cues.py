"""The state of a cue, written down from facts by whoever changes one."""

from curator.models.delivery import DeliveredCue
from curator.models.film import Cue, CueState
from curator.models.jobs import Job
from curator.models.ranking import Approval, Standing, Take


def refresh_cue_state(*, cue: Cue) -> CueState:
    """Write `cue.state` from its approval, deliveries, standings, takes and open jobs; returns it.

    Generating jobs carry `{"cue": pk}` in their arguments.
    """
    state = _state(cue)
    Cue.objects.filter(pk=cue.pk).exclude(state=state).update(state=state)
    cue.state = state
    return state


def _state(cue: Cue) -> CueState:
    approval = Approval.objects.filter(cue=cue, revoked_at__isnull=True).first()
    if approval:
        delivered = DeliveredCue.objects.filter(approval=approval).exists()
        return CueState.DELIVERED if delivered else CueState.APPROVED
    if Job.objects.open().filter(arguments__cue=cue.pk).exists():
        return CueState.GENERATING
    standing = Standing.objects.filter(cue=cue, rater__isnull=True).order_by("-pk").first()
    if standing and standing.sure_enough:
        return CueState.DECIDED
    return CueState.TO_RANK if Take.objects.filter(cue=cue).exists() else CueState.SPOTTED
