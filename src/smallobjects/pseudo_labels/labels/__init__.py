"""Label maps: their files, their sources, how good they are, and what is recorded of them."""
