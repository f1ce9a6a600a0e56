"""Fails when an installed package has a licence that .ci/licences.toml does not list, or a credit is missing."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Print every offence; returns 1 when there is one."""
    rules = tomllib.loads((ROOT / ".ci" / "licences.toml").read_text(encoding="utf-8"))
    offences = [*_python_packages(rules), *_npm_packages(rules), *_credits(rules), *_imports(rules)]
    for offence in offences:
        sys.stderr.write(f"{offence}\n")
    if not offences:
        sys.stdout.write("licences: every package is listed\n")
    return 1 if offences else 0


def _python_packages(rules: dict[str, Any]) -> Iterator[str]:
    command = [sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed"]
    packages = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    if len(packages) < 20:
        yield "pip-licenses lists almost nothing: is this the Python of .venv?"
    allowed = set(rules["allowed"])
    for package in packages:
        listed = rules["packages"].get(package["Name"])
        if listed:
            if listed["licence"] != package["License"]:
                yield f"{package['Name']}: licence changed to {package['License']}"
            continue
        parts = re.split(r" AND |; ", package["License"])
        if not all(allowed.intersection([part, *part.split(" OR ")]) for part in parts):
            yield f"{package['Name']} {package['Version']}: {package['License']} is not listed"


def _npm_packages(rules: dict[str, Any]) -> Iterator[str]:
    for path in sorted((ROOT / "node_modules").glob("@*/*/package.json")) + sorted(
        (ROOT / "node_modules").glob("[!@.]*/package.json")
    ):
        package = json.loads(path.read_text(encoding="utf-8"))
        if package.get("license") not in rules["allowed"]:
            yield f"npm {package['name']}: {package.get('license')} is not listed"


def _credits(rules: dict[str, Any]) -> Iterator[str]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, entry in rules["credits"].items():
        if entry["credit"] not in readme or entry["content"] not in readme:
            yield f"README.md does not credit {entry['credit']} ({entry['content']}) for {name}"


def _imports(rules: dict[str, Any]) -> Iterator[str]:
    banned = set(rules["only_as_subprocess"]["modules"])
    for folder in ("curator", "generation", "training"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                if {name.split(".")[0] for name in names} & banned:
                    yield f"{path.relative_to(ROOT)}: {names} may only run as a subprocess"


if __name__ == "__main__":
    sys.exit(main())
