"""Class activation maps: the classifier that they come from, their files, and how good they are."""
