"""What is wrong with the content of a file."""


class ContentError(OSError):
    """A file's content is damaged, incomplete or of another kind; the message says in what way.

    An OSError, as what the operating system and Pillow raise for files that cannot be read.
    """
