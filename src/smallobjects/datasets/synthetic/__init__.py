"""Synthetic scenes, and raw data made of them."""
