"""The grid on which class activation maps and edges live: one cell per 4×4 pixels."""

STRIDE = 4


def strided_size(height: int, width: int) -> tuple[int, int]:
    """Return ceil(height / 4) and ceil(width / 4), the size of a map of an image."""
    return -(-height // STRIDE), -(-width // STRIDE)
