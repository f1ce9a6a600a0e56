"""The example of the breakdown's format, a script and an edit list of it, and what tests look for in what was read."""

import re
from pathlib import Path

from curator.film.storyboard import Storyboard

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "film"
EXAMPLE = (GOLDEN / "laterne.md").read_text("utf-8")
SCRIPT = (GOLDEN / "laterne_script.md").read_text("utf-8")
EDL = (GOLDEN / "laterne.edl").read_text("utf-8")


def everything_in(board: Storyboard) -> str:
    """All text that was kept or told of a file, in one string."""
    texts = [board.title, *board.stages, *(str(remark.sentence) for remark in board.remarks)]
    for name, value in board.fields.items():
        texts += [name, *([value] if isinstance(value, str) else value)]
    for marker in board.markers:
        texts += [marker.colour, marker.label]
    for scene in board.scenes:
        texts += [f"{scene.number}", scene.slug_line, *map(str, scene.speeches)]
        texts += [part for field in scene.fields.items() for part in field]
        for shot in scene.shots:
            texts += [shot.code, shot.description, shot.dialogue, shot.clip]
            texts += [part for field in shot.fields.items() for part in field]
    return "\n".join(texts)


def words(text: str) -> set[str]:
    """The words of a text with at least three letters, as they are written."""
    return set(re.findall(r"[^\W\d_]{3,}", text))


def lost(board: Storyboard, lines: list[str], known: set[str]) -> list[str]:
    """The lines of which a word, not one of the format's own `known`, is nowhere and which no remark names."""
    told = {remark.line for remark in board.remarks}
    kept = words(everything_in(board)) | known
    return [line for number, line in enumerate(lines, start=1) if number not in told and not words(line) <= kept]
