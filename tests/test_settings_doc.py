"""docs/settings.md lists every variable that the code reads, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READ = re.compile(r"""(?:environ(?:\.get\(|\[)|getenv\(|flag\(|names\(|number\()\s*["']([A-Z][A-Z0-9_]+)["']""")
NOT_OURS = {"DJANGO_SETTINGS_MODULE", "RANK", "WORLD_SIZE", "CUEWRIGHT_CORE"}  # of Django, torchrun, a rented machine


def test_every_variable_is_documented():
    sources = [
        ROOT / "run.py",
        *(path for app in ("curator", "generation", "training") for path in (ROOT / app).rglob("*.py")),
    ]
    read = {name for path in sources for name in READ.findall(path.read_text(encoding="utf-8"))} - NOT_OURS
    documented = set(
        re.findall(r"^\| `([A-Z0-9_]+)`", (ROOT / "docs" / "settings.md").read_text(encoding="utf-8"), re.M)
    )
    assert "CUEWRIGHT_DATA" in read
    assert documented == read
