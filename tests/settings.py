"""The settings of a test run: those of the project over a throw-away data folder, never an installation's own."""

import atexit
import os
import shutil
import tempfile

_folder = tempfile.mkdtemp(prefix="cuewright-test-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["CUEWRIGHT_DATA"] = _folder
os.environ["CUEWRIGHT_SECRET_KEY"] = "only-for-tests"
for _name in ("DATABASE_URL", "BROKER_URL"):
    # .ci/run tests other engines through CUEWRIGHT_TEST_DATABASE_URL and CUEWRIGHT_TEST_BROKER_URL.
    os.environ[_name] = os.environ.get(f"CUEWRIGHT_TEST_{_name}", "")

from curator.settings import *  # noqa: E402, F403 (after the environment is set)

STATIC_ROOT.mkdir(parents=True)  # noqa: F405 (all come from the settings above)
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405 (as above)
# A pool's idle connections would keep the test database from being dropped.
DATABASES["default"].get("OPTIONS", {}).pop("pool", None)  # noqa: F405 (as above)
