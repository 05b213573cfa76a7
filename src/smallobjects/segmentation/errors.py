"""What goes wrong with a training or a prediction."""


class SegmentationError(ValueError):
    """Input that cannot be used; the message names the file, the value and the remedy."""
