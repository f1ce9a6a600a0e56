#!/usr/bin/env python3
"""Sets Cuewright up and runs it: `python run.py`. Standard library only; Linux, macOS and Windows.

    python run.py              set up what is missing, then serve at http://localhost:8000
    python run.py worker       set up, then work for an installation on another machine (docs/runbooks/gpu-worker.md)
    python run.py COMMAND      one of the commands below, after set-up with the developers' tools

TORCH_INDEX names a package index for torch where the plain package is the wrong one, for example
https://download.pytorch.org/whl/cpu (CPU only) or https://download.pytorch.org/whl/cu130 (NVIDIA).
"""

import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

BUCKETS = ("CUEWRIGHT_S3_BUCKET", "CUEWRIGHT_RENT_S3_BUCKET")

# Each command is a list of argument lists for the Python of .venv, run in order until one fails.
COMMANDS: dict[str, list[list[str]]] = {
    "test": [["manage.py", "messages", "--compile"], ["-m", "pytest", "-n", "2"]],
    "check": [
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "mypy", "."],
        ["-c", "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"],
        [".ci/licences.py"],
        ["manage.py", "messages", "--check"],
        ["manage.py", "makemigrations", "--check", "--dry-run"],
    ],
    "licences": [[".ci/licences.py"]],
    "e2e": [["manage.py", "messages", "--compile"], ["-m", "pytest", "-m", "e2e", "tests/e2e"]],
    "kill": [["-m", "pytest", "-m", "kill", "tests/e2e", "tests/training"]],
    # The engines that CUEWRIGHT_TEST_DATABASE_URL and CUEWRIGHT_TEST_BROKER_URL name (PostgreSQL and Redis).
    "services": [
        ["manage.py", "messages", "--compile"],
        [
            "-m",
            "pytest",
            "tests/curator/test_jobs.py",
            "tests/curator/test_full_disk.py",
            "tests/curator/domain",
            "tests/curator/views",
            "tests/generation",
        ],
        ["-m", "pytest", "-m", "services", "tests/e2e"],
    ],
    "bench": [["-m", "tests.bench.run"]],
    "figures": [["-m", "tests.bench.figures"]],
    "demo-checkpoint": [["-m", "training.recipes.demo"]],
    "demo-encoder": [["-m", "training.recipes.demo_encoder"]],
    "demo-round": [["-m", "tests.demo_round"]],
    "pod-smoke": [["-m", "tests.runpod.smoke"]],
    "worker": [["manage.py", "join"]],
    "set-up": [],
}


def main() -> int:
    """Set up, then serve or run the named command. Returns the exit status."""
    if sys.version_info < (3, 11):  # noqa: UP036 (this file may be started by any Python)
        print(f"Cuewright needs Python 3.11 or newer; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 1
    command = sys.argv[1] if len(sys.argv) > 1 else "serve"
    if command not in (*COMMANDS, "serve"):
        print(f"Unknown command {command!r}. There are: {', '.join((*COMMANDS, 'serve'))}.", file=sys.stderr)
        return 1
    try:
        set_up(developer=command not in ("serve", "worker", "set-up"))
    except subprocess.CalledProcessError as error:
        print(f"Set-up stopped: {' '.join(map(str, error.cmd))} ended with status {error.returncode}.", file=sys.stderr)
        return 1
    if command == "serve":
        return call(["manage.py", "serve"])
    for arguments in COMMANDS[command]:
        status = call(arguments + (sys.argv[2:] if len(COMMANDS[command]) == 1 or arguments[1:2] == ["pytest"] else []))
        if status:
            return status
    return 0


def set_up(*, developer: bool) -> None:
    """Make .venv, install Python and npm packages, write a secret key into .env. Does only what is missing."""
    if not PYTHON.exists():
        say("Making .venv")
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    project = (ROOT / "pyproject.toml").read_bytes()
    stamp = VENV / f"set-up-{'developer' if developer else 'user'}"
    bucket = names_a_bucket()
    wanted = hashlib.sha256(project).hexdigest() + (" s3" if bucket else "")
    if not stamp.exists() or stamp.read_text() != wanted:
        install_python_packages(wanted_packages(project.decode(), developer=developer, bucket=bucket))
        stamp.write_text(wanted)
    install_npm_packages()
    write_secret_key()


def names_a_bucket() -> bool:
    """Whether the environment or .env names a bucket that files travel over."""
    path = ROOT / ".env"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return any(os.environ.get(name) or any(line.startswith(f"{name}=") for line in lines) for name in BUCKETS)


def wanted_packages(project: str, *, developer: bool, bucket: bool) -> list[str]:
    """What pip is to install, by the text of pyproject.toml."""
    import tomllib  # Python 3.11: checked in main before this is reached

    table = tomllib.loads(project)
    packages: list[str] = table["project"]["dependencies"]
    if developer:
        packages = packages + table["dependency-groups"]["dev"]
    if bucket:
        packages = packages + table["project"]["optional-dependencies"]["s3"]
    return packages


def install_python_packages(packages: list[str]) -> None:
    """torch first and exactly, then the rest, so that nothing else chooses another torch."""
    torch = [package for package in packages if package.startswith("torch==")]
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    say("Installing torch (the largest part; minutes on a slow line)")
    index = ["--index-url", os.environ["TORCH_INDEX"]] if os.environ.get("TORCH_INDEX") else []
    subprocess.run([*pip, *index, *torch], check=True)
    say("Installing Python packages")
    subprocess.run([*pip, *packages], check=True)


def install_npm_packages() -> None:
    """Fonts and piano samples. Without Node the app still runs, without them; it says so."""
    lock = (ROOT / "package-lock.json").read_bytes()
    stamp = ROOT / "node_modules" / ".set-up"
    wanted = hashlib.sha256(lock).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    npm = shutil.which("npm")
    if npm is None:
        say("npm is missing: install Node.js 20 or newer and start again to get fonts and piano sound.")
        return
    say("Installing npm packages")
    subprocess.run([npm, "ci", "--no-fund", "--no-audit", "--silent"], cwd=ROOT, check=True)
    stamp.write_text(wanted)


def write_secret_key() -> None:
    """Sessions outlive a restart: a key of this installation's own, in .env, which git ignores."""
    path = ROOT / ".env"
    known = path.read_text(encoding="utf-8") if path.exists() else ""
    if "CUEWRIGHT_SECRET_KEY" in known or "CUEWRIGHT_SECRET_KEY" in os.environ:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write(
            ("\n" if known and not known.endswith("\n") else "") + f"CUEWRIGHT_SECRET_KEY={secrets.token_urlsafe(48)}\n"
        )
    path.chmod(0o600)  # the file may have been there before, readable by all


def call(arguments: list[str]) -> int:
    """Run the Python of .venv and wait; a request to stop this process goes on to it."""
    process = subprocess.Popen([str(PYTHON), *arguments], cwd=ROOT)

    def pass_on(_number: int, _frame: object) -> None:
        process.terminate()

    signal.signal(signal.SIGTERM, pass_on)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            time.sleep(0.1)  # the child got Ctrl-C too and is ending everything it started


def say(sentence: str) -> None:
    """One line of progress."""
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
