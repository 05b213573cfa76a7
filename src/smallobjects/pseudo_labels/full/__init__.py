"""The ground truth, a label source like any other."""
