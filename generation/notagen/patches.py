"""Text to patches of 16 ids and back, as NotaGen was trained on it."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

PAD, BOS, EOS = 0, 1, 2
SIZE = 16
BOS_PATCH: tuple[int, ...] = (BOS,) * (SIZE - 1) + (EOS,)
EOS_PATCH: tuple[int, ...] = (BOS,) + (EOS,) * (SIZE - 1)

# Order matters: the longer barlines first.
_DELIMITER = re.compile(r"(\|:|::|:\||\[\||\|\||\|\]|\|)")

Patch = tuple[int, ...]


def chunk(text: str, *, close: bool = True) -> list[Patch]:
    """Patches of one header line or one bar: slices of 16 ids, the last closed by an end id and zeros.

    With close=False the last slice stays short and without an end id, so that a model can go on inside it.
    """
    ids = text.encode("ascii")
    if close and len(ids) % SIZE:
        ids += bytes((EOS,))
    slices = [tuple(ids[i : i + SIZE]) for i in range(0, len(ids), SIZE)]
    if close:
        return [patch + (PAD,) * (SIZE - len(patch)) for patch in slices]
    return slices


def bars(line: str) -> list[str]:
    """The pieces of one interleaved line: each barline is glued to the text on its right.

    A last piece without a voice (the closing barline and line end) joins the piece before it.
    """
    parts = [part for part in _DELIMITER.split(line) if part]
    if not parts:
        return []
    glued: list[str] = []
    if not _DELIMITER.fullmatch(parts[0]):
        glued.append(parts.pop(0))
    # The reference drops the whole rest of the piece when the pairing runs off the end; we keep the odd tail.
    glued += ["".join(parts[i : i + 2]) for i in range(0, len(parts), 2)]
    if len(glued) > 1 and "V" not in glued[-1]:
        tail = glued.pop()
        glued[-1] += tail
    return glued


@dataclass(frozen=True)
class Lines:
    """A piece cut into header lines and body lines, each with its line end."""

    header: tuple[str, ...]
    body: tuple[str, ...]


def split_lines(text: str) -> Lines:
    """Header and body of a piece without empty lines; the body starts at the first voice or line marker."""
    lines = [line + "\n" for line in text.split("\n") if line]
    start = next((i for i, line in enumerate(lines) if "[V:" in line or line.startswith("[r:")), len(lines))
    return Lines(header=tuple(lines[:start]), body=tuple(lines[start:]))


def mark_lines(body: Sequence[str]) -> list[str]:
    """Body lines with the marker `[r:i/left]`: bars before this one and bars after it."""
    last = len(body) - 1
    return [line if line.startswith("[r:") else f"[r:{i}/{last - i}]{line}" for i, line in enumerate(body)]


def encode_training(text: str, *, patch_length: int, cut: Random | None = None) -> list[Patch]:
    """Patches of a whole piece for training: begin patch, header, marked body lines, end patch.

    A piece longer than patch_length is cut at a line: its head, its tail or a middle part, drawn with `cut`
    (without it the head); the header is always kept. Raises UnicodeEncodeError for text that is not ASCII.
    """
    lines = split_lines(text)
    marked = mark_lines(lines.body)
    header = [BOS_PATCH, *(patch for line in lines.header for patch in chunk(line))]
    body = [patch for line in marked for patch in _chunk_line(line)]
    patches = [*header, *body, EOS_PATCH]
    if len(patches) <= patch_length:
        return patches
    return _cut(header, marked, surplus=len(patches) - patch_length, draw=cut)[:patch_length]


def training_length(text: str) -> int:
    """How many patches `encode_training` makes of a piece that is not cut."""
    lines = split_lines(text)
    pieces = [*lines.header, *(piece for line in mark_lines(lines.body) for piece in bars(line))]
    return 2 + sum(-(-len(piece) // SIZE) for piece in pieces)


def encode_complete(text: str) -> list[Patch]:
    """Begin patch and the patches of complete lines, header or body, as a context to go on from."""
    lines = split_lines(text)
    header = [patch for line in lines.header for patch in chunk(line)]
    return [BOS_PATCH, *header, *(patch for line in lines.body for patch in _chunk_line(line))]


def encode_generation(text: str, *, patch_length: int) -> list[Patch]:
    """Patches from which a model goes on: the last bar gets no end id and may leave a short last patch."""
    lines = split_lines(text)
    body = list(lines.body)
    if body and not text.endswith("\n"):
        body[-1] = body[-1][:-1]
    pieces = [piece for line in body for piece in bars(line)]
    patches = [BOS_PATCH, *(patch for line in lines.header for patch in chunk(line))]
    for i, piece in enumerate(pieces):
        patches += chunk(piece, close=i < len(pieces) - 1)
    return patches[:patch_length]


def window(text: str, *, kept: int | None = None) -> tuple[str, int] | None:
    """The part of a long piece that stays in the context: its header and its last `kept` body lines.

    Without `kept` it is half of the body lines, and a piece goes on with the number of its first window. A
    line end at the end of the text counts as one more (empty) line, as in the reference. Returns the text
    and the number, or None where there is no body line to drop.
    """
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.startswith(("[r:", "[V:"))), len(lines))
    if first >= len(lines) - 1:
        return None
    header, body = lines[:first], lines[first:]
    if kept is None:
        kept = len(body) // 2
    return "\n".join([*header, *body[len(body) - kept :]]), kept


def decode(patches: Sequence[Sequence[int]]) -> str:
    """Text of patches: each is read up to its first end id."""
    return "".join(decode_patch(patch) for patch in patches)


def decode_patch(patch: Sequence[int]) -> str:
    """Text of one patch up to its first end id."""
    kept: list[str] = []
    for code in patch:
        if code == EOS:
            break
        kept.append(chr(code))
    return "".join(kept)


def _chunk_line(line: str) -> list[Patch]:
    return [patch for piece in bars(line) for patch in chunk(piece)]


def _cut(header: list[Patch], body: list[str], *, surplus: int, draw: Random | None) -> list[Patch]:
    """A part of a piece that is too long by `surplus` patches, from the start of some line on."""
    by_line = [_chunk_line(line) for line in body]
    starts = [0]
    for line in by_line:
        starts.append(starts[-1] + len(line))
    starts = starts[: bisect_left(starts, surplus) + 1]
    last = len(starts) - 1
    choices = ("head", "tail", "middle")[: min(len(starts), 3)]
    kind = draw.choice(choices) if draw else "head"
    if kind == "head":
        first = 0
    elif kind == "tail":
        first = last
    else:
        first = draw.choice(range(1, last)) if draw else 0
    return [*header, *(patch for line in by_line[first:] for patch in line), EOS_PATCH]
