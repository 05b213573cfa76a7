"""What ends a label stage early."""

from smallobjects.errors import BadInputError

__all__ = ["BadInputError"]
