"""RIB: maps of a classifier that is fine-tuned on each image by itself."""
