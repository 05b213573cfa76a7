"""Class-agnostic saliency maps: given, or predicted by a network."""
