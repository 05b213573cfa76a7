"""Choosing the thresholds of a stage on images whose labels are never scored."""
