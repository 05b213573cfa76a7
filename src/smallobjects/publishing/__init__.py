"""Results that are whole, written by one process at a time, and known by their checksums."""

from smallobjects.publishing.whole import publish_directory, publish_file

__all__ = ["publish_directory", "publish_file"]
