"""BBAM: labels from the parts of an image that an object detector needs (Lee et al., CVPR 2021)."""
