"""What goes wrong with raw data."""


class DatasetError(ValueError):
    """Raw data that cannot be used; the message names the file, the value and the remedy."""


class UnfitImageError(DatasetError):
    """An image that is whole, but that stages would read differently or not train on."""
