"""What rules ask of the experiment: their inputs, parameters and places, as tested Python.

A rule's parameters are one JSON object on its command line, so that Snakemake sees what changed.
"""
