"""What goes wrong on the way from a server to a folder."""


class FetchError(RuntimeError):
    """A file cannot be fetched, checked or unpacked; the message says which, why and what helps."""


class AddressError(Exception):
    """One address does not give the file; another may."""


class InterruptedTransferError(AddressError):
    """The transfer stopped on its way; the same address may give the rest."""
