"""The registry of checkpoints: the tree, a card for each, files in and out."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import aget_object_or_404, get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curator.domain.errors import DomainError
from curator.views.access import SignedInRequest, owner, the_owner
from curator.views.media import send_file
from generation.domain.checkpoints import Prompts, in_use, weights_path
from generation.domain.handing_out import open_work, reference_path, request_import, request_reference
from generation.domain.prompts import stages_of, styles_of
from generation.models.checkpoints import Checkpoint
from training.domain.gate import Verdict, read_gate
from training.domain.lineage import Node, delete_checkpoint, keeps, lineage, takes_of
from training.domain.promotions import DECIDABLE, read_in_use, read_promotions
from training.forms import WeightsForm
from training.models.rounds import Round
from training.views.gate_drawing import Line, draw_gate
from training.views.rounds import NAMES

SHOWN_STYLES = 12


@require_http_methods(["GET", "HEAD", "POST"])
@owner
def checkpoints(request: SignedInRequest) -> HttpResponse:
    """The tree and the form that imports; POST imports."""
    posted = request.method == "POST"
    form = WeightsForm(request.POST, request.FILES) if posted else WeightsForm()
    if posted and form.is_valid():
        said = form.cleaned_data
        try:
            request_import(
                name=said["name"],
                upload=said["file"],
                path=said["path"],
                header=said["header"],
                prompts=Prompts(said["prompts"]),
                created_by=request.user,
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The file is being read."))
            return redirect("checkpoints")
    nodes = lineage()
    context = {
        "nodes": nodes,
        "matched": _matched(nodes),
        "form": form,
        "work": open_work(),
        "asked": posted,
        "used": read_in_use(),
        "promotions": read_promotions(),
    }
    if request.headers.get("HX-Target") == "lineage":
        return render(request, "training/lineage.html", context)
    return render(request, "training/checkpoints.html", context, status=400 if posted else 200)


@require_safe
@owner
def checkpoint(request: HttpRequest, public_id: str) -> HttpResponse:
    """The card of one checkpoint."""
    return render(request, "training/checkpoint.html", _card(_row(public_id)))


@require_safe
async def weights(request: HttpRequest, public_id: str, ending: str) -> HttpResponseBase:
    """The weights as a file: .safetensors as they lie here, .pth once a worker has written it."""
    await the_owner(request)
    row = await aget_object_or_404(Checkpoint, public_id=public_id)
    paths = {"safetensors": weights_path, "pth": reference_path}
    if ending not in paths:
        raise Http404
    path = paths[ending](row)
    name = "".join(sign if sign.isalnum() else "-" for sign in row.name.lower() if sign.isascii())
    return await send_file(path, name=f"{name or 'checkpoint'}-{row.sha256[:8]}{path.suffix}")


@require_POST
@owner
def prepare(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Have the reference's .pth written."""
    try:
        request_reference(checkpoint=_row(public_id), created_by=request.user)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The file is being written."))
    return redirect("checkpoint", public_id)


@require_POST
@owner
def delete(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a checkpoint that nothing rests on out of the registry."""
    row = _row(public_id)
    try:
        delete_checkpoint(checkpoint=row)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("checkpoint", public_id)
    messages.success(request, _("%(name)s is deleted.") % {"name": row.name})
    return redirect("checkpoints")


def _matched(nodes: Iterable[Node]) -> bool:
    """Whether one of the tree was heard against its parent."""
    return any(node.won or _matched(node.children) for node in nodes)


def _row(public_id: str) -> Checkpoint:
    return get_object_or_404(Checkpoint.objects.select_related("parent"), public_id=public_id)


def _card(row: Checkpoint) -> dict[str, Any]:
    styles = styles_of(row)
    training = row.meta.get("training") or {}
    made_by = Round.objects.select_related("base", "result").filter(public_id=row.made_by).first()
    exports = [job for job in open_work() if job.arguments.get("checkpoint") == row.pk]
    return {
        "row": row,
        "millions": row.sizes.get("parameters", 0) / 1e6,
        "megabytes": row.size / 1e6,
        "styles": styles[:SHOWN_STYLES],
        "more_styles": max(len(styles) - SHOWN_STYLES, 0),
        "stages": stages_of(row),
        "round": made_by,
        "children": list(row.children.all()),
        "used": in_use(list(Checkpoint.objects.all())) == row,
        "settings": [(name, value) for name, value in sorted(training.items()) if not name.startswith("eval_")],
        "measured": _measured(row, training),
        "lines": _lines(made_by),
        "data_sha256": row.meta.get("data_sha256", ""),
        "takes": takes_of(row),
        "keeps": keeps(row),
        "here": weights_path(row).is_file(),
        "reference": reference_path(row).is_file(),
        "writing": any(job.is_open for job in exports),
        "broken": next((job.error for job in exports if not job.is_open), ""),
    }


def _measured(row: Checkpoint, training: dict[str, Any]) -> list[tuple[str, float]]:
    """What was measured at the end of training, in words."""
    found = {**training, **(row.meta.get("measured") or {})}
    return [
        (str(label), found[f"eval_{name}"]) for name, label in NAMES.items() if found.get(f"eval_{name}") is not None
    ]


def _lines(made_by: Round | None) -> list[Line]:
    """What the gate of its round knows beyond that."""
    if made_by is None or made_by.result is None or made_by.state not in DECIDABLE:
        return []
    lines = draw_gate(read_gate(row=made_by), made_by)
    return [line for line in lines if line.verdict != Verdict.MISSING and line.name not in NAMES]
