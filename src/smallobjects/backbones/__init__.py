"""Backbones of all networks, those that make labels and those that segment.

Each is a file of `networks/` and found by its name (`table.py`): whatever takes a backbone takes
any of them.
"""
