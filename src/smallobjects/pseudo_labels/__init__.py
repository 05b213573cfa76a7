"""Prepared datasets in, one folder of label maps per source out."""
