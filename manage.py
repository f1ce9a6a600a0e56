#!/usr/bin/env python
"""Django's command line for Cuewright."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "curator.settings")
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, OperationalError, ProgrammingError) as error:
        if "--traceback" in sys.argv:
            raise
        reason = " ".join(str(error).split())
        if not isinstance(error, ImproperlyConfigured):
            reason = f"The database does not do its part ({reason}). `python manage.py doctor` says what is missing."
        sys.exit(reason)
