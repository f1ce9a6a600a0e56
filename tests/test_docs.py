"""What the documents name is there: files, links, decisions, commands."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.test_house import FLOORS

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(
    path
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("data/**/*.md"))
    if "var" not in path.relative_to(ROOT).parts and "set-up" not in path.relative_to(ROOT).parts
)
ROOMS = re.compile(r"`((?:curator|generation|training|templates|static|tests|docs|data|\.ci)/[\w./-]*)`")


def test_the_documents_are_found():
    assert {"README.md", "CONTRIBUTING.md", "architecture.md"} <= {path.name for path in DOCUMENTS}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_links_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    missing = [link for link in links if link and not (path.parent / link).exists()]
    missing += [name for name in ROOMS.findall(text) if name != "data/var" and not (ROOT / name).exists()]
    assert missing == []


def test_the_architecture_names_every_package():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    of_an_app = {"models", "domain", "views", "management", "migrations", "templatetags", "locale"}
    packages = {f"{app}/{path.parent.name}/" for app in FLOORS for path in (ROOT / app).glob("*/__init__.py")}
    named = set(ROOMS.findall(text))
    assert {name for name in packages if name.split("/")[1] not in of_an_app} <= named


def test_every_decision_is_listed():
    folder = ROOT / "docs" / "decisions"
    written = {path.name for path in folder.glob("0*.md")}
    listed = re.findall(r"\]\((0[^)]+)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert written == set(listed)
    assert listed == sorted(listed)


def test_commands_in_the_documents_exist():
    ours = set(get_commands())
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\n", " ")
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r"manage\.py (\w+)", text)) <= ours, path
        targets = re.findall(r"^    make ([\w-]+)", text, re.MULTILINE)
        assert [target for target in targets if f" {target} " not in makefile] == [], path


def test_every_command_of_the_makefile_is_one_of_run():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [targets] = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    source = (ROOT / "run.py").read_text(encoding="utf-8")
    assert [target for target in targets.split() if f'    "{target}": [' not in source] == ["run"]
