"""What ends a label stage early, wherever it is found."""


class BadInputError(ValueError):
    """An input is wrong; the message names the file, the value and the remedy.

    The command line prints it as one line, without a traceback.
    """
