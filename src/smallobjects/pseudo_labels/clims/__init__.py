"""What CLIMS adds to IRN's chain: a scorer of images and texts, and a training by its scores."""
