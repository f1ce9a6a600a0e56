"""Keep the German catalogues in step with the sources."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from curator import catalogs


class Command(BaseCommand):
    """Merge new texts into the catalogues, or check them, or compile them."""

    help = "Without options: take every text of the sources into the German catalogues (new ones wait for words)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do instead of merging."""
        parser.add_argument("--check", action="store_true", help="fail on missing, untranslated, fuzzy, obsolete texts")
        parser.add_argument("--compile", action="store_true", help="write the .mo files that Django reads")
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Merge, check or compile."""
        if options["check"]:
            problems = [line for app in catalogs.APPS for line in catalogs.check(app).lines()]
            if options["json"]:
                self.stdout.write(json.dumps({"problems": problems}, ensure_ascii=False))
            else:
                self.stdout.write("\n".join(problems) or "Every text has its translation.")
            if problems:
                raise CommandError(f"{len(problems)} texts need care: python manage.py messages, then the .po files.")
        elif options["compile"]:
            count = catalogs.compile_all()
            if options["json"]:
                self.stdout.write(json.dumps({"compiled": count}))
            elif options["verbosity"]:
                self.stdout.write(f"{count} texts compiled.")
        else:
            counts = {app: catalogs.merge(app) for app in catalogs.APPS}
            if options["json"]:
                self.stdout.write(json.dumps({app: {"texts": n, "waiting": w} for app, (n, w) in counts.items()}))
            else:
                for app, (texts, waiting) in counts.items():
                    self.stdout.write(f"{app}: {texts} texts, {waiting} without translation.")
