"""A backbone a file: `build(weights)` returns it, with pretrained weights if a file is given."""
