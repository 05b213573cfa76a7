"""AMN: a network that classifies pixels from IRN's seeds, and its manipulated maps."""
