"""A method of your own: its files, written so that they work, to be filled with what it does."""
