"""What may stand in a log."""

import logging
import re

_LINK = re.compile(r"/sign-in/[^/\s\"']+")


class WithoutSecrets(logging.Filter):
    """Takes the token out of the address of a sign-in link: after an error the link still works."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, its message finished and without tokens."""
        message = record.getMessage()
        if "/sign-in/" in message:
            record.msg, record.args = _LINK.sub("/sign-in/***", message), None
        return True
