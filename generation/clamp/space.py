"""What a vector belongs to: the text that was read, and the version of the way from there. Loads no torch."""

import hashlib
import re

PIPELINE = "1"
"""Changes whenever the same text and weights would give another vector; stands beside every vector that is kept."""

# Titles, composers and words would be read as music; the authors' own preparation takes them out too.
_WORDS = re.compile(r"^(?:[XTCWwZ]:|%%MIDI)[^\n]*\n?", re.MULTILINE)


def music_text(abc: str) -> str:
    """What the encoder reads of a stored piece: interleaved ABC without number, names, words and MIDI remarks."""
    return _WORDS.sub("", abc)


def content_key(text: str) -> str:
    """The name of a text by its content."""
    return hashlib.sha256(text.encode()).hexdigest()
