"""The files of a preference set: JSON lines as TRL reads them, with the columns that say where each row comes from.

Pairs have prompt, chosen and rejected; unpaired rows prompt, completion and label, as TRL's KTO reads them. The
prompt is all that the engine forced before the first bar (prompt lines and header), the same for both sides; what
it forced later is told by spans [start, end] of the completion.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from curator.models.ranking import Take
from generation.models.requests import Candidate, CandidateState
from training.models.sets import PreferencePair

TRAIN, HELD_OUT, UNPAIRED = "train.jsonl", "held_out.jsonl", "unpaired.jsonl"
FILES = (TRAIN, HELD_OUT, UNPAIRED)
"""The files of rows, in the order of the manifest."""


@dataclass(frozen=True)
class Text:
    """The text of a take as its model wrote it, parted where the model's own writing begins.

    opening: prompt lines and header, forced; written: the rest; forced: spans of `written` that the engine wrote.
    """

    opening: str
    written: str
    forced: tuple[tuple[int, int], ...]
    candidate: str
    checkpoint_sha256: str
    ids_sha256: str


def texts_of(*, takes: Iterable[Take]) -> dict[int, Text]:
    """The model's text of each take that a model here wrote, by the take's key, in one query.

    The same music written twice is one version, put up as one take: the first candidate's text stands for it.
    """
    takes = list(takes)
    rows = Candidate.objects.filter(
        version_id__in={take.version_id for take in takes}, state=CandidateState.WRITTEN
    ).order_by("-pk")
    by_version = {row.version_id: text for row in rows if (text := _text(row))}
    return {take.pk: by_version[take.version_id] for take in takes if take.version_id in by_version}


def compose(
    *, pairs: Sequence[PreferencePair], unpaired: Sequence[tuple[Take, list[str]]], texts: dict[int, Text]
) -> dict[str, bytes]:
    """The files by name, byte for byte the same for the same rows. Raises KeyError for a take without text."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in FILES}
    for pair in pairs:
        rows[HELD_OUT if pair.held_out else TRAIN].append(_paired(pair, texts[pair.chosen_id], texts[pair.rejected_id]))
    rows[UNPAIRED] = [_negative(take, judgements, texts[take.pk]) for take, judgements in unpaired]
    return {
        name: "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in lines).encode()
        for name, lines in rows.items()
    }


def _text(row: Candidate) -> Text | None:
    if not row.raw or not row.forced or row.forced[0][0] != 0:
        return None  # written before the engine told what it forced
    at = row.forced[0][1]
    return Text(
        opening=row.raw[:at],
        written=row.raw[at:],
        forced=tuple((start - at, end - at) for start, end in row.forced[1:]),
        candidate=row.public_id,
        checkpoint_sha256=row.checkpoint_sha256,
        ids_sha256=row.ids_sha256,
    )


def _paired(pair: PreferencePair, chosen: Text, rejected: Text) -> dict[str, Any]:
    return {
        "prompt": chosen.opening,
        "chosen": chosen.written,
        "rejected": rejected.written,
        "chosen_forced": [list(span) for span in chosen.forced],
        "rejected_forced": [list(span) for span in rejected.forced],
        "weight": pair.weight,
        "p_order": pair.p_order,
        "soft_label": pair.soft_label,
        "margin": pair.margin,
        "source": pair.source,
        **_place(pair.chosen),
        "chosen_take": pair.chosen.public_id,
        "rejected_take": pair.rejected.public_id,
        "chosen_candidate": chosen.candidate,
        "rejected_candidate": rejected.candidate,
        "chosen_checkpoint": chosen.checkpoint_sha256,
        "rejected_checkpoint": rejected.checkpoint_sha256,
        "chosen_ids": chosen.ids_sha256,
        "rejected_ids": rejected.ids_sha256,
        "judgements": pair.judgements,
    }


def _negative(take: Take, judgements: list[str], text: Text) -> dict[str, Any]:
    return {
        "prompt": text.opening,
        "completion": text.written,
        "label": False,
        "forced": [list(span) for span in text.forced],
        **_place(take),
        "take": take.public_id,
        "candidate": text.candidate,
        "checkpoint": text.checkpoint_sha256,
        "ids": text.ids_sha256,
        "judgements": judgements,
    }


def _place(take: Take) -> dict[str, str]:
    return {"film": take.cue.film.slug, "cue": take.cue.public_id, "number": take.cue.number}
