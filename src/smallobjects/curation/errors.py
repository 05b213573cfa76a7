"""What goes wrong in a review."""


class CurationError(ValueError):
    """A review that cannot go on; the message names the file, the value and the remedy."""
