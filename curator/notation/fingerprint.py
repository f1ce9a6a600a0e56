"""A hash of what is heard: the same for two files of one piece however they are laid out."""

from curator.notation.likeness import print_of
from curator.notation.sounding import sounding


def fingerprint(musicxml: bytes) -> str:
    """SHA-256 over the tones of a score: onset, pitch and sounding length, with repeats written out.

    Spelling, layout, texts, bar lines, voices, staves, ties, divisions, and whether repeats are written as signs or
    out leave it unchanged. Raises NotationError for what is no score.
    """
    return print_of(sounding(musicxml))
