"""What goes wrong with raw data."""


class DatasetError(ValueError):
    """Raw data that cannot be used; the message names the file, the value and the remedy."""
