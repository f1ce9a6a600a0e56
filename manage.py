#!/usr/bin/env python
"""Django's command line for Cuewright."""

import io
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "curator.settings")
    for stream in (sys.stdout, sys.stderr):
        # Redirected output on Windows would be in a code page without musical signs.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, OperationalError, ProgrammingError) as error:
        if "--traceback" in sys.argv:
            raise
        reason = " ".join(str(error).split())
        if not isinstance(error, ImproperlyConfigured):
            reason = f"The database does not do its part ({reason}). `python manage.py doctor` says what is missing."
        sys.exit(reason)
