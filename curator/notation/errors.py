"""What this package says to readers of scores: sentences that can be translated, and the exception that holds one."""


class Sentence(str):
    """A finished English sentence that remembers its pattern and values, so that it can be said in another language."""

    pattern: str
    values: dict[str, object]

    def __new__(cls, pattern: str, **values: object) -> "Sentence":
        """The sentence of a %-pattern with named values."""
        made = super().__new__(cls, pattern % values if values else pattern)
        made.pattern = pattern
        made.values = values
        return made


class NotationError(ValueError):
    """A text or file is not the music it claims to be; `sentence` says so in plain words."""

    def __init__(self, pattern: str, **values: object) -> None:
        self.sentence = pattern if isinstance(pattern, Sentence) else Sentence(pattern, **values)
        super().__init__(str(self.sentence))
