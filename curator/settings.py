"""Django settings. Every value a user may change comes from the environment; docs/settings.md lists all."""

import os
import secrets
from pathlib import Path
from typing import Any

import dj_database_url

from curator.environment import ROOT, flag, load_env_file, names, number, whole_number

load_env_file()

DATA = Path(os.environ.get("CUEWRIGHT_DATA", ROOT / "data" / "var")).resolve()
DEBUG = flag("CUEWRIGHT_DEBUG", default=False)
PORT = whole_number("CUEWRIGHT_PORT", 8000)

# Without a key of its own a process makes one up: sessions and links then end with it (a system check says so).
SECRET_KEY_IS_EPHEMERAL = not os.environ.get("CUEWRIGHT_SECRET_KEY")
SECRET_KEY = os.environ.get("CUEWRIGHT_SECRET_KEY") or secrets.token_urlsafe(48)
ALLOWED_HOSTS = names("CUEWRIGHT_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = names("CUEWRIGHT_ORIGINS", "")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "curator.apps.CuratorConfig",
    "generation.apps.GenerationConfig",
    "training.apps.TrainingConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "curator.middleware.ContentSecurityPolicyMiddleware",
    "curator.middleware.FullDiskMiddleware",
    "curator.middleware.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "curator.urls"
ASGI_APPLICATION = "curator.asgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "curator.shell.context",
            ],
        },
    },
]

SQLITE_OPTIONS: dict[str, Any] = {
    # Measured: with WAL and IMMEDIATE, three writing processes for 20 s met no "database is locked".
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=20000;"
        "PRAGMA mmap_size=134217728;PRAGMA journal_size_limit=27103364;PRAGMA cache_size=2000;"
    ),
}
# Not by way of a URL: the folder's name may hold what means something there.
DATABASES: dict[str, Any] = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA / "cuewright.sqlite3"}}
if database_url := os.environ.get("DATABASE_URL"):
    DATABASES["default"] = dj_database_url.parse(database_url, conn_max_age=0)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "curator.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 60
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
# Browsers share the cookies of localhost between all ports: a second installation would end the first one's sessions.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"cuewright_session_{PORT}", f"cuewright_csrf_{PORT}"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = flag("CUEWRIGHT_HTTPS", default=False)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# media-src and img-src need blob: for audio that the page has fetched and decoded itself.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["curator.formats"]
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
TIME_ZONE = os.environ.get("CUEWRIGHT_TIME_ZONE", "Europe/Berlin")
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA / "static"
NODE_MODULES = ROOT / "node_modules"
# (prefix, folder): third-party files come from npm and pip at set-up, never into git.
STATICFILES_DIRS: list[Any] = [
    ROOT / "static",
    ("vendor/newsreader", NODE_MODULES / "@fontsource-variable" / "newsreader"),
    ("vendor/instrument-sans", NODE_MODULES / "@fontsource-variable" / "instrument-sans"),
    ("vendor/leland", NODE_MODULES / "@vexflow-fonts" / "leland"),
]
WHITENOISE_USE_FINDERS = DEBUG
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "curator.storage.WholeFileStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
S3_STORAGE: dict[str, Any] = {
    "BACKEND": "storages.backends.s3.S3Storage",
    "OPTIONS": {
        "bucket_name": os.environ.get("CUEWRIGHT_S3_BUCKET"),
        "endpoint_url": os.environ.get("CUEWRIGHT_S3_ENDPOINT"),
        "default_acl": None,
        "querystring_auth": True,
        "max_memory_size": 64 * 1024 * 1024,  # what is larger, such as weights, waits on the disk
    },
}
if os.environ.get("CUEWRIGHT_S3_BUCKET"):
    STORAGES["default"] = S3_STORAGE
MEDIA_ROOT = Path(os.environ.get("CUEWRIGHT_MEDIA") or DATA / "media").resolve()
# Whether workers on other machines see the storage: then weights travel over it too.
STORAGE_IS_SHARED = bool(os.environ.get("CUEWRIGHT_S3_BUCKET") or os.environ.get("CUEWRIGHT_MEDIA"))
WEIGHTS = DATA / "weights"
RUNS = DATA / "runs"
PIANO_SAMPLES = NODE_MODULES / "@audio-samples" / "piano-velocity8"

# An upload larger than this is refused before it is read.
MAX_UPLOAD_MB = whole_number("CUEWRIGHT_MAX_UPLOAD_MB", 20)
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_UPLOAD_MB * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 1000  # a folder of scores; together they are bounded by curator.uploads
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "curator.uploads.BoundedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# Seconds of each side that must be heard before a judgement counts (at most 40 % of the clip).
MIN_LISTEN_SECONDS = number("CUEWRIGHT_MIN_LISTEN", 8)

# Jobs: a lease that is not renewed for LEASE seconds is free for another worker.
JOB_LEASE_SECONDS = number("CUEWRIGHT_LEASE", 30, least=0.1)
JOB_SWEEP_SECONDS = number("CUEWRIGHT_SWEEP", 5, least=0.1)
# A queued job that no worker has taken after this long is sent again (its message may be lost).
JOB_RESEND_SECONDS = number("CUEWRIGHT_RESEND", 30, least=0.1)
MODEL_IDLE_SECONDS = 300.0
# Takes that a worker writes side by side; fewer need less memory of the GPU.
WRITE_BESIDE = max(1, whole_number("CUEWRIGHT_BESIDE", 8))
# Training: seconds between two states that a killed run is taken up from.
ROUND_SAVE_SECONDS = number("CUEWRIGHT_SAVE_EVERY", 120)

# Rented machines. Without a key the pages say how to get one.
RUNPOD_API_KEY = os.environ.get("RUNPOD_API_KEY", "").strip()
RUNPOD_URL = os.environ.get("CUEWRIGHT_RUNPOD_URL") or "https://api.runpod.io"
RENT_IMAGE = os.environ.get("CUEWRIGHT_RENT_IMAGE") or "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404"
RENT_CLOUD = os.environ.get("CUEWRIGHT_RENT_CLOUD") or "SECURE"
RENT_BUCKET = os.environ.get("CUEWRIGHT_RENT_S3_BUCKET") or os.environ.get("CUEWRIGHT_S3_BUCKET", "")
RENT_ENDPOINT = os.environ.get("CUEWRIGHT_RENT_S3_ENDPOINT") or os.environ.get("CUEWRIGHT_S3_ENDPOINT", "")
RENT_FOLDER = os.environ.get("CUEWRIGHT_RENT_FOLDER", "")
RENT_MONTH_EUR = number("CUEWRIGHT_RENT_MONTH_EUR", 20)
# Where a rented machine reaches this app; it does without where it cannot.
PUBLIC_URL = os.environ.get("CUEWRIGHT_PUBLIC_URL", "").rstrip("/")
EUR_PER_USD = number("CUEWRIGHT_EUR_PER_USD", 0.9, least=0.01)

BROKER_URL = os.environ.get("BROKER_URL") or "filesystem://localhost//"

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"without_secrets": {"()": "curator.logs.WithoutSecrets"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["without_secrets"]},
    },
    "root": {"handlers": ["console"], "level": os.environ.get("CUEWRIGHT_LOG", "INFO")},
    # One line a refused request is enough; Django's default would mail admins.
    "loggers": {"django.request": {"level": "ERROR"}, "httpx": {"level": "WARNING"}},
}
