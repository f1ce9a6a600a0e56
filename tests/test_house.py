"""The house keeps its arrows: training -> generation -> curator, the pure core apart, the web process light.

Imports inside functions, foreign keys, reverse names and migrations are walked too, which import-linter does not see.
"""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db.migrations.loader import MigrationLoader

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("curator", "generation", "training")  # from the ground up
PURE = (
    "curator.notation",
    "curator.rendering",
    "curator.film",
    "curator.preference",
    "curator.delivery",
    "generation.notagen",
    "generation.etudes",
    "generation.clamp",
    "training.recipes",
)
NOT_PURE = ("django", "celery", "kombu")
HEAVY = ("torch", "trl", "transformers", "datasets", "music21", "verovio")


def _sources(*folders: str) -> list[Path]:
    """Every Python file of these folders of the repository."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path) -> Iterator[str]:
    """The full name of everything that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _is_in(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _floor(app: str) -> int:
    return FLOORS.index(app) if app in FLOORS else -1


def test_every_room_is_there_to_be_walked():
    found = {_module(path) for path in _sources(*FLOORS)}
    assert [package for package in (*FLOORS, *PURE) if package not in found] == []


def test_no_file_imports_upward():
    wrong = [
        f"{_module(path)} imports {name}"
        for path in _sources(*FLOORS)
        for name in _imports(path)
        if _floor(name.split(".")[0]) > _floor(path.relative_to(ROOT).parts[0])
    ]
    assert wrong == []


def test_the_pure_core_imports_no_django_and_no_shell():
    shell = tuple(f for f in FLOORS)
    wrong = [
        f"{_module(path)} imports {name}"
        for path in _sources(*FLOORS)
        if _is_in(_module(path), PURE)
        for name in _imports(path)
        if _is_in(name, NOT_PURE) or (_is_in(name, shell) and not _is_in(name, PURE) and not _is_plain(name))
    ]
    assert wrong == []


def _is_plain(name: str) -> bool:
    """The bounded subprocess is the one module that pure packages share with the shell: it knows no Django."""
    return _is_in(name, ("curator.processes",))


def test_nothing_outside_tests_knows_them():
    """The tastes of scripted listeners stand in tests/: what trains may see their answers alone."""
    shipped = [*_sources(*FLOORS), ROOT / "run.py", ROOT / "manage.py"]
    wrong = [f"{path.name} imports {name}" for path in shipped for name in _imports(path) if _is_in(name, ("tests",))]
    assert wrong == []


def test_the_one_shared_module_is_plain_itself():
    names = list(_imports(ROOT / "curator" / "processes.py"))
    assert [name for name in names if _is_in(name, (*NOT_PURE, *FLOORS)) and not _is_plain(name)] == []


def test_foreign_keys_point_down_and_leave_no_name_upstairs():
    """A model below neither refers to one above nor can be asked for it by a reverse name."""
    wrong = []
    for model in apps.get_models():
        own = _floor(model._meta.app_label)
        if own < 0:
            continue
        for field in model._meta.get_fields(include_hidden=True):
            other = field.related_model
            if not isinstance(other, type) or _floor(other._meta.app_label) <= own:
                continue
            if not field.auto_created or not field.hidden:
                wrong.append(f"{model._meta.label}.{field.name} reaches {other._meta.label}")
    assert wrong == []


def test_the_walk_sees_foreign_keys_between_floors():
    """The test above would pass on nothing at all: relations from generation down to curator must be seen."""
    seen = {
        (model._meta.app_label, field.related_model._meta.app_label)
        for model in apps.get_models()
        for field in model._meta.get_fields(include_hidden=True)
        if isinstance(field.related_model, type) and not field.auto_created
    }
    assert {("generation", "curator"), ("training", "generation"), ("training", "curator")} <= seen


def test_migrations_depend_downward_only(settings):
    settings.MIGRATION_MODULES = {}  # those on the disk, also where the tests' database is made without them
    loader = MigrationLoader(None)
    wrong = [
        f"{app}.{name} depends on {needed[0]}.{needed[1]}"
        for (app, name), migration in loader.disk_migrations.items()
        if _floor(app) >= 0
        for needed in (*migration.dependencies, *((before[0], before[1]) for before in migration.run_before))
        if _floor(needed[0]) > _floor(app)
    ]
    assert wrong == []
    assert {app for app, _ in loader.disk_migrations} >= set(FLOORS)


def test_string_references_between_models_point_down():
    """`"training.Round"` in a field is an arrow too; the app registry resolves it, so the text is looked at."""
    wrong = []
    for path in _sources(*FLOORS):
        if "models" not in path.parts and path.name != "models.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                app = node.value.split(".")[0]
                named = node.value.count(".") == 1 and node.value.split(".")[1].isidentifier()
                if named and _floor(app) > _floor(path.relative_to(ROOT).parts[0]):
                    wrong.append(f"{_module(path)} names {node.value}")
    assert wrong == []


def test_every_init_file_is_empty():
    filled = [
        str(path.relative_to(ROOT))
        for path in _sources(*FLOORS, "tests")
        if path.name == "__init__.py" and path.read_bytes()
    ]
    assert filled == []


def test_no_module_is_a_drawer():
    drawers = {"utils", "util", "common", "helpers", "helper", "misc", "base_classes"}
    assert [_module(path) for path in _sources(*FLOORS, "tests") if path.stem in drawers] == []


def test_nobody_imports_relatively():
    wrong = [
        _module(path)
        for path in _sources(*FLOORS)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert wrong == []


# Dependencies that no file of ours imports, and who needs them.
NEEDED_BY_NAME = {
    "redis": "Celery's transport to Redis",
    "psycopg": "Django's PostgreSQL backend",
    "pywin32": "file locks of Celery's filesystem transport on Windows",
    "django_htmx": "an app and a middleware in the settings",
    "abctoolkit": "its scripts are run as subprocesses",
    "pyparsing": "imported by abctoolkit's abc2xml, which does not declare it",
    "musicxml": "its schema file is read from where it is installed",
    "pillow": "imported by the name PIL",
}

IMPORTED_AS = {"django_ninja": "ninja"}


def test_every_dependency_is_needed():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    names = {re.split(r"[^A-Za-z0-9-]", line, maxsplit=1)[0].replace("-", "_") for line in told}
    imported = {name.split(".")[0] for path in _sources(*FLOORS) for name in _imports(path)}
    assert {name for name in names if IMPORTED_AS.get(name, name) not in imported} == set(NEEDED_BY_NAME)


PAGES = (
    *("home", "film", "desk", "listen", "standings", "delivery", "library", "score", "workers", "components"),
    *("training", "training_new", "preferences", "film_standings", "wall"),
)
_SERVE = """
import json, sys
import django
django.setup()
from django.core.management import call_command
from django.test import Client
from django.test.utils import setup_test_environment
from django.urls import reverse
setup_test_environment()
call_command("migrate", verbosity=0)
import curator.asgi
from tests.curator.delivery_scene import lantern, lit_cue
from tests.factories import make_user
owner = make_user(role="owner")
cue = lit_cue(lantern(), owner)
piece = cue.takes.get().version.piece
places = {"film": [cue.film.slug], "delivery": [cue.film.slug], "score": [piece.public_id]}
places |= {name: [cue.film.slug, cue.number] for name in ("desk", "listen", "standings")}
places |= {name: [cue.film.slug] for name in ("film_standings", "wall")}
browser = Client()
answers = {"sign_in": browser.get("/sign-in/").status_code}
browser.force_login(owner)
for name in sys.argv[2].split(","):
    answers[name] = browser.get(reverse(name, args=places.get(name, [])), follow=True).status_code
answers["download"] = browser.post(reverse("deliver_film", args=[cue.film.slug])).status_code
print(json.dumps({"answers": answers, "heavy": sorted(set(sys.argv[1].split(",")) & set(sys.modules))}))
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> dict[str, object]:
    """What a web process of its own answered, and which heavy libraries it holds afterwards."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": str(ROOT),
        "CUEWRIGHT_TEST_DATABASE_URL": f"sqlite:///{tmp_path_factory.mktemp('served') / 'db.sqlite3'}",
    }
    done = subprocess.run(
        [sys.executable, "-c", _SERVE, ",".join(HEAVY), ",".join(PAGES)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_the_web_process_serves_pages_without_heavy_libraries(served):
    assert served == {"answers": dict.fromkeys(("sign_in", *PAGES, "download"), 200), "heavy": []}
