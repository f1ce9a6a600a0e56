"""What the training files are measured by: equal to the reference's, and how long they take beside it.

`python -m tests.bench.dataset`: one JSON line, which tests/bench/figures.py turns into figures.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from tests.shared import SATIE

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "notagen" / "preprocess"
PIECES = ("p1_simple", "p3_tuplets_grace", "p5_trio_minor")
OTHER_INPUTS = 3000

# What is put into texts at random places.
_INSERTED = (
    *(
        "|",
        "||",
        "|:",
        ":|",
        "|]",
        "[|",
        "::",
        "1",
        "2.",
        '"',
        "!",
        "[",
        "]",
        "\n",
        " ",
        "z4",
        "x8",
        ">",
        "<",
        "-",
        ",",
    ),
    *("[K:D]", "[K:Cmin]", "[M:3/4]", '"^Vivace | x"', '"^......"', '""', '"_a--b"', '"C#m"', '"Gb7"', "%12", "w: la"),
    *("\nV:2\n", "\nV:1\n", "(3", "(5", "(3:2:2", "[CE2]", "{a}", "é", "“x”", "K:F\n", "'", "^", "_", "=", '\\"', "/"),
)


def _goldens() -> tuple[int, int]:
    from curator.notation.errors import NotationError
    from curator.notation.prepare import prepare

    found: list[bool] = []
    for name in PIECES:
        piece = prepare((GOLDEN / "abc_standard" / f"{name}.abc").read_text())
        found.append(piece.interleaved == (GOLDEN / "interleaved" / f"{name}.abc").read_text())
        keys = json.loads((GOLDEN / f"augmented_{name}.json").read_text())
        found += [piece.in_key(key) == text for key, text in keys.items()]
    for case in json.loads((GOLDEN / "edge_cases.json").read_text()).values():
        try:
            found.append(prepare(case["input"]).in_key("C") == case.get("aug_C"))
        except NotationError:
            found.append(not case["ok"])
    for case in json.loads((GOLDEN / "prompt_header_cases.json").read_text()).values():
        piece = prepare(case["header"] + (GOLDEN / "abc_standard" / "p1_simple.abc").read_text())
        found += [piece.interleaved == case["interleaved"], piece.in_key("D") == case["aug_D"]]
    return sum(found), len(found)


def _other_inputs() -> tuple[int, int]:
    """How many changed texts come out the same on both ways, and how many both refuse."""
    from curator.notation.errors import NotationError
    from curator.notation.prepare import prepare
    from curator.notation.transpose import KEYS
    from tests.bench.notagen_reference import prepare_by_reference

    texts = [(GOLDEN / "abc_standard" / f"{name}.abc").read_text() for name in PIECES]
    texts += [case["input"] for case in json.loads((GOLDEN / "edge_cases.json").read_text()).values()]
    draw = Random(4)
    same = refused = 0
    for _ in range(OTHER_INPUTS):
        text = draw.choice(texts)
        for _ in range(draw.choice((0, 1, 1, 2, 3, 6))):
            place = draw.randrange(len(text) + 1)
            if draw.random() < 0.65:
                text = text[:place] + draw.choice(_INSERTED) + text[place:]
            else:
                text = text[:place] + text[place + draw.randint(1, 4) :]
        keys = draw.sample(KEYS, 3)
        theirs: Any
        try:
            theirs = prepare_by_reference(text, keys)
        except Exception:  # noqa: BLE001 (whatever it raises, the reference drops the piece)
            theirs = None
        try:
            piece = prepare(text)
            ours = (piece.key, piece.interleaved, {key: piece.in_key(key) for key in keys})
        except NotationError:
            ours = None
        same += ours == theirs
        refused += theirs is None
    return same, refused


def _letters() -> tuple[int, int]:
    """How many letters of Europe are read as by Unidecode."""
    from unidecode import unidecode

    from curator.notation.letters import plain_letters

    codes = [*range(0xA0, 0x13F), *range(0x141, 0x180), *range(0x391, 0x3CF), *range(0x401, 0x460)]
    # not given away; one accent with two dots; two Macedonian letters without their accent
    letters = [chr(code) for code in codes if code not in (0x3A2, 0x40D, 0x450, 0x45D)]
    return sum(plain_letters(letter) == unidecode(letter) for letter in letters), len(letters)


def _solos() -> dict[str, Any] | None:
    """Seconds of both ways for ten solos in fifteen keys; None where the scores are not there."""
    scores = sorted(SATIE.glob("mutopia_*.musicxml"))
    if len(scores) != 10:
        return None
    with tempfile.TemporaryDirectory(prefix="cuewright-figures-") as folder:
        environment = {**os.environ, "CUEWRIGHT_DATA": folder, "CUEWRIGHT_SECRET_KEY": "figures"}
        arguments = [sys.executable, "-W", "ignore", "-m", "tests.bench.dataset_process", *map(str, scores)]
        done = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    goldens, others = _goldens(), _other_inputs()
    answer = {"goldens": goldens, "others": [others[0], OTHER_INPUTS, others[1]], "letters": _letters()}
    sys.stdout.write(json.dumps({**answer, "solos": _solos()}) + "\n")
