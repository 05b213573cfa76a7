"""Weakly-supervised semantic segmentation of small objects, from raw data to tables."""

__version__ = "0.1.0"
