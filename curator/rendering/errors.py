"""What rendering can refuse: every message is a sentence for the person who asked."""


class RenderingError(Exception):
    """The score cannot be shown or sounded; the message is one sentence."""


class EngravingError(RenderingError):
    """Verovio cannot draw the score, or it ended, overran its time or its memory on it."""


class SoundError(RenderingError):
    """The music cannot be sounded: nothing sounds, too long, or the piano samples are missing."""
