"""What ends a label stage early."""


class BadInputError(ValueError):
    """An input is wrong; the message names the file, the value and the remedy.

    The command line prints it as one line, without a traceback.
    """


class TerminatedError(RuntimeError):
    """A training was asked to end, and has saved the state to go on from."""
