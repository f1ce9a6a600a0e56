"""The reference's preparation of training files, step by step by the functions of abctoolkit (spec notagen d.2).

For comparison in tests and measurements only: one piece after another, in one process.
"""

import io
import re
from contextlib import redirect_stdout
from typing import Any

BARLINES_IN_TEXTS = re.compile(r'"[^"]*"')


def prepare_by_reference(standard: str, keys: list[str]) -> tuple[str, str, dict[str, str]]:
    """Key, interleaved text and the text in each of `keys`. Whatever the toolkit raises means: no such piece."""
    from abctoolkit import check, convert, rotate, transpose, utils  # here: a developers' tool, and slow to load

    lines = [line for line in standard.splitlines(keepends=True) if line.strip()]
    lines = convert.unidecode_abc_lines(lines)
    lines = utils.remove_information_field(lines, ["X:", "T:", "C:", "W:", "w:", "Z:", "%%MIDI"])
    lines = utils.remove_bar_no_annotations(lines)
    lines = [line if re.match(r"[A-Za-z]:|%", line) else line.replace('\\"', "") for line in lines]
    lines = [_without_barlines(line, utils.Barlines) for line in lines]
    with redirect_stdout(io.StringIO()):
        _barlines, same_number, _lengths = check.check_alignment_unrotated(lines)
    if not same_number:
        raise ValueError("the voices differ in bars")
    lines = [_short(line) for line in lines]
    header, _parts = utils.extract_metadata_and_parts(lines)
    fields, _voices = utils.extract_global_and_local_metadata(header)
    key = "C" if fields["K"][0] == "none" else fields["K"][0]
    interleaved = "".join(rotate.rotate_abc(lines))
    return (
        key,
        interleaved,
        {target: _reduced(transpose.transpose_an_abc_text(lines, target), utils) for target in keys},
    )


def _without_barlines(line: str, barlines: list[str]) -> str:
    for quoted in BARLINES_IN_TEXTS.findall(line):
        for barline in barlines:
            if barline in quoted:
                line = line.replace(quoted, "")
    return line


def _short(line: str) -> str:
    for quoted in BARLINES_IN_TEXTS.findall(line):
        if quoted == '""':
            line = line.replace(quoted, "")
        if quoted[1] in ("^", "_"):
            short = re.sub(r"([^a-zA-Z0-9])\1+", r"\1", quoted)
            line = line.replace(quoted, short if len(short) <= 40 else "")
    return line


def _reduced(text: str, utils: Any) -> str:
    """The lines of a standard text bar by bar, without voices that rest."""
    lines = [line + "\n" for line in text.split("\n") if line]
    header, prefixes, lefts, bars, rights = utils.extract_barline_and_bartext_dict(lines)
    for place in range(len(bars["V:1"])):
        line = ""
        for voice, prefix in prefixes.items():
            bar = bars[voice][place]
            if any(sign.isalpha() and sign not in "ZzXx" for sign in bar):
                before = prefix + lefts[voice][0] if place == 0 else ""
                line += f"[{voice}]{before}{bar}{rights[voice][place]}"
        header.append(line + "\n")
    return "".join(header)
