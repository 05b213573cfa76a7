"""From raw data to the prepared format."""
