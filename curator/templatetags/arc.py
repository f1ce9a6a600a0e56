"""The marks of the arc that come by the hundred, as SVG.

They are written here and not in components/arc.html: a template takes longer over each value than this over a whole
mark. What they look like says css/film.css; lengths across are percent, others pixels.
"""

from collections.abc import Iterable, Mapping, Sequence

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from curator.domain.arc import CueFacts
from curator.film.arc import CueDrawn, Tick
from curator.film.tiles import Tiles
from curator.templatetags.look import clock

register = template.Library()

Cues = Sequence[tuple[CueDrawn, CueFacts, Mapping[str, str]]]
"""Each cue as it is drawn, its facts, and where it leads; without a desk page its block is no link."""


@register.simple_tag
def cue_lights(cues: Cues) -> SafeString:
    """The light of each cue on the curve."""
    return _joined(
        f'<svg x="{drawn.light_x}%" y="{drawn.light_y}" overflow="visible" aria-hidden="true">'
        f'<use href="#l-{facts.cue.state}" x="-14" y="-14" width="28" height="28"/></svg>'
        for drawn, facts, _links in cues
    )


@register.simple_tag
def cue_blocks(cues: Cues) -> SafeString:
    """The block of each cue with its hits: number, title, plan, light.

    The left edge is its stage, the foot its state, dashed while nothing was written yet.
    """
    return _joined(f"{_block(*cue)}\n" for cue in cues)


@register.simple_tag
def still_images(tiles: Tiles, stills_url: str) -> SafeString:
    """The stills of the strip's shots. stills_url: where they lie, ending before "<sha256>.webp"."""
    folder = escape(stills_url)
    return _joined(
        f'<image href="{folder}{escape(tile.still)}.webp" x="{tile.x}" width="{tile.width}" height="58"'
        ' preserveAspectRatio="xMidYMid slice"/>'
        for tile in tiles.tiles
        if tile.still
    )


@register.simple_tag
def tile_marks(tiles: Tiles) -> SafeString:
    """The places of the strip's shots with their codes and names."""
    parts = []
    for tile in tiles.tiles:
        if tile.code and not tile.still:
            code = f'<text class="tx" x="8" y="24">{escape(tile.code)}</text>'
            parts.append(f'<svg x="{tile.x}" overflow="visible">{code}</svg>')
        title = f"<title>{escape(tile.label)}</title>"
        parts.append(f'<rect class="tile" x="{tile.x}" width="{tile.width}" height="58">{title}</rect>')
    return _joined(parts)


@register.simple_tag
def ruler_ticks(ticks: Sequence[Tick]) -> SafeString:
    """The strokes of the ruler and their labels; the first one begins at its stroke."""
    parts = []
    for place, tick in enumerate(ticks):
        mark = f'<path class="ax2" d="M0 0v{4 if tick.seconds is None else 7}"/>'
        if tick.seconds is not None:
            mark += f'<text class="tx{" mid" if place else ""}" y="23">{clock(tick.seconds)}</text>'
        parts.append(f'<svg x="{tick.x}%" overflow="visible">{mark}</svg>')
    return _joined(parts)


def _joined(parts: Iterable[str]) -> SafeString:
    return mark_safe("".join(parts))  # noqa: S308 (numbers, names of ours, and texts that were escaped above)


def _block(drawn: CueDrawn, facts: CueFacts, links: Mapping[str, str]) -> str:
    cue = facts.cue
    number, name, plan = escape(cue.number), escape(f"{cue.number} {cue.title}"), escape(drawn.plan)
    inside = [
        '<rect class="blk" width="100%" height="100%" rx="6"/>'
        f'<rect class="st-f" x="1" y="8" width="3" height="{drawn.edge}" rx="1.5"/>'
        f'<rect class="foot" x="5" y="{int(drawn.height) - 5}" height="2.5" rx="1.2"/>'
    ]
    if drawn.shows_number:
        inside.append(f'<text class="cno" x="15" y="23">{number} </text>')
    if drawn.shows_light:
        light = f'<use href="#l-{cue.state}" x="-28" width="18" height="18"/>'
        inside.append(f'<svg x="100%" y="9" overflow="visible">{light}</svg>')
    inside += [f'<text class="cti" x="15" y="{y}">{escape(line)} </text>' for y, line in drawn.lines]
    if plan:
        inside.append(f'<text class="tx" x="15" y="{drawn.plan_y}">{plan} </text>')
    marks = "".join(inside)
    if links["desk"]:
        label = f"{name} {plan}, {escape(links['state'])}"
        marks = f'<a href="{escape(links["desk"])}" data-row aria-label="{label}">{marks}</a>'
    return (
        f'<svg class="cue s{cue.stage.colour if cue.stage else 0} {cue.state}{" tight" if drawn.tight else ""}"'
        f' x="{drawn.x}%" y="{drawn.y}" width="{drawn.width}%" height="{drawn.height}" overflow="visible"'
        f' data-cue="{number}" data-in="{cue.in_frame}" data-out="{cue.out_frame}"'
        f' data-move="{escape(links["move_border"])}"><title>{name}</title>{marks}</svg>'
    ) + "".join(
        f'<svg x="{hit.x}%" y="{hit.y}" overflow="visible"><path class="hit{"" if hit.hard else " soft"}"'
        f' d="M-4.5 0h9L0 7z"><title>{escape(hit.label)}</title></path></svg>'
        for hit in drawn.hits
    )
