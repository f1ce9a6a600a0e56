"""Shows one round from takes to a model that writes closer to a listener's taste: `make demo-round`.

The listener is a script (tests/demo_round/listeners.py); everything else is the product's own way, in an installation
of its own. A round that broke off goes on where it was.
"""

import argparse
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run or go on with a round and tell what came of it."""
    options = _options()
    folder = options.folder.resolve()
    home = folder / f"{options.listener}-{options.seed}"
    home.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "curator.settings",
        "CUEWRIGHT_DATA": str(home),
        "DATABASE_URL": "",
        "BROKER_URL": "",
        "OMP_NUM_THREADS": "1",
    }
    from tests.demo_round.processes import set_up

    set_up()
    from tests.demo_round.listeners import LISTENERS
    from tests.demo_round.showing import Show, show

    found = show(
        Show(
            home=home,
            parent=folder / f"parent-{LISTENERS[options.listener].film.replace(' ', '-')}-{options.seed}",
            listener=options.listener,
            seed=options.seed,
            each=options.each,
            alone=options.alone,
            processes=options.processes,
        ),
        say=(lambda _text: None) if options.json else _say,
    )
    if options.json:
        print(json.dumps(found))
    return 0


def _options() -> argparse.Namespace:
    from tests.demo_round.listeners import LISTENERS

    words = "; ".join(f"{one.name}: {one.words}" for one in LISTENERS.values())
    parser = argparse.ArgumentParser(
        prog="make demo-round", description="One round of learning from a scripted listener, on the demo model."
    )
    parser.add_argument("--listener", choices=list(LISTENERS), default="sparse-low", help=words)
    parser.add_argument("--seed", type=int, default=1, help="another seed, other takes and answers")
    parser.add_argument("--folder", type=Path, default=ROOT / "data" / "var" / "demo-round")
    parser.add_argument("--each", type=int, default=16, help="fresh takes of each cue and model")
    parser.add_argument("--alone", type=int, default=0, help="pieces that each model writes without guard")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1), help="that write takes at once")
    parser.add_argument("--json", action="store_true", help="say nothing but one line of JSON at the end")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
