"""What ends a label stage early."""

from smallobjects.errors import BadInputError

__all__ = ["BadInputError", "TerminatedError"]


class TerminatedError(RuntimeError):
    """A training was asked to end, and has saved the state to go on from."""
