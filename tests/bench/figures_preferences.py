"""The figures of preference sets and of the forecast of votes (issue 5)."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.bench.figure import Figure
from tests.e2e.installation import Installation

COMMAND = "python -m tests.bench.figures preferences"


def preferences() -> Iterator[Figure]:
    """From judgements in a database to files: how many pairs, and how many of them are right."""
    with tempfile.TemporaryDirectory(prefix="cuewright-figures-") as folder:
        installation = Installation(Path(folder))
        installation.manage("migrate", "-v0")
        for aim, words in ((None, "looking for the winner"), ("teach", "teaching the model")):
            slug = f"bench-{aim}".lower()
            script = f"from tests.bench.preferences import judge_film; judge_film(5, slug={slug!r}, aim={aim!r})"
            installation.manage("shell", "-v0", "-c", script)
            for threshold in (0.8, 0.9):
                out = Path(folder) / f"{slug}-{threshold}"
                said = installation.manage_json(
                    "build_preferences", "--film", slug, "--out", str(out), f"--threshold={threshold}"
                )
                right = _right(installation, out)
                title = f"six cues of 60 votes, one held out, {words}: training pairs at P(order) >= {threshold}"
                yield Figure(
                    5, title, said["pairs"], ">= 150", said["pairs"] >= 150, COMMAND,
                    note=f"16 takes a cue, sigma 1, 5 % slips, through the database and the command; {said['answers']} "
                    f"votes to learn from, {said['held_out']} couples held out; {right:.3f} of the pairs are right, "
                    f"{said['expected_correct']:.3f} was stated",
                )  # fmt: skip


def _right(installation: Installation, out: Path) -> float:
    """The share of training pairs whose order is the true one."""
    takes = installation.rows("select public_id, cohort from curator_take")
    truth = {take: float(strength) for take, strength in takes}
    rows = [json.loads(line) for line in (out / "train.jsonl").read_text("utf-8").splitlines()]
    return float(np.mean([truth[row["chosen_take"]] > truth[row["rejected_take"]] for row in rows]))


def forecast() -> Iterator[Figure]:
    """How far the forecast of votes still needed is off, against the policy and stop rule as shipped."""
    from curator.preference.raters import fit_raters
    from curator.preference.stop import certainty, votes_needed
    from tests.bench.ranking import simulate

    for sigma, votes in ((2.0, 130), (1.0, 180)):
        runs = simulate(aim="winner", clips=16, sigma=sigma, votes=votes, runs=40, stop=True, seed=9)
        ratios = []
        for at in (10, 20, 30, 45):
            for said, sure in zip(runs.votes, runs.sure, strict=True):
                now = certainty(fit_raters(16, said[:at]).posterior)
                if not now.sure and not 0 <= sure <= at:
                    left = (votes if sure < 0 else sure) - at
                    ratios.append(votes_needed(now, clips=16, votes=at) / left)
        share = float(np.mean([0.5 <= ratio <= 2.0 for ratio in ratios]))
        low, middle, high = np.percentile(ratios, [25, 50, 75])
        yield Figure(
            5, f"votes still needed, sigma {sigma:g}: share of forecasts within a factor of two", round(share, 2),
            "reported (half)", share >= 0.5, "python -m tests.bench.figures forecast",
            note=f"16 clips, 40 runs, after 10, 20, 30 and 45 votes; said / true quartiles {low:.2f}, {middle:.2f}, "
            f"{high:.2f}; unsure runs count as sure at the end",
        )  # fmt: skip
