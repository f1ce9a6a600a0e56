"""The state of a cue, written down from facts by whoever changes one."""

from curator.models.delivery import DeliveredCue
from curator.models.film import Cue, CueState
from curator.models.jobs import Job
from curator.models.ranking import Approval, Standing, Take


def refresh_cue_state(*, cue: Cue, ending: Job | None = None) -> CueState:
    """Write `cue.state` from its approval, deliveries, standings, takes and open jobs; returns it.

    Generating jobs carry `{"cue": pk}` in their arguments. `ending`: the job that calls this as its last act.
    """
    state = _state(cue, ending)
    Cue.objects.filter(pk=cue.pk).exclude(state=state).update(state=state)
    cue.state = state
    return state


def _state(cue: Cue, ending: Job | None) -> CueState:
    approval = Approval.objects.filter(cue=cue, revoked_at__isnull=True).first()
    if approval:
        delivered = DeliveredCue.objects.filter(approval=approval).exists()
        return CueState.DELIVERED if delivered else CueState.APPROVED
    writing = Job.objects.open().filter(arguments__cue=cue.pk)
    if (writing.exclude(pk=ending.pk) if ending else writing).exists():
        return CueState.GENERATING
    standing = Standing.objects.filter(cue=cue, rater__isnull=True).order_by("-pk").first()
    if standing and standing.sure_enough:
        return CueState.DECIDED
    return CueState.TO_RANK if Take.objects.filter(cue=cue).exists() else CueState.SPOTTED
