"""What goes wrong in a review."""


class CurationError(ValueError):
    """A review that cannot go on; the message names the file, the value and the remedy."""


class RefusedVerdictError(CurationError):
    """A verdict that contradicts what is known: another of its name, or boxes beside the image."""


class FullDiskError(CurationError):
    """The disk has no room for a verdict; those that were confirmed are intact."""
