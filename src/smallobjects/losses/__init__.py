"""Losses that balance object sizes: size-weighted cross-entropy and elastic weight consolidation."""
