"""Figures 1 and 3, and plots of gains, sizes and learning curves."""
