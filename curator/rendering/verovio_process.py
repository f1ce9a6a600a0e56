"""Entry point of the engraving subprocess: one JSON object on stdin, one on stdout, then the process ends.

Verovio runs here and nowhere else: some valid scores kill the whole interpreter (SIGSEGV, SIGABRT, SIGFPE).
The file is started by path under `python -I`, so it imports nothing of the project.

In:  {"musicxml": str, "page_widths": [int, ...], "page_height": int, "bars": [first, last]}, in Verovio units.
     `bars` (from 1) become the incipit, one system; [] is the whole score. Without page widths nothing else is drawn.
Out: {"layouts": [[svg, ...], ...], "incipit": svg, "timemap": [...], "midi": base64}, or {"error": "..."}.
"""

import json
import sys
from typing import Any

import verovio

# Scale in percent: the five lines of a staff are 32 px high.
SCALE = 45

OPTIONS: dict[str, Any] = {
    "adjustPageHeight": True,
    "breaks": "auto",
    "font": "Leland",
    "footer": "none",
    "header": "none",
    "pageMarginBottom": 20,
    "pageMarginLeft": 20,
    "pageMarginRight": 20,
    "pageMarginTop": 20,
    # Brackets: a pedal in every bar would else be a row of ornaments heavier than the music above it.
    "pedalStyle": "line",
    "scale": SCALE,
    # A little wider than Verovio's own 0.25 and 0.6: four to six bars of a waltz on a line.
    "spacingLinear": 0.27,
    "spacingNonLinear": 0.62,
    "spacingSystem": 8,  # twice Verovio's own: pedal and slurs of two systems keep apart
    "smuflTextFont": "none",  # the page brings Leland itself
    "svgFormatRaw": True,
    "svgRemoveXlink": True,
    "svgViewBox": True,
    # The same ids at every load and every page width. One seed for all: an id says nothing about the piece.
    "xmlIdSeed": 1,
}

# One system as wide as the music.
ENDLESS: dict[str, Any] = {"adjustPageWidth": True, "breaks": "none", "pageWidth": 60000}


def draw(request: dict[str, Any]) -> dict[str, Any]:
    """Draw and time one score; see the module's text for both objects."""
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setInputFrom("musicxml")
    if not request["page_widths"]:
        toolkit.setOptions({**OPTIONS, **ENDLESS})
        if not toolkit.loadData(request["musicxml"]):
            return {"error": "unreadable"}
        return {"incipit": _some_bars(toolkit, request["bars"])}
    layouts: list[list[str]] = []
    for width in request["page_widths"]:
        toolkit.setOptions({**OPTIONS, "pageWidth": width, "pageHeight": request["page_height"]})
        if layouts:
            toolkit.redoLayout()
        elif not toolkit.loadData(request["musicxml"]):
            return {"error": "unreadable"}
        layouts.append([toolkit.renderToSVG(page) for page in range(1, toolkit.getPageCount() + 1)])

    timemap = toolkit.renderToTimemap({"includeMeasures": True})
    notated: dict[str, str] = {}

    def written(sounding: str) -> str:
        # The second time through a repeat ids end in -rend2 and are in no SVG; Verovio knows the written ones.
        if "-rend" not in sounding:
            return sounding
        if sounding not in notated:
            notated[sounding] = toolkit.getNotatedIdForElement(sounding) or sounding
        return notated[sounding]

    for event in timemap:
        for key in ("on", "off"):
            event[key] = [written(sounding) for sounding in event.get(key, ())]
        if "measureOn" in event:
            event["measureOn"] = written(event["measureOn"])
    midi = toolkit.renderToMIDI()

    toolkit.setOptions(ENDLESS)
    incipit = _some_bars(toolkit, request["bars"])
    return {"layouts": layouts, "incipit": incipit, "timemap": timemap, "midi": midi}


def _some_bars(toolkit: Any, bars: list[int]) -> str:
    """The first to the last of these bars (none: all) in one system."""
    if bars:
        toolkit.select({"measureRange": f"{bars[0]}-{bars[1]}"})
        toolkit.redoLayout()
    return str(toolkit.renderToSVG(1))


if __name__ == "__main__":
    answer = draw(json.loads(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(json.dumps(answer).encode())
