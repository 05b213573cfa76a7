"""Pages of pictures: predictions, and pseudo-labels stage by stage."""
