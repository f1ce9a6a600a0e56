import gc
import subprocess
import sys

CODE = """
import gc, sys
import tests.settings, os
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import curator.asgi
print(gc.get_freeze_count() > 100_000, "curator.views.films" in sys.modules, "torch" in sys.modules)
"""


def test_the_server_has_its_pages_loaded_and_keeps_them_from_the_garbage_collector():
    assert gc.get_freeze_count() == 0  # not here: only where pages are served
    said = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["True", "True", "False"]
