"""What people write on takes: a failed candidate mended, a take edited; both are put up as takes of their own."""

import hashlib
from importlib.metadata import version as version_of

from django.db import transaction
from django.utils.translation import gettext as _

from curator.domain.cohorts import BY_HAND
from curator.domain.errors import DomainError
from curator.domain.rendering import request_rendering
from curator.domain.takes import keep_generated_piece, put_up_take
from curator.domain.versions import check_text, revise_piece
from curator.models.accounts import User
from curator.models.library import PieceVersion
from curator.models.ranking import Take
from curator.notation.abc import parse
from curator.notation.bars import unreduce
from curator.notation.errors import NotationError
from curator.notation.facts import facts_of
from curator.notation.fingerprint import fingerprint
from generation.models.requests import Candidate, CandidateState


def text_to_mend(candidate: Candidate) -> str:
    """What the model wrote, as a text to go on from: the bars that hold, and the one that did not as it was tried.

    Prompt lines and markers are left out; voices that a line does not name rest where their length can be told.
    """
    lines = [line for line in candidate.raw.splitlines() if line.strip()]
    body = [line for line in lines if not line.startswith("%") or line.startswith("%%")]
    try:
        return unreduce("\n".join(body))
    except NotationError:
        tail = body[-1].partition("]")[2] if body and body[-1].startswith("[r:") else ""
    if candidate.abc:
        return candidate.abc + (f"{tail}\n" if tail else "")
    header = [line for line in body if not line.startswith(("[V:", "[r:"))]
    return "\n".join([*header, tail]) + "\n"


def mend_candidate(*, candidate: Candidate, abc: str, created_by: User | None = None) -> Take:
    """Put a text up as the take that a failed candidate did not become; it keeps its own text and its reason.

    Raises DomainError for a text that is no piece, and for a candidate that did not fail.
    """
    if candidate.state != CandidateState.FAILED:
        raise DomainError(_("Only a take that failed is mended."))
    checked = check_text(abc=abc)
    request, cue = candidate.request, candidate.request.cue
    title = _("%(cue)s, take %(number)d") % {"cue": f"{cue.number} {cue.title}".strip(), "number": candidate.number}
    with transaction.atomic():
        version = _known(candidate, checked.abc) or keep_generated_piece(
            title=title,
            abc=checked.abc,
            musicxml=checked.musicxml,
            fingerprint=fingerprint(checked.musicxml.encode()),
            warnings=checked.remarks,
            facts=dict(facts_of(parse(checked.abc))),
            making={
                "candidate": candidate.public_id,
                "request": request.public_id,
                "checkpoint": request.checkpoint.sha256,
                "checkpoint_name": request.checkpoint.name,
                "seed": candidate.seed,
                "sampling": request.sampling,
                "prompt": request.brief.get("prompt", []),
                "mended": f"abctoolkit {version_of('abctoolkit')}",
            },
        )
        take = put_up_take(cue=cue, version=version, number=candidate.number, cohort=BY_HAND)
        request_rendering(version=version, tempo_map=cue.tempo_map, created_by=created_by, priority=5)
    return take


def edit_take(*, take: Take, abc: str, created_by: User | None = None) -> Take:
    """Put an edited text of a take up beside it, as a new version of its piece. Raises DomainError as revise_piece."""
    version = revise_piece(version=take.version, abc=abc, created_by=created_by)
    edited = put_up_take(cue=take.cue, version=version, cohort=BY_HAND)
    request_rendering(version=version, tempo_map=take.cue.tempo_map, created_by=created_by, priority=5)
    return edited


def _known(candidate: Candidate, abc: str) -> PieceVersion | None:
    """The version with this text that is up for the cue already, for a form that was sent twice."""
    sha256 = hashlib.sha256(abc.encode()).hexdigest()
    return PieceVersion.objects.filter(takes__cue=candidate.request.cue_id, sha256=sha256).first()
