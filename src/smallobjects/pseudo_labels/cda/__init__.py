"""What CDA adds to IRN's chain: cuts of objects, and a classifier that sees them pasted."""
