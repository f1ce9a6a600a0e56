"""Text to the word pieces that XLM-R reads, from a folder that holds its tokenizer.json."""

from pathlib import Path

from tokenizers import Tokenizer

SEPARATOR = "</s>"
FILE = "tokenizer.json"


class NoTokenizer(Exception):
    """There is no usable tokenizer; the message is one sentence that says what to do."""


class Words:
    """The tokenizer of a folder. Raises NoTokenizer."""

    def __init__(self, folder: Path) -> None:
        file = folder / FILE
        if not file.is_file():
            raise NoTokenizer(
                f"The text side needs {FILE} of xlm-roberta-base in {folder}: docs/runbooks/clamp.md tells how."
            )
        try:
            self._tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:
            raise NoTokenizer(f"The {FILE} in {folder} cannot be read.") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def ids(self, text: str) -> list[int]:
        """Ids of a text: each different line once, in their order, with the separator between them and both ends."""
        lines = dict.fromkeys(line for line in text.split("\n") if line)
        return list(self._tokenizer.encode(SEPARATOR.join(lines)).ids)
