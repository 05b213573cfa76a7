"""EDAM: attention over pairs of images that share a class (Wu et al., CVPR 2021)."""
