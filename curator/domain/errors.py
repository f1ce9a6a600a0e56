"""Expected trouble."""


class DomainError(Exception):
    """Something the user can act on. Its text is one clear, translated sentence."""
