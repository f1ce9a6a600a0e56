"""The code that a rented machine needs: the modules that its two programs import, and nothing else of this house."""

import ast
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from curator.environment import ROOT

PROGRAMS = ("training.recipes.pod", "training.recipes.run")
HOUSE = ("curator", "generation", "training")
PACKAGES = ("transformers", "trl", "datasets", "accelerate", "safetensors", "numpy")
"""What the recipes import besides torch, which the machine's image brings along."""

FETCH = (
    "import io,os,sys,urllib.request as r,zipfile as z;"
    "z.ZipFile(io.BytesIO(r.urlopen(os.environ['CUEWRIGHT_CORE'],timeout=60).read())).extractall(sys.argv[1])"
)
START = (
    'home="${CUEWRIGHT_HOME:-/cuewright}"; for try in 1 2 3 4 5; do '
    f'python3 -c "{FETCH}" "$home/core" && mkdir -p "$home/run" && cd "$home/run" && '
    'PYTHONPATH="$home/core" exec python3 -m training.recipes.pod; sleep 20; done; '
    'runpodctl pod delete "$RUNPOD_POD_ID" || runpodctl remove pod "$RUNPOD_POD_ID"; sleep 86400'
)
"""What the container does: fetches our code, then runs it. Where that cannot be had it ends its machine; a container
that exits would only be started again."""


def write_core(target: Path) -> None:
    """Write the zip file; the same code gives the same bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(core_files()):
            name = path.relative_to(ROOT).as_posix()
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), path.read_bytes())


def requirements() -> tuple[str, ...]:
    """The packages of this machine that a run needs, each at exactly the version that is used here."""
    return tuple(f"{name}=={version(name)}" for name in PACKAGES)


def core_files() -> set[Path]:
    """Every module that the programs import, and the __init__ files on the way."""
    found: set[Path] = set()
    waiting = list(PROGRAMS)
    while waiting:
        path = _file(waiting.pop())
        if path is None or path in found:
            continue
        found.add(path)
        waiting += _imports(path)
        folder = path.parent
        while folder != ROOT:
            found.add(folder / "__init__.py")
            folder = folder.parent
    return found


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in HOUSE)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in HOUSE:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    if path.is_dir():
        return path / "__init__.py"
    return path.with_suffix(".py") if path.with_suffix(".py").is_file() else None
