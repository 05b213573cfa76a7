"""Backbones of all networks, those that make labels and those that segment."""
