"""The figures of preference sets and of the forecast of votes (issue 5)."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.e2e.installation import Installation

if TYPE_CHECKING:
    from tests.bench.figures import Figure

COMMAND = "python -m tests.bench.figures preferences"


def preferences() -> Iterator["Figure"]:
    """From judgements in a database to files: how many pairs, and how many of them are right."""
    from tests.bench.figures import Figure  # here, for that module imports this one

    with tempfile.TemporaryDirectory(prefix="cuewright-figures-") as folder:
        installation = Installation(Path(folder))
        installation.manage("migrate", "-v0")
        script = "from tests.bench.preferences import judge_film; print(judge_film(5))"
        slug = installation.manage("shell", "-v0", "-c", script).split()[-1]
        for name, words, goal in (
            ("as the house proposes", (), 150),
            ("P(order) >= 0.9", ("--source=posterior", "--threshold=0.9"), 150),
        ):
            out = Path(folder) / name.replace(" ", "-")
            said = installation.manage_json("build_preferences", "--film", slug, "--out", str(out), *words)
            truth = dict(installation.rows("select public_id, cohort from curator_take"))
            rows = [json.loads(line) for line in (out / "train.jsonl").read_text("utf-8").splitlines()]
            right = [float(truth[row["chosen_take"]]) > float(truth[row["rejected_take"]]) for row in rows]
            expected = said["expected_correct"]
            note = (
                f"16 takes a cue, sigma 1, 5 % slips, pairs handed out by the app; {said['answers']} votes, "
                f"{said['source']}; {said['held_out']} couples held out; "
                f"right {np.mean(right):.3f}, expected {expected:.3f}"
            )
            title = f"six cues of 60 votes, one held out: training pairs, {name}"
            yield Figure(5, title, said["pairs"], f">= {goal}", said["pairs"] >= goal, COMMAND, note=note)
        yield Figure(
            5, "the same: share of pairs at P >= 0.9 that are right", round(float(np.mean(right)), 3), ">= 0.90",
            float(np.mean(right)) >= 0.9, COMMAND, note=f"stated {expected:.3f}",
        )  # fmt: skip


def forecast() -> Iterator["Figure"]:
    """How far the forecast of votes still needed is off, against the policy and stop rule as shipped."""
    from curator.preference.raters import fit_raters
    from curator.preference.stop import certainty, votes_needed
    from tests.bench.figures import Figure
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
