"""The one exception of this package."""


class NotationError(ValueError):
    """A text is not the music it claims to be; the message is a plain sentence for a reader of scores."""
