"""The grid on which class activation maps and edges live: one cell per 4×4 pixels."""

STRIDE = 4


def strided_size(height: int, width: int, stride: int = STRIDE) -> tuple[int, int]:
    """Return ceil(height / stride) and ceil(width / stride), the size of a map of an image."""
    return -(-height // stride), -(-width // stride)
