"""Ten solos in fifteen keys, by build_dataset and by abctoolkit's functions, in this one process.

`python -m tests.bench.dataset_process SCORE…` with CUEWRIGHT_DATA set to an empty folder; one JSON line.
"""

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory


def main(scores: list[str]) -> int:
    """Import the scores, then build and write the set on both ways."""
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "curator.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from curator.domain.library import About, import_score
    from curator.models.library import PieceVersion
    from curator.notation.prepare import standard_of
    from curator.notation.transpose import KEYS
    from tests.bench.notagen_reference import prepare_by_reference
    from training.domain.choosing import Choice
    from training.domain.datasets import build_set, export_set
    from training.recipes.data import Transposition

    for score in scores:
        import_score(name=Path(score).name, data=Path(score).read_bytes(), about=About(composer="Satie, Erik"))
    prepare_by_reference("K:C\nL:1/8\nV:1\nV:1\nC|\n", ["C"])  # loads the toolkit before the clock runs
    with TemporaryDirectory() as folder:
        out, theirs = Path(folder, "ours"), Path(folder, "theirs")
        began = time.perf_counter()
        row = build_set(choice=Choice(transposition=Transposition.ALL)).training_set
        export_set(training_set=row, out=out)
        ours = time.perf_counter() - began
        texts = dict(PieceVersion.objects.values_list("public_id", "abc"))
        pieces = [
            (facts["name"], standard_of("".join(f"{line}\n" for line in facts["prompt"]) + texts[facts["version"]]))
            for facts in row.manifest["pieces"]
        ]
        began = time.perf_counter()
        for key in KEYS:
            (theirs / "augmented" / key).mkdir(parents=True)
        (theirs / "interleaved").mkdir()
        for name, standard in pieces:
            _key, interleaved, keys = prepare_by_reference(standard, list(KEYS))
            (theirs / "interleaved" / f"{name}.abc").write_text(interleaved)
            for key, text in keys.items():
                (theirs / "augmented" / key / f"{name}_{key}.abc").write_text(text)
        reference = time.perf_counter() - began
        files = [path.relative_to(theirs) for path in theirs.rglob("*.abc")]
        equal = sum((out / path).read_bytes() == (theirs / path).read_bytes() for path in files)
        same = equal if len(files) == len(list(out.rglob("*.abc"))) else 0
    sys.stdout.write(json.dumps({"ours": ours, "reference": reference, "files": len(files), "equal": same}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
